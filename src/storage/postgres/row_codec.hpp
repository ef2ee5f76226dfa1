#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "core/candle.hpp"
#include "core/tick.hpp"
#include "storage/history_store.hpp"
#include "storage/postgres/connection.hpp"
#include "storage/postgres/rollup.hpp"
#include "storage/postgres/wire.hpp"

namespace tickspan::storage::postgres {

// How rows of the big tables look; schema.cpp says what the columns mean.

inline constexpr std::string_view kCandleColumns = "trades, start, form, open, high, low, close, volume";
inline constexpr std::string_view kTradeColumns = "form, at, trade, delay, price, amount";

std::int16_t level_code(core::Interval interval);

/// series, trades, start, form, prices, volume: a row of `minutes`.
void put_minute(CopyStream& out, std::int64_t series, const core::Candle& candle);
/// With the level behind the form: a row of `candles`.
void put_candle(CopyStream& out, std::int64_t series, core::Interval level, const core::Candle& candle);
/// With level and minutes: a row of `rollups`.
void put_rollup(CopyStream& out, std::int64_t series, core::Interval level, const Rollup& rollup);
void put_trade(CopyStream& out, std::int64_t series, std::int64_t key, const core::Tick& trade);

/// The columns kCandleColumns from `column` on; nothing where they cannot have come from here.
std::optional<Rollup> candle_at(const Rows& rows, int row, int column);
struct TradeRow {
  StoredTrade trade;
  std::int64_t key = 0;
};
/// The columns kTradeColumns from `column` on.
std::optional<TradeRow> trade_at(const Rows& rows, int row, int column);
/// A numeric and, after it, its shape.
std::optional<core::Decimal> decimal_at(const Rows& rows, int row, int column, int shape);

/// The exact text of a decimal for a `numeric` parameter.
std::string numeric_text(const core::Decimal& value);

}  // namespace tickspan::storage::postgres
