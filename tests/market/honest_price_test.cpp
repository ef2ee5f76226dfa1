// What is believed, of whom, and what is said of the rest.
#include "market_fixture.hpp"

namespace tickspan::market {
namespace {

using namespace std::chrono_literals;
using core::Freshness;
using core::VenueId;

class HonestPrice : public MarketTest {
 protected:
  HonestPrice() {
    coinbase_ = market_.add_venue({"coinbase", "Coinbase", false, "", ""});
    market_.choose_symbols({coinbase_, {{"BTC-USD", "btc", "usd"}}}, kStart);
    connect(coinbase_);
  }
  const Market::Pair& of(VenueId v, std::string_view symbol) { return market_.pairs()[pair(v, symbol).index()]; }
  // Everybody speaks, twice a second.
  void quotes(double kraken, double coinbase, double usdt) {
    quote(kraken_, "USDT/USD", 1, 1);
    quote(kraken_, "BTC/USD", kraken, kraken);
    quote(coinbase_, "BTC-USD", coinbase, coinbase);
    quote(binance_, "BTCUSDT", usdt, usdt);
  }
  void quotes_until(core::Duration end, double kraken, double coinbase, double usdt) {
    for (; now_ < kStart + end; at(now_ - kStart + 500ms)) quotes(kraken, coinbase, usdt);
  }
  VenueId coinbase_;
};

TEST_F(HonestPrice, TwoVenuesTenTimesOffDoNotMoveItWhileOneIsHonest) {
  quotes_until(5s, 100, 100.1, 99.9);
  EXPECT_EQ(row("bitcoin").venues, 3);
  quotes_until(60s, 1000, 1001, 99.9);
  EXPECT_EQ(price("bitcoin"), 99.9);
  EXPECT_EQ(row("bitcoin").state, Freshness::live);
  EXPECT_EQ(of(kraken_, "BTC/USD").standing, core::Standing::outlier);
  EXPECT_EQ(of(kraken_, "BTC/USD").weight, 0);
  EXPECT_EQ(of(kraken_, "BTC/USD").price_usd, 1000) << "what it says is shown all the same";
  EXPECT_EQ(of(binance_, "BTCUSDT").standing, core::Standing::used);
  EXPECT_EQ(of(binance_, "BTCUSDT").weight, 1);
  EXPECT_EQ(market_.venues()[coinbase_.index()].outliers, 1) << "counted when it begins";
  quotes_until(70s, 100, 100.1, 99.9);
  EXPECT_EQ(row("bitcoin").venues, 3);
}

TEST_F(HonestPrice, AMarketThatJumpsLeavesALaggardBehindWithinSeconds) {
  quotes_until(5s, 100, 100.1, 99.9);
  quotes_until(8s, 90, 90.1, 99.9);
  EXPECT_EQ(price("bitcoin"), 99.9) << "nobody can tell yet";
  quotes_until(12s, 90, 90.1, 99.9);
  EXPECT_EQ(price("bitcoin"), 90.05);
  EXPECT_EQ(of(binance_, "BTCUSDT").standing, core::Standing::outlier);
}

TEST_F(HonestPrice, WhatMostVenuesSayForMinutesIsTrueAfterAll) {
  quotes_until(5s, 100, 100.1, 99.9);
  quotes_until(240s, 10, 10.1, 99.9);
  EXPECT_EQ(price("bitcoin"), 99.9);
  quotes_until(330s, 10, 10.1, 99.9);
  EXPECT_NEAR(price("bitcoin"), 10.05, 1e-9);
}

TEST_F(HonestPrice, AFrozenVenueIsLeftOutThoughItSpeaks) {
  for (int i = 0; i < 240; ++i) {
    const double moves = 100 + 0.01 * i;
    quotes(i < 40 ? moves : 100.39, moves, moves);
    at(now_ - kStart + 500ms);
  }
  EXPECT_EQ(of(kraken_, "BTC/USD").standing, core::Standing::frozen);
  EXPECT_EQ(of(kraken_, "BTC/USD").freshness, Freshness::live);
  EXPECT_EQ(of(coinbase_, "BTC-USD").standing, core::Standing::used);
  EXPECT_NEAR(price("bitcoin"), 102.39, 1e-9);
}

TEST_F(HonestPrice, ADepegShowsInTheCoinAndNotInWhatIsQuotedInIt) {
  quotes_until(5s, 100, 100, 100);
  for (; now_ < kStart + 10s; at(now_ - kStart + 500ms)) {
    quote(kraken_, "USDT/USD", 0.9, 0.9);
    quote(kraken_, "BTC/USD", 100, 100);
    quote(coinbase_, "BTC-USD", 100, 100);
    quote(binance_, "BTCUSDT", 111.111, 111.112);
  }
  EXPECT_EQ(price("tether"), 0.9);
  EXPECT_NEAR(price("bitcoin"), 100, 0.01);
  EXPECT_EQ(of(binance_, "BTCUSDT").standing, core::Standing::used);
  EXPECT_NEAR(of(binance_, "BTCUSDT").price_usd, 100, 0.01);
}

TEST_F(HonestPrice, APegThatNobodyTellsAnyMoreServesForAWhile) {
  quote(kraken_, "USDT/USD", 0.97, 0.97);
  quote(binance_, "XRPUSDT", 2, 2);
  EXPECT_NEAR(price("ripple"), 1.94, 1e-9);
  status(kraken_, core::FeedState::backing_off);
  for (; now_ < kStart + 14min; at(now_ - kStart + 1s)) quote(binance_, "XRPUSDT", 2.1, 2.1);
  EXPECT_EQ(row("tether").state, Freshness::down);
  EXPECT_NEAR(price("ripple"), 2.1 * 0.97, 1e-9);
  EXPECT_EQ(row("ripple").state, Freshness::quiet) << "it lives, its rate is from before";
  EXPECT_EQ(row("ripple").as_of, kStart) << "that age is not hidden";
  const auto candles = composites("ripple");
  ASSERT_GT(candles.size(), 10U);
  EXPECT_NEAR(candles.back().close.to_double(), 2.1 * 0.97, 1e-9) << "its candles go on";
  for (; now_ < kStart + 16min; at(now_ - kStart + 1s)) quote(binance_, "XRPUSDT", 2.2, 2.2);
  EXPECT_EQ(of(binance_, "XRPUSDT").standing, core::Standing::no_rate);
  EXPECT_GT(row("ripple").state, Freshness::quiet);
}

TEST_F(HonestPrice, AnotherCoinUnderTheSameSymbolIsNotBelievedAlone) {
  rows({facts("ripple", "xrp", 1, 2.0), facts("bitcoin", "btc", 2, 100)});
  quote(kraken_, "USDT/USD", 1, 1);
  quote(binance_, "XRPUSDT", 40, 40);
  EXPECT_EQ(price("ripple"), 2.0);
  EXPECT_EQ(row("ripple").source, gecko_);
  EXPECT_EQ(of(binance_, "XRPUSDT").standing, core::Standing::outlier);
}

TEST_F(HonestPrice, WhatWasTradedBeforeAStartStillWeighs) {
  const core::AssetId btc = market_.catalogue()->find_id("bitcoin"), usd = market_.usd();
  core::RepairedCandles past{{btc, usd, kraken_}, {}, {}};
  for (int i = 10; i >= 1; --i) {
    core::Candle minute{.start = kStart.floor_to(60s) - i * 60s};
    minute.open = minute.high = minute.low = minute.close = *core::Decimal::parse("100");
    minute.volume = *core::Decimal::parse("50");
    minute.trades = 9;
    minute.final = true;
    past.minutes.push_back(minute);
  }
  market_.on_repair(past, now_);
  market_.on_repair(past, now_);  // again changes nothing
  quote(kraken_, "BTC/USD", 100, 100);
  quote(coinbase_, "BTC-USD", 101, 101);
  trade(coinbase_, "BTC-USD", 101, 1);  // the first trade after the start
  EXPECT_GT(of(kraken_, "BTC/USD").weight, 0.99);
  EXPECT_EQ(price("bitcoin"), 100);
  // It fades like any other volume.
  for (; now_ < kStart + 1h; at(now_ - kStart + 2s)) {
    quote(kraken_, "BTC/USD", 100, 100);
    quote(coinbase_, "BTC-USD", 101, 101);
    trade(coinbase_, "BTC-USD", 101, 0.1);
  }
  EXPECT_LT(of(kraken_, "BTC/USD").weight, 0.2);
}

TEST_F(HonestPrice, EveryPairSaysWhyItDoesNotCount) {
  EXPECT_EQ(of(binance_, "BTCUSDC").standing, core::Standing::down);
  quote(binance_, "BTCUSDC", 100, 90);
  EXPECT_EQ(of(binance_, "BTCUSDC").standing, core::Standing::no_price) << "crossed";
  quotes(100, 100, 100);
  EXPECT_EQ(of(coinbase_, "BTC-USD").standing, core::Standing::used);
  pass(20s);
  quote(coinbase_, "BTC-USD", 100, 100);
  EXPECT_EQ(of(kraken_, "BTC/USD").standing, core::Standing::quiet) << "another is live";
  pass(400s);
  EXPECT_EQ(of(kraken_, "BTC/USD").standing, core::Standing::stale);
  status(kraken_, core::FeedState::backing_off);
  market_.refresh(now_);
  EXPECT_EQ(of(kraken_, "BTC/USD").standing, core::Standing::down);
  market_.choose_symbols({coinbase_, {{"ETH-USD", "eth", "usd"}}}, now_);
  market_.refresh(now_);
  EXPECT_EQ(of(coinbase_, "BTC-USD").standing, core::Standing::not_subscribed);
}

}  // namespace
}  // namespace tickspan::market
