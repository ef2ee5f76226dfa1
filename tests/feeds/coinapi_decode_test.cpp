#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "../support/support.hpp"
#include "feeds/coinapi/decode.hpp"

namespace tickspan::feeds::coinapi {
namespace {

constexpr auto kNow = core::Timestamp::from_s(1'780'000'000);  // 2026-05-28T20:26:40Z

std::string recorded(const std::string& name) {
  const auto dir = test::recordings_dir();
  return dir ? test::read_file(*dir + "/coinapi/rest/" + name) : std::string();
}
#define SKIP_WITHOUT_RECORDINGS() \
  if (!test::recordings_dir()) GTEST_SKIP() << "no recordings (../shared is not there)"

core::Decimal decimal(std::string_view text) {
  return *core::Decimal::parse(text);
}

TEST(CoinApiRates, AListOfOneBaseAndASingleRate) {
  const std::string list =
      R"({"asset_id_base":"USD","rates":[{"time":"2026-05-28T20:26:39.1234567Z","asset_id_quote":"BTC","rate":64321.501234567}]})";
  const auto rates = decode_rates(list, kNow);
  ASSERT_TRUE(rates) << rates.error().context;
  ASSERT_EQ(rates->size(), 1u);
  EXPECT_EQ(rates->front().base, "USD");
  EXPECT_EQ(rates->front().quote, "BTC");
  EXPECT_EQ(rates->front().rate.to_string(), "64321.501234567");
  EXPECT_EQ(rates->front().at.ns, 1'779'999'999'123'456'700);
  const auto inverted = decode_rates(list, kNow, true);
  EXPECT_EQ(inverted->front().base, "BTC");
  EXPECT_EQ(inverted->front().quote, "USD");
  const auto one = decode_rates(
      R"({"rate":2.5,"asset_id_quote":"USD","asset_id_base":"BTC","time":"2026-05-28T20:26:40.0000000Z"})", kNow);
  ASSERT_TRUE(one) << one.error().context;
  ASSERT_EQ(one->size(), 1u);
  EXPECT_EQ(one->front().base, "BTC");
}

TEST(CoinApiRates, ATimeAheadOfOursIsTakenAndNonsenseLeftOut) {
  const auto rates = decode_rates(
      R"({"asset_id_base":"USD","rates":[{"time":"2026-05-28T20:26:42.0000000Z","asset_id_quote":"A","rate":1},
        {"time":"2026-05-30T20:26:42.0000000Z","asset_id_quote":"B","rate":1},{"time":"x","asset_id_quote":"C","rate":1},
        {"time":"2026-05-28T20:26:40Z","asset_id_quote":"D","rate":-1},{"time":"2026-05-28T20:26:40Z","asset_id_quote":"E","rate":null},
        {"time":"2026-05-28T20:26:40Z","asset_id_quote":"F","rate":"1"},{"time":"2026-05-28T20:26:40Z","rate":1}]})",
      kNow);
  ASSERT_TRUE(rates) << rates.error().context;
  ASSERT_EQ(rates->size(), 1u);
  EXPECT_EQ(rates->front().quote, "A");
  EXPECT_GT(rates->front().at, kNow);
}

TEST(CoinApiRates, WhatIsNoAnswerIsRefused) {
  for (const char* text :
       {"", "{}", "[]", "5", R"({"rates":[]})", R"({"error":"no"})", R"({"asset_id_base":"USD","rates":5})",
        R"({"asset_id_base":"USD","rates":[{"time")", R"({"asset_id_base":"BTC","rate":0})"})
    EXPECT_FALSE(decode_rates(text, kNow)) << text;
}

