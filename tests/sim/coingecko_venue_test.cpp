#include "sim/venues/coingecko.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "feeds/coingecko/decode.hpp"
#include "sim/coins.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;
namespace decode = feeds::coingecko;

class CoinGeckoVenueTest : public ::testing::Test {
 protected:
  static constexpr auto kNow = core::Timestamp::from_ms(1'795'000'023'456);
  net::HttpResponse get(const std::string& target) {
    RestRequest request;
    request.path = "/api/v3" + target.substr(0, target.find('?'));
    const auto question = target.find('?');
    if (question != std::string::npos) request.query = net::parse_query(target.substr(question + 1));
    request.now = now;
    return server.rest(request);
  }
  core::Timestamp now = kNow;
  runtime::ManualClock clock{kNow};
  runtime::Metrics metrics;
  MarketModel model{7, 1, 100};
  CoinGeckoServer server{VenueContext{model, clock, metrics}};
};

TEST_F(CoinGeckoVenueTest, MarketsDecodeToTheTruePrices) {
  const auto rows = decode::decode_markets(get("/coins/markets?vs_currency=usd&per_page=250&page=1").body, now);
  ASSERT_TRUE(rows) << rows.error().context;
  ASSERT_EQ(rows->size(), 100U);
  std::int32_t rank = 0;
  double cap = 1e18;
  for (const auto& row : *rows) {
    EXPECT_EQ(row.rank, ++rank);
    ASSERT_TRUE(row.price && row.market_cap && row.volume_24h && row.high_24h && row.low_24h && row.change_24h_pct);
    EXPECT_EQ(row.updated_at, now.floor_to(1min));
    const double truth = model.true_price(*model.find_id(row.asset_id), row.updated_at);
    EXPECT_NEAR(row.price->to_double() / truth, 1, truth >= 1 ? 0.005 / truth + 1e-9 : 1e-5) << row.asset_id;
    EXPECT_LE(*row.market_cap, cap);
    EXPECT_LE(*row.low_24h, *row.price);
    EXPECT_GE(*row.high_24h, *row.price);
    cap = *row.market_cap;
  }
  EXPECT_FALSE((*rows)[1].max_supply);  // ethereum's is null
  EXPECT_EQ((*rows)[1].asset_id, "ethereum");
}

TEST_F(CoinGeckoVenueTest, MarketsPageOrderAndFilter) {
  const auto second = decode::decode_markets(get("/coins/markets?vs_currency=usd&per_page=30&page=2").body, now);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->front().rank, 31);
  EXPECT_EQ(get("/coins/markets?vs_currency=usd&page=99").body, "[]");
  const auto two = decode::decode_markets(get("/coins/markets?vs_currency=usd&ids=solana,bitcoin,nonsense").body, now);
  ASSERT_TRUE(two);
  ASSERT_EQ(two->size(), 2U);
  EXPECT_EQ(two->front().asset_id, "bitcoin");
  const auto smallest =
      decode::decode_markets(get("/coins/markets?vs_currency=usd&order=market_cap_asc&per_page=1").body, now);
  EXPECT_EQ(smallest->front().rank, 100);
  EXPECT_NE(get("/coins/markets?vs_currency=eur&sparkline=true&price_change_percentage=1h,7d&per_page=1")
                .body.find(R"("price_change_percentage_7d_in_currency":)"),
            std::string::npos);
}

TEST_F(CoinGeckoVenueTest, KeysComeInTheDocumentedOrder) {
  const std::string body = get("/coins/markets?vs_currency=usd&per_page=1").body;
  std::size_t at = 0;
  for (const char* key : {"id",
                          "symbol",
                          "name",
                          "image",
                          "current_price",
                          "market_cap",
                          "market_cap_rank",
                          "fully_diluted_valuation",
                          "total_volume",
                          "high_24h",
                          "low_24h",
                          "price_change_24h",
                          "price_change_percentage_24h",
                          "market_cap_change_24h",
                          "market_cap_change_percentage_24h",
                          "circulating_supply",
                          "total_supply",
                          "max_supply",
                          "ath",
                          "ath_change_percentage",
                          "ath_date",
                          "atl",
                          "atl_change_percentage",
                          "atl_date",
                          "roi",
                          "last_updated"}) {
    const auto next = body.find("\"" + std::string(key) + "\":", at);
    ASSERT_NE(next, std::string::npos) << key;
    at = next + 1;
  }
}

