#include "market/clock_offset.hpp"

#include <gtest/gtest.h>

namespace tickspan::market {
namespace {

using namespace std::chrono_literals;
using core::Timestamp;

constexpr Timestamp kStart = Timestamp::from_s(1'700'000'000);

TEST(ClockOffset, TheQuickestMessageOfTheLastMinuteTells) {
  ClockOffset offset;
  EXPECT_FALSE(offset.value(kStart));
  offset.add(kStart, {});
  EXPECT_FALSE(offset.value(kStart)) << "a message without a time says nothing";
  offset.add(kStart, kStart - 80ms);
  offset.add(kStart + 1s, kStart + 1s - 45ms);
  offset.add(kStart + 2s, kStart - 3s);
  EXPECT_EQ(offset.value(kStart + 2s), 45ms);
  EXPECT_EQ(offset.value(kStart + 29s), 45ms);
}

TEST(ClockOffset, AStepOfAClockShowsWithinAMinute) {
  ClockOffset offset;
  for (auto t = kStart; t < kStart + 90s; t = t + 1s) offset.add(t, t - 20ms);
  for (auto t = kStart + 90s; t < kStart + 150s; t = t + 1s) offset.add(t, t - 3s);
  EXPECT_EQ(offset.value(kStart + 150s), 3s);
  EXPECT_TRUE(ClockOffset::is_off(*offset.value(kStart + 150s)));
  for (auto t = kStart + 150s; t < kStart + 160s; t = t + 1s) offset.add(t, t + 2s);
  EXPECT_EQ(offset.value(kStart + 160s), -2s) << "a clock that is ahead shows at once";
  EXPECT_TRUE(ClockOffset::is_off(-2s));
  EXPECT_FALSE(ClockOffset::is_off(300ms));
}

TEST(ClockOffset, WhatIsOldIsForgotten) {
  ClockOffset offset;
  offset.add(kStart, kStart - 20ms);
  EXPECT_FALSE(offset.value(kStart + 60s));
  offset.add(kStart + 100s, kStart + 99s);
  EXPECT_EQ(offset.value(kStart + 100s), 1s);
}

}  // namespace
}  // namespace tickspan::market
