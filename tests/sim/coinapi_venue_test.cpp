#include "sim/venues/coinapi.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "feeds/coinapi/decode.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;
namespace decode = feeds::coinapi;

class CoinApiVenueTest : public ::testing::Test {
 protected:
  static constexpr auto kNow = core::Timestamp::from_ms(1'795'000'023'456);
  net::HttpResponse get(const std::string& target, bool with_key = true) {
    RestRequest request;
    const auto question = target.find('?');
    request.path = target.substr(0, question);
    if (question != std::string::npos) request.query = net::parse_query(target.substr(question + 1));
    request.with_key = with_key;
    request.now = kNow;
    request.faults = server.faults();
    request.frozen_at = server.frozen_at();
    return server.rest(request);
  }
  double truth(const char* id, core::Timestamp at = kNow) { return model.true_price(*model.find_id(id), at); }

  runtime::ManualClock clock{kNow};
  runtime::Metrics metrics;
  MarketModel model{7, 1, 100};
  CoinApiServer server{VenueContext{model, clock, metrics}};
};

TEST_F(CoinApiVenueTest, AnswersNobodyWithoutAKeyAndSaysWhatIsLeft) {
  const auto refused = get("/v1/exchangerate/BTC/USD", false);
  EXPECT_EQ(refused.status, 401);
  EXPECT_NE(decode::decode_error(refused.body), "");
  const auto taken = get("/v1/exchangerate/BTC/USD");
  EXPECT_EQ(taken.status, 200);
  EXPECT_EQ(taken.headers.find("X-RateLimit-Used"), "1");
  EXPECT_EQ(get("/v1/assets").headers.find("X-RateLimit-Remaining"), "999998");
}

TEST_F(CoinApiVenueTest, RatesDecodeToTheTruePricesWith28Digits) {
  const std::string body = get("/v1/exchangerate/USD?invert=true&filter_asset_id=BTC,ETH,NOPE").body;
  const auto rates = decode::decode_rates(body, kNow, true);
  ASSERT_TRUE(rates) << rates.error().context;
  ASSERT_EQ(rates->size(), 2u);
  EXPECT_EQ((*rates)[0].base, "BTC");
  EXPECT_EQ((*rates)[0].quote, "USD");
  EXPECT_EQ((*rates)[0].at, kNow.floor_to(1s));
  EXPECT_NEAR((*rates)[0].rate.to_double() / truth("bitcoin"), 1, 1e-15);
  const auto rate = body.find("\"rate\":") + 7;
  EXPECT_EQ(body.find('}', rate) - rate, 29u) << "28 digits and a point";
  const auto one = decode::decode_rates(get("/v1/exchangerate/BTC/EUR").body, kNow);
  ASSERT_TRUE(one);
  EXPECT_NEAR((*one)[0].rate.to_double(), truth("bitcoin") / truth("eur"), 1e-6);
  EXPECT_EQ(get("/v1/exchangerate/NOPE/USD").status, 550);
}

TEST_F(CoinApiVenueTest, FaultsShowInItsRates) {
  VenueFaults faults;
  faults.price_shift = 1;
  faults.clock_skew_ms = 90'000;
  server.set_faults(faults);
  const auto rates = decode::decode_rates(get("/v1/exchangerate/BTC/USD").body, kNow);
  ASSERT_TRUE(rates);
  EXPECT_NEAR((*rates)[0].rate.to_double() / truth("bitcoin"), 10, 1e-12);
  EXPECT_EQ((*rates)[0].at, kNow.floor_to(1s) + 90s);
}

TEST_F(CoinApiVenueTest, AssetsAndCandles) {
  const auto assets = decode::decode_assets(get("/v1/assets?filter_asset_id=BTC,NOPE").body);
  ASSERT_TRUE(assets) << assets.error().context;
  ASSERT_EQ(assets->size(), 1u);
  EXPECT_TRUE((*assets)[0].crypto);
  EXPECT_EQ((*assets)[0].name, "Bitcoin");
  EXPECT_GT(decode::decode_assets(get("/v1/assets").body)->size(), 90u);
  const std::string target = "/v1/ohlcv/COINBASE_SPOT_BTC_USD/history?period_id=5MIN&limit=100&time_start=";
  const auto points = decode::decode_closes(get(target + core::to_rfc3339(kNow - 1h)).body);
  ASSERT_TRUE(points) << points.error().context;
  ASSERT_EQ(points->size(), 13u);
  EXPECT_NEAR(points->front().price, truth("bitcoin", points->front().at), 1e-6);
  EXPECT_EQ(decode::decode_closes(get("/v1/ohlcv/X_SPOT_BTC_USD/latest?period_id=1DAY&limit=3").body)->size(), 3u);
  EXPECT_EQ(get("/v1/ohlcv/COINBASE_SPOT_NOPE_USD/latest?period_id=1DAY").status, 550);
  EXPECT_EQ(get("/v1/ohlcv/COINBASE_SPOT_BTC_USD/latest?period_id=2WKS").status, 400);
}

}  // namespace
}  // namespace tickspan::sim
