// What venues say of pairs: /api/v1/markets, /api/v1/pairs, /api/v1/prices?detail=sources.
#include <gmock/gmock.h>

#include "server_fixture.hpp"

namespace tickspan::server {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Markets : public test::ServerTest {
 protected:
  // Bitcoin in dollars at Kraken and two others, one of which is mad; ether at Kraken alone, quiet.
  void fill() {
    core::Catalogue& c = *market.catalogue;
    const auto odd = c.upsert_venue({"oddex", "Oddex", false, "", ""});
    c.add_instrument({odd, market.asset("bitcoin"), market.asset("usd"), "BTCUSD"});
    const auto d = [](const char* text) { return *core::Decimal::parse(text); };
    const core::Timestamp now = market.now();
    using core::Standing;
    market.market.markets = std::make_shared<const std::vector<core::MarketRow>>(std::vector<core::MarketRow>{
        {{0}, d("64321"), d("64322.5"), d("64322"), now - 200ms, core::Freshness::live, Standing::used, 64321.75, 0.6},
        {{1}, d("3209"), d("3211"), {}, now - 60s, core::Freshness::quiet, Standing::used, 3210, 1},
        {{2}, d("64322"), d("64324"), d("64323"), now - 1s, core::Freshness::live, Standing::used, 64323, 0.4},
        {{3}, d("643215"), d("643216"), {}, now - 2s, core::Freshness::live, Standing::outlier, 643215.5, 0}});
  }
};

TEST_F(Markets, EachVenueWithItsAgeAndWhyItDoesNotCount) {
  fill();
  start_all();
  const std::string json = body("/api/v1/markets", "/api/v1/markets");
  EXPECT_THAT(
      json,
      HasSubstr(R"({"venue":"kraken","pair":"btc/usd","symbol":"XBT/USD","price_usd":64321.75,"bid":64321,)"
                R"("ask":64322.5,"spread_bps":0.2332,"last":64322,"as_of":"2026-06-01T12:00:30.300Z","age_ms":200,)"
                R"("state":"live","used":true,"reason":"used","weight":0.6,"deviation_pct":0.0003887})"));
  EXPECT_THAT(json,
              HasSubstr(R"("last":null,"as_of":"2026-06-01T12:00:28.500Z","age_ms":2000,"state":"live","used":false,)"
                        R"("reason":"outlier","weight":0,"deviation_pct":900)"));
  EXPECT_LT(json.find(R"("btc/usd","symbol":"BTCUSD")"), json.find("eth/usd")) << "by the rank of the base";
  EXPECT_THAT(body("/api/v1/markets?base=eth", "/api/v1/markets"), Not(HasSubstr("btc")));
  EXPECT_THAT(body("/api/v1/markets?venue=binance", "/api/v1/markets"),
              AllOf(HasSubstr("BTCUSDT"), Not(HasSubstr("kraken"))));
  EXPECT_THAT(body("/api/v1/markets?base=btc&quote=eur", "/api/v1/markets"),
              HasSubstr(R"("data":[],"next_cursor":null)"));
  EXPECT_THAT(error("/api/v1/markets?venue=krakn", 400, "/api/v1/markets"), HasSubstr(R"("near":["kraken")"));
  EXPECT_THAT(error("/api/v1/markets?base=nope", 404, "/api/v1/markets"), HasSubstr("nope"));
}

TEST_F(Markets, ThePagesAddUp) {
  fill();
  start_all();
  std::string path = "/api/v1/markets?limit=3";
  const std::string first = body(path, "/api/v1/markets");
  const std::size_t at = first.find(R"("next_cursor":")");
  ASSERT_NE(at, std::string::npos);
  const std::string cursor = first.substr(at + 15, first.find('"', at + 15) - at - 15);
  EXPECT_THAT(body(path + "&cursor=" + cursor, "/api/v1/markets"),
              AllOf(HasSubstr("eth/usd"), Not(HasSubstr("btc/usd")), HasSubstr(R"("next_cursor":null)")));
}

TEST_F(Markets, TheBestBidAndAskOfAPairAndWhose) {
  fill();
  start_all();
  EXPECT_THAT(
      body("/api/v1/pairs?base=btc&quote=usd", "/api/v1/pairs"),
      HasSubstr(
          R"({"pair":"btc/usd","base":"bitcoin","quote":"usd","venues":["binance","kraken","oddex"],"live_venues":3,)"
          R"("best_bid":{"price":64322,"venue":"binance","as_of":"2026-06-01T12:00:29.500Z","state":"live"},)"
          R"("best_ask":{"price":64322.5,"venue":"kraken","as_of":"2026-06-01T12:00:30.300Z","state":"live"},)"
          R"("spread_bps":0.07773})"));
  EXPECT_THAT(body("/api/v1/pairs?base=btc&venue=oddex", "/api/v1/pairs"),
              HasSubstr(R"("best_bid":null,"best_ask":null,"spread_bps":null)"))
      << "an outlier's quotes are nobody's best";
}

TEST_F(Markets, PricesWithTheVenuesBehindThem) {
  fill();
  start_all();
  EXPECT_THAT(body("/api/v1/prices?ids=btc", "/api/v1/prices"), Not(HasSubstr("sources")));
  const std::string json = body("/api/v1/prices?ids=btc,eth&detail=sources", "/api/v1/prices");
  EXPECT_THAT(json, AllOf(HasSubstr(R"("sources":[{"venue":"binance")"), HasSubstr(R"("reason":"outlier")"),
                          Not(HasSubstr("age_ms"))));
  EXPECT_THAT(error("/api/v1/prices?detail=all", 400, "/api/v1/prices"), HasSubstr("sources"));
}

}  // namespace
}  // namespace tickspan::server
