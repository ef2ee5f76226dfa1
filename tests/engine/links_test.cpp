// One of a venue's connections is silent while another goes on: what is said of its pairs, and of nobody else's.
#include <gmock/gmock.h>

#include <set>

#include "fixture.hpp"

namespace tickspan::engine {
namespace {

using core::Freshness;
using core::GapCause;

/// Kraken's USDT/USD and EUR/USD lie on a connection of their own, BTC/USD on another.
struct Links : Bench {
  explicit Links(EngineOptions options = {}) : Bench(options) {}
  void link(std::vector<std::string> symbols, bool heard, core::Timestamp since = {}, bool alone = false) {
    port->push_event(core::LinkHeard{kraken, std::move(symbols), heard, since, clock.now(), GapCause::mute, alone});
    run();
  }
  void trade_all(double price) {
    push_trade(kraken, "BTC/USD", price * 100);
    push_trade(kraken, "EUR/USD", price);
    run();
  }
  Freshness state(std::string_view symbol) {
    return engine.snapshot()->markets->at(pair(kraken, symbol).index()).state;
  }
  std::vector<core::Candle> minutes(std::string_view symbol) {
    const auto& instrument = engine.snapshot()->catalogue->instrument(pair(kraken, symbol));
    std::vector<core::Candle> out;
    for (const core::CandleRow& row : candles()) {
      if (row.series.base == instrument.base && row.series.venue == kraken && row.candle.final &&
          row.interval == core::Interval::m1)
        out.push_back(row.candle);
    }
    return out;
  }
  /// The newest row of each key, as a store has them.
  std::vector<core::Gap> stored() const {
    std::map<std::tuple<std::string, std::string, core::Timestamp>, core::Gap> rows;
    for (const core::Gap& gap : gaps()) rows[{gap.venue, gap.instrument_symbol, gap.start}] = gap;
    std::vector<core::Gap> out;
    for (const auto& [key, gap] : rows) out.push_back(gap);
    return out;
  }
};

TEST(EngineLinks, ASilentConnectionsPairsHaveNoMinutesAndAHoleAtOnceOthersGoOn) {
  Links b;
  b.connect();
  b.link({"BTC/USD"}, true);
  b.trade_all(1);
  b.pass(70s);
  b.trade_all(1.5);
  const core::Timestamp heard = b.clock.now();
  b.pass(7s);
  b.batches.clear();
  b.link({"EUR/USD", "USDT/USD"}, false, heard);
  b.pass(100ms);
  auto rows = b.stored();
  ASSERT_EQ(rows.size(), 2u) << "long before the reconnect, and whoever is killed now has it";
  EXPECT_EQ(rows[0].instrument_symbol, "EUR/USD");
  EXPECT_EQ(rows[1].instrument_symbol, "USDT/USD");
  for (const core::Gap& gap : rows) {
    EXPECT_EQ(gap.venue, "kraken");
    EXPECT_EQ(gap.start, heard);
    EXPECT_GE(gap.end, heard + 7s);
    EXPECT_EQ(gap.cause, GapCause::mute);
  }
  b.pass(1s);
  EXPECT_EQ(b.state("EUR/USD"), Freshness::down);
  EXPECT_NE(b.state("BTC/USD"), Freshness::down);
  b.batches.clear();
  b.pass(200s);
  EXPECT_EQ(b.minutes("EUR/USD").size(), 1u) << "the one that it was heard in; nobody listened to the others";
  for (const core::Candle& minute : b.minutes("EUR/USD")) EXPECT_TRUE(minute.incomplete);
  EXPECT_GE(b.minutes("BTC/USD").size(), 3u);
  for (const core::Candle& minute : b.minutes("BTC/USD")) EXPECT_FALSE(minute.incomplete);
  core::Timestamp mark;
  b.rows_written([&](const core::WriteBatch& batch) {
    mark = std::max(mark, batch.heard_until);
    for (const core::Gap& gap : batch.gaps) EXPECT_FALSE(gap.instrument_symbol.empty());
  });
  ASSERT_TRUE(mark.is_set());
  rows = b.stored();
  ASSERT_EQ(rows.size(), 2u) << "grown, not written anew";
  for (const core::Gap& gap : rows) EXPECT_GE(gap.end, mark) << "a mark vouches for nothing that was not heard";
}

TEST(EngineLinks, AConnectionThatIsBackEndsItsHolesAndMarksItsOwnMinuteOnly) {
  Links b;
  b.connect();
  b.trade_all(1);
  b.pass(70s);
  b.link({"EUR/USD", "USDT/USD"}, false, b.clock.now() - 1s);
  EXPECT_THAT(*b.engine.snapshot()->sources->at(b.kraken.index()).unheard, testing::ElementsAre("EUR/USD", "USDT/USD"));
  b.pass(150s);
  b.batches.clear();
  b.link({"EUR/USD", "USDT/USD"}, true);
  const core::Timestamp back = b.clock.now();
  b.trade_all(2);
  b.pass(1s);  // lists are told as often
  EXPECT_EQ(b.engine.snapshot()->sources->at(b.kraken.index()).unheard, nullptr);
  EXPECT_EQ(b.state("EUR/USD"), Freshness::live);
  b.pass(200s);
  for (const core::Gap& gap : b.stored()) {
    EXPECT_FALSE(gap.instrument_symbol.empty());
    EXPECT_LE(gap.end, back);
    EXPECT_GE(gap.end, back - 100ms);
  }
  const auto minutes = b.minutes("EUR/USD");
  ASSERT_GE(minutes.size(), 3u);
  EXPECT_TRUE(minutes[0].incomplete) << "listened to in part";
  EXPECT_FALSE(minutes[1].incomplete);
  for (const core::Candle& minute : b.minutes("BTC/USD")) EXPECT_FALSE(minute.incomplete);
}

TEST(EngineLinks, WhileTheWholeVenueIsAwayItsOwnHoleIsEnoughAndWaitsForTheLast) {
  Links b;
  b.connect();
  b.trade_all(1);
  b.pass(10s);
  const core::Timestamp first = b.clock.now();
  b.link({"EUR/USD", "USDT/USD"}, false, first);
  b.pass(5s);
  b.status(b.kraken, core::FeedState::backing_off);
  b.link({"BTC/USD"}, false, b.clock.now());
  b.pass(100s);
  b.batches.clear();
  b.pass(61s);
  for (const core::Gap& gap : b.gaps()) EXPECT_EQ(gap.instrument_symbol, "") << "one row grows, not one a pair";
  EXPECT_FALSE(b.gaps().empty());
  b.batches.clear();
  b.link({"BTC/USD"}, true);
  b.status(b.kraken, core::FeedState::live);
  b.pass(2s);
  b.link({"EUR/USD", "USDT/USD"}, true);
  const core::Timestamp back = b.clock.now();
  b.pass(100s);
  ASSERT_EQ(b.stored().size(), 1u);
  EXPECT_EQ(b.stored()[0].instrument_symbol, "");
  EXPECT_GE(b.stored()[0].end, back - 100ms) << "the last connection was not heard before";
  EXPECT_LE(b.stored()[0].end, back);
}

TEST(EngineLinks, NobodyWaitsForAPairThatIsSilentByItself) {
  Links b;
  b.connect();
  b.trade_all(1);
  const core::Timestamp heard = b.clock.now();
  b.pass(100s);
  b.link({"EUR/USD"}, false, heard, true);
  b.pass(1s);
  EXPECT_EQ(b.state("EUR/USD"), Freshness::down);
  ASSERT_EQ(b.stored().size(), 1u);
  EXPECT_EQ(b.stored()[0].instrument_symbol, "EUR/USD");
  EXPECT_EQ(b.stored()[0].start, heard);
  b.status(b.kraken, core::FeedState::backing_off);
  b.pass(10s);
  b.status(b.kraken, core::FeedState::live);
  const core::Timestamp back = b.clock.now();
  b.pass(100s);
  const auto rows = b.stored();
  ASSERT_EQ(rows.size(), 3u) << "the venue's, and the pair's before and after it";
  const auto whole =
      std::find_if(rows.begin(), rows.end(), [](const auto& gap) { return gap.instrument_symbol.empty(); });
  ASSERT_NE(whole, rows.end());
  EXPECT_LE(whole->end, back) << "closed at once";
  EXPECT_GE(rows.back().end, back + 60s) << "the pair's goes on";
}

TEST(EngineLinks, NobodyWaitsForAPairThatIsRefusedWhenItsConnectionComesBack) {
  Links b;
  b.connect();
  b.trade_all(1);
  b.pass(100s);
  b.status(b.kraken, core::FeedState::backing_off);
  b.link({"BTC/USD", "EUR/USD", "USDT/USD"}, false, b.clock.now());
  b.pass(10s);
  b.link({"EUR/USD"}, false, b.clock.now(), true);
  b.link({"BTC/USD", "USDT/USD"}, true);
  b.status(b.kraken, core::FeedState::live);
  const core::Timestamp back = b.clock.now();
  b.pass(100s);
  const auto rows = b.stored();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].instrument_symbol, "");
  EXPECT_LE(rows[0].end, back) << "closed at once";
  EXPECT_EQ(rows[1].instrument_symbol, "EUR/USD");
  EXPECT_GE(rows[1].end, back + 60s) << "only the pair's grows";
  for (const core::Candle& minute : b.minutes("EUR/USD"))
    EXPECT_LT(minute.start + 1min, back) << "its silence is none of its own";
}

