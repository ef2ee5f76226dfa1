#include <gtest/gtest.h>

#include <set>

#include "fixture.hpp"

namespace tickspan::engine {
namespace {

using core::GapCause;

TEST(EngineStore, ClosedCandlesOfPairsAndCompositesGoToTheStore) {
  Bench b;
  b.connect();
  b.push_trade(b.kraken, "BTC/USD", 100, 0.5);
  b.push_trade(b.binance, "BTCUSDT", 101, 2);
  b.pass(63s);
  int pairs = 0, composites = 0;
  for (const auto& row : b.candles()) {
    if (!row.candle.final) continue;
    EXPECT_EQ(row.interval, core::Interval::m1);
    EXPECT_EQ(row.candle.start, kStart);
    (row.series.venue.valid() ? pairs : composites) += 1;
    if (!row.series.venue.valid()) {
      EXPECT_EQ(row.series.quote, b.engine.snapshot()->usd);
      EXPECT_EQ(row.candle.volume, *core::Decimal::parse("2.5"));
    }
  }
  EXPECT_EQ(pairs, 2);
  EXPECT_EQ(composites, 1);
  for (const auto& batch : b.batches) EXPECT_NE(batch.catalogue, nullptr);
}

TEST(EngineStore, ALateTradeIsWrittenAndToldAgainAtEveryLevel) {
  Bench b;
  b.clock.advance(44min);  // 22:58
  b.connect();
  b.interest.add(*wire::parse_topic("candles:btc/usd:1h", *b.engine.snapshot()->catalogue));
  b.push_trade(b.kraken, "BTC/USD", 100, 1);
  b.pass(123s);
  const auto hours = [&](bool of_pairs) {
    std::vector<core::Candle> out;
    for (const auto& row : b.candles()) {
      EXPECT_NE(row.interval, core::Interval::m5) << "added up when it is read";
      if (row.interval == core::Interval::h1 && row.series.venue.valid() == of_pairs) out.push_back(row.candle);
    }
    return out;
  };
  for (const bool of_pairs : {true, false}) {
    ASSERT_EQ(hours(of_pairs).size(), 1u);
    EXPECT_TRUE(hours(of_pairs)[0].final);
    EXPECT_TRUE(hours(of_pairs)[0].incomplete) << "of 58 minutes nobody knows";
    EXPECT_EQ(hours(of_pairs)[0].start, b.clock.now().floor_to(1h) - 1h);
  }
  b.frames.all.clear();
  const auto late = [&](std::uint64_t id) {
    b.port->push(core::Tick(core::Tick::Trade{b.pair(b.kraken, "BTC/USD"), b.clock.now(), b.clock.now() - 60s,
                                              core::Decimal{100, 0}, core::Decimal{25, -2}, id, core::Side::buy}));
    b.pass(1s);
  };
  late(77);
  for (const bool of_pairs : {true, false}) {
    ASSERT_EQ(hours(of_pairs).size(), 2u);
    EXPECT_EQ(hours(of_pairs)[1].start, hours(of_pairs)[0].start);
    EXPECT_EQ(hours(of_pairs)[1].volume, *core::Decimal::parse("1.25"));
  }
  const auto repaired = [&] {
    const auto frames = b.frames.of(wire::TopicKind::candles);
    return std::count_if(frames.begin(), frames.end(), [](const wire::Frame& f) {
      return f.json->find(R"("volume":1.25,)") != std::string::npos &&
             f.json->find(R"("final":true)") != std::string::npos;
    });
  };
  EXPECT_EQ(repaired(), 1);
  late(77);
  EXPECT_EQ(hours(true).size(), 2u) << "the same trade again";
  EXPECT_EQ(repaired(), 1);
}

TEST(EngineStore, ATradeThatCameTooLateForItsCandleIsAGapAndItsMinuteNotWhole) {
  Bench b;
  b.connect();
  b.push_trade(b.kraken, "BTC/USD", 100, 1);
  b.pass(8min);
  b.batches.clear();
  const auto late = [&](core::Timestamp at, std::uint64_t id) {
    b.port->push(core::Tick(core::Tick::Trade{b.pair(b.kraken, "BTC/USD"), b.clock.now(), at, core::Decimal{100, 0},
                                              core::Decimal{1, 0}, id, core::Side::buy}));
    b.pass(1s);
  };
  late(kStart + 70s, 900);
  late(kStart + 90s, 901);
  late(kStart + 5s, 902);  // that one was not whole anyway
  const auto gaps = b.gaps();
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].venue, "kraken");
  EXPECT_EQ(gaps[0].instrument_symbol, "BTC/USD");
  EXPECT_EQ(gaps[0].start, kStart + 1min);
  EXPECT_EQ(gaps[0].end, kStart + 2min);
  EXPECT_EQ(gaps[0].cause, GapCause::overflow);
  EXPECT_EQ(gaps[0].state, core::GapState::open);
  std::vector<core::Candle> told;
  for (const auto& row : b.candles()) {
    if (row.series.venue == b.kraken && row.candle.start == kStart + 1min) told.push_back(row.candle);
  }
  ASSERT_EQ(told.size(), 1u) << "the store has it as whole";
  EXPECT_TRUE(told[0].final);
  EXPECT_TRUE(told[0].incomplete);
}