TEST_F(CoinGeckoVenueTest, RatesDecodeAndAgreeWithTheModel) {
  const auto rates = decode::decode_exchange_rates(get("/exchange_rates").body);
  ASSERT_TRUE(rates) << rates.error().context;
  EXPECT_EQ(rates->size(), currency_table().size());
  const core::Timestamp minute = now.floor_to(1min);
  for (const auto& rate : *rates) {
    if (rate.code != "eur" && rate.code != "jpy" && rate.code != "usd") continue;
    const double truth = model.true_price(0, minute) / *model.currency_price(rate.code, minute);
    EXPECT_NEAR(rate.per_btc.to_double() / truth, 1, 1e-6) << rate.code;
  }
}

TEST_F(CoinGeckoVenueTest, ChartsHaveTheDocumentedGrainAndEndNow) {
  const struct {
    const char* days;
    std::size_t points;
    core::Duration step;
  } kCases[] = {{"1", 289, 5min}, {"7", 169, 1h}, {"30", 721, 1h}, {"90", 2161, 1h}, {"365", 366, 24h}};
  for (const auto& c : kCases) {
    const auto chart = decode::decode_market_chart(
        get(std::string("/coins/ethereum/market_chart?vs_currency=usd&days=") + c.days).body);
    ASSERT_TRUE(chart) << chart.error().context;
    ASSERT_EQ(chart->size(), c.points) << c.days;
    EXPECT_EQ((*chart)[1].at - (*chart)[0].at, c.step);
    EXPECT_EQ((*chart)[0].at, (*chart)[0].at.floor_to(c.step));
    EXPECT_EQ(chart->back().at, now);
    for (const auto& point : *chart) {
      ASSERT_NEAR(point.price / model.true_price(1, point.at), 1, 1e-9);
      ASSERT_TRUE(point.market_cap && point.volume_24h);
    }
  }
}

TEST_F(CoinGeckoVenueTest, HistoryStaysAsItWasAndJoinsTheLivePrice) {
  const auto early = decode::decode_market_chart(get("/coins/bitcoin/market_chart?vs_currency=usd&days=1").body);
  now = now + 20min;
  const auto late = decode::decode_market_chart(get("/coins/bitcoin/market_chart?vs_currency=usd&days=1").body);
  std::size_t common = 0;
  for (const auto& a : *early) {
    for (const auto& b : *late) {
      if (a.at != b.at) continue;
      ++common;
      EXPECT_EQ(a.price, b.price);
      EXPECT_EQ(a.volume_24h, b.volume_24h);
    }
  }
  EXPECT_EQ(common, 284U);  // 288 less the four that fell out
  EXPECT_NEAR(late->back().price / (*late)[late->size() - 2].price, 1, 0.01);
}

TEST_F(CoinGeckoVenueTest, RangeAndOhlc) {
  const auto range = decode::decode_market_chart(
      get("/coins/bitcoin/market_chart/range?vs_currency=usd&from=1794400000&to=1794800000").body);
  ASSERT_TRUE(range);
  EXPECT_EQ(range->size(), 111U);
  EXPECT_EQ(range->front().at.seconds() % 3600, 0);
  const auto dates = decode::decode_market_chart(
      get("/coins/bitcoin/market_chart/range?vs_currency=usd&from=2026-11-01&to=2026-11-03T12:00").body);
  ASSERT_TRUE(dates);
  EXPECT_EQ(dates->size(), 61U);
  const std::string ohlc = get("/coins/bitcoin/ohlc?vs_currency=usd&days=7").body;
  EXPECT_EQ(std::count(ohlc.begin(), ohlc.end(), '['), 42 + 1);  // as recorded
  EXPECT_EQ(get("/coins/bitcoin/ohlc?vs_currency=usd&days=2").status, 400);
}

