#include "sim/pair_market.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include "sim/listing.hpp"
#include "sim/pair_history.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;
constexpr auto kNow = core::Timestamp::from_s(1'795'000'020);

class PairMarketTest : public ::testing::Test {
 protected:
  const PairMarket& pair(const std::string& venue, const std::string& base, const std::string& quote) {
    for (const auto& p : pairs[venue]) {
      if (p.spec().base_code == base && p.spec().quote_code == quote) return p;
    }
    throw std::runtime_error("no such pair");
  }
  MarketModel model{7, 1, 100};
  std::map<std::string, std::vector<PairMarket>> pairs = list_pairs(model, {"binance", "coinbase", "kraken"}, 200);
};

TEST_F(PairMarketTest, AllPairsTogetherTradeAtTheRateAskedFor) {
  double rate = 0;
  std::size_t sent = 0;
  for (const auto& [venue, list] : pairs) {
    EXPECT_GT(list.size(), 80U) << venue;
    for (const auto& p : list) {
      rate += p.spec().trades_per_second;
      sent += p.first_trade_at(kNow + 10s) - p.first_trade_at(kNow);
    }
  }
  EXPECT_NEAR(rate, 200, 1e-6);
  EXPECT_NEAR(static_cast<double>(sent), 2000, 250);
}

TEST_F(PairMarketTest, TradesAreContiguousOrderedAndTheSameFromAnyStart) {
  const PairMarket& p = pair("binance", "BTC", "USDT");
  const std::uint64_t first = p.first_trade_at(kNow);
  TradeWalk walk(p, first);
  core::Timestamp before = kNow;
  for (std::uint64_t id = first; id < first + 200; ++id, walk.next()) {
    ASSERT_EQ(walk.id(), id);
    ASSERT_GE(walk.time(), before);
    before = walk.time();
    const SimTrade direct = p.trade(id);
    ASSERT_EQ(direct.time, walk.trade().time);
    ASSERT_EQ(direct.price, walk.trade().price);
    ASSERT_EQ(direct.amount, walk.trade().amount);
  }
  EXPECT_GE(p.trade(first).time, kNow);
  EXPECT_LT(p.trade(first - 1).time, kNow);
  // Exactly at a trade's time, and just after it.
  EXPECT_EQ(p.first_trade_at(p.trade(first + 5).time), first + 5);
  EXPECT_EQ(p.first_trade_at(p.trade(first + 5).time + 1ns), first + 6);
}

TEST_F(PairMarketTest, TradesHappenAtTheQuoteNearTheTruePrice) {
  for (const auto& [venue, list] : pairs) {
    for (const auto& p : list) {
      const SimTrade trade = p.trade(p.first_trade_at(kNow));
      const SimQuote quote = p.quote(trade.time);
      ASSERT_LT(quote.bid, quote.ask);
      ASSERT_TRUE(quote.bid.is_positive() && quote.bid_size.is_positive() && quote.ask_size.is_positive());
      ASSERT_EQ(trade.price, trade.taker_buys ? quote.ask : quote.bid);
      ASSERT_TRUE(trade.amount.is_positive());
      const double truth = model.true_price(p.spec().base, trade.time) / model.true_price(p.spec().quote, trade.time);
      const double tick = std::pow(10.0, -p.spec().price_decimals) / truth;
      ASSERT_NEAR(trade.price.to_double() / truth, 1, 0.0035 + 2 * tick)
          << venue << ' ' << p.spec().base_code << p.spec().quote_code;
    }
  }
}

TEST_F(PairMarketTest, VenuesHaveTheirOwnNoise) {
  const double a = pair("coinbase", "BTC", "USD").quote(kNow).bid.to_double();
  const double b = pair("kraken", "BTC", "USD").quote(kNow).bid.to_double();
  EXPECT_NE(a, b);
  EXPECT_NEAR(a / b, 1, 0.002);
}

TEST_F(PairMarketTest, AmountsAreLogNormal) {
  const PairMarket& p = pair("kraken", "BTC", "USD");
  std::vector<double> logs;
  double mean = 0;
  for (TradeWalk walk(p, p.first_trade_at(kNow)); logs.size() < 5000; walk.next()) {
    logs.push_back(std::log(walk.trade().amount.to_double() * walk.trade().price.to_double()));
    mean += logs.back() / 5000;
  }
  double variance = 0;
  for (const double x : logs) variance += (x - mean) * (x - mean) / 5000;
  EXPECT_NEAR(std::exp(mean), p.spec().median_notional, p.spec().median_notional * 0.06);
  EXPECT_NEAR(std::sqrt(variance), 1.2, 0.06);
}

TEST_F(PairMarketTest, MinuteCandlesAreTheSumOfTheirTrades) {
  const PairMarket& p = pair("binance", "ETH", "USDT");
  const auto candles = make_candles(p, kNow - 10min, kNow, 1min, kNow, 1000);
  ASSERT_EQ(candles.size(), 10U);
  for (const SimCandle& candle : candles) {
    core::Decimal high{0, 0}, low{INT64_MAX, 0};
    std::int64_t volume = 0;
    std::uint64_t count = 0;
    core::Decimal last;
    for (TradeWalk walk(p, p.first_trade_at(candle.start)); walk.time() < candle.start + 1min; walk.next()) {
      const SimTrade t = walk.trade();
      if (count++ == 0) {
        EXPECT_EQ(candle.open, t.price);
      }
      high = std::max(high, t.price);
      low = std::min(low, t.price);
      last = t.price;
      volume += t.amount.mantissa;
    }
    EXPECT_EQ(candle.high, high);
    EXPECT_EQ(candle.low, low);
    EXPECT_EQ(candle.close, last);
    EXPECT_EQ(candle.volume, volume);
    EXPECT_EQ(candle.trades, count);
    EXPECT_GT(count, 100U);
  }
}

TEST_F(PairMarketTest, LongCandlesAgreeWithTheirMinutes) {
  const PairMarket& p = pair("binance", "BTC", "USDT");
  const auto hours = make_candles(p, kNow.floor_to(1h) - 3h, kNow.floor_to(1h), 1h, kNow, 10);
  ASSERT_EQ(hours.size(), 3U);
  for (const SimCandle& hour : hours) {
    const auto minutes = make_candles(p, hour.start, hour.start + 1h, 1min, kNow, 60);
    core::Decimal high = minutes[0].high, low = minutes[0].low;
    std::int64_t volume = 0;
    std::uint64_t count = 0;
    for (const SimCandle& m : minutes) {
      high = std::max(high, m.high);
      low = std::min(low, m.low);
      volume += m.volume;
      count += m.trades;
    }
    EXPECT_EQ(hour.open, minutes.front().open);
    EXPECT_EQ(hour.close, minutes.back().close);
    EXPECT_EQ(hour.trades, count);
    EXPECT_NEAR(hour.high.to_double() / high.to_double(), 1, 0.002);
    EXPECT_NEAR(hour.low.to_double() / low.to_double(), 1, 0.002);
    EXPECT_NEAR(static_cast<double>(hour.volume) / static_cast<double>(volume), 1, 0.1);
  }
}

TEST_F(PairMarketTest, TheCandleOfAQuietMinuteIsFlatAtThePriceBefore) {
  const PairMarket* quiet = &pairs["kraken"].front();
  for (const auto& p : pairs["kraken"]) {
    if (p.spec().trades_per_second < quiet->spec().trades_per_second) quiet = &p;
  }
  bool found = false;
  core::Decimal close;
  for (const SimCandle& candle : make_candles(*quiet, kNow - 5h, kNow, 1min, kNow, 1000)) {
    if (candle.trades == 0 && close.is_positive()) {
      found = true;
      EXPECT_EQ(candle.open, close);
      EXPECT_EQ(candle.high, close);
      EXPECT_EQ(candle.close, close);
      EXPECT_EQ(candle.volume, 0);
    }
    close = candle.close;
  }
  EXPECT_TRUE(found);
}

TEST_F(PairMarketTest, TheOpenCandleGrowsWithTime) {
  const PairMarket& p = pair("binance", "BTC", "USDT");
  const SimCandle early = make_candle(p, kNow, 1min, kNow + 10s);
  const SimCandle late = make_candle(p, kNow, 1min, kNow + 50s);
  EXPECT_EQ(early.open, late.open);
  EXPECT_LT(early.trades, late.trades);
  EXPECT_LT(early.volume, late.volume);
}

TEST_F(PairMarketTest, DayFiguresHoldTogether) {
  const PairMarket& p = pair("coinbase", "SOL", "USD");
  StatsCache cache;
  const SimStats first = cache.get(3, p, kNow);
  EXPECT_LE(first.low, first.last);
  EXPECT_GE(first.high, first.last);
  EXPECT_GE(first.high, first.open);
  EXPECT_EQ(first.open, p.trade(p.first_trade_at(kNow - 24h)).price);
  const SimStats later = cache.get(3, p, kNow + 20s);
  EXPECT_EQ(later.last, p.last_price(kNow + 20s));
  EXPECT_GE(later.last_id, first.last_id);
  EXPECT_NEAR(later.volume, first.volume, first.volume * 0.01);
}

TEST_F(PairMarketTest, AFrozenPriceStaysWhileTradesGoOn) {
  const PairMarket& p = pair("binance", "BTC", "USDT");
  const SimQuote frozen = p.quote(kNow);
  TradeWalk walk(p, p.first_trade_at(kNow + 1h));
  for (int i = 0; i < 50; ++i, walk.next()) {
    const SimTrade trade = walk.trade(kNow);
    EXPECT_EQ(trade.price, trade.taker_buys ? frozen.ask : frozen.bid);
  }
  EXPECT_NE(p.quote(kNow + 1h).bid, frozen.bid);
}

}  // namespace
}  // namespace tickspan::sim