TEST(CoinApiRates, RecordedNumbersOf28DigitsKeepTheirSize) {
  SKIP_WITHOUT_RECORDINGS();
  const auto when = *core::parse_rfc3339("2024-03-07T18:22:29Z");
  const auto rates = decode_rates(recorded("exchangerate_iota_all.json.gz"), when);
  ASSERT_TRUE(rates) << rates.error().context;
  EXPECT_EQ(rates->size(), 4926u);
  const auto of = [&](std::string_view quote) {
    const auto it = std::find_if(rates->begin(), rates->end(), [&](const Rate& r) { return r.quote == quote; });
    return it == rates->end() ? core::Decimal{} : it->rate;
  };
  EXPECT_EQ(of("USD"), decimal("0.342995983916733226")) << "0.342995983916733225518314964, to 18 digits";
  EXPECT_EQ(of("BTC"), decimal("0.00000506809171095322881"));
  const auto [least, most] = std::minmax_element(rates->begin(), rates->end(), [](const Rate& a, const Rate& b) {
    return a.rate.to_double() < b.rate.to_double();
  });
  EXPECT_DOUBLE_EQ(least->rate.to_double(), 5.18664144550194E-14);
  EXPECT_DOUBLE_EQ(most->rate.to_double(), 20286304618900717.63);
  const auto [oldest, newest] =
      std::minmax_element(rates->begin(), rates->end(), [](const Rate& a, const Rate& b) { return a.at < b.at; });
  EXPECT_EQ(newest->at - oldest->at, core::Duration(std::chrono::hours(24) - std::chrono::minutes(1)))
      << "rates of one answer may be hours apart";
  const auto past = decode_rates(recorded("exchangerate_btc_usd_at_20210101.json"), when);
  ASSERT_TRUE(past);
  EXPECT_EQ(past->at(0).rate, decimal("28990.2304752255"));
}

TEST(CoinApiAssets, RecordedOnesWithSumsBeyondADouble) {
  SKIP_WITHOUT_RECORDINGS();
  const auto assets = decode_assets(recorded("assets_btc_xmr.json"));
  ASSERT_TRUE(assets) << assets.error().context;
  ASSERT_EQ(assets->size(), 2u);
  EXPECT_EQ((*assets)[0].id, "BTC");
  EXPECT_EQ((*assets)[0].name, "Bitcoin");
  EXPECT_TRUE((*assets)[0].crypto);
  EXPECT_EQ((*assets)[0].price_usd, decimal("67009.3759505966705"));
  EXPECT_EQ((*assets)[1].price_usd, decimal("143.470131560070338"));
}

TEST(CoinApiHistory, NewestFirstBecomesOldestFirst) {
  SKIP_WITHOUT_RECORDINGS();
  const auto candles = decode_closes(recorded("ohlcv_kraken_btc_usd_latest_1day.json"));
  ASSERT_TRUE(candles) << candles.error().context;
  ASSERT_EQ(candles->size(), 100u);
  EXPECT_EQ(candles->back().price, 66985.1);
  EXPECT_EQ(candles->back().at, *core::parse_rfc3339("2024-03-06T18:40:56.5425889Z"));
  const auto rates = decode_closes(recorded("exchangerate_btc_usd_history_1day.json"));
  ASSERT_TRUE(rates) << rates.error().context;
  ASSERT_EQ(rates->size(), 10u);
  EXPECT_EQ(rates->back().price, 67650.31343148787);
  for (const auto& points : {*candles, *rates}) {
    EXPECT_TRUE(std::is_sorted(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.at < b.at; }));
  }
  EXPECT_FALSE(decode_closes(R"([{"time_close":"x","price_close":1}])"));
  EXPECT_FALSE(decode_closes(R"([{"time_close":"2026-05-28T20:26:40Z"}])"));
  EXPECT_TRUE(decode_closes("[]")->empty());
}

TEST(CoinApiErrors, EitherName) {
  EXPECT_EQ(decode_error(R"({"title":"c","message":"b","error":"a"})"), "a");
  EXPECT_EQ(decode_error(R"({"title":"c","message":"b"})"), "b");
  EXPECT_EQ(decode_error(R"({"title":"c"})"), "c");
  for (const char* text : {"", "[]", "<html>", R"({"error":5})", R"({"x")"}) EXPECT_EQ(decode_error(text), "") << text;
  SKIP_WITHOUT_RECORDINGS();
  EXPECT_EQ(decode_error(recorded("metrics_error_400.json")),
            "Metric: LIQUIDATION_IS_MATCH not found mapping for exchange: BINANCE");
}

}  // namespace
}  // namespace tickspan::feeds::coinapi