TEST(EngineLinks, APairThatTheStoreKnowsAndThatIsSilentSinceTheStartHasAHoleFromThenOn) {
  Links b;
  core::RestoredState state;
  state.last_write = kStart - 10min;
  for (const auto& [id, symbol] : {std::pair{"bitcoin", "btc"}, {"eur", "eur"}})
    state.assets.push_back({id, symbol, symbol, core::AssetKind::coin, 0});
  core::RestoredState::Minutes past{"eur", {}, {}, "usd", "kraken"};
  past.candles.push_back({});
  past.candles.back().start = (kStart - 12min).floor_to(1min);
  past.candles.back().open = past.candles.back().high = past.candles.back().low = past.candles.back().close = {1, 0};
  past.candles.back().final = true;
  state.minutes.push_back(past);
  b.engine.restore(state);
  b.connect();
  const core::Timestamp live = b.clock.now();
  b.pass(70s);
  b.link({"EUR/USD", "USDT/USD"}, false, {}, true);
  b.pass(70s);
  std::vector<core::Gap> pairs;
  for (const core::Gap& gap : b.stored()) {
    if (!gap.instrument_symbol.empty()) pairs.push_back(gap);
  }
  ASSERT_EQ(pairs.size(), 1u) << "of the other nothing is known that could have a hole";
  EXPECT_EQ(pairs[0].instrument_symbol, "EUR/USD");
  EXPECT_LE(pairs[0].start, live) << "where the hole of the restart ends";
  EXPECT_GE(pairs[0].start, live - 100ms);
  EXPECT_GE(pairs[0].end, live + 130s);
}

