// The recorded REST answers: what is in each of them, and that nothing is read out of those that were never asked for.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>

#include "../support/support.hpp"
#include "feeds/binance/history.hpp"
#include "feeds/coinapi/decode.hpp"
#include "feeds/coinbase/history.hpp"
#include "feeds/coingecko/decode.hpp"
#include "feeds/kraken/history.hpp"

namespace tickspan::feeds {
namespace {

using core::Decimal;
using core::Timestamp;

class Recordings : public testing::Test {
 protected:
  void SetUp() override {
    const auto dir = test::recordings_dir();
    if (!dir) GTEST_SKIP() << "no recordings (../shared is not there)";
    dir_ = *dir;
  }
  HistoryPage page(const VenueHistory& history, const HistoryQuery& query, const std::string& name) const {
    auto decoded = history.decode(query, "", test::read_file(dir_ + "/" + name));
    EXPECT_TRUE(decoded) << name << ": " << decoded.error().context;
    return decoded ? *decoded : HistoryPage{};
  }
  static void expect_candle(const core::Candle& candle, std::int64_t start_s, const std::vector<const char*>& numbers) {
    EXPECT_EQ(candle.start, Timestamp::from_s(start_s));
    const Decimal found[] = {candle.open, candle.high, candle.low, candle.close, candle.volume};
    for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(found[i], *Decimal::parse(numbers[i])) << i;
  }

  /// How many rows each decoder finds in each file of a venue; 0 where it finds none or refuses the file.
  using Decoders = std::map<std::string, std::function<std::size_t(std::string_view)>>;
  using Counts = std::map<std::string, std::map<std::string, std::size_t>>;
  Counts counted(const std::string& venue, const Decoders& decoders, std::size_t& files) const {
    Counts counts;
    for (const auto& entry : std::filesystem::directory_iterator(dir_ + "/" + venue + "/rest")) {
      const std::string name = entry.path().filename();
      if (name.find(".json") == std::string::npos) continue;
      ++files;
      const std::string body = test::read_file(entry.path());
      for (const auto& [decoder, rows] : decoders) {
        if (const std::size_t n = rows(body)) counts[name][decoder] = n;
      }
    }
    return counts;
  }
  template <typename Result>
  static std::size_t size_of(const Result& result) {
    return result ? result->size() : 0;
  }

