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
    for (const std::uint64_t id : ids) add(pair, id, now_ += 1ms);
  }
  void add(core::InstrumentId pair, std::uint64_t id, core::Timestamp received_at, core::Timestamp happened = {},
           std::uint32_t fills = 1) {
    sequence_.add(core::Tick(core::Tick::Trade{pair, received_at, happened, {1, 0}, {1, 0}, id, {}, fills}));
  }
  /// Trades that follow one another at this distance.
  void trade(core::InstrumentId pair, std::uint64_t first, std::uint64_t last, core::Duration distance) {
    for (std::uint64_t id = first; id <= last; ++id) add(pair, id, now_ += distance);
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
  TradeSequence sequence_{{2s, 30s}};
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
  EXPECT_TRUE(after(5s).empty());
}

TEST_F(TradeSequenceTest, AHoleBeginsWhenTheTradeBeforeItHappened) {
  add(kBtc, 10, kStart + 1500ms, kStart);
  add(kBtc, 12, kStart + 1700ms, kStart + 200ms);
  now_ += 2s;
  auto lost = after(2s);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].start, kStart) << "not when it came";
  EXPECT_EQ(lost[0].end, kStart + 1700ms);
  add(kEth, 10, kStart + 5s, kStart + 9s);
  add(kEth, 12, kStart + 6s, kStart + 10s);
  lost = after(60s);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].start, kStart + 5s) << "a clock that is ahead";
  EXPECT_EQ(lost[0].end, kStart + 10s);
}

TEST_F(TradeSequenceTest, WhatAHoleExplainsIsToldWithIt) {
  trade(kBtc, 1, 20, 1s);
  const core::Timestamp broke = now_;
  sequence_.interrupt(kBtc, broke, broke + 60s);
  now_ += 61s;
  hear(kBtc, {80, 81});
  EXPECT_TRUE(after(5s).empty());
  hear(kBtc, {83});
  sequence_.interrupt(kBtc, now_, now_ + 1s);
  EXPECT_EQ(after(5s).size(), 1u) << "what was missing before is still told";
}

TEST_F(TradeSequenceTest, APairThatWasSilentForLongBeforeAHoleMayHaveLostItsTradesBefore) {
  trade(kBtc, 1, 20, 1s);
  const core::Timestamp last = now_;
  now_ += 4s;
  sequence_.interrupt(kBtc, now_, now_ + 30s);
  sequence_.interrupt(kBtc, now_ + 30s, now_ + 60s);  // two connections failed
  now_ += 61s;
  hear(kBtc, {80});
  const auto lost = after(5s);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].start, last);
  EXPECT_EQ(lost[0].trades, 59u);
  trade(kBtc, 81, 100, 1s);
  now_ += 4s;
  sequence_.interrupt(kBtc, now_, now_ + 30s);
  now_ += 31s;
  hear(kBtc, {101});
  EXPECT_TRUE(after(5s).empty()) << "its numbers tell that it had nothing to say";
}

TEST_F(TradeSequenceTest, WhereOtherThingsWereLostNothingIsTakenForGranted) {
  trade(kBtc, 1, 20, 1s);
  sequence_.distrust(now_);
  sequence_.interrupt(kBtc, now_, now_ + 30s);
  now_ += 31s;
  hear(kBtc, {80});
  EXPECT_EQ(after(5s).size(), 1u);
}

TEST_F(TradeSequenceTest, WhatWasLeftOutBetweenThePastAndTheFirstHeardIsToldWhicheverIsKnownFirst) {
  const core::Timestamp known = now_;
  sequence_.know(kBtc, 10, known);
  now_ += 20s;
  hear(kBtc, {14, 15});
  auto lost = after(5s);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].trades, 3u);
  EXPECT_EQ(lost[0].start, known);
  EXPECT_EQ(lost[0].end, known + 20s + 1ms);
  hear(kEth, {14, 15});
  const core::Timestamp heard = now_;
  after(5s);
  sequence_.know(kEth, 10, known);
  lost = after(5s);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].trades, 3u);
  EXPECT_EQ(lost[0].start, known);
  EXPECT_EQ(lost[0].end, heard - 1ms);
  sequence_.know(kEth, 13, known);
  sequence_.know(kEth, 20, known);
  EXPECT_TRUE(after(60s).empty()) << "the past goes as far as what was heard";
}

TEST_F(TradeSequenceTest, OneMessageMayStandForSeveralFills) {
  add(kBtc, 10, now_ += 1ms);
  add(kBtc, 14, now_ += 1ms, {}, 4);
  EXPECT_TRUE(after(5s).empty());
  add(kBtc, 20, now_ += 1ms, {}, 2);
  add(kBtc, 17, now_ += 1ms, {}, 2);
  auto lost = after(5s);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].trades, 2u) << "15 and 18";
  add(kEth, 5, now_ += 1ms);
  add(kEth, 9, now_ += 1ms, {}, 0);
  EXPECT_TRUE(after(60s).empty()) << "it does not say how many it stands for";
}

TEST_F(TradeSequenceTest, NumbersThatNobodyPromisesAreBelievedOnceTheyAreSeen) {
  sequence_ = TradeSequence({2s, 0s, true});
  hear(kBtc, {10, 20, 30});
  EXPECT_TRUE(after(5s).empty());
  trade(kBtc, 31, 79, 1s);
  hear(kBtc, {81});
  EXPECT_TRUE(after(5s).empty()) << "forty-nine that follow are one too few";
  trade(kBtc, 82, 100, 1s);
  hear(kBtc, {102});
  EXPECT_EQ(after(5s).size(), 1u);
  for (std::uint64_t id = 104; id <= 120; id += 2) hear(kBtc, {id});
  after(5s);
  hear(kBtc, {130});
  EXPECT_TRUE(after(5s).empty()) << "this is no numbering";
}

}  // namespace
}  // namespace tickspan::feeds