TEST(EngineLinks, ThatAVenueIsDownForMaintenanceMayBeKnownLater) {
  Links b;
  b.connect();
  b.trade_all(1);
  b.pass(5s);
  b.status(b.kraken, core::FeedState::backing_off);
  b.port->push_event(core::FeedStatus{
      b.kraken, core::FeedState::backing_off, "host", "503", b.clock.now(), {}, GapCause::maintenance});
  b.pass(100s);
  ASSERT_EQ(b.stored().size(), 1u);
  EXPECT_EQ(b.stored()[0].cause, GapCause::maintenance);
}

TEST(EngineLinks, AHoleOfAVenueBeginsWithWhatItsFeedHasHeard) {
  Links b;
  b.connect();
  b.trade_all(1);
  const core::Timestamp heard = b.clock.now() - 1500ms;
  b.pass(7s);  // heartbeats go on
  b.port->push_event(core::FeedStatus{b.kraken, core::FeedState::stale, "host", "mute", b.clock.now(), heard});
  b.run();
  b.pass(100s);
  ASSERT_EQ(b.stored().size(), 1u);
  EXPECT_EQ(b.stored()[0].start, heard);
  ASSERT_FALSE(b.minutes("BTC/USD").empty());
  EXPECT_TRUE(b.minutes("BTC/USD")[0].incomplete);
}

