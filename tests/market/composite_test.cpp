#include "market/composite.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tickspan::market {
namespace {

using core::Freshness;
using core::Timestamp;

CompositeInput input(double price, double volume = 0, Freshness state = Freshness::live, std::int64_t at = 10) {
  return {price, volume, Timestamp::from_s(at), state};
}
CompositePrice of(std::vector<CompositeInput> inputs) {
  return composite(inputs);
}

TEST(Composite, TheMedianWhereNobodysVolumeIsKnown) {
  EXPECT_EQ(of({input(100), input(103), input(101)}).price, 101);
  EXPECT_EQ(of({input(100), input(102)}).price, 101);
  EXPECT_EQ(of({input(100)}).price, 100);
}

TEST(Composite, VolumeDecidesBetweenPlausibleInputs) {
  EXPECT_EQ(of({input(100, 1000), input(101, 900'000), input(102, 500)}).price, 101);
  EXPECT_EQ(of({input(100, 900'000), input(101, 10), input(102, 500)}).price, 100);
}

TEST(Composite, AFarOutlierIsLeftOutWhateverVolumeItClaims) {
  const auto c = of({input(100, 10), input(200, 1e12), input(101, 10)});
  EXPECT_EQ(c.inputs, 2);
  EXPECT_EQ(c.price, 100.5);
}

TEST(Composite, WithTwoInputsNobodyKnowsWhoIsWrong) {
  EXPECT_EQ(of({input(100), input(200)}).inputs, 2);
}

TEST(Composite, LiveInputsLeaveQuietOnesOut) {
  const auto c =
      of({input(100, 0, Freshness::quiet, 99), input(105, 0, Freshness::live, 50), input(1, 0, Freshness::stale, 99)});
  EXPECT_EQ(c.price, 105);
  EXPECT_EQ(c.state, Freshness::live);
  EXPECT_EQ(c.as_of, Timestamp::from_s(50));
  EXPECT_EQ(c.inputs, 1);
}

TEST(Composite, QuietOnesServeWhenNoneIsLiveAndNothingElseDoes) {
  const auto c =
      of({input(100, 0, Freshness::quiet, 7), input(102, 0, Freshness::quiet, 9), input(1, 0, Freshness::down)});
  EXPECT_EQ(c.price, 101);
  EXPECT_EQ(c.state, Freshness::quiet);
  EXPECT_EQ(c.as_of, Timestamp::from_s(9)) << "the newest input";
  EXPECT_EQ(of({input(1, 0, Freshness::stale), input(2, 0, Freshness::down)}).price, 0);
  EXPECT_EQ(of({}).price, 0);
}

}  // namespace
}  // namespace tickspan::market