  std::string dir_;
};

TEST_F(Recordings, EveryAnswerOfCoinGeckoIsReadByItsOwnDecoderAlone) {
  const Timestamp now = *core::parse_rfc3339("2023-01-09T00:00:00Z");
  std::size_t files = 0;
  const auto counts = counted("coingecko",
                              {{"markets", [&](auto body) { return size_of(coingecko::decode_markets(body, now)); }},
                               {"rates", [](auto body) { return size_of(coingecko::decode_exchange_rates(body)); }},
                               {"chart", [](auto body) { return size_of(coingecko::decode_market_chart(body)); }}},
                              files);
  EXPECT_EQ(files, 26u);
  EXPECT_EQ(counts, (Counts{{"coins_list_2021.json.gz", {{"markets", 7248}}},  // names, no prices
                            {"coins_markets_btc_eth_vs_eth.json", {{"markets", 2}}},
                            {"coins_markets_btc_myr.json", {{"markets", 1}}},
                            {"coins_markets_btc_usd.json", {{"markets", 1}}},
                            {"coins_markets_usd_top001-050.json", {{"markets", 50}}},
                            {"exchange_rates_2023.json", {{"rates", 61}}},
                            {"market_chart_btc_1d_minutely_20210515.json", {{"chart", 288}}},
                            {"market_chart_btc_30d_hourly.json", {{"chart", 722}}},
                            {"market_chart_btc_90d_daily.json", {{"chart", 91}}}}));
  const auto names = coingecko::decode_markets(test::read_file(dir_ + "/coingecko/rest/coins_list_2021.json.gz"), now);
  EXPECT_TRUE(std::none_of(names->begin(), names->end(), [](const auto& row) { return row.price.has_value(); }));
}

TEST_F(Recordings, EveryAnswerOfCoinApiIsReadByItsOwnDecoderAlone) {
  const Timestamp now = *core::parse_rfc3339("2024-03-07T18:22:29Z");
  std::size_t files = 0;
  const auto counts = counted("coinapi",
                              {{"rates", [&](auto body) { return size_of(coinapi::decode_rates(body, now)); }},
                               {"assets", [](auto body) { return size_of(coinapi::decode_assets(body)); }},
                               {"closes", [](auto body) { return size_of(coinapi::decode_closes(body)); }}},
                              files);
  EXPECT_EQ(files, 13u);
  EXPECT_EQ(counts, (Counts{{"assets_btc_xmr.json", {{"assets", 2}}},
                            {"exchangerate_btc_usd_at_20210101.json", {{"rates", 1}}},
                            {"exchangerate_btc_usd_history_1day.json", {{"closes", 10}}},
                            {"exchangerate_iota_all.json.gz", {{"rates", 4926}}},
                            {"ohlcv_kraken_btc_usd_latest_1day.json", {{"closes", 100}}}}));
}

TEST_F(Recordings, BinancesMinutes) {
  const auto history = make_binance_history();
  const auto found =
      page(*history, {HistoryKind::minutes, "BTCUSDT", Timestamp::from_s(1634943780), Timestamp::from_s(1634944380)},
           "binance/rest/klines_BTCUSDT_1m_20211022.json");
  ASSERT_EQ(found.candles.size(), 10u);
  expect_candle(found.candles.front(), 1634943780, {"60685.22", "60729.84", "60670.90", "60719.27", "21.63272"});
  EXPECT_EQ(found.candles.front().trades, 617u);
  expect_candle(found.candles.back(), 1634944320, {"60739.85", "60739.85", "60739.85", "60739.85", "0.04734"});
}

// Single trades of another endpoint than the one we ask: refused by name, not taken for aggregates.
TEST_F(Recordings, BinancesTradesOfAnotherEndpointAreRefused) {
  const auto history = make_binance_history();
  const HistoryQuery query{HistoryKind::trades, "BTCUSDT", Timestamp::from_s(1634942940),
                           Timestamp::from_s(1634943000)};
  const auto found = history->decode(query, "", test::read_file(dir_ + "/binance/rest/trades_BTCUSDT_20211022.json"));
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().context.find("bad ids"), std::string::npos) << found.error().context;
}

TEST_F(Recordings, CoinbasesCandlesAreNewestFirstLowBeforeHigh) {
  const auto history = make_coinbase_history();
  const auto found =
      page(*history, {HistoryKind::minutes, "BTC-USD", Timestamp::from_s(1517443200), Timestamp::from_s(1517443800)},
           "coinbase/rest/exchange_candles_20180201.json");
  ASSERT_EQ(found.candles.size(), 10u);
  expect_candle(found.candles.front(), 1517443200, {"10099.99", "10099.99", "10099.98", "10099.98", "1.87868123"});
  expect_candle(found.candles.back(), 1517443740, {"10106.01", "10120.21", "10106", "10120.21", "2.85107455"});
}

TEST_F(Recordings, AdvancedTradesRecentTrades) {
  const auto history = make_coinbase_history();
  const auto found =
      page(history->dialect("advanced"),
           {HistoryKind::trades, "BTC-USD", Timestamp::from_s(1775521730), Timestamp::from_s(1775521739)},
           "coinbase/rest/advanced_ticker_BTC-USD_20260407.json");
  ASSERT_EQ(found.trades.size(), 3u);
  EXPECT_EQ(found.trades.front().first_id, 995098661u);
  EXPECT_EQ(found.trades.front().side, core::Side::sell) << "the maker bought";
  EXPECT_EQ(found.trades.back().first_id, 995098663u);
  EXPECT_EQ(found.trades.back().price, *Decimal::parse("68923.67"));
  EXPECT_EQ(found.trades.back().at, *core::parse_rfc3339("2026-04-07T00:28:58.544778Z"));
}

TEST_F(Recordings, KrakensMinutesUnderItsOldName) {
  const auto history = make_kraken_history();
  const auto found =
      page(*history, {HistoryKind::minutes, "BTC/USD", Timestamp::from_s(1502402520), Timestamp::from_s(1502445720)},
           "kraken/rest/OHLC_XBTUSD_1m_20170810.json");
  ASSERT_EQ(found.candles.size(), 720u);
  expect_candle(found.candles.front(), 1502402520, {"3449.992", "3449.999", "3449.992", "3449.999", "1.012"});
  expect_candle(found.candles.back(), 1502445660, {"3531.999", "3534.099", "3531.999", "3534.099", "0.36437516"});
}

}  // namespace
}  // namespace tickspan::feeds
