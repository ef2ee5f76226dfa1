#include <gtest/gtest.h>

#include "fixture.hpp"

// Candles that history made anew, on their way into the engine.

namespace tickspan::engine {
namespace {

core::Candle minute(core::Timestamp start, std::int64_t price) {
  core::Candle c;
  c.start = start;
  c.open = c.high = c.low = c.close = {price, 0};
  c.volume = {1, 0};
  c.trades = 1;
  c.final = c.rebuilt = true;
  return c;
}

core::RepairedCandles repair_of(Bench& b, std::size_t minutes) {
  core::RepairedCandles out{{b.asset("bitcoin"), b.asset("usd"), {}}, {}, {}};
  for (std::size_t i = 0; i < minutes; ++i) {
    out.minutes.push_back(minute(kStart + 1min * static_cast<std::int64_t>(i), 50'000 + static_cast<std::int64_t>(i)));
  }
  return out;
}

TEST(EngineRepair, RepairedMinutesAreToldWithWhatTheyChangeAndNotWrittenAgain) {
  Bench b;
  b.connect();
  for (const char* interval : {"1m", "5m"}) {
    b.interest.add(*wire::parse_topic(std::string("candles:btc/usd:") + interval, *b.engine.snapshot()->catalogue));
  }
  b.push_trade(b.kraken, "BTC/USD", 49'000);
  b.pass(30s);
  b.status(b.kraken, core::FeedState::backing_off);
  b.status(b.binance, core::FeedState::backing_off);
  b.pass(8min);
  b.frames.all.clear();
  b.batches.clear();
  auto repair = repair_of(b, 6);
  ASSERT_EQ(b.engine.repair(repair), runtime::PushResult::ok);
  b.clock.advance(200ms);
  b.run();
  const auto told = b.frames.of(wire::TopicKind::candles);
  const auto count = [&](std::string_view text) {
    return std::count_if(told.begin(), told.end(),
                         [&](const auto& f) { return std::string_view(*f.json).find(text) != std::string_view::npos; });
  };
  EXPECT_EQ(count("\"interval\":\"1m\""), 6);
  EXPECT_EQ(count("\"rebuilt\":true"), static_cast<std::ptrdiff_t>(told.size()));
  EXPECT_GE(count("\"interval\":\"5m\""), 1);
  for (const core::CandleRow& row : b.candles()) {
    EXPECT_FALSE(row.interval == core::Interval::m1 && row.candle.rebuilt) << core::to_rfc3339(row.candle.start);
  }
}

TEST(EngineRepair, AFullQueueLeavesTheRepairWithItsSenderAndSaysSo) {
  EngineOptions options;
  options.repair_rows = 10;
  Bench b(options);
  b.connect();
  auto first = repair_of(b, 8);
  auto second = repair_of(b, 8);
  ASSERT_EQ(b.engine.repair(first), runtime::PushResult::ok);
  ASSERT_EQ(b.engine.repair(second), runtime::PushResult::full);
  EXPECT_EQ(second.minutes.size(), 8u);
  EXPECT_NE(b.metrics.serialize().find("tickspan_engine_repairs_refused_total 1"), std::string::npos);
  b.clock.advance(200ms);
  b.run();
  EXPECT_EQ(b.engine.repair(second), runtime::PushResult::ok);
}

}  // namespace
}  // namespace tickspan::engine
