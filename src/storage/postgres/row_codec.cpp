#include "storage/postgres/row_codec.hpp"

#include <algorithm>
#include <limits>

#include "storage/batch_rows.hpp"

namespace tickspan::storage::postgres {
namespace {

constexpr std::int64_t kFinal = 1, kIncomplete = 2, kFlat = 4, kInexact = 8, kRebuilt = 16, kCandleFlags = 31;
constexpr int kShapesOfCandle = 8;
constexpr std::int64_t kOwnTime = 1 << 12;
constexpr int kSideAt = 10, kShapesOfTrade = 16;
constexpr std::int64_t kNanos = 1023;
constexpr int kShapeMask = (1 << Numeric::kShapeBits) - 1;

template <std::size_t N>
std::int64_t shapes(const std::array<core::Decimal, N>& values, int at) {
  std::int64_t out = 0;
  for (std::size_t i = 0; i < N; ++i) {
    out |= static_cast<std::int64_t>(Numeric::shape(values[i])) << (at + Numeric::kShapeBits * static_cast<int>(i));
  }
  return out;
}

int shape_of(std::int64_t form, int at, int index) {
  return static_cast<int>(form >> (at + Numeric::kShapeBits * index)) & kShapeMask;
}

void put_head(CopyStream& out, int columns, std::int64_t series, const core::Candle& c, bool inexact) {
  const std::int64_t flags = (c.final ? kFinal : 0) | (c.incomplete ? kIncomplete : 0) | (c.flat ? kFlat : 0) |
                             (inexact ? kInexact : 0) | (c.rebuilt ? kRebuilt : 0);
  out.begin_row(columns);
  out.int4(series).int4(c.trades).time(c.start);
  out.int4(flags | shapes(std::array{c.open, c.high, c.low, c.close, c.volume}, kShapesOfCandle));
}

void put_prices(CopyStream& out, const core::Candle& c) {
  out.numeric(c.open).numeric(c.high).numeric(c.low).numeric(c.close).numeric(c.volume);
}

}  // namespace

std::int16_t level_code(core::Interval interval) {
  return static_cast<std::int16_t>(interval);
}

void put_minute(CopyStream& out, std::int64_t series, const core::Candle& candle) {
  put_head(out, 9, series, candle, false);
  put_prices(out, candle);
}

void put_candle(CopyStream& out, std::int64_t series, core::Interval level, const core::Candle& candle) {
  put_head(out, 10, series, candle, false);
  out.int2(level_code(level));
  put_prices(out, candle);
}

void put_rollup(CopyStream& out, std::int64_t series, core::Interval level, const Rollup& rollup) {
  put_head(out, 11, series, rollup.candle, rollup.inexact);
  out.int2(level_code(level)).int4(rollup.minutes);
  put_prices(out, rollup.candle);
}

void put_trade(CopyStream& out, std::int64_t series, std::int64_t key, const core::Tick& trade) {
  const core::Timestamp at = trade_time(trade);
  const std::int64_t nanos = ((at.ns % 1000) + 1000) % 1000;
  const std::int64_t own_time = trade.event_time().is_set() ? 0 : kOwnTime;
  out.begin_row(7);
  out.int4(series);
  out.int4(nanos | (static_cast<std::int64_t>(trade.side()) << kSideAt) | own_time |
           shapes(std::array{trade.price(), trade.amount()}, kShapesOfTrade));
  out.time(at).int8(key).int8(trade.received_at().ns - at.ns);
  out.numeric(trade.price()).numeric(trade.amount());
}

std::optional<core::Decimal> decimal_at(const Rows& rows, int row, int column, int shape) {
  return Numeric::read(rows.bytes(row, column), shape);
}

std::optional<Rollup> candle_at(const Rows& rows, int row, int column) {
  Rollup out;
  core::Candle& c = out.candle;
  c.trades = static_cast<std::uint32_t>(rows.integer(row, column) & 0xffff'ffff);
  c.start = rows.time(row, column + 1);
  const std::int64_t form = rows.integer(row, column + 2);
  if (form < 0 || (form & 0xff & ~kCandleFlags) != 0) return {};
  c.final = (form & kFinal) != 0;
  c.incomplete = (form & kIncomplete) != 0;
  c.flat = (form & kFlat) != 0;
  c.rebuilt = (form & kRebuilt) != 0;
  out.inexact = (form & kInexact) != 0;
  int index = 0;
  for (core::Decimal* value : {&c.open, &c.high, &c.low, &c.close, &c.volume}) {
    const auto read = decimal_at(rows, row, column + 3 + index, shape_of(form, kShapesOfCandle, index));
    if (!read) return {};
    *value = *read;
    ++index;
  }
  return out;
}

std::optional<TradeRow> trade_at(const Rows& rows, int row, int column) {
  TradeRow out;
  const std::int64_t form = rows.integer(row, column);
  const std::int64_t side = (form >> kSideAt) & 3;
  if (form < 0 || side > 2 || (form & kNanos) > 999) return {};
  out.key = rows.integer(row, column + 2);
  const core::Timestamp at = rows.time(row, column + 1);
  if (us_of_time(at) != rows.integer(row, column + 1)) return {};  // out of reach of nanoseconds
  if (__builtin_add_overflow(at.ns, form & kNanos, &out.trade.at.ns)) return {};
  if (__builtin_add_overflow(out.trade.at.ns, rows.integer(row, column + 3), &out.trade.received_at.ns)) return {};
  out.trade.trade_id = out.key > 0 ? static_cast<std::uint64_t>(out.key) : 0;
  out.trade.side = static_cast<core::Side>(side);
  const auto price = decimal_at(rows, row, column + 4, shape_of(form, kShapesOfTrade, 0));
  const auto amount = decimal_at(rows, row, column + 5, shape_of(form, kShapesOfTrade, 1));
  if (!price || !amount) return {};
  out.trade.price = *price;
  out.trade.amount = *amount;
  return out;
}

std::string numeric_text(const core::Decimal& value) {
  return value.to_string();
}

}  // namespace tickspan::storage::postgres