TEST(EngineLinks, AConnectionThatStaysAwayWhenItsVenueIsBackHasHolesFromThenOn) {
  Links b;
  core::RestoredState state;
  state.last_write = kStart - 10min;
  b.engine.restore(state);
  b.port->push_event(core::SymbolList{b.kraken, {{"BTC/USD", "btc", "usd"}, {"EUR/USD", "eur", "usd"}}});
  b.link({"BTC/USD", "EUR/USD"}, false);
  b.pass(1s);
  b.link({"BTC/USD"}, true);
  b.status(b.kraken, core::FeedState::live);
  const core::Timestamp live = b.clock.now();
  b.pass(120s);
  core::Gap whole, pair;
  for (const core::Gap& gap : b.stored()) {
    if (gap.venue == "kraken") (gap.instrument_symbol.empty() ? whole : pair) = gap;
  }
  EXPECT_EQ(whole.start, kStart - 10min - 1s);
  EXPECT_GE(whole.end, live);
  EXPECT_LE(whole.end, live + 6s);
  EXPECT_EQ(pair.instrument_symbol, "EUR/USD") << "never heard in this run, but before";
  EXPECT_EQ(pair.start, whole.end) << "without a gap between the gaps";
  EXPECT_GE(pair.end, live + 60s);
  EXPECT_EQ(pair.cause, GapCause::restart);
}

TEST(EngineLinks, AConnectionThatWasNeverHeardHasNoHoleButItsPairsAreDown) {
  Links b;
  b.connect();
  b.trade_all(1);
  b.pass(5s);
  b.batches.clear();
  b.link({"EUR/USD"}, false);
  b.pass(130s);
  EXPECT_TRUE(b.gaps().empty()) << "nothing is known of it that could have a hole";
  EXPECT_EQ(b.state("EUR/USD"), Freshness::down);
  for (const core::Candle& minute : b.minutes("EUR/USD")) EXPECT_FALSE(minute.flat);
}

TEST(EngineLinks, APairThatWasOnlyJustAskedForHasAHoleWhenItsConnectionGoes) {
  Links b;
  b.connect();
  b.link({"BTC/USD"}, true);
  b.link({"EUR/USD"}, false);
  b.trade_all(1);
  b.pass(500ms);
  EXPECT_TRUE(b.stored().empty()) << "nothing was missed yet";
  const core::Timestamp heard = b.clock.now();
  b.pass(300ms);
  b.link({"EUR/USD"}, false, heard);
  b.pass(10s);
  ASSERT_EQ(b.stored().size(), 1u);
  EXPECT_EQ(b.stored()[0].instrument_symbol, "EUR/USD");
  EXPECT_EQ(b.stored()[0].start, heard);
  EXPECT_GE(b.stored()[0].end, heard + 5s) << "and it grows";
}

TEST(EngineLinks, ALossOfOnePairMarksItsMinuteAlone) {
  Links b;
  b.connect();
  b.trade_all(1);
  b.pass(70s);
  b.trade_all(2);
  core::FeedLoss loss;
  loss.gap = {"kraken", "EUR/USD", b.clock.now() - 1s, b.clock.now(), GapCause::overflow};
  b.batches.clear();
  b.port->push_event(loss);
  b.pass(130s);
  ASSERT_EQ(b.stored().size(), 1u);
  EXPECT_EQ(b.stored()[0].instrument_symbol, "EUR/USD");
  const auto marked = [&](std::string_view symbol) {
    const auto minutes = b.minutes(symbol);
    return std::count_if(minutes.begin(), minutes.end(), [](const core::Candle& m) { return m.incomplete; });
  };
  EXPECT_EQ(marked("EUR/USD"), 1);
  EXPECT_EQ(marked("BTC/USD"), 0);
}

}  // namespace
}  // namespace tickspan::engine
