#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/candle.hpp"
#include "core/result.hpp"
#include "core/tick.hpp"

namespace tickspan::history {

/// What a table holds, and how a row of it is written.
enum class TableKind : std::uint8_t { trades, candles };
enum class TableForm : std::uint8_t { csv, ndjson };
std::string_view to_string(TableKind kind) noexcept;
std::string_view to_string(TableForm form) noexcept;

/// One trade of a table. `trade_id` 0: the venue has none.
struct TradeRow {
  core::Timestamp at;
  std::uint64_t trade_id = 0;
  core::Side side = core::Side::unknown;
  core::Decimal price, amount;
};

/// What is wrong with a row: the column counts from 1, in characters of the line.
struct RowError {
  std::size_t column = 1;
  std::string what;
};
template <typename Row>
using ParsedRow = tl::expected<Row, RowError>;

/// The first line of a CSV table, without its end.
std::string_view csv_header(TableKind kind) noexcept;

// One line without its end. CSV: the fields of csv_header() in its order. NDJSON: an object with these names, in any
// order; numbers and strings both carry decimals, others names are passed over. Times are milliseconds since 1970 with
// up to six more digits, RFC 3339 or a date. Prices are positive and amounts not negative; digits stay as written.
ParsedRow<TradeRow> parse_trade(TableForm form, std::string_view line);
/// `final` always. Where the row names no number of trades it is 0, and `flat` is told by the prices and no volume. The
/// start is a multiple of the interval.
ParsedRow<core::Candle> parse_candle(TableForm form, core::Interval interval, std::string_view line);

// Appends the row and a line feed. What parse_… made is written as it was where the line was in this form.
void append_row(TableForm form, const TradeRow& row, std::string& out);
void append_row(TableForm form, const core::Candle& row, std::string& out);

/// Milliseconds since 1970 (`1570752011620`, `1570752011620.123456`), RFC 3339, or a date (`2021-01-01`, midnight UTC).
std::optional<core::Timestamp> parse_time(std::string_view text) noexcept;

}  // namespace tickspan::history
