// Composite minutes that nobody told, out of pairs that were repaired.

#include <gtest/gtest.h>

#include "gap_repairer_fixture.hpp"

namespace tickspan::history {
namespace {

using namespace std::chrono_literals;
using core::Decimal;
using core::GapState;
using core::Timestamp;
using test::eventually;
using test::GapRepairerTest;
using test::kStart;

class RebuiltCompositeTest : public GapRepairerTest {
 protected:
  RebuiltCompositeTest() {
    options_.tell_engine = [this](core::RepairedCandles& repaired) {
      const std::lock_guard lock(told_mutex_);
      if (refuse_ && refusals_++ < 3) return runtime::PushResult::full;
      told_.push_back(std::move(repaired));
      return runtime::PushResult::ok;
    };
  }
  std::vector<core::Candle> composites(const std::string& base) {
    return ask<std::vector<core::Candle>>([&](storage::StoreReader& reader) {
      return reader.candles({.base = base, .quote = "usd", .venue = "", .start = kStart - 1h, .end = kStart + 1h});
    });
  }
  void write(const core::Candle& minute, const std::string& base = "bitcoin") {
    core::WriteBatch batch;
    batch.catalogue = catalogue_;
    batch.candles.push_back({{catalogue_->find_id(base), catalogue_->find_id("usd"), {}}, core::Interval::m1, minute});
    ASSERT_EQ(store_.push(batch), runtime::PushResult::ok);
    store_.flush();
  }
  core::Candle told_live(Timestamp start) {
    core::Candle c;
    c.start = start;
    c.open = c.high = c.low = c.close = {55, 0};
    c.trades = 4;
    c.final = true;
    return c;
  }
  std::size_t minutes_told(bool composite) {
    const std::lock_guard lock(told_mutex_);
    std::size_t count = 0;
    for (const auto& one : told_) count += one.series.venue.valid() != composite ? one.minutes.size() : 0;
    return count;
  }

  std::mutex told_mutex_;
  std::vector<core::RepairedCandles> told_;
  bool refuse_ = false;
  int refusals_ = 0;
};

TEST_F(RebuiltCompositeTest, MinutesThatNobodyToldAreRebuiltFromThePairs) {
  record({"kraken", "", kStart + 20s, kStart + 70s});
  start();
  ASSERT_TRUE(becomes(GapState::repaired));
  clock_.set(clock_.now() + 11s);
  ASSERT_TRUE(eventually([&] { return composites("ethereum").size() == 2; }));
  const auto made = composites("bitcoin");
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0].open.to_double(), 106);  // the first six trades are from before
  EXPECT_EQ(made[1].close.to_double(), 117);
  EXPECT_EQ(made[0].volume, (Decimal{6, 0}));
  EXPECT_TRUE(made[0].rebuilt && made[0].final && !made[0].incomplete);
  EXPECT_TRUE(eventually([&] { return minutes_told(true) == 4 && minutes_told(false) == 4; }));
}

TEST_F(RebuiltCompositeTest, WhatWasToldWholeStaysAndWhatWasToldInPartDoesNot) {
  write(told_live(kStart));
  core::Candle part = told_live(kStart + 1min);
  part.incomplete = true;
  write(part);
  write(told_live(kStart + 1min), "ethereum");
  record({"kraken", "", kStart + 20s, kStart + 70s});
  start();
  ASSERT_TRUE(becomes(GapState::repaired));
  clock_.set(clock_.now() + 11s);
  ASSERT_TRUE(eventually([&] { return minutes_told(true) == 2; }));
  ASSERT_TRUE(eventually([&] { return composites("bitcoin")[1].rebuilt; }));
  const auto made = composites("bitcoin");
  EXPECT_EQ(made[0].close, (Decimal{55, 0}));
  EXPECT_FALSE(made[0].rebuilt);
  EXPECT_EQ(made[1].close.to_double(), 117);
  EXPECT_FALSE(made[1].incomplete);
  EXPECT_TRUE(composites("ethereum")[0].rebuilt);
  EXPECT_EQ(composites("ethereum")[1].close, (Decimal{55, 0}));
}

TEST_F(RebuiltCompositeTest, AnEngineWithoutRoomIsToldAgain) {
  refuse_ = true;
  record({"kraken", "", kStart + 20s, kStart + 70s});
  start();
  ASSERT_TRUE(becomes(GapState::repaired));
  clock_.set(clock_.now() + 11s);
  EXPECT_TRUE(eventually([&] { return minutes_told(true) == 4 && minutes_told(false) == 4; }));
  EXPECT_GE(refusals_, 3);
}

}  // namespace
}  // namespace tickspan::history