TEST(EngineStore, AMinuteWhoseTradesAreDatedByTheirReceiptIsNotWhole) {
  Bench b;
  b.connect();
  const auto trade = [&](core::Duration at, core::Duration ahead) {
    b.pass(kStart + at - b.clock.now());
    b.port->push(
        core::Tick(core::Tick::Trade{b.pair(b.kraken, "BTC/USD"), b.clock.now(), b.clock.now() + ahead,
                                     core::Decimal{100, 0}, core::Decimal{1, 0}, ++b.trade_id, core::Side::buy}));
  };
  trade(65s, 15s);   // by the venue in the same minute, but its clock says nothing to us
  trade(130s, 9s);   // ahead, and believed
  trade(230s, 15s);  // by the venue in the next minute
  b.pass(130s);
  std::vector<bool> incomplete;
  for (const auto& row : b.candles()) {
    if (row.series.venue == b.kraken && row.candle.final && row.interval == core::Interval::m1)
      incomplete.push_back(row.candle.incomplete);
  }
  EXPECT_EQ(incomplete, (std::vector<bool>{true, false, true, true}));
}

TEST(EngineStore, ForTwoSecondsBothOpenMinutesAreSaved) {
  Bench b;
  b.connect();
  b.pass(kStart + 60s + 300ms - b.clock.now());
  for (const core::Duration ago : {400ms, 100ms}) {
    b.port->push(
        core::Tick(core::Tick::Trade{b.pair(b.kraken, "BTC/USD"), b.clock.now(), b.clock.now() - ago,
                                     core::Decimal{100, 0}, core::Decimal{1, 0}, ++b.trade_id, core::Side::buy}));
  }
  b.engine.stop();
  std::set<core::Timestamp> open;
  for (const auto& row : b.candles()) {
    if (!row.candle.final && row.series.venue.valid()) open.insert(row.candle.start);
  }
  EXPECT_EQ(open, (std::set<core::Timestamp>{kStart, kStart + 60s}));
}

TEST(EngineStore, TheOpenCandleIsSavedEveryTenSecondsWhenItGrew) {
  Bench b;
  b.connect();
  for (int i = 0; i < 4; ++i) {
    b.push_trade(b.kraken, "BTC/USD", 100 + i);
    b.pass(10s);
  }
  int open = 0;
  for (const auto& row : b.candles()) open += !row.candle.final && row.series.venue.valid();
  EXPECT_GE(open, 3);
  EXPECT_LE(open, 4);
  b.batches.clear();
  b.pass(15s);
  for (const auto& row : b.candles()) EXPECT_TRUE(row.candle.final) << "nothing new in it";
}

TEST(EngineStore, LastPricesEveryFiveSecondsAtMost) {
  Bench b;
  b.connect();
  for (int i = 0; i < 100; ++i) {
    b.push_quote(b.kraken, "BTC/USD", 100 + i, 100 + i);
    b.pass(200ms);
  }
  std::vector<core::LastPrice> prices;
  b.rows_written([&](const auto& batch) { prices.insert(prices.end(), batch.prices.begin(), batch.prices.end()); });
  EXPECT_GE(prices.size(), 4u);
  EXPECT_LE(prices.size(), 6u);
  EXPECT_EQ(prices.back().source, "composite");
}

