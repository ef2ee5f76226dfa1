#include <gtest/gtest.h>

#include "fixture.hpp"

namespace tickspan::engine {
namespace {

TEST(StoreOutbox, CompositePricesBeyondItsBoundAreAGapOfTheirs) {
  EngineOptions options;
  options.store_composites = true;
  Bench b(options);
  b.connect();
  b.store_full = true;
  std::size_t told = 0;
  for (int i = 0; i < 30'000; ++i) {
    for (const char* symbol : {"BTC/USD", "USDT/USD", "EUR/USD"})
      b.push_trade(b.kraken, symbol, i % 2 == 0 ? 1 : 1.001);
    b.engine.turn();
    b.clock.advance(1s);
    told += 3;
  }
  b.store_full = false;
  b.pass(1s);
  std::size_t kept = 0;
  core::Timestamp oldest = b.clock.now();
  b.rows_written([&](const core::WriteBatch& batch) {
    kept += batch.composites.size();
    for (const auto& row : batch.composites) oldest = std::min(oldest, row.tick.received_at());
  });
  ASSERT_GT(kept, 10'000U);
  ASSERT_LT(kept, told - 10'000);
  std::vector<core::Gap> gaps = b.gaps();
  std::erase_if(gaps, [](const core::Gap& gap) { return gap.venue != core::kComposite; });
  ASSERT_FALSE(gaps.empty());
  core::Timestamp told_until = kStart;
  for (const core::Gap& gap : gaps) {  // one each time that room was made
    EXPECT_EQ(gap.instrument_symbol, "");
    EXPECT_LE(gap.start, told_until + 2s);
    EXPECT_EQ(gap.cause, core::GapCause::overflow);
    EXPECT_EQ(gap.state, core::GapState::lost);
    told_until = gap.end;
  }
  EXPECT_LE(told_until, oldest + core::Duration{1});
  EXPECT_GE(told_until, oldest - 2s);
}

}  // namespace
}  // namespace tickspan::engine
