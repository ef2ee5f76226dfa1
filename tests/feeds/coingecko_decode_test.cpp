#include <gtest/gtest.h>

#include <algorithm>

#include "../support/support.hpp"
#include "feeds/coingecko/decode.hpp"

namespace tickspan::feeds::coingecko {
namespace {

constexpr auto kNow = core::Timestamp::from_s(1'780'000'000);

std::string recorded(const std::string& name) {
  const auto dir = test::recordings_dir();
  return dir ? test::read_file(*dir + "/coingecko/rest/" + name) : std::string();
}
#define SKIP_WITHOUT_RECORDINGS() \
  if (!test::recordings_dir()) GTEST_SKIP() << "no recordings (../shared is not there)"

TEST(CoinGeckoMarkets, ReadsARowExactly) {
  const auto rows = decode_markets(
      R"([{"id":"bitcoin","symbol":"BTC","name":"Bitcoin","current_price":16951.520,"market_cap":326407877229,"market_cap_rank":1,"total_volume":10076421985,
           "high_24h":16994.2,"low_24h":1.5e4,"price_change_24h":-23.85,"price_change_percentage_24h":-0.14088,"circulating_supply":19256218.5,
           "total_supply":2.1e7,"max_supply":21000000,"roi":{"times":80.1,"currency":"btc","percentage":8010},"last_updated":"2026-05-28T20:26:30.132Z"}])",
      kNow);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 1u);
  const auto& row = rows->front();
  EXPECT_EQ(row.asset_id, "bitcoin");
  EXPECT_EQ(row.symbol, "btc");
  EXPECT_EQ(row.name, "Bitcoin");
  EXPECT_EQ(row.rank, 1);
  EXPECT_EQ(row.price->to_string(), "16951.520") << "digits as sent";
  EXPECT_EQ(*row.low_24h, *core::Decimal::parse("15000"));
  EXPECT_DOUBLE_EQ(*row.change_24h, -23.85);
  EXPECT_DOUBLE_EQ(*row.change_24h_pct, -0.14088);
  EXPECT_DOUBLE_EQ(*row.market_cap, 326407877229.0);
  EXPECT_DOUBLE_EQ(*row.circulating_supply, 19256218.5);
  EXPECT_DOUBLE_EQ(*row.total_supply, 2.1e7);
  EXPECT_EQ(row.updated_at, core::Timestamp::from_ms(1779999990132));
  EXPECT_EQ(row.received_at, kNow);
}

TEST(CoinGeckoMarkets, NullsAndOddTypesAreUnknown) {
  const auto rows = decode_markets(
      R"([{"id":"a","symbol":null,"current_price":null,"market_cap":"many","market_cap_rank":null,"total_volume":{"usd":1},"high_24h":-5,"low_24h":0,
           "price_change_24h":null,"circulating_supply":-1,"max_supply":null,"roi":null,"last_updated":"soon","sparkline_in_7d":{"price":[1,2,3]}},
          {"symbol":"no-id"},{"id":"b","current_price":1.2e-9,"market_cap_rank":2.5,"last_updated":"2030-01-01T00:00:00Z"}])",
      kNow);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 2u);
  const auto& row = rows->front();
  EXPECT_FALSE(row.price || row.market_cap || row.volume_24h || row.high_24h || row.low_24h || row.change_24h ||
               row.circulating_supply || row.max_supply);
  EXPECT_EQ(row.rank, 0);
  EXPECT_FALSE(row.updated_at.is_set());
  EXPECT_EQ(rows->back().price->to_string(), "0.0000000012");
  EXPECT_EQ(rows->back().rank, 0);
  EXPECT_FALSE(rows->back().updated_at.is_set()) << "a time far ahead is no time";
}

TEST(CoinGeckoMarkets, EmptyPageIsNoError) {
  const auto rows = decode_markets("[]", kNow);
  ASSERT_TRUE(rows);
  EXPECT_TRUE(rows->empty());
}

