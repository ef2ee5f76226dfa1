#include <gtest/gtest.h>

#include "feeds/coingecko/coingecko_feed.hpp"

namespace tickspan::feeds {
namespace {

TEST(CoinGeckoPlan, KnowsTheThreePlansByName) {
  EXPECT_EQ(parse_coingecko_plan("keyless"), CoinGeckoPlan::keyless);
  EXPECT_EQ(parse_coingecko_plan("demo"), CoinGeckoPlan::demo);
  EXPECT_EQ(parse_coingecko_plan("pro"), CoinGeckoPlan::pro);
  EXPECT_FALSE(parse_coingecko_plan("enterprise"));
}

}  // namespace
}  // namespace tickspan::feeds
