#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "../support/support.hpp"
#include "fixture.hpp"

namespace tickspan::engine {
namespace {

using core::Freshness;

TEST(Engine, ASnapshotIsThereBeforeTheFirstTurn) {
  Bench b;
  const auto s = b.engine.snapshot();
  ASSERT_NE(s, nullptr);
  EXPECT_FALSE(s->ready);
  EXPECT_FALSE(s->epoch.empty());
  EXPECT_NE(s->epoch, Bench().engine.snapshot()->epoch);
  ASSERT_NE(s->row(s->usd), nullptr);
  EXPECT_EQ(s->row(s->usd)->price, (core::Decimal{1, 0}));
  EXPECT_EQ(s->sources->size(), 3u);
  EXPECT_EQ(s->catalogue->venue(b.gecko).attribution, "Data provided by CoinGecko");
  ASSERT_EQ(s->currencies->size(), 1u);
  EXPECT_EQ(s->currencies->at(0).code, "usd");
}

TEST(Engine, ATickBecomesAPriceThatReadersSee) {
  Bench b;
  b.connect();
  const auto before = b.engine.snapshot();
  b.push_quote(b.kraken, "BTC/USD", 60'000, 60'002);
  b.run();
  const auto after = b.engine.snapshot();
  EXPECT_GT(after->position, before->position);
  EXPECT_TRUE(after->ready);
  EXPECT_EQ(b.row("bitcoin").price, (core::Decimal{60'001, 0}));
  EXPECT_EQ(b.row("bitcoin").state, Freshness::live);
  EXPECT_EQ(b.row("bitcoin").position, after->position);
  ASSERT_EQ(after->by_rank->size(), 1u);
  EXPECT_EQ(after->by_rank->at(0), b.asset("bitcoin"));
}

TEST(Engine, OnlyTouchedBlocksAreCopied) {
  Bench b;
  b.connect();
  b.push_quote(b.kraken, "BTC/USD", 60'000, 60'002);
  b.run();
  const auto before = b.engine.snapshot();
  b.push_quote(b.kraken, "BTC/USD", 61'000, 61'002);
  b.run();
  const auto after = b.engine.snapshot();
  const std::size_t touched = b.asset("bitcoin").index() / core::kRowsPerBlock;
  ASSERT_GT(after->blocks.size(), 2u);
  for (std::size_t i = 0; i < after->blocks.size(); ++i) {
    EXPECT_EQ(after->blocks[i] == before->blocks[i], i != touched) << i;
  }
  EXPECT_EQ(before->row(b.asset("bitcoin"))->price, (core::Decimal{60'001, 0})) << "a snapshot never changes";
  EXPECT_EQ(after->catalogue, before->catalogue);
  EXPECT_EQ(after->minutes, before->minutes);
}

TEST(Engine, PublishesAtMostEveryTenMilliseconds) {
  Bench b;
  b.connect();
  const auto first = b.engine.snapshot()->position;
  for (int i = 0; i < 100; ++i) {
    b.push_quote(b.kraken, "BTC/USD", 100 + i, 100 + i);
    b.engine.turn();
    b.clock.advance(1ms);
  }
  const auto published = b.engine.snapshot()->position - first;
  EXPECT_GE(published, 9u);
  EXPECT_LE(published, 11u);
}

TEST(Engine, SilenceAloneChangesTheSnapshot) {
  Bench b;
  b.connect();
  b.push_quote(b.kraken, "BTC/USD", 100, 100);
  b.run();
  const auto live = b.engine.snapshot();
  b.pass(6s);
  EXPECT_EQ(b.row("bitcoin").state, Freshness::quiet);
  EXPECT_GT(b.row("bitcoin").position, live->position);
  for (int i = 0; i < 120; ++i) {  // no sign of life any more
    b.clock.advance(100ms);
    b.engine.turn();
  }
  EXPECT_EQ(b.row("bitcoin").state, Freshness::stale);
  EXPECT_FALSE(b.engine.snapshot()->ready);
}

TEST(Engine, SourcesTellTheirState) {
  Bench b;
  b.connect();
  b.push_quote(b.kraken, "BTC/USD", 100, 100);
  b.pass(1100ms);
  const auto source = [&](core::VenueId v) { return b.engine.snapshot()->sources->at(v.index()); };
  EXPECT_EQ(source(b.kraken).feed, core::FeedState::live);
  EXPECT_EQ(source(b.kraken).state, Freshness::live);
  EXPECT_EQ(source(b.kraken).instruments, 3u);
  b.pass(1s);
  EXPECT_EQ(source(b.kraken).live_instruments, 1u);
  EXPECT_EQ(source(b.binance).state, Freshness::down) << "connected, but it never said a thing";
  b.status(b.kraken, core::FeedState::backing_off);
  EXPECT_EQ(source(b.kraken).feed, core::FeedState::backing_off);
  EXPECT_EQ(source(b.kraken).detail, "why");
  EXPECT_EQ(source(b.kraken).state, Freshness::down);
  EXPECT_EQ(source(b.gecko).feed, core::FeedState::idle);
}

TEST(Engine, MarketsShowEachPair) {
  Bench b;
  b.connect();
  b.push_quote(b.kraken, "BTC/USD", 100, 101);
  b.push_trade(b.kraken, "BTC/USD", 100.5);
  b.pass(1100ms);
  const auto s = b.engine.snapshot();
  const auto& row = s->markets->at(b.pair(b.kraken, "BTC/USD").index());
  EXPECT_EQ(row.bid, (core::Decimal{100, 0}));
  EXPECT_EQ(row.last, *core::Decimal::parse("100.5"));
  EXPECT_EQ(row.state, Freshness::live);
}

TEST(Engine, SymbolsAreChosenAgainWhenTheTrackedSetChanges) {
  Bench b;
  b.port->push_event(core::SymbolList{b.kraken, {{"BTC/USD", "btc", "usd"}, {"NEW/USD", "new", "usd"}}});
  b.run();
  ASSERT_EQ(b.tables.size(), 1u);
  EXPECT_EQ(b.tables[0].second->size(), 1u);
  const core::AggregatorRows rows{
      b.gecko, {b.facts("bitcoin", "btc", 1, 1), b.facts("new-coin", "new", 2, 5)}, b.clock.now(), 60s};
  b.port->push_event(rows);
  b.run();
  ASSERT_EQ(b.tables.size(), 2u);
  EXPECT_EQ(b.tables[1].first, b.kraken);
  EXPECT_EQ(b.tables[1].second->size(), 2u);
  b.port->push_event(rows);
  b.port->push_event(core::SymbolList{b.kraken, {{"NEW/USD", "new", "usd"}, {"BTC/USD", "btc", "usd"}}});
  b.run();
  EXPECT_EQ(b.tables.size(), 2u) << "nothing changed";
  EXPECT_EQ(b.row("new-coin").source, b.gecko);
}

TEST(Engine, CurrenciesAreListedWithTheirRates) {
  Bench b;
  core::AggregatorRates rates{b.gecko, {}, b.clock.now(), 60s};
  rates.rates.push_back({"eur", "Euro", "€", core::AssetKind::fiat, {59'000, 0}});
  rates.rates.push_back({"usd", "US Dollar", "$", core::AssetKind::fiat, {60'000, 0}});
  rates.rates.push_back({"eth", "Ether", "ETH", core::AssetKind::coin, {17, 0}});
  b.port->push_event(rates);
  b.run();
  const auto s = b.engine.snapshot();
  ASSERT_EQ(s->currencies->size(), 2u);
  EXPECT_EQ(s->currencies->at(0).code, "usd") << "the dollar first";
  EXPECT_EQ(s->currencies->at(1).unit, "€");
  b.connect();
  b.push_quote(b.kraken, "BTC/USD", 60'000, 60'000);
  b.run();
  const auto quoted = core::quoted_price(*b.engine.snapshot(), b.row("bitcoin"), b.asset("eur"));
  ASSERT_TRUE(quoted);
  EXPECT_NEAR(quoted->price.to_double(), 59'000, 1e-6);
}

TEST(Engine, EventsOfUnknownSourcesAreIgnored) {
  Bench b;
  b.port->push_event(core::FeedStatus{{}, core::FeedState::live, "", "", b.clock.now()});
  b.port->push_event(core::FeedAlive{{77}, b.clock.now()});
  b.port->push_event(core::ChartPoints{b.gecko, "no-such-coin", {{b.clock.now(), 1, {}, {}}}});
  b.run();
  EXPECT_EQ(b.engine.snapshot()->sources->size(), 3u);
}

TEST(Engine, MetricsCountWhatHappened) {
  Bench b;
  b.connect();
  for (int i = 0; i < 5; ++i) b.push_quote(b.kraken, "BTC/USD", 100 + i, 100 + i);
  b.run();
  const std::string text = b.metrics.serialize();
  for (const char* name : {"tickspan_engine_ticks_total", "tickspan_engine_turns_total", "tickspan_engine_turn_seconds",
                           "tickspan_engine_ring_items", "tickspan_engine_lost_trades_total",
                           "tickspan_engine_published_total", "tickspan_engine_store_waiting"}) {
    EXPECT_NE(text.find(name), std::string::npos) << name;
  }
  EXPECT_EQ(b.metrics.counter("tickspan_engine_ticks_total", "").value(), 5u);
}

TEST(EngineThread, TakesTicksAsTheyComeWhileOthersRead) {
  runtime::SystemClock clock;
  runtime::Metrics metrics;
  std::atomic<std::size_t> stored{0};
  EngineOutputs outputs;
  outputs.store = [&](core::WriteBatch& batch) {
    stored += batch.candles.size();
    batch = {};
    return runtime::PushResult::ok;
  };
  std::atomic<bool> listed{false};
  outputs.set_symbols = [&](core::VenueId, std::shared_ptr<const core::SymbolTable>) { listed = true; };
  Engine engine({}, std::move(outputs), clock, metrics);
  const core::VenueId venue = engine.add_source({"kraken", "Kraken", false, "", ""});
  runtime::FeedPort& port = engine.add_port();
  engine.start();
  std::thread feed([&] {
    port.push_event(core::SymbolList{venue, {{"BTC/USD", "btc", "usd"}}});
    test::eventually([&] { return listed.load(); });
    for (std::uint64_t i = 1; i <= 5000; ++i) {
      port.push(core::Tick(core::Tick::Trade{
          {0}, clock.now(), clock.now(), {static_cast<std::int64_t>(100'000 + i), 0}, {1, 0}, i, core::Side::buy}));
    }
  });
  const auto price = [&] {
    const auto s = engine.snapshot();
    return s->row(s->catalogue->find_id("bitcoin"))->price;
  };
  EXPECT_TRUE(test::eventually([&] { return price() == core::Decimal{105'000, 0}; }));
  feed.join();
  engine.stop();
  EXPECT_GE(stored.load(), 2u) << "the open candles of the pair and of the composite go to the store at the stop";
  EXPECT_EQ(port.size(), 0u);
}

TEST(EngineThread, StopTakesWhatIsInTheRingsThrough) {
  runtime::ManualClock clock{kStart};
  runtime::Metrics metrics;
  Engine engine({}, {}, clock, metrics);
  const core::VenueId venue = engine.add_source({"kraken", "Kraken", false, "", ""});
  runtime::FeedPort& port = engine.add_port();
  port.push_event(core::SymbolList{venue, {{"BTC/USD", "btc", "usd"}}});
  for (std::int64_t i = 1; i <= 2000; ++i)
    port.push(core::Tick(core::Tick::Quote{{0}, clock.now(), {}, {100'000 + i, 0}, {100'000 + i, 0}, {}, {}}));
  engine.stop();
  const auto s = engine.snapshot();
  EXPECT_EQ(s->row(s->catalogue->find_id("bitcoin"))->price, (core::Decimal{102'000, 0}));
}

}  // namespace
}  // namespace tickspan::engine
