#include <gtest/gtest.h>

#include "market_story.hpp"

// Candles built live, in whatever order the trades come and however often, are those that all trades at once give; and
// a restart in the middle changes none of them. Each seed is another market.

namespace tickspan::market {
namespace {

using namespace story;

class CandleProperty : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(Seeds, CandleProperty, testing::Range(0u, 16u));

TEST_P(CandleProperty, LiveCandlesAreARecountOfTheTrades) {
  std::mt19937_64 random(GetParam());
  const Story story = make_story(GetParam(), random);
  const Told told = run(story, deliveries(story, {}, random));
  expect_recount(story, told, "in order");
  expect_marks(story, told);
  expect_composites(story, told);
}

TEST_P(CandleProperty, ReorderedRepeatedAndLateTradesGiveTheSame) {
  std::mt19937_64 random(GetParam());
  const Story story = make_story(GetParam(), random);
  const Told reordered = run(story, deliveries(story, {1900ms, 0, 9}, random));
  expect_recount(story, reordered, "reordered");
  expect_marks(story, reordered);
  expect_composites(story, reordered);
  const Told late = run(story, deliveries(story, {1900ms, 15, 9}, random));
  expect_recount(story, late, "late");
  expect_marks(story, late);
  expect_composites(story, late);
}

TEST_P(CandleProperty, ARestartInTheMiddleChangesNothingButItsMinutesMark) {
  std::mt19937_64 random(GetParam());
  const Story story = make_story(GetParam(), random);
  const auto all = deliveries(story, {0ms, 0, 9}, random);
  const auto span = static_cast<std::uint64_t>((story.end - story.begin) / 13s);
  // On one of the moments at which time passes, none of them at a trade.
  const Timestamp restart = story.begin + 13s * static_cast<std::int64_t>(random() % (span - 40) + 20);
  const Told told = run(story, all, restart);
  expect_recount(story, told, "restarted at " + core::to_rfc3339(restart));
  expect_marks(story, told, restart);
  expect_composites(story, told);
}

}  // namespace
}  // namespace tickspan::market
