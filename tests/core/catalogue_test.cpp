#include "core/catalogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tickspan::core {
namespace {

TEST(Catalogue, ResolvesIdsAndSymbolsInAnyCase) {
  Catalogue c;
  const AssetId bitcoin = c.upsert_asset({"bitcoin", "BTC", "Bitcoin", AssetKind::coin, 1});
  EXPECT_EQ(c.resolve("Bitcoin"), bitcoin);
  EXPECT_EQ(c.resolve("btc"), bitcoin);
  EXPECT_FALSE(c.resolve("doge").valid());
}

TEST(Catalogue, OfEqualSymbolsTheBetterRankWinsAlsoAfterAChange) {
  Catalogue c;
  const AssetId fake = c.upsert_asset({"batcat", "btc", "batcat", AssetKind::coin, 0});
  const AssetId bitcoin = c.upsert_asset({"bitcoin", "btc", "Bitcoin", AssetKind::coin, 1});
  EXPECT_EQ(c.resolve("btc"), bitcoin);
  c.upsert_asset({"batcat", "btc", "batcat", AssetKind::coin, 1});
  c.upsert_asset({"bitcoin", "btc", "Bitcoin", AssetKind::coin, 2});
  EXPECT_EQ(c.resolve("btc"), fake);
}

TEST(Catalogue, TheDollarIsNotACoin) {
  Catalogue c;
  c.upsert_asset({"some-usd-coin", "usd", "Some", AssetKind::coin, 10});
  const AssetId dollar = c.upsert_asset({"usd", "usd", "US Dollar", AssetKind::fiat, 0});
  EXPECT_EQ(c.resolve("usd"), dollar);
}

TEST(Catalogue, NamesWhatIsNear) {
  Catalogue c;
  c.upsert_asset({"bitcoin", "btc", "Bitcoin", AssetKind::coin, 1});
  c.upsert_asset({"bitcoin-cash", "bch", "Bitcoin Cash", AssetKind::coin, 20});
  c.upsert_asset({"ethereum", "eth", "Ethereum", AssetKind::coin, 2});
  EXPECT_EQ(c.near_matches("bitcon").front(), "bitcoin");
  EXPECT_THAT(c.near_matches("zzzzzzzz"), testing::IsEmpty());
}

TEST(Catalogue, IdsStayWhenAnAssetIsUpdated) {
  Catalogue c;
  const AssetId a = c.upsert_asset({"a", "aaa", "A", AssetKind::coin, 5});
  c.upsert_asset({"b", "bbb", "B", AssetKind::coin, 6});
  EXPECT_EQ(c.upsert_asset({"a", "aa", "A2", AssetKind::coin, 7}), a);
  EXPECT_EQ(c.resolve("aa"), a);
  EXPECT_FALSE(c.resolve("aaa").valid());
}

TEST(Catalogue, InstrumentsAreOnePerVenueAndSpelling) {
  Catalogue c;
  const VenueId v = c.upsert_venue({"kraken", "Kraken", false, "", ""});
  const InstrumentId i = c.add_instrument({v, {0}, {1}, "BTC/USD"});
  EXPECT_EQ(c.add_instrument({v, {0}, {1}, "BTC/USD"}), i);
  EXPECT_EQ(c.find_instrument(v, "BTC/USD"), i);
  EXPECT_FALSE(c.find_instrument(v, "XBT/USD").valid());
}

}  // namespace
}  // namespace tickspan::core