TEST(EngineStore, FactsAndChartPointsAreKept) {
  Bench b;
  b.port->push_event(core::AggregatorRows{
      b.gecko, {b.facts("bitcoin", "btc", 1, 50), b.facts("x", "x", 99'999, 1)}, b.clock.now(), 60s});
  b.port->push_event(core::ChartPoints{b.gecko, "bitcoin", {{kStart - 1h, 49, 1.0, 2.0}, {kStart, 50, {}, {}}}});
  b.pass(1s);
  std::size_t facts = 0, points = 0;
  bool catalogue = false;
  b.rows_written([&](const auto& batch) {
    facts += batch.facts.size();
    points += batch.points.size();
    catalogue = catalogue || batch.catalogue_changed;
  });
  EXPECT_EQ(facts, 1u) << "a coin beyond the tracked ones is not kept";
  EXPECT_EQ(points, 2u);
  EXPECT_TRUE(catalogue);
  b.batches.clear();
  b.port->push_event(core::AggregatorRows{b.gecko, {b.facts("bitcoin", "btc", 1, 51)}, b.clock.now(), 60s});
  b.pass(400s);
  std::vector<core::PointRow> kept;
  b.rows_written([&](const auto& batch) { kept.insert(kept.end(), batch.points.begin(), batch.points.end()); });
  ASSERT_EQ(kept.size(), 1u) << "one while it was live, none when stale";
  EXPECT_EQ(kept[0].point.price, 51);
}

TEST(EngineStore, APointOfEachPricedCoinEveryFiveMinutes) {
  Bench b;
  b.connect();
  std::vector<core::PointRow> kept;
  for (int s = 0; s < 620; s += 2) {
    b.push_quote(b.kraken, "BTC/USD", 100 + s, 100 + s);
    b.pass(2s);
  }
  b.rows_written([&](const auto& batch) { kept.insert(kept.end(), batch.points.begin(), batch.points.end()); });
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].point.at, kStart.floor_to(5min) + 5min);
  EXPECT_EQ(kept[1].point.at - kept[0].point.at, 5min);
}

TEST(EngineStore, TradesAreStoredOnlyWhereThatIsOn) {
  for (const bool on : {false, true}) {
    EngineOptions options;
    options.store_trades = on;
    Bench b(options);
    b.connect();
    b.push_trade(b.kraken, "BTC/USD", 100);
    b.push_quote(b.kraken, "BTC/USD", 100, 101);
    b.pass(1s);
    std::size_t ticks = 0;
    b.rows_written([&](const auto& batch) { ticks += batch.ticks.size(); });
    EXPECT_EQ(ticks, on ? 1u : 0u);
  }
}

TEST(EngineStore, CompositePricesAreStoredOnceASecondWhereThatIsOn) {
  for (const bool on : {false, true}) {
    EngineOptions options;
    options.store_composites = on;
    Bench b(options);
    b.connect();
    for (int i = 0; i < 30; ++i) {  // three seconds
      b.push_trade(b.kraken, "BTC/USD", 100 + i);
      b.pass(100ms);
    }
    std::vector<core::CompositeTick> kept;
    std::size_t trades = 0;
    b.rows_written([&](const auto& batch) {
      kept.insert(kept.end(), batch.composites.begin(), batch.composites.end());
      trades += batch.ticks.size();
    });
    EXPECT_EQ(trades, 0u) << "trades are another setting's";
    if (!on) {
      EXPECT_TRUE(kept.empty());
      continue;
    }
    ASSERT_GE(kept.size(), 3u);
    ASSERT_LE(kept.size(), 4u);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      EXPECT_EQ(kept[i].series.base, b.asset("bitcoin"));
      EXPECT_FALSE(kept[i].series.venue.valid());
      if (i == 0) continue;
      EXPECT_GT(kept[i].tick.received_at(), kept[i - 1].tick.received_at());
    }
    const std::size_t before = kept.size();
    b.pass(5s);  // nothing is heard: no price of those seconds
    std::size_t after = 0;
    b.rows_written([&](const auto& batch) { after += batch.composites.size(); });
    EXPECT_LE(after, before + 1);
  }
}

// A crash takes what is younger than this, and the next start's gap begins here.
TEST(EngineStore, EverythingHeardBeforeTheMarkIsInTheBatchOrBeforeIt) {
  EngineOptions options;
  options.save_open_every = 1s;
  Bench b(options);
  b.connect();
  std::vector<core::Timestamp> pushed;
  for (int i = 0; i < 45; ++i) {
    pushed.push_back(b.clock.now());
    b.push_trade(b.kraken, "BTC/USD", 100);
    b.pass(100ms);
  }
  core::Timestamp mark;
  std::uint32_t saved = 0;
  b.rows_written([&](const auto& batch) {
    for (const auto& row : batch.candles) {
      if (row.interval == core::Interval::m1 && row.series.venue == b.kraken) saved = row.candle.trades;
    }
    if (!batch.heard_until.is_set()) return;
    EXPECT_GT(batch.heard_until, mark);
    mark = batch.heard_until;
    const auto heard = std::lower_bound(pushed.begin(), pushed.end(), mark) - pushed.begin();
    EXPECT_GE(saved, heard) << "a minute lacks what was heard before the mark";
  });
  EXPECT_GE(mark, kStart + 3500ms);
  EXPECT_LE(mark, b.clock.now());
}

TEST(EngineStore, AHoleThatGrowsReachesAsFarAsTheMark) {
  Bench b;
  b.connect();
  b.push_quote(b.kraken, "BTC/USD", 100, 100);
  b.run();
  b.clock.advance(3s);
  b.status(b.kraken, core::FeedState::backing_off);
  b.pass(47s);
  core::Timestamp mark, end;
  b.rows_written([&](const auto& batch) {
    mark = std::max(mark, batch.heard_until);
    for (const auto& gap : batch.gaps) end = std::max(end, gap.end);
  });
  EXPECT_GT(mark, kStart + 30s);
  EXPECT_GE(end, mark) << "between them lies a time of which nothing tells";
}

TEST(EngineStore, AStoreThatWasNeverWrittenGetsAMarkAtOnce) {
  Bench b;
  b.pass(200ms);
  const bool marked =
      std::any_of(b.batches.begin(), b.batches.end(), [](const auto& batch) { return batch.heard_until.is_set(); });
  EXPECT_TRUE(marked) << "killed now, the next start would not know since when it was deaf";
}

TEST(EngineStore, TheFirstMarkIsSetEvenWhereMuchWaits) {
  Bench b;
  const core::Timestamp begin = b.clock.now();
  for (int i = 0; i < 10; ++i) b.status(b.kraken, core::FeedState::connecting);
  b.clock.advance(200ms);
  for (const auto state : {core::FeedState::live, core::FeedState::stale, core::FeedState::live})
    b.port->push_event(core::FeedStatus{b.kraken, state, "host", "", b.clock.now()});
  b.engine.turn(1);  // and the rest waits
  b.clock.advance(200ms);
  b.run();
  core::Timestamp mark;
  b.rows_written([&](const auto& batch) { mark = mark.is_set() ? mark : batch.heard_until; });
  EXPECT_GE(mark, begin);
}

TEST(EngineStore, AMarkIsNoNewerThanWhatTheFeedsHaveCaughtUpWith) {
  EngineOptions options;
  options.save_open_every = 1s;
  Bench b(options);
  b.connect();
  const core::Timestamp held_up = b.clock.now() + 2s;
  for (int i = 0; i < 50; ++i) {
    b.port->caught_up(std::min(b.clock.now(), held_up));
    b.pass(100ms);
  }
  core::Timestamp mark;
  const auto newest = [&] { b.rows_written([&](const auto& batch) { mark = std::max(mark, batch.heard_until); }); };
  newest();
  EXPECT_EQ(mark, held_up) << "what came since lies unread";
  b.port->caught_up(b.clock.now());
  b.pass(1s);
  newest();
  EXPECT_GT(mark, held_up + 2s);
}

TEST(EngineStore, ADisconnectIsAGapThatEndsWithTheReconnect) {
  Bench b;
  b.connect();
  b.push_quote(b.kraken, "BTC/USD", 100, 100);
  b.run();
  const auto last = b.clock.now() - 20ms;
  b.clock.advance(3s);
  b.status(b.kraken, core::FeedState::backing_off);
  b.pass(150s);
  b.status(b.kraken, core::FeedState::live);
  const auto end = b.clock.now();
  b.pass(1s);
  const auto gaps = b.gaps();
  ASSERT_GE(gaps.size(), 3u) << "written at once, grown each minute, closed";
  core::Timestamp before;
  for (const auto& g : gaps) {
    EXPECT_EQ(g.venue, "kraken");
    EXPECT_EQ(g.cause, GapCause::disconnect);
    EXPECT_EQ(g.start, gaps[0].start) << "one gap, written again as it grows";
    EXPECT_GT(g.end, before);
    before = g.end;
  }
  EXPECT_LE(std::chrono::abs(gaps[0].start - last), 20ms);
  EXPECT_LE(end - gaps.back().end, 100ms);
}

TEST(EngineStore, AMuteVenueIsAGapOfItsOwnCause) {
  Bench b;
  b.connect();
  b.push_quote(b.kraken, "BTC/USD", 100, 100);
  b.pass(1s);
  b.status(b.kraken, core::FeedState::stale);
  EXPECT_EQ(b.row("bitcoin").state, core::Freshness::stale);
  b.status(b.kraken, core::FeedState::backing_off);
  b.pass(1s);
  ASSERT_FALSE(b.gaps().empty());
  EXPECT_EQ(b.gaps().back().cause, GapCause::mute);
}

TEST(EngineStore, LostTradesAreCountedMarkedAndRecorded) {
  Bench b;
  b.connect();
  b.pass(60s);
  b.push_trade(b.kraken, "BTC/USD", 100);
  b.pass(5s);
  core::FeedLoss loss;
  loss.gap = {"", "", b.clock.now() - 1s, b.clock.now(), GapCause::overflow};
  loss.lost_trades = 17;
  b.port->push_event(loss);
  b.pass(62s);
  std::set<std::string> venues;
  for (const auto& g : b.gaps()) {
    EXPECT_EQ(g.cause, GapCause::overflow);
    venues.insert(g.venue);
  }
  EXPECT_EQ(venues, (std::set<std::string>{"binance", "kraken"})) << "everyone's who shares the ring";
  EXPECT_EQ(b.metrics.counter("tickspan_engine_lost_trades_total", "").value(), 17u);
  int marked = 0;
  for (const auto& row : b.candles()) marked += row.candle.final && row.candle.incomplete;
  EXPECT_EQ(marked, 2) << "the pair's and the composite's";
}

TEST(EngineStore, AFullStoreKeepsTheNewestOfEachRowAndLosesNothing) {
  Bench b;
  b.connect();
  b.pass(1s);
  b.batches.clear();
  b.store_full = true;
  for (int minute = 0; minute < 5; ++minute) {
    for (int s = 0; s < 12; ++s) {
      b.push_trade(b.kraken, "BTC/USD", 100 + minute * 12 + s);
      b.pass(5s);
    }
  }
  b.pass(3s);
  EXPECT_TRUE(b.batches.empty());
  b.store_full = false;
  b.pass(1s);
  std::set<core::Timestamp> finals;
  for (const auto& row : b.candles()) {
    if (row.candle.final && row.series.venue.valid()) finals.insert(row.candle.start);
  }
  EXPECT_EQ(finals.size(), 5u);
  EXPECT_TRUE(b.gaps().empty());
}

TEST(EngineStore, BeyondItsBoundTheOldestGoesAndAGapSaysSo) {
  EngineOptions options;
  options.store_trades = true;
  Bench b(options);
  b.connect();
  b.store_full = true;
  for (int i = 0; i < 100; ++i) {
    for (int k = 0; k < 1000; ++k) b.push_trade(b.kraken, "BTC/USD", 100);
    b.pass(200ms);
  }
  b.store_full = false;
  b.pass(200ms);
  std::size_t ticks = 0;
  b.rows_written([&](const auto& batch) { ticks += batch.ticks.size(); });
  EXPECT_LT(ticks, 80'000u);
  EXPECT_GT(ticks, 30'000u);
  ASSERT_FALSE(b.gaps().empty());
  bool kraken = false;
  for (const auto& g : b.gaps()) {
    EXPECT_EQ(g.cause, GapCause::overflow);
    EXPECT_LT(g.start, g.end);
    kraken = kraken || g.venue == "kraken";
  }
  EXPECT_TRUE(kraken);
}

TEST(EngineStore, StopHandsOverTheOpenCandlesAndLastPrices) {
  Bench b;
  b.connect();
  b.push_trade(b.kraken, "BTC/USD", 123);
  b.engine.stop();
  bool candle = false, price = false;
  b.rows_written([&](const core::WriteBatch& batch) {
    for (const auto& row : batch.candles) {
      candle = candle || row.candle.close == core::Decimal{123, 0};
      EXPECT_FALSE(row.candle.final) << "nothing is closed early";
    }
    for (const auto& p : batch.prices) price = price || p.price_usd == core::Decimal{123, 0};
  });
  EXPECT_TRUE(candle);
  EXPECT_TRUE(price);
}

}  // namespace
}  // namespace tickspan::engine
