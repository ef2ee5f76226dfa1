#include "feeds/trade_sequence.hpp"

#include <gtest/gtest.h>

namespace tickspan::feeds {
namespace {

using namespace std::chrono_literals;

constexpr auto kStart = core::Timestamp::from_s(1'780'000'000);
constexpr core::InstrumentId kBtc{3}, kEth{4};

class TradeSequenceTest : public ::testing::Test {
 protected:
  void hear(core::InstrumentId pair, std::initializer_list<std::uint64_t> ids) {
    for (const std::uint64_t id : ids) sequence_.add(pair, id, now_ += 1ms);
  }
  std::vector<TradeSequence::Lost> after(core::Duration wait) {
    now_ += wait;
    std::vector<TradeSequence::Lost> out;
    sequence_.collect(now_, [&](const TradeSequence::Lost& lost) { out.push_back(lost); });
    return out;
  }
  struct Now : core::Timestamp {
    Now& operator+=(core::Duration d) {
      static_cast<core::Timestamp&>(*this) = *this + d;
      return *this;
    }
  };
  Now now_{kStart};
  TradeSequence sequence_{2s, 30s};
};

TEST_F(TradeSequenceTest, AJumpIsToldOnceItsTimeIsUp) {
  hear(kBtc, {10, 11, 15, 16});
  EXPECT_TRUE(after(1s).empty());
  const auto lost = after(1s);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].instrument, kBtc);
  EXPECT_EQ(lost[0].trades, 3u);
  EXPECT_EQ(lost[0].start, kStart + 2ms);
  EXPECT_EQ(lost[0].end, kStart + 3ms);
  EXPECT_TRUE(after(60s).empty());
}

TEST_F(TradeSequenceTest, WhatComesLateOrTwiceIsNotMissing) {
  hear(kBtc, {10, 15, 10, 12, 12, 11, 14, 15, 13, 13});
  EXPECT_TRUE(after(5s).empty());
  hear(kBtc, {16, 20, 18});
  const auto lost = after(5s);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].trades, 2u) << "17 and 19";
}

TEST_F(TradeSequenceTest, ASecondLossWaitsForItsTurnAndIsAddedUp) {
  hear(kBtc, {1, 3});
  EXPECT_EQ(after(2s).size(), 1u);
  for (std::uint64_t id = 5; id <= 101; id += 2) hear(kBtc, {id});
  EXPECT_TRUE(after(10s).empty());
  hear(kEth, {1, 3});
  EXPECT_EQ(after(3s).size(), 1u) << "each pair has a turn of its own";
  const auto lost = after(20s);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].trades, 49u) << "also those beyond what is told apart";
}

TEST_F(TradeSequenceTest, AnotherNumberingIsNoLoss) {
  hear(kBtc, {0, 5, 0, 6, 9'000'000, 9'000'001, 3, 4});
  hear(kEth, {5});
  sequence_.forget(kEth);
  hear(kEth, {100});
  EXPECT_TRUE(after(5s).empty());
  hear(kEth, {102});
  sequence_.forget(kEth);
  EXPECT_EQ(after(5s).size(), 1u) << "what was missing before is still told";
}

}  // namespace
}  // namespace tickspan::feeds
