#include "market_fixture.hpp"

#include <algorithm>
#include <cmath>

namespace tickspan::market {
namespace {

using namespace std::chrono_literals;
using core::AssetId;
using core::AssetRow;
using core::Candle;
using core::Decimal;
using core::Freshness;
using core::InstrumentId;
using core::Tick;
using core::Timestamp;
using core::VenueId;
using core::WindowSource;

TEST_F(MarketTest, TheDollarIsWorthOneAndLive) {
  EXPECT_EQ(price("usd"), 1);
  EXPECT_EQ(row("usd").state, Freshness::live);
}

TEST_F(MarketTest, PairsInOtherQuotesAreConvertedAtTheirUnitsPrice) {
  quote(kraken_, "USDT/USD", 0.998, 1.0);
  at(1s);
  quote(binance_, "BTCUSDT", 60'000, 60'002);
  EXPECT_NEAR(price("bitcoin"), 60'001 * 0.999, 1e-6);
  EXPECT_EQ(row("bitcoin").state, Freshness::live);
  EXPECT_EQ(row("bitcoin").as_of, kStart) << "the conversion's oldest input";
  quote(kraken_, "BTC/USD", 59'990, 59'992);
  EXPECT_EQ(row("bitcoin").venues, 2);
  EXPECT_EQ(row("bitcoin").as_of, kStart + 1s) << "the composite's newest";
  EXPECT_FALSE(row("bitcoin").source.valid());
}

TEST_F(MarketTest, AnUnpricedDollarCoinIsTakenAtItsPegButNeverLive) {
  quote(binance_, "BTCUSDT", 60'000, 60'002);
  EXPECT_EQ(price("bitcoin"), 60'001);
  EXPECT_EQ(row("bitcoin").state, Freshness::quiet);
  EXPECT_FALSE(row("tether").has_price());
  quote(kraken_, "USDT/USD", 0.999, 0.999);
  EXPECT_EQ(row("bitcoin").state, Freshness::live) << "a unit's first price reaches its dependents at once";
  EXPECT_NEAR(price("bitcoin"), 60'001 * 0.999, 1e-6);
}

TEST_F(MarketTest, AUnitsNewPriceReachesItsDependentsWithinASecond) {
  quote(kraken_, "USDT/USD", 1.0, 1.0);
  quote(binance_, "XRPUSDT", 2, 2);
  EXPECT_EQ(price("ripple"), 2);
  pass(2s);
  quote(kraken_, "USDT/USD", 0.9, 0.9);
  pass(4s);
  EXPECT_NEAR(price("ripple"), 1.8, 1e-12);
}

TEST_F(MarketTest, TimeAloneMakesAPriceQuietThenStale) {
  quote(kraken_, "BTC/USD", 100, 100);
  pass(5s);
  EXPECT_EQ(row("bitcoin").state, Freshness::live);
  pass(6s);
  EXPECT_EQ(row("bitcoin").state, Freshness::quiet);
  pass(300s);
  EXPECT_EQ(row("bitcoin").state, Freshness::quiet);
  pass(302s);
  EXPECT_EQ(row("bitcoin").state, Freshness::stale);
  EXPECT_EQ(price("bitcoin"), 100) << "still shown, with its age";
  EXPECT_EQ(row("bitcoin").as_of, kStart);
  EXPECT_EQ(row("bitcoin").venues, 0);
}

TEST_F(MarketTest, AnOpenSocketThatSaysNothingIsNotLive) {
  quote(kraken_, "BTC/USD", 100, 100);
  at(11s);  // no sign of life since
  EXPECT_EQ(row("bitcoin").state, Freshness::stale);
}

TEST_F(MarketTest, ALostConnectionTakesItsPricesOutAtOnce) {
  quote(kraken_, "BTC/USD", 100, 100);
  quote(kraken_, "USDT/USD", 1, 1);
  quote(binance_, "BTCUSDT", 102, 102);
  EXPECT_EQ(price("bitcoin"), 101);
  status(binance_, core::FeedState::backing_off);
  market_.refresh(now_);
  EXPECT_EQ(price("bitcoin"), 100);
  EXPECT_EQ(row("bitcoin").state, Freshness::live);
  status(kraken_, core::FeedState::backing_off);
  market_.refresh(now_);
  EXPECT_EQ(row("bitcoin").state, Freshness::down);
  EXPECT_EQ(price("bitcoin"), 100);
  connect(kraken_);
  market_.refresh(now_);
  EXPECT_EQ(row("bitcoin").state, Freshness::live) << "the last quote is still young enough";
}

TEST_F(MarketTest, TheAggregatorServesWhereNoVenueDoes) {
  rows({facts("bitcoin", "btc", 1, 50'000), facts("dogecoin", "doge", 8, 0.1)});
  EXPECT_EQ(price("dogecoin"), 0.1);
  EXPECT_EQ(row("dogecoin").source, gecko_);
  EXPECT_EQ(row("dogecoin").state, Freshness::live);
  EXPECT_EQ(row("dogecoin").as_of, kStart);
  quote(kraken_, "BTC/USD", 60'000, 60'000);
  EXPECT_EQ(price("bitcoin"), 60'000);
  EXPECT_FALSE(row("bitcoin").source.valid());
  EXPECT_EQ(row("bitcoin").market_cap, 5e10);
  at(100s);  // the venue is stale by now, the aggregator within its two periods
  EXPECT_EQ(price("bitcoin"), 50'000);
  EXPECT_EQ(row("bitcoin").source, gecko_);
  EXPECT_EQ(row("bitcoin").state, Freshness::live);
  at(121s);
  EXPECT_EQ(row("dogecoin").state, Freshness::stale);
  EXPECT_EQ(row("bitcoin").state, Freshness::stale);
}

TEST_F(MarketTest, CurrenciesGetPricesFromTheRates) {
  core::AggregatorRates rates{gecko_, {}, now_, 60s};
  const auto add = [&](const char* code, const char* per_btc, core::AssetKind kind = core::AssetKind::fiat) {
    rates.rates.push_back({code, code, code, kind, *Decimal::parse(per_btc)});
  };
  add("usd", "64321.5");
  add("eur", "59000");
  add("xau", "27.5", core::AssetKind::commodity);
  add("btc", "1", core::AssetKind::coin);
  add("sats", "100000000", core::AssetKind::coin);
  add("zwl", "123456", core::AssetKind::fiat);
  market_.on_rates(rates);
  market_.refresh(now_);
  EXPECT_EQ(row("eur").price, *Decimal::from_double(64321.5 / 59000, 12));
  EXPECT_EQ(row("xau").price, *Decimal::from_double(64321.5 / 27.5, 12));
  EXPECT_EQ(row("sats").price, *Decimal::parse("0.000643215"));
  EXPECT_TRUE(row("zwl").has_price()) << "a currency the seed lacks";
  EXPECT_FALSE(row("bitcoin").has_price()) << "coins have prices of their own";
  EXPECT_EQ(price("usd"), 1);
  EXPECT_EQ(market_.rates().size(), 5u);
  quote(kraken_, "EUR/USD", 1.05, 1.05);
  EXPECT_EQ(price("eur"), 1.05) << "a venue's pair is nearer than the aggregator's";
}

TEST_F(MarketTest, TwentyFourHourFiguresAreTheAggregatorsUntilThereAreOwnOnes) {
  rows({facts("bitcoin", "btc", 1, 100)});
  EXPECT_EQ(row("bitcoin").window, WindowSource::aggregator);
  EXPECT_DOUBLE_EQ(row("bitcoin").open_24h, 90);
  EXPECT_DOUBLE_EQ(row("bitcoin").high_24h, 120);
  for (int minute = 0; minute < 1500; ++minute) {
    now_ = kStart + minute * 1min + 30s;
    market_.on_alive(kraken_, now_);
    quote(kraken_, "BTC/USD", 100 + minute, 100 + minute);
    market_.sweep(now_);
  }
  EXPECT_EQ(row("bitcoin").window, WindowSource::own);
  EXPECT_EQ(row("bitcoin").high_24h, 1599);
  const double open = row("bitcoin").open_24h;
  EXPECT_NEAR(open, 1599 - 1440, 1.1);
  EXPECT_EQ(row("bitcoin").low_24h, open);
  ASSERT_NE(market_.minutes(), nullptr);
  const auto& closes = market_.minutes()->closes[row("bitcoin").asset.index()];
  ASSERT_NE(closes, nullptr);
  EXPECT_EQ((*closes)[1439], 1598) << "the open minute is not in it";
  EXPECT_EQ((*closes)[1439] - (*closes)[0], 1439);
}

TEST_F(MarketTest, CompositeCandlesComeFromPricesAndCarryTheTradedVolume) {
  quote(kraken_, "BTC/USD", 100, 100);
  at(10s);
  trade(kraken_, "BTC/USD", 110, 0.25);
  at(11s);
  quote(kraken_, "BTC/USD", 120, 120);
  at(12s);
  quote(kraken_, "BTC/USD", 105, 105);
  pass(62s);
  const auto candles = composites("bitcoin");
  ASSERT_EQ(candles.size(), 1u);
  EXPECT_EQ(candles[0].open, (Decimal{100, 0}));
  EXPECT_EQ(candles[0].high, (Decimal{120, 0}));
  EXPECT_EQ(candles[0].close, (Decimal{105, 0}));
  EXPECT_EQ(candles[0].volume, *Decimal::parse("0.25"));
  EXPECT_TRUE(candles[0].incomplete) << "nobody listened at its beginning";
  pass(122s);
  const auto next = composites("bitcoin");
  ASSERT_EQ(next.size(), 1u);
  EXPECT_TRUE(next[0].flat);
  EXPECT_FALSE(next[0].incomplete);
}

TEST_F(MarketTest, AStalePriceMakesNoCandles) {
  quote(kraken_, "BTC/USD", 100, 100);
  at(11s);
  for (int s = 12; s < 400; ++s) at(s * 1s);
  const auto candles = composites("bitcoin");
  ASSERT_EQ(candles.size(), 1u);
  EXPECT_EQ(candles[0].start, kStart);
}

TEST_F(MarketTest, ADisconnectMarksTheCandlesItTouches) {
  for (int s = 1; s < 200; ++s) {
    at(s * 1s);
    if (s == 90) status(kraken_, core::FeedState::backing_off);
    if (s == 100) connect(kraken_);
    if (s < 90 || s > 100) trade(kraken_, "BTC/USD", 100 + s);
  }
  std::vector<Candle> of_pair;
  const InstrumentId id = pair(kraken_, "BTC/USD");
  market_.take_candles(
      [&](InstrumentId i, core::Interval interval, const Candle& c) {
        if (i == id && interval == core::Interval::m1) of_pair.push_back(c);
      },
      [](AssetId, core::Interval, const Candle&) {});
  ASSERT_EQ(of_pair.size(), 3u);
  EXPECT_TRUE(of_pair[0].incomplete) << "connected in the middle of it";
  EXPECT_TRUE(of_pair[1].incomplete);
  EXPECT_FALSE(of_pair[2].incomplete);
}

TEST_F(MarketTest, SymbolTablesAreGivenOnlyWhenTheyDiffer) {
  const core::SymbolList list{kraken_,
                              {{"BTC/USD", "btc", "usd"}, {"USDT/USD", "usdt", "usd"}, {"EUR/USD", "eur", "usd"}}};
  EXPECT_EQ(market_.choose_symbols(list, now_), nullptr);
  core::SymbolList more = list;
  more.pairs.push_back({"SOL/USD", "sol", "usd"});
  const auto table = market_.choose_symbols(more, now_);
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->size(), 4u);
  EXPECT_TRUE(table->find("SOL/USD").valid());
  quote(kraken_, "BTC/USD", 1, 1);
  EXPECT_EQ(row("bitcoin").state, Freshness::live);
  core::SymbolList less{kraken_, {{"EUR/USD", "eur", "usd"}}};
  ASSERT_NE(market_.choose_symbols(less, now_), nullptr);
  market_.refresh(now_);
  EXPECT_EQ(row("bitcoin").state, Freshness::down) << "a pair that is not listened to any more";
}

TEST_F(MarketTest, RowsReRankTheCatalogueAndIdsStay) {
  const AssetId pepe = market_.catalogue()->find_id("pepe");
  const auto version = market_.tracked_version();
  market_.take_catalogue_changed();
  rows({facts("bitcoin", "btc", 1, 1), facts("pepe", "pepe", 2, 1), facts("brand-new", "new", 3, 1),
        facts("far-off", "far", 5000, 1)});
  EXPECT_TRUE(market_.take_catalogue_changed());
  EXPECT_EQ(market_.catalogue()->find_id("pepe"), pepe);
  EXPECT_EQ(market_.rows()[pepe.index()].rank, 2);
  EXPECT_TRUE(market_.catalogue()->find_id("brand-new").valid());
  EXPECT_FALSE(market_.catalogue()->find_id("far-off").valid()) << "beyond the tracked set";
  EXPECT_NE(market_.tracked_version(), version);
  rows({facts("bitcoin", "btc", 1, 1)});
  EXPECT_FALSE(market_.take_catalogue_changed()) << "nothing new, nothing copied";
}

TEST_F(MarketTest, AFullAnswerTakesTheRankFromThoseItLeavesOut) {
  Market market{3, kStart};
  const VenueId gecko = market.add_venue({"coingecko", "CoinGecko", true, "", ""});
  for (int i = 0; i < 4; ++i) {
    now_ = kStart + i * 60s;
    market.on_rows({gecko,
                    {facts("bitcoin", "btc", 1, 1), facts("ethereum", "eth", 2, 1), facts("ripple", "xrp", 3, 1)},
                    now_,
                    60s});
  }
  const auto& catalogue = *market.catalogue();
  EXPECT_EQ(catalogue.asset(catalogue.find_id("solana")).rank, 0);
  EXPECT_EQ(catalogue.asset(catalogue.find_id("ethereum")).rank, 2);
  EXPECT_FALSE(market.asset(catalogue.find_id("solana")).tracked);
  EXPECT_TRUE(market.asset(catalogue.find_id("ripple")).tracked);
}

TEST_F(MarketTest, WhatTheStoreHadIsShownStaleUntilHeardOfAgain) {
  core::RestoredState state;
  state.assets.push_back({"stored-coin", "stc", "Stored Coin", core::AssetKind::coin, 77});
  state.prices.push_back({"bitcoin", *Decimal::parse("61000.5"), kStart - 3600s, "composite"});
  state.prices.push_back({"stored-coin", *Decimal::parse("2"), kStart - 3600s, "coingecko"});
  core::RestoredState::Minutes minutes{"bitcoin", {}};
  for (int m = 1500; m > 60; --m) {
    Candle c;
    c.start = kStart - m * 1min;
    c.open = c.high = c.low = c.close = {60'000 + m, 0};
    c.final = true;
    minutes.candles.push_back(c);
  }
  state.minutes.push_back(minutes);
  state.last_write = kStart - 3600s;
  market_.restore(state, kStart);
  EXPECT_EQ(price("bitcoin"), 61000.5);
  EXPECT_TRUE(row("bitcoin").restored);
  EXPECT_EQ(row("bitcoin").state, Freshness::stale);
  EXPECT_EQ(row("bitcoin").as_of, kStart - 3600s);
  EXPECT_EQ(row("stored-coin").source, gecko_);
  EXPECT_EQ(row("bitcoin").window, WindowSource::own) << "1380 of 1440 minutes are there";
  EXPECT_EQ(row("bitcoin").low_24h, 60'061);
  at(5s);
  EXPECT_TRUE(row("bitcoin").restored);
  EXPECT_EQ(row("bitcoin").state, Freshness::stale);
  quote(kraken_, "BTC/USD", 62'000, 62'000);
  EXPECT_FALSE(row("bitcoin").restored);
  EXPECT_EQ(row("bitcoin").state, Freshness::live);
}

TEST_F(MarketTest, OnlyChangedAssetsAreTold) {
  std::vector<AssetId> changed;
  at(100ms);
  market_.take_changed(changed);
  quote(kraken_, "BTC/USD", 100, 101);
  market_.take_changed(changed);
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(changed[0], row("bitcoin").asset);
  at(200ms);
  quote(kraken_, "BTC/USD", 100, 101);
  market_.take_changed(changed);
  EXPECT_TRUE(changed.empty()) << "the same price, a moment later";
  at(1200ms);
  quote(kraken_, "BTC/USD", 100, 101);
  market_.take_changed(changed);
  EXPECT_EQ(changed.size(), 1u) << "its age has changed by a second";
}

TEST_F(MarketTest, UnknownInstrumentsAreRefused) {
  EXPECT_FALSE(market_.on_tick(Tick(Tick::Quote{{9999}, now_, {}, {1, 0}, {2, 0}, {}, {}})));
  EXPECT_FALSE(market_.on_tick(Tick()));
}

}  // namespace
}  // namespace tickspan::market
