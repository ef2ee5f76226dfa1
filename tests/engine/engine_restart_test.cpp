#include <gtest/gtest.h>

#include <set>

#include "fixture.hpp"

namespace tickspan::engine {
namespace {

using core::GapCause;

TEST(EngineRestart, ARestartShowsStalePricesAndRecordsItsGap) {
  Bench b;
  core::RestoredState state;
  state.last_write = kStart - 10min;
  state.prices.push_back({"bitcoin", {61'000, 0}, kStart - 11min, "composite"});
  b.engine.restore(state);
  EXPECT_TRUE(b.row("bitcoin").restored);
  EXPECT_EQ(b.row("bitcoin").state, core::Freshness::stale);
  EXPECT_FALSE(b.engine.snapshot()->ready);
  b.pass(2s);
  EXPECT_EQ(b.row("bitcoin").state, core::Freshness::stale);
  b.connect();
  b.push_quote(b.kraken, "BTC/USD", 100, 100);
  b.pass(1s);
  EXPECT_FALSE(b.row("bitcoin").restored);
  EXPECT_EQ(b.row("bitcoin").state, core::Freshness::live);
  std::set<std::string> venues;
  core::Timestamp end;
  for (const auto& g : b.gaps()) {
    EXPECT_EQ(g.cause, GapCause::restart);
    EXPECT_EQ(g.start, kStart - 10min - 1s) << "what was on its way is not in the store";
    venues.insert(g.venue);
    end = std::max(end, g.end);
  }
  EXPECT_EQ(venues, (std::set<std::string>{"binance", "kraken"}));
  EXPECT_GE(end, kStart + 2s) << "it lasts until the venue is heard";
}

TEST(EngineRestart, AClockThatWasSetBackWhileTheProgramWasAwayHidesNoRestart) {
  Bench b;
  core::RestoredState state;
  state.last_write = kStart + 3min;
  core::RestoredState::Minutes past{.asset_id = "bitcoin", .candles = {}, .venue = "kraken"};
  core::Candle minute;
  minute.start = kStart - 1min;
  minute.open = minute.high = minute.low = minute.close = {100, 0};
  minute.final = true;
  past.candles.push_back(minute);
  state.minutes.push_back(past);
  b.engine.restore(state);
  b.connect();
  b.pass(61s);
  b.push_trade(b.kraken, "BTC/USD", 101);
  b.pass(63s);
  std::set<std::string> venues;
  for (const auto& gap : b.gaps()) {
    EXPECT_EQ(gap.start, kStart - 1s) << "when the run before ended nobody knows better";
    venues.insert(gap.venue);
  }
  EXPECT_EQ(venues, (std::set<std::string>{"binance", "kraken"}));
  std::vector<core::Candle> of_pair;
  for (const auto& row : b.candles()) {
    if (row.series.venue == b.kraken && row.candle.final && row.interval == core::Interval::m1)
      of_pair.push_back(row.candle);
  }
  ASSERT_EQ(of_pair.size(), 2u);
  EXPECT_TRUE(of_pair[0].incomplete);
  EXPECT_EQ(of_pair[1].start, kStart + 1min);
  EXPECT_EQ(of_pair[1].trades, 1u) << "it is none of those that were counted before";
}

TEST(EngineRestart, WhoIsPolledWasUnheardFromItsLastAnswerToItsFirst) {
  for (const bool long_ago : {true, false}) {
    Bench b;
    core::RestoredState state;
    state.last_write = kStart - (long_ago ? 10min : 1min);
    core::AssetFacts known = b.facts("bitcoin", "btc", 1, 50);
    known.received_at = kStart - (long_ago ? 11min : 1min);
    state.facts.push_back(known);
    b.engine.restore(state);
    const auto gecko_gaps = [&] {
      auto all = b.gaps();
      std::erase_if(all, [](const core::Gap& gap) { return gap.venue != "coingecko"; });
      return all;
    };
    b.pass(5s);
    EXPECT_TRUE(gecko_gaps().empty()) << "its period is not known yet";
    const core::Timestamp first_answer = b.clock.now();
    for (int answer = 0; answer < 2; ++answer) {
      b.port->push_event(core::AggregatorRows{b.gecko, {b.facts("bitcoin", "btc", 1, 51)}, b.clock.now(), 60s});
      b.pass(60s);
    }
    const auto gaps = gecko_gaps();
    ASSERT_EQ(gaps.size(), long_ago ? 1u : 0u);
    if (!long_ago) continue;
    EXPECT_EQ(gaps[0].cause, GapCause::restart);
    EXPECT_EQ(gaps[0].start, kStart - 11min) << "of its last answer, not of the mark";
    EXPECT_EQ(gaps[0].end, first_answer);
    EXPECT_EQ(gaps[0].state, core::GapState::open);
  }
}

}  // namespace
}  // namespace tickspan::engine
