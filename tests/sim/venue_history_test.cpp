// The venues' pasts as the simulator tells them, asked as the program asks: every trade that was, once, and candles
// that are the sum of them.

#include "sim/venues/binance.hpp"
#include "sim/venues/bitstamp.hpp"
#include "sim/venues/bybit.hpp"
#include "sim/venues/coinbase.hpp"
#include "sim/venues/kraken.hpp"
#include "sim/venues/okx.hpp"
#include "venue_fixture.hpp"

#include "feeds/binance/history.hpp"
#include "feeds/bitstamp/history.hpp"
#include "feeds/bybit/history.hpp"
#include "feeds/coinbase/history.hpp"
#include "feeds/kraken/history.hpp"
#include "feeds/okx/history.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

template <typename Test>
feeds::HistoryPage ask_all(Test& test, const feeds::VenueHistory& history, const feeds::HistoryQuery& query,
                           std::size_t* pages = nullptr) {
  feeds::HistoryPage all;
  std::string cursor;
  for (std::size_t n = 1;; ++n) {
    auto page = history.decode(query, cursor, test(history.target(query, cursor)).body);
    EXPECT_TRUE(page) << page.error().context;
    if (!page || n > 500) return all;
    all.trades.insert(all.trades.end(), page->trades.begin(), page->trades.end());
    all.candles.insert(all.candles.end(), page->candles.begin(), page->candles.end());
    cursor = page->next;
    if (pages != nullptr) *pages = n;
    if (cursor.empty()) return all;
  }
}

template <typename Get>
void trades_are_the_truth(Get get, const PairMarket& market, const feeds::VenueHistory& history,
                          const std::string& symbol, core::Duration span = 35min) {
  const feeds::HistoryQuery query{feeds::HistoryKind::trades, symbol, kStart - 5min - span, kStart - 5min};
  std::size_t pages = 0;
  const auto all = ask_all(get, history, query, &pages);
  std::map<std::uint64_t, feeds::HistoryTrade> by_id;
  for (const auto& trade : all.trades) by_id[trade.first_id] = trade;
  std::size_t expected = 0;
  for (TradeWalk walk(market, market.first_trade_at(query.from)); walk.time() < query.to; walk.next(), ++expected) {
    const SimTrade truth = walk.trade();
    const auto found = by_id.find(truth.id);
    ASSERT_NE(found, by_id.end()) << truth.id << " of " << pages << " pages";
    EXPECT_EQ(found->second.price, truth.price);
    EXPECT_EQ(found->second.amount, truth.amount);
    EXPECT_EQ(found->second.side, truth.taker_buys ? core::Side::buy : core::Side::sell);
  }
  EXPECT_EQ(by_id.size(), expected);
  EXPECT_GT(expected, 1000u);
  EXPECT_GT(pages, 1u);
}

