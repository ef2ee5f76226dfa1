#include "market/composite.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tickspan::market {
namespace {

using core::Freshness;
using core::Standing;
using core::Timestamp;
using core::VenueId;

CompositeInput input(double price, double volume = 0, Freshness state = Freshness::live, std::int64_t at = 10) {
  return {.price = price, .volume = volume, .as_of = Timestamp::from_s(at), .state = state};
}
CompositePrice of(std::vector<CompositeInput> inputs) {
  return composite(inputs);
}

TEST(Composite, TheMedianWhereNobodysVolumeIsKnown) {
  EXPECT_EQ(of({input(100), input(103), input(101)}).price, 101);
  EXPECT_EQ(of({input(100), input(102)}).price, 101);
  EXPECT_EQ(of({input(100)}).price, 100);
  EXPECT_EQ(of({}).price, 0);
}

TEST(Composite, VolumeDecidesBetweenPlausibleInputs) {
  EXPECT_EQ(of({input(100, 1000), input(101, 900'000), input(102, 500)}).price, 101);
  EXPECT_EQ(of({input(100, 900), input(101, 10), input(102, 500), input(103, 500)}).price, 102);
  EXPECT_EQ(of({input(100, 900'000), input(101, 10)}).price, 100) << "of two the one that is traded";
}

TEST(Composite, OfThreeVenuesNoneWeighsMoreThanTheOthersTogether) {
  // Alone it could lead the price anywhere within the limit for outliers.
  EXPECT_EQ(of({input(100, 900'000), input(101, 600), input(101.5, 500)}).price, 101);
  std::vector<CompositeInput> inputs = {input(100, 500'000), input(100.1, 400'000), input(101, 600), input(101.5, 500)};
  for (int i = 0; i < 2; ++i) inputs[static_cast<std::size_t>(i)].venue = VenueId{3};
  inputs[2].venue = VenueId{4};
  inputs[3].venue = VenueId{5};
  EXPECT_EQ(composite(inputs).price, 101) << "all pairs of a venue count as one";
  double total = 0;
  for (const CompositeInput& i : inputs) total += i.weight;
  EXPECT_NEAR(total, 1, 1e-12);
}

TEST(Composite, AFarOutlierIsLeftOutWhateverVolumeItClaims) {
  std::vector<CompositeInput> inputs = {input(100, 10), input(200, 1e12), input(101, 10)};
  const auto c = composite(inputs);
  EXPECT_EQ(c.inputs, 2);
  EXPECT_EQ(c.price, 100.5);
  for (const CompositeInput& i : inputs)
    EXPECT_EQ(i.standing, i.price == 200 ? Standing::outlier : Standing::used) << i.price;
}

TEST(Composite, TheDistanceIsTheCallers) {
  std::vector<CompositeInput> inputs = {input(100), input(102), input(100.2)};
  EXPECT_EQ(composite(inputs, {.outlier = 0.01}).inputs, 2);
  EXPECT_EQ(composite(inputs, {.outlier = 0.05}).inputs, 3);
}

TEST(Composite, WithTwoInputsAndNothingElseNobodyKnowsWhoIsWrong) {
  EXPECT_EQ(of({input(100), input(200)}).inputs, 2);
}

TEST(Composite, OneHonestVenueIsEnoughWhereThePriceOfAMomentAgoIsKnown) {
  std::vector<CompositeInput> inputs = {input(1001), input(1000), input(100.5)};
  const auto c = composite(inputs, {.before = 100});
  EXPECT_EQ(c.price, 100.5);
  EXPECT_EQ(c.inputs, 1);
  EXPECT_NEAR(c.disputed, 9, 0.01) << "most agree on ten times as much";
  inputs = {input(1001), input(500), input(100.5)};
  EXPECT_EQ(composite(inputs, {.before = 100}).disputed, 0) << "they do not even agree with each other";
}

TEST(Composite, AJumpThatAllVenuesTakeIsFollowedAtOnce) {
  std::vector<CompositeInput> inputs = {input(80), input(80.2), input(80.1)};
  EXPECT_EQ(composite(inputs, {.before = 100}).price, 80.1);
}

TEST(Composite, AWildJumpOfAllIsNotBelievedWhileThePriceOfAMomentAgoCounts) {
  std::vector<CompositeInput> inputs = {input(1000), input(1001), input(1002)};
  const auto c = composite(inputs, {.before = 100});
  EXPECT_EQ(c.price, 0);
  EXPECT_NEAR(c.disputed, 9, 0.01);
  EXPECT_EQ(composite(inputs).price, 1001);
}

TEST(Composite, WithoutAMajorityAnotherSourceDecides) {
  std::vector<CompositeInput> inputs = {input(100), input(200)};
  EXPECT_EQ(composite(inputs, {.anchor = 104}).price, 100);
  inputs = {input(7)};
  EXPECT_EQ(composite(inputs, {.anchor = 100}).price, 0) << "that is another coin";
  EXPECT_EQ(inputs[0].standing, Standing::outlier);
  inputs = {input(70), input(70.5), input(70.2)};
  EXPECT_EQ(composite(inputs, {.anchor = 200}).price, 70.2) << "three venues that agree know better";
}

TEST(Composite, AFrozenPriceGivesWayToOnesThatMove) {
  std::vector<CompositeInput> inputs = {input(100, 1e9), input(101, 1)};
  inputs[0].frozen = true;
  EXPECT_EQ(composite(inputs).price, 101);
  for (const CompositeInput& i : inputs) EXPECT_EQ(i.standing, i.frozen ? Standing::frozen : Standing::used);
  for (CompositeInput& i : inputs) i.frozen = true;
  const auto c = composite(inputs);
  EXPECT_EQ(c.inputs, 2) << "where none moves the market does not";
  EXPECT_EQ(c.state, Freshness::live);
}

TEST(Composite, AnOutlierDoesNotReplaceAQuietVenue) {
  std::vector<CompositeInput> inputs = {input(1000), input(100, 0, Freshness::quiet)};
  const auto c = composite(inputs, {.before = 100});
  EXPECT_EQ(c.price, 100);
  EXPECT_EQ(c.state, Freshness::quiet);
}

TEST(Composite, LiveInputsLeaveQuietOnesOut) {
  const auto c =
      of({input(100, 0, Freshness::quiet, 99), input(102, 0, Freshness::live, 50), input(1, 0, Freshness::stale, 99)});
  EXPECT_EQ(c.price, 102);
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
