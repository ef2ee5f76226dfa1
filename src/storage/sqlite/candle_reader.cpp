#include "storage/sqlite/candle_reader.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "storage/candle_aggregate.hpp"
#include "storage/sqlite/candle_codec.hpp"
#include "storage/sqlite/sqlite_writer.hpp"

namespace tickspan::storage::sqlite {
namespace {

using core::Candle;
using core::Result;
using core::Timestamp;

constexpr std::string_view kCandles =
    "SELECT start, open, high, low, close, scale, volume, volume_exp, trades, flags FROM candles "
    "WHERE series = ? AND interval = ? AND start >= ? AND start < ? ORDER BY start DESC";
constexpr std::string_view kNewestMinute = "SELECT max(start) FROM candles WHERE series = ? AND interval = 0";
constexpr std::string_view kNewestFinalHour =
    "SELECT start FROM candles WHERE series = ? AND interval = 3 AND flags & 1 ORDER BY start DESC LIMIT 1";
static_assert(PackedCandle::kFinal == 1 && static_cast<int>(core::Interval::h1) == 3, "what kNewestFinalHour names");

Result<Candle> candle_at(const Statement& row) {
  const auto candle = unpack({row.integer(1), row.integer(2), row.integer(3), row.integer(4), row.integer(5),
                              row.integer(6), row.integer(7), row.integer(8), row.integer(9)});
  if (!candle) return tl::unexpected(damaged("candle"));
  Candle out = *candle;
  out.start = Timestamp::from_s(row.integer(0));
  return out;
}

/// Visits candles newest first until `visit` says false.
template <typename Visit>
core::Status visit_candles(Statements& statements, std::int64_t series, core::Interval interval,
                           const SecondRange& range, Visit visit) {
  return statements.each(
      kCandles,
      [&](Statement& s) {
        s.integer(1, series).integer(2, interval_code(interval)).integer(3, range.begin).integer(4, range.end);
      },
      [&](const Statement& row) -> Result<bool> {
        const auto candle = candle_at(row);
        if (!candle) return tl::unexpected(candle.error());
        return visit(*candle);
      });
}

Result<std::vector<Candle>> stored_candles(Statements& statements, std::int64_t series, core::Interval interval,
                                           const SecondRange& range, std::size_t limit) {
  std::vector<Candle> out;
  const auto status = visit_candles(statements, series, interval, range, [&](const Candle& candle) {
    if (out.size() >= limit) return false;
    out.push_back(candle);
    return true;
  });
  if (!status) return tl::unexpected(status.error());
  std::reverse(out.begin(), out.end());
  return out;
}

/// Not set where there is none.
Result<Timestamp> newest_of(Statements& statements, std::string_view sql, std::int64_t series) {
  Timestamp newest;
  const auto status = statements.each(
      sql, [&](Statement& s) { s.integer(1, series); },
      [&](const Statement& row) -> Result<bool> {
        newest = Timestamp::from_s(row.integer(0));
        return false;
      });
  if (!status) return tl::unexpected(status.error());
  return newest;
}

Result<std::vector<Candle>> hours_of(Statements& statements, std::int64_t series, const CandleQuery& query,
                                     const std::vector<SecondRange>& ranges) {
  std::vector<Candle> hours;
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
    const auto found = read_candles(statements, series, hours_within(query, *range));
    if (!found) return found;
    hours.insert(hours.end(), found->begin(), found->end());
  }
  return hours;
}

Result<std::vector<Candle>> aggregated_candles(Statements& statements, std::int64_t series, const CandleQuery& query,
                                               const std::vector<SecondRange>& ranges) {
  const auto newest = newest_of(statements, kNewestMinute, series);
  if (!newest) return tl::unexpected(newest.error());
  if (query.interval > core::Interval::h1) {
    const auto hours = hours_of(statements, series, query, ranges);
    if (!hours) return hours;
    const auto hour = newest_of(statements, kNewestFinalHour, series);
    if (!hour) return tl::unexpected(hour.error());
    if (auto sum = aggregate_hours(*hours, query.interval, reach_of(*newest, *hour), query.limit))
      return std::move(*sum);
  }
  MinuteAggregator aggregator(query.interval, *newest, query.limit);
  bool more = true;
  for (auto range = ranges.begin(); range != ranges.end() && more; ++range) {
    const auto status = visit_candles(statements, series, core::Interval::m1, *range,
                                      [&](const Candle& minute) { return more = aggregator.add(minute); });
    if (!status) return tl::unexpected(status.error());
  }
  return aggregator.take();
}

}  // namespace

Result<std::vector<Candle>> read_candles(Statements& statements, std::int64_t series, const CandleQuery& query) {
  auto stored = stored_candles(statements, series, query.interval, second_range(query.start, query.end), query.limit);
  if (!stored || query.interval == core::Interval::m1 || query.stored_only) return stored;
  const auto ranges = to_aggregate(query, *stored);
  if (ranges.empty()) return stored;
  auto aggregated = aggregated_candles(statements, series, query, ranges);
  if (!aggregated) return aggregated;
  return merge_newest(std::move(*stored), std::move(*aggregated), query.limit);
}

Result<std::vector<Candle>> minutes_since(Statements& statements, std::int64_t series, Timestamp since) {
  const SecondRange range{second_range(since, since).begin, std::numeric_limits<std::int64_t>::max()};
  return stored_candles(statements, series, core::Interval::m1, range, std::numeric_limits<std::size_t>::max());
}

}  // namespace tickspan::storage::sqlite