TEST_F(CoinGeckoVenueTest, SimplePriceLeavesOutWhatItDoesNotKnow) {
  EXPECT_EQ(get("/simple/price?ids=nope&vs_currencies=usd").body, "{}");
  EXPECT_EQ(get("/simple/price?ids=bitcoin&vs_currencies=ethereum").body, R"({"bitcoin":{}})");
  const std::string spaced = get("/simple/price?ids=bitcoin,%20ethereum&vs_currencies=usd").body;
  EXPECT_EQ(spaced.find("ethereum"), std::string::npos);
  EXPECT_NE(get("/simple/price?ids=bitcoin&vs_currencies=usd,eur&include_24hr_change=true&include_last_updated_at=true")
                .body.find(R"("eur_24h_change":)"),
            std::string::npos);
}

TEST_F(CoinGeckoVenueTest, ErrorsAreTheDocumentedOnes) {
  EXPECT_EQ(get("/coins/nope").status, 404);
  EXPECT_EQ(get("/coins/nope/market_chart?vs_currency=usd&days=1").body, R"({"error":"coin not found"})");
  EXPECT_EQ(get("/coins/markets?vs_currency=nope").status, 400);
  EXPECT_EQ(get("/coins/markets?vs_currency=usdt").body, R"({"error":"invalid vs_currency"})");
  EXPECT_EQ(get("/coins/markets").status, 422);
  EXPECT_EQ(get("/coins/bitcoin/market_chart?vs_currency=nope&days=1").status, 400);
  const auto far = get("/coins/bitcoin/market_chart?vs_currency=usd&days=max");
  EXPECT_EQ(far.status, 401);
  EXPECT_EQ(decode::decode_error_code(far.body), 10012);
  EXPECT_EQ(get("/coins/bitcoin/market_chart?vs_currency=usd&days=abc").status, 400);
  EXPECT_EQ(get("/nope").status, 404);
  EXPECT_EQ(get("/ping").body, R"({"gecko_says":"(V3) To the Moon!"})");
}

TEST_F(CoinGeckoVenueTest, MomentsBeyondAllReasonAreRefused) {
  EXPECT_EQ(get("/coins/bitcoin/market_chart/range?vs_currency=usd&from=1794400000&to=99999999999").status, 422);
  EXPECT_EQ(get("/coins/bitcoin/market_chart/range?vs_currency=usd&from=1e300&to=1e300").status, 422);
  EXPECT_EQ(get("/coins/bitcoin/market_chart/range?vs_currency=usd&from=1&to=2").status, 401);
}

TEST_F(CoinGeckoVenueTest, TheOtherPages) {
  EXPECT_NE(get("/coins/list").body.find(R"({"id":"bitcoin","symbol":"btc","name":"Bitcoin"})"), std::string::npos);
  EXPECT_EQ(get("/simple/supported_vs_currencies").body.substr(0, 12), R"(["btc","eth")");
  EXPECT_NE(get("/global").body.find(R"({"data":{"active_cryptocurrencies":100,)"), std::string::npos);
  const std::string page = get("/coins/ethereum?localization=false&tickers=false").body;
  EXPECT_EQ(page.find("localization"), std::string::npos);
  EXPECT_NE(page.find(R"("market_data":{"current_price":{"btc":)"), std::string::npos);
  EXPECT_NE(page.find(R"("max_supply":null,"max_supply_infinite":true)"), std::string::npos);
}

TEST_F(CoinGeckoVenueTest, TheKeylessBudgetIsSmallerThanTheKeyedOne) {
  RestRequest request;
  request.now = now;
  int keyless = 0;
  while (!server.over_budget(request)) ++keyless;
  request.with_key = true;
  int keyed = 0;
  while (!server.over_budget(request)) ++keyed;
  EXPECT_EQ(keyless, 6);
  EXPECT_EQ(keyed, 20);
  const auto refused = server.over_budget(request);
  EXPECT_EQ(refused->status, 429);
  EXPECT_TRUE(refused->headers.find("Retry-After"));
}

TEST(CoinGeckoPrice, RoundsByMagnitude) {
  EXPECT_EQ(coingecko_price(64321.518), "64321.52");
  EXPECT_EQ(coingecko_price(1.0), "1");
  EXPECT_EQ(coingecko_price(0.28764512), "0.287645");
  EXPECT_EQ(coingecko_price(0.00000845123), "8.45123e-06");
  EXPECT_EQ(coingecko_price(0.28764512, "3"), "0.288");
  EXPECT_EQ(coingecko_price(1.288e12), "1288000000000");
}

}  // namespace
}  // namespace tickspan::sim
