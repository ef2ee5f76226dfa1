#include "wire/topic.hpp"

#include <gmock/gmock.h>

namespace tickspan::wire {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Topics : public ::testing::Test {
 protected:
  Topics() {
    usd = c.upsert_asset({"usd", "usd", "US Dollar", core::AssetKind::fiat, 0});
    eur = c.upsert_asset({"eur", "eur", "Euro", core::AssetKind::fiat, 0});
    btc = c.upsert_asset({"bitcoin", "btc", "Bitcoin", core::AssetKind::coin, 1});
    other = c.upsert_asset({"bitcoin-other", "btc", "Another", core::AssetKind::coin, 700});
    odd = c.upsert_asset({"odd", "o/d:d", "Odd", core::AssetKind::coin, 800});
    kraken = c.upsert_venue({"kraken", "Kraken", false, "", ""});
    c.upsert_venue({"coingecko", "CoinGecko", true, "", ""});
    c.upsert_venue({"binance", "Binance", false, "", ""});
    c.add_instrument({kraken, btc, usd, "XBT/USD"});
  }
  std::string canonical(std::string_view name) {
    const auto topic = parse_topic(name, c);
    return topic ? topic_name(*topic, c) : "error: " + topic.error().context;
  }
  TopicProblem problem(std::string_view name) {
    const auto topic = resolve_topic(name, c);
    return topic ? TopicProblem{"none", topic_name(*topic, c), {}} : topic.error();
  }

  core::Catalogue c;
  core::AssetId usd, eur, btc, other, odd;
  core::VenueId kraken;
};

TEST_F(Topics, AliasesShareOneCanonicalName) {
  EXPECT_EQ(canonical("price:btc/usd"), "price:btc/usd");
  EXPECT_EQ(canonical("price:Bitcoin/USD"), "price:btc/usd");
  EXPECT_EQ(canonical("ticker:*"), "ticker:*");
  EXPECT_EQ(canonical("ticker:*/usd"), "ticker:*");
  EXPECT_EQ(canonical("ticker:*/EUR"), "ticker:*/eur");
  EXPECT_EQ(canonical("trades:Kraken:bitcoin/usd"), "trades:kraken:btc/usd");
  EXPECT_EQ(canonical("candles:btc/usd:15m"), "candles:btc/usd:15m");
  EXPECT_EQ(parse_topic("price:btc/usd", c)->key(), parse_topic("price:bitcoin/usd", c)->key());
}

TEST_F(Topics, AnAssetWhoseSymbolIsTakenOrUnusableGoesByItsId) {
  EXPECT_EQ(canonical("price:bitcoin-other/usd"), "price:bitcoin-other/usd");
  EXPECT_EQ(canonical("price:odd/usd"), "price:odd/usd");
}

TEST_F(Topics, EveryNameReadsBackToItsTopic) {
  for (const char* name : {"price:btc/usd", "price:*", "ticker:*/eur", "ticker:bitcoin-other/eur",
                           "trades:kraken:btc/usd", "trades:binance:btc/eur", "candles:odd/usd:4h"}) {
    const auto topic = parse_topic(name, c);
    ASSERT_TRUE(topic) << topic.error().context;
    EXPECT_EQ(*parse_topic(topic_name(*topic, c), c), *topic);
  }
}

TEST_F(Topics, RefusalsSayWhatIsWrongAndWhatIsNear) {
  EXPECT_EQ(problem("price:bitcon/usd").code, "unknown_asset");
  EXPECT_THAT(problem("price:bitcon/usd").near, Contains("bitcoin"));
  EXPECT_EQ(problem("price:btc/uds").code, "unknown_asset");
  EXPECT_EQ(problem("trades:kraken:btc/eur").code, "unknown_pair");
  EXPECT_THAT(problem("trades:kraken:btc/eur").near, ElementsAre("trades:kraken:btc/usd"));
  EXPECT_EQ(problem("trades:krakn:btc/usd").code, "unknown_venue");
  EXPECT_THAT(problem("trades:coingecko:btc/usd").near, ElementsAre("kraken", "binance"));
  EXPECT_EQ(problem("candles:btc/usd:2m").code, "invalid_channel");
  EXPECT_THAT(problem("candles:btc/usd:2m").near, Contains("1m"));
  EXPECT_EQ(problem("candles:btc/eur:1m").code, "unknown_pair");
  EXPECT_THAT(problem("candles:btc/eur:1m").near, ElementsAre("candles:btc/usd:1m"));
  for (const char* name : {"", "price", "price:", "price:btc", "price:*x", "trades:btc/usd", "trades:kraken",
                           "candles:btc/usd", "candles:*:1m", "nope:btc/usd", ":", "trades:*"}) {
    EXPECT_EQ(problem(name).code, "invalid_channel") << name;
  }
  EXPECT_EQ(problem(std::string(5000, 'x')).code, "invalid_channel");
}

TEST_F(Topics, TheErrorFormNamesNearMatches) {
  const auto topic = parse_topic("price:bitcon/usd", c);
  ASSERT_FALSE(topic);
  EXPECT_EQ(topic.error().code, core::ErrorCode::not_found);
  EXPECT_THAT(topic.error().context, HasSubstr("unknown asset 'bitcon'; near: bitcoin"));
  EXPECT_EQ(parse_topic("x", c).error().code, core::ErrorCode::invalid_argument);
}

TEST_F(Topics, AVenueWithoutItsListYetMayTradeAnything) {
  EXPECT_EQ(canonical("trades:binance:btc/eur"), "trades:binance:btc/eur");
}

TEST(InterestTable, CountsListenersAndReportsChanges) {
  InterestTable table;
  Topic topic;
  topic.base = {1};
  topic.quote = {0};
  const auto start = table.version();
  table.add(topic);
  const auto added = table.version();
  EXPECT_GT(added, start);
  EXPECT_EQ(table.current()->count(topic.key()), 1U);
  table.add(topic);
  EXPECT_EQ(table.version(), added);  // the set is the same
  table.remove(topic);
  EXPECT_EQ(table.current()->size(), 1U);
  table.remove(topic);
  EXPECT_GT(table.version(), added);
  EXPECT_TRUE(table.current()->empty());
  table.remove(topic);  // nobody's: nothing happens
  EXPECT_TRUE(table.current()->empty());
}

TEST(BenchTopic, IsThereOnlyWhereAskedFor) {
  const core::Catalogue nothing;
  const auto topic = resolve_topic("bench:7", nothing, 8);
  ASSERT_TRUE(topic);
  EXPECT_FALSE(keeps_latest_only(topic->kind));
  EXPECT_FALSE(topic->is_wildcard());
  EXPECT_EQ(topic_name(*topic, nothing), "bench:7");
  EXPECT_EQ(resolve_topic("bench:8", nothing, 8).error().code, "invalid_channel");
  EXPECT_EQ(resolve_topic("bench:7", nothing).error().code, "invalid_channel");
  EXPECT_EQ(resolve_topic("bench:-1", nothing, 8).error().code, "invalid_channel");
  EXPECT_EQ(resolve_topic("bench:7x", nothing, 8).error().code, "invalid_channel");
}

}  // namespace
}  // namespace tickspan::wire
