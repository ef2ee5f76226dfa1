#include "core/snapshot.hpp"

#include <gtest/gtest.h>

namespace tickspan::core {
namespace {

MarketSnapshot two_assets() {
  auto block = std::make_shared<AssetBlock>();
  (*block)[0].asset = {0};
  (*block)[0].price = *Decimal::parse("60000.10");
  (*block)[0].as_of = Timestamp::from_s(100);
  (*block)[0].state = Freshness::live;
  (*block)[1].asset = {1};
  (*block)[1].price = *Decimal::parse("1.25");
  (*block)[1].as_of = Timestamp::from_s(40);
  (*block)[1].state = Freshness::stale;
  MarketSnapshot s;
  s.blocks = {block};
  s.usd = {2};
  return s;
}

TEST(QuotedPrice, InUsdIsAsQuoted) {
  const auto s = two_assets();
  const auto q = quoted_price(s, *s.row({0}), s.usd);
  ASSERT_TRUE(q);
  EXPECT_EQ(q->price.to_string(), "60000.10");
}

TEST(QuotedPrice, AConversionTakesTheOlderTimeAndTheWorseState) {
  const auto s = two_assets();
  const auto q = quoted_price(s, *s.row({0}), {1});
  ASSERT_TRUE(q);
  EXPECT_EQ(q->price.to_string(), "48000.08");
  EXPECT_EQ(q->as_of, Timestamp::from_s(40));
  EXPECT_EQ(q->state, Freshness::stale);
}

TEST(QuotedPrice, NothingWhereOneSideHasNoPrice) {
  const auto s = two_assets();
  EXPECT_FALSE(quoted_price(s, *s.row({0}), {3}));
  EXPECT_EQ(s.row({3}), nullptr);
}

}  // namespace
}  // namespace tickspan::core