TEST(CoinGeckoMarkets, OtherBodiesAreErrorsThatQuoteTheService) {
  for (const char* body : {"", "<html><body>error 1020</body></html>", "[5]", "[{\"id\":\"a\"", "null"})
    EXPECT_FALSE(decode_markets(body, kNow)) << body;
  const auto refused =
      decode_markets(R"({"status":{"error_code":429,"error_message":"You've exceeded the Rate Limit."}})", kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().context, "coingecko coins/markets: You've exceeded the Rate Limit.");
}

TEST(CoinGeckoMarkets, RecordedPage) {
  SKIP_WITHOUT_RECORDINGS();
  const auto rows = decode_markets(recorded("coins_markets_usd_top001-050.json"), kNow);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 50u);
  EXPECT_EQ(rows->front().asset_id, "bitcoin");
  EXPECT_EQ(rows->front().price->to_string(), "16951.52");
  EXPECT_EQ(rows->back().asset_id, "huobi-token");
  EXPECT_EQ(rows->back().price->to_string(), "4.7");
  EXPECT_EQ(std::count_if(rows->begin(), rows->end(), [](const auto& row) { return !row.max_supply; }), 19);
  EXPECT_EQ(std::count_if(rows->begin(), rows->end(), [](const auto& row) { return !row.total_supply; }), 4);
  for (const auto& row : *rows) {
    EXPECT_TRUE(row.price && row.market_cap && row.volume_24h && row.updated_at.is_set()) << row.asset_id;
    EXPECT_GT(row.rank, 0) << row.asset_id;
  }
  const auto one = decode_markets(recorded("coins_markets_btc_usd.json"), kNow);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->at(0).price->to_string(), "49053") << "an integer";
}

TEST(CoinGeckoRates, ReadsKindsAndSkipsNonsense) {
  const auto rates = decode_exchange_rates(
      R"({"rates":{"usd":{"name":"US Dollar","unit":"$","value":64321.5,"type":"fiat"},"BTC":{"name":"Bitcoin","unit":"BTC","value":1,"type":"crypto"},
          "xau":{"type":"commodity","value":2.5e1,"unit":"XAU","name":"Gold"},"bad":{"name":"Bad","value":null,"type":"fiat"},"neg":{"value":-1},"zero":{"value":0}}})");
  ASSERT_TRUE(rates);
  ASSERT_EQ(rates->size(), 3u);
  EXPECT_EQ((*rates)[0].code, "usd");
  EXPECT_EQ((*rates)[0].unit, "$");
  EXPECT_EQ((*rates)[0].kind, core::AssetKind::fiat);
  EXPECT_EQ((*rates)[0].per_btc.to_string(), "64321.5");
  EXPECT_EQ((*rates)[1].code, "btc");
  EXPECT_EQ((*rates)[1].kind, core::AssetKind::coin);
  EXPECT_EQ((*rates)[2].kind, core::AssetKind::commodity);
  EXPECT_EQ((*rates)[2].per_btc, *core::Decimal::parse("25"));
  for (const char* body :
       {"", "[]", "{}", R"({"rates":[]})", R"({"rates":{"usd":5}})", R"({"error":"coin not found"})"})
    EXPECT_FALSE(decode_exchange_rates(body)) << body;
}

TEST(CoinGeckoRates, RecordedList) {
  SKIP_WITHOUT_RECORDINGS();
  const auto rates = decode_exchange_rates(recorded("exchange_rates_2023.json"));
  ASSERT_TRUE(rates);
  EXPECT_EQ(rates->size(), 61u);
  const auto count = [&](core::AssetKind kind) {
    return std::count_if(rates->begin(), rates->end(), [&](const auto& rate) { return rate.kind == kind; });
  };
  EXPECT_EQ(count(core::AssetKind::fiat), 46);
  EXPECT_EQ(count(core::AssetKind::coin), 13);
  EXPECT_EQ(count(core::AssetKind::commodity), 2);
  const auto eur = std::find_if(rates->begin(), rates->end(), [](const auto& rate) { return rate.code == "eur"; });
  ASSERT_NE(eur, rates->end());
  EXPECT_EQ(eur->per_btc.to_string(), "15889.287");
  EXPECT_EQ(eur->unit, "€");
}

