#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "market/market.hpp"

namespace tickspan::market {

inline constexpr core::Timestamp kStart = core::Timestamp::from_s(1'700'000'040);

/// A market with three sources, two of them connected: Binance with BTCUSDT, BTCUSDC and XRPUSDT, Kraken with BTC/USD,
/// USDT/USD and EUR/USD, and CoinGecko. Time is the test's.
class MarketTest : public testing::Test {
 protected:
  MarketTest() {
    binance_ = market_.add_venue({"binance", "Binance", false, "", ""});
    kraken_ = market_.add_venue({"kraken", "Kraken", false, "", ""});
    gecko_ = market_.add_venue({"coingecko", "CoinGecko", true, "", ""});
    market_.choose_symbols(
        {binance_, {{"BTCUSDT", "btc", "usdt"}, {"BTCUSDC", "btc", "usdc"}, {"XRPUSDT", "xrp", "usdt"}}}, kStart);
    market_.choose_symbols(
        {kraken_, {{"BTC/USD", "btc", "usd"}, {"USDT/USD", "usdt", "usd"}, {"EUR/USD", "eur", "usd"}}}, kStart);
    connect(binance_);
    connect(kraken_);
  }

  void connect(core::VenueId v) { status(v, core::FeedState::live); }
  void status(core::VenueId v, core::FeedState state) { market_.on_status({v, state, "host", "", now_}); }
  void at(core::Duration since_start) {
    now_ = kStart + since_start;
    market_.sweep(now_);
  }
  // Time passes while both connections show signs of life.
  void pass(core::Duration since_start) {
    for (; now_ < kStart + since_start; now_ = now_ + std::chrono::seconds(1)) {
      market_.on_alive(binance_, now_);
      market_.on_alive(kraken_, now_);
      market_.sweep(now_);
    }
    at(since_start);
  }
  core::InstrumentId pair(core::VenueId v, std::string_view symbol) {
    return market_.catalogue()->find_instrument(v, symbol);
  }
  void quote(core::VenueId v, std::string_view symbol, double bid, double ask) {
    market_.on_tick(core::Tick(core::Tick::Quote{
        pair(v, symbol), now_, {}, *core::Decimal::from_double(bid), *core::Decimal::from_double(ask), {}, {}}));
    market_.refresh(now_);
  }
  void trade(core::VenueId v, std::string_view symbol, double price, double amount = 1) {
    market_.on_tick(core::Tick(core::Tick::Trade{pair(v, symbol), now_, now_, *core::Decimal::from_double(price),
                                                 *core::Decimal::from_double(amount), ++trade_id_, core::Side::buy}));
    market_.refresh(now_);
  }
  const core::AssetRow& row(std::string_view id) { return market_.rows()[market_.catalogue()->find_id(id).index()]; }
  double price(std::string_view id) { return row(id).price.to_double(); }
  core::AssetFacts facts(std::string id, std::string symbol, int rank, double value) {
    core::AssetFacts f;
    f.asset_id = std::move(id);
    f.symbol = symbol;
    f.name = symbol;
    f.rank = rank;
    f.price = core::Decimal::from_double(value);
    f.change_24h = value / 10;
    f.high_24h = core::Decimal::from_double(value * 1.2);
    f.low_24h = core::Decimal::from_double(value * 0.8);
    f.market_cap = value * 1e6;
    f.received_at = now_;
    return f;
  }
  void rows(std::vector<core::AssetFacts> list) {
    market_.on_rows({gecko_, std::move(list), now_, std::chrono::seconds(60)});
    market_.refresh(now_);
  }
  std::vector<core::Candle> composites(std::string_view id) {
    std::vector<core::Candle> out;
    const core::AssetId wanted = market_.catalogue()->find_id(id);
    market_.take_candles([](core::InstrumentId, core::Interval, const core::Candle&) {},
                         [&](core::AssetId a, core::Interval i, const core::Candle& c) {
                           if (a == wanted && i == core::Interval::m1) out.push_back(c);
                         });
    return out;
  }

  core::Timestamp now_ = kStart;
  std::uint64_t trade_id_ = 0;
  Market market_{100, kStart};
  core::VenueId binance_, kraken_, gecko_;
};

}  // namespace tickspan::market