template <typename Get>
void candles_are_the_truth(Get get, const PairMarket& market, const feeds::VenueHistory& history,
                           const std::string& symbol, core::Duration span) {
  const feeds::HistoryQuery query{feeds::HistoryKind::minutes, symbol, kStart - 30min - span, kStart - 30min};
  const auto all = ask_all(get, history, query);
  const auto truth = make_candles(market, query.from, query.to, 1min, kStart, 10'000);
  std::map<core::Timestamp, core::Candle> by_start;
  for (const auto& candle : all.candles) by_start[candle.start] = candle;
  for (const SimCandle& t : truth) {
    if (t.trades == 0) continue;
    const auto found = by_start.find(t.start);
    ASSERT_NE(found, by_start.end()) << core::to_rfc3339(t.start);
    EXPECT_EQ(found->second.open, t.open);
    EXPECT_EQ(found->second.high, t.high);
    EXPECT_EQ(found->second.low, t.low);
    EXPECT_EQ(found->second.close, t.close);
    EXPECT_EQ(found->second.volume, (core::Decimal{t.volume, static_cast<std::int8_t>(-market.spec().lot_decimals)}));
  }
  EXPECT_LE(by_start.size(), truth.size());
}

class BinancePast : public VenueTest<BinanceServer> {
 protected:
  BinancePast() : VenueTest("binance") {}
};
class CoinbasePast : public VenueTest<CoinbaseServer> {
 protected:
  CoinbasePast() : VenueTest("coinbase") {}
};
class CoinbaseAdvancedPast : public VenueTest<CoinbaseAdvancedServer> {
 protected:
  CoinbaseAdvancedPast() : VenueTest("coinbase_advanced") {}
};
class KrakenPast : public VenueTest<KrakenServer> {
 protected:
  KrakenPast() : VenueTest("kraken") {}
};
class OkxPast : public VenueTest<OkxServer> {
 protected:
  OkxPast() : VenueTest("okx") {}
};
class BybitPast : public VenueTest<BybitServer> {
 protected:
  BybitPast() : VenueTest("bybit") {}
};
class BitstampPast : public VenueTest<BitstampServer> {
 protected:
  BitstampPast() : VenueTest("bitstamp") {}
};

TEST_F(BinancePast, IsTheTruth) {
  const auto get_from = [this](const std::string& target) { return get(target); };
  const auto history = feeds::make_binance_history();
  trades_are_the_truth(get_from, pair("BTC", "USDT"), *history, "BTCUSDT");
  candles_are_the_truth(get_from, pair("BTC", "USDT"), *history, "BTCUSDT", 40min);
}

TEST_F(CoinbasePast, IsTheTruth) {
  const auto get_from = [this](const std::string& target) { return get(target); };
  const auto history = feeds::make_coinbase_history();
  trades_are_the_truth(get_from, pair("BTC", "USD"), *history, "BTC-USD");
  candles_are_the_truth(get_from, pair("BTC", "USD"), *history, "BTC-USD", 330min);  // two windows
}

TEST_F(CoinbaseAdvancedPast, IsTheTruthInItsOtherDialect) {
  const auto get_from = [this](const std::string& target) { return get(target); };
  const auto history = feeds::make_coinbase_history();
  const feeds::VenueHistory& advanced = history->dialect("advanced");
  trades_are_the_truth(get_from, pair("BTC", "USD"), advanced, "BTC-USD");
  candles_are_the_truth(get_from, pair("BTC", "USD"), advanced, "BTC-USD", 330min);  // two windows
}

TEST_F(KrakenPast, IsTheTruth) {
  const auto get_from = [this](const std::string& target) { return get(target); };
  const auto history = feeds::make_kraken_history();
  trades_are_the_truth(get_from, pair("BTC", "USD"), *history, "BTC/USD");
  candles_are_the_truth(get_from, pair("BTC", "USD"), *history, "BTC/USD", 2h);
}

TEST_F(OkxPast, IsTheTruth) {
  const auto get_from = [this](const std::string& target) { return get(target); };
  const auto history = feeds::make_okx_history();
  trades_are_the_truth(get_from, pair("BTC", "USDT"), *history, "BTC-USDT", 2min);
  candles_are_the_truth(get_from, pair("LTC", "USDT"), *history, "LTC-USDT", 330min);  // four windows
}

TEST_F(BybitPast, IsTheTruth) {
  const auto get_from = [this](const std::string& target) { return get(target); };
  const auto history = feeds::make_bybit_history();
  candles_are_the_truth(get_from, pair("LTC", "USDT"), *history, "LTCUSDT", 1200min);  // two windows
}

TEST_F(BitstampPast, IsTheTruth) {
  const auto get_from = [this](const std::string& target) { return get(target); };
  const auto history = feeds::make_bitstamp_history();
  candles_are_the_truth(get_from, pair("LTC", "USD"), *history, "ltcusd", 1200min);  // two windows
}

}  // namespace
}  // namespace tickspan::sim