TEST(CoinGeckoChart, JoinsTheArraysByTime) {
  const auto points = decode_market_chart(
      R"({"prices":[[1780000300000,2],[1780000000000,1.5],[1780000300000,3],[1780000600000,null],[1780000900000,-1],[5,9],[1780001200000]],
          "market_caps":[[1780000000000,100],[1780000300000,null]],"total_volumes":[[1780000300000,7.5]]})");
  ASSERT_TRUE(points);
  ASSERT_EQ(points->size(), 2u);
  EXPECT_EQ((*points)[0].at, core::Timestamp::from_ms(1780000000000));
  EXPECT_DOUBLE_EQ((*points)[0].price, 1.5);
  EXPECT_DOUBLE_EQ(*(*points)[0].market_cap, 100);
  EXPECT_FALSE((*points)[0].volume_24h);
  EXPECT_DOUBLE_EQ((*points)[1].price, 3) << "the later row of a repeated time";
  EXPECT_FALSE((*points)[1].market_cap);
  EXPECT_DOUBLE_EQ(*(*points)[1].volume_24h, 7.5);
  for (const char* body : {"", "[]", "{}", R"({"prices":5})", R"({"prices":[5]})", R"({"prices":[[1,2])"})
    EXPECT_FALSE(decode_market_chart(body)) << body;
}

TEST(CoinGeckoChart, RecordedCharts) {
  SKIP_WITHOUT_RECORDINGS();
  const std::pair<const char*, std::size_t> charts[] = {
      {"1d_minutely_20210515", 288}, {"30d_hourly", 722}, {"90d_daily", 91}};
  for (const auto& [name, count] : charts) {
    const auto points = decode_market_chart(recorded(std::string("market_chart_btc_") + name + ".json"));
    ASSERT_TRUE(points) << name;
    EXPECT_EQ(points->size(), count) << name;
    EXPECT_TRUE(
        std::is_sorted(points->begin(), points->end(), [](const auto& a, const auto& b) { return a.at < b.at; }));
    for (const auto& point : *points) EXPECT_TRUE(point.market_cap && point.volume_24h);
  }
  const auto daily = decode_market_chart(recorded("market_chart_btc_90d_daily.json"));
  EXPECT_DOUBLE_EQ(daily->back().price, 49078.83040364477);
  EXPECT_DOUBLE_EQ(*daily->back().market_cap, 918302952945.7565);
  EXPECT_DOUBLE_EQ(*daily->back().volume_24h, 59650085993.00212);
}

TEST(CoinGeckoError, EveryShape) {
  struct Case {
    const char* body;
    const char* message;
    int code;
  };
  const Case cases[] = {
      {R"({"error":"invalid vs_currency"})", "invalid vs_currency", 0},
      {R"({"status":500,"error":"Internal Server Error"})", "Internal Server Error", 500},
      {R"({"status":{"timestamp":"2026-03-05T08:16:12.383+00:00","error_code":10002,"error_message":"API Key Missing"}})",
       "API Key Missing", 10002},
      {R"({"error":{"status":{"timestamp":"x","error_code":10012,"error_message":"Exceeds the allowed time range"}}})",
       "Exceeds the allowed time range", 10012},
      {R"({"status":{"error_code":429,"error_message":"slow down"},"error":"plain first"})", "plain first", 429},
      {R"([{"id":"bitcoin"}])", "", 0},
      {R"({"bitcoin":{}})", "", 0},
      {"<html>", "", 0},
      {"", "", 0},
      {R"({"error":"line\nbreak"})", "line break", 0},
  };
  for (const auto& expected : cases) {
    EXPECT_EQ(decode_error(expected.body), expected.message) << expected.body;
    EXPECT_EQ(decode_error_code(expected.body), expected.code) << expected.body;
  }
  EXPECT_EQ(decode_error(R"({"error":")" + std::string(199, 'a') + "€uro\"}"), std::string(199, 'a'))
      << "cut between characters";
}

TEST(CoinGeckoError, RecordedBodies) {
  SKIP_WITHOUT_RECORDINGS();
  EXPECT_EQ(decode_error(recorded("coins_markets_error_422.json")), "Missing parameter vs_currency");
  EXPECT_EQ(decode_error(recorded("market_chart_error_422.json")), "Missing parameter vs_currency");
  EXPECT_EQ(decode_error(recorded("simple_price_error_422.json")), "Missing parameter ids");
  EXPECT_EQ(decode_error(recorded("ohlc_error_500.json")), "Internal Server Error");
  EXPECT_EQ(decode_error_code(recorded("ohlc_error_500.json")), 500);
  EXPECT_FALSE(decode_markets(recorded("coins_markets_error_422.json"), kNow));
  EXPECT_FALSE(decode_market_chart(recorded("market_chart_error_422.json")));
}

}  // namespace
}  // namespace tickspan::feeds::coingecko
