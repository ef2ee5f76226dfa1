#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/history_store.hpp"

namespace tickspan::storage::test {

inline constexpr core::Timestamp kNoon = core::Timestamp::from_s(1'780'315'200);  // 2026-06-01T12:00:00Z

core::Decimal dec(std::string_view text);
core::Timestamp minute(int index);  ///< kNoon + index minutes

/// bitcoin, ethereum, usd, tether; binance and kraken; btc/usdt and eth/usdt on binance, btc/usd on kraken.
struct World {
  World();
  core::CataloguePtr catalogue;
  core::AssetId btc, eth, usd, usdt;
  core::VenueId binance, kraken;
  core::InstrumentId binance_btc, binance_eth, kraken_btc;

  core::SeriesKey composite(core::AssetId base) const { return {base, usd, {}}; }
  core::WriteBatch batch() const;
};

/// A final candle of 1 m.
core::Candle candle(core::Timestamp start, std::string_view open, std::string_view high, std::string_view low,
                    std::string_view close, std::string_view volume = "0", std::uint32_t trades = 1);
core::Candle flat(core::Timestamp start, std::string_view price);

core::Tick trade(core::InstrumentId instrument, std::uint64_t id, core::Timestamp event_time,
                 core::Timestamp received_at, std::string_view price, std::string_view amount);

/// Every field, and of decimals the digits as well as the value: `64000.50 o h l c v t final incomplete flat`.
std::string show(const core::Candle& candle);
std::vector<std::string> show(const std::vector<core::Candle>& candles);

}  // namespace tickspan::storage::test
