#include "market/composite_minute.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace tickspan::market {
namespace {

constexpr core::Timestamp kStart = core::Timestamp::from_s(1'700'000'040);

class CompositeMinute : public testing::Test {
 protected:
  /// A pair's minute on a venue of its own, in USD.
  MinuteInput& add(double open, double high, double low, double close, double volume = 1, std::uint32_t trades = 3) {
    core::Candle c;
    c.start = kStart;
    c.open = *core::Decimal::from_double(open);
    c.high = *core::Decimal::from_double(high);
    c.low = *core::Decimal::from_double(low);
    c.close = *core::Decimal::from_double(close);
    c.volume = *core::Decimal::from_double(volume);
    c.trades = trades;
    c.final = true;
    candles_.push_back(c);
    MinuteInput input;
    input.candle = &candles_.back();
    input.venue = core::VenueId{static_cast<std::uint16_t>(inputs_.size())};
    input.unit_open = input.unit_close = 1;
    input.volume = volume * close;
    inputs_.push_back(input);
    return inputs_.back();
  }
  core::Candle& candle(std::size_t i) { return candles_[i]; }
  core::Candle make(double before = 0) { return composite_minute(kStart, inputs_, before, 0.03).value(); }

  std::deque<core::Candle> candles_;
  std::vector<MinuteInput> inputs_;
};

TEST_F(CompositeMinute, OneVenueIsItsOwnMinute) {
  add(100, 103, 99, 101, 2.5, 7);
  const core::Candle c = make();
  EXPECT_EQ(c.open.to_double(), 100);
  EXPECT_EQ(c.high.to_double(), 103);
  EXPECT_EQ(c.low.to_double(), 99);
  EXPECT_EQ(c.close.to_double(), 101);
  EXPECT_EQ(c.volume, (core::Decimal{25, -1}));
  EXPECT_EQ(c.trades, 7u);
  EXPECT_TRUE(c.final && c.rebuilt && !c.flat && !c.incomplete);
}

TEST_F(CompositeMinute, OfSeveralTheWeightedMedianAndNoVenueAloneMakesAnExtreme) {
  add(100, 140, 99, 101);
  add(100.2, 102, 99.5, 101.2);
  add(100.4, 102.4, 60, 101.4);
  const core::Candle c = make();
  EXPECT_EQ(c.open.to_double(), 100.2);
  EXPECT_EQ(c.close.to_double(), 101.2);
  EXPECT_EQ(c.high.to_double(), 102.4);
  EXPECT_EQ(c.low.to_double(), 99);
  EXPECT_EQ(c.volume.to_double(), 3);
}

TEST_F(CompositeMinute, AVenueGoneMadIsLeftOutWhateverItTrades) {
  add(100, 101, 99, 100);
  add(100, 101, 99, 100.1);
  add(1000, 1010, 990, 1000, 1e6);
  EXPECT_NEAR(make().close.to_double(), 100.05, 0.06);
  EXPECT_LE(make().high.to_double(), 101);
  // Two of two disagree: what was before says who is right.
  inputs_.erase(inputs_.begin());
  EXPECT_EQ(make(99).close.to_double(), 100.1);
}

TEST_F(CompositeMinute, AMoveThatMostVenuesMadeIsBelieved) {
  add(100, 111, 100, 110);
  add(100, 111, 100, 110.1);
  add(100, 111, 100, 110.2);
  add(100, 101, 99, 100);
  EXPECT_NEAR(make(100).close.to_double(), 110.1, 0.2);
}

TEST_F(CompositeMinute, AQuoteCountsAtItsOwnRateOfThatMinute) {
  MinuteInput& input = add(100, 110, 90, 105);
  input.unit_open = 0.99;
  input.unit_close = 0.9;
  const core::Candle c = make();
  EXPECT_DOUBLE_EQ(c.open.to_double(), 99);
  EXPECT_DOUBLE_EQ(c.close.to_double(), 94.5);
  EXPECT_DOUBLE_EQ(c.high.to_double(), 99);
  EXPECT_DOUBLE_EQ(c.low.to_double(), 81);
  EXPECT_FALSE(c.incomplete);
  input.unit_is_guess = true;
  EXPECT_TRUE(make().incomplete);
}

TEST_F(CompositeMinute, WhoStandsStillHasNoSayBesideWhoTrades) {
  add(100, 100, 100, 100, 0, 0);
  candle(0).flat = true;
  EXPECT_TRUE(make().flat);
  add(101, 103, 101, 102);
  const core::Candle c = make();
  EXPECT_FALSE(c.flat);
  EXPECT_EQ(c.open.to_double(), 101);
  EXPECT_EQ(c.low.to_double(), 101);
}

TEST_F(CompositeMinute, WhatWasHeardInPartCountsOnlyWhereNothingIsWhole) {
  add(100, 101, 99, 100);
  candle(0).incomplete = true;
  EXPECT_TRUE(make().incomplete);
  add(101, 103, 101, 102);
  EXPECT_FALSE(make().incomplete);
  EXPECT_EQ(make().close.to_double(), 102);
  EXPECT_EQ(make().volume.to_double(), 2);
}

TEST_F(CompositeMinute, NothingWithoutAPriceOrARate) {
  EXPECT_FALSE(composite_minute(kStart, inputs_, 0, 0.03));
  add(100, 101, 99, 100).unit_close = 0;
  EXPECT_FALSE(composite_minute(kStart, inputs_, 0, 0.03));
}

}  // namespace
}  // namespace tickspan::market
