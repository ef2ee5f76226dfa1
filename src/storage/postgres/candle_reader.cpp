#include "storage/postgres/candle_reader.hpp"

#include <algorithm>
#include <limits>

#include "storage/candle_aggregate.hpp"
#include "storage/postgres/row_codec.hpp"

namespace tickspan::storage::postgres {
namespace {

using core::Candle;
using core::Interval;
using core::Result;
using core::Status;
using core::Timestamp;

// The series is looked up within each statement, so that one round trip does. $1 to $3 name it.
#define SERIES "(SELECT id FROM series WHERE base = $1 AND quote = $2 AND venue = $3)"
#define NEWEST "(SELECT newest_minute FROM series WHERE base = $1 AND quote = $2 AND venue = $3)"
#define CANDLE "trades, start, form, open, high, low, close, volume"
constexpr int kMinutesColumn = 8;  // of how many minutes the candle is made, where that is asked for

constexpr const char* kNewest = "SELECT newest_minute FROM series WHERE base = $1 AND quote = $2 AND venue = $3";
constexpr const char* kNewestFinalHour =
    "SELECT start FROM candles WHERE series = " SERIES " AND level = 3 AND form & 1 = 1 ORDER BY start DESC LIMIT 1";
constexpr const char* kMinutes = "SELECT " CANDLE ", 1 FROM minutes WHERE series = " SERIES
                                 " AND start >= $4 AND start < $5 ORDER BY start DESC LIMIT $6";
constexpr const char* kStored = "SELECT " CANDLE " FROM candles WHERE series = " SERIES
                                " AND level = $7 AND start >= $4 AND start < $5 ORDER BY start DESC LIMIT $6";
// The hour (and for days the hours of the day) of the newest minute have no roll-up yet: their parts stand in.
constexpr const char* kOpenMinutes =
    "SELECT " CANDLE ", 1 FROM minutes WHERE series = " SERIES " AND start >= date_trunc('hour', " NEWEST
    ", 'UTC')"
    " AND start >= $4 AND start < $5 ORDER BY start DESC";
constexpr const char* kOpenHours = "SELECT " CANDLE ", minutes FROM rollups WHERE series = " SERIES
                                   " AND level = 3 AND start >= date_trunc('day', " NEWEST
                                   ", 'UTC')"
                                   " AND start >= $4 AND start < $5 ORDER BY start DESC";
constexpr const char* kRollups = "SELECT " CANDLE ", minutes FROM rollups WHERE series = " SERIES
                                 " AND level = $7 AND start >= $4 AND start < $5 ORDER BY start DESC LIMIT $6";
#undef SERIES
#undef NEWEST
#undef CANDLE
static_assert(static_cast<int>(Interval::h1) == 3, "the level that kOpenHours and kNewestFinalHour name");

std::size_t per_bucket(Interval interval, Interval part) {
  return static_cast<std::size_t>(core::width(interval) / core::width(part));
}

struct Range {
  Timestamp start, end;
};

/// Starts that are multiples of the interval.
Range aligned(const CandleQuery& query) {
  const auto width = std::chrono::duration_cast<std::chrono::seconds>(core::width(query.interval));
  const SecondRange range = second_range(query.start, query.end, width.count());
  static constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max() / 1'000'000'000;
  const auto clamped = [](std::int64_t s) { return Timestamp::from_s(std::clamp(s, -kMax, kMax)); };
  return {clamped(range.begin), clamped(range.end)};
}

class CandleRead {
 public:
  CandleRead(Connection& connection, const CandleQuery& query) : connection_(connection), query_(query) {}

  Result<std::vector<Candle>> run() {
    if (query_.interval == Interval::m1) return only(limited(kMinutes, {query_.start, query_.end}));
    if (query_.stored_only) return only(levelled(kStored, {query_.start, query_.end}, query_.interval));
    if (query_.interval < Interval::h1) return with_minutes();
    if (query_.interval == Interval::h1) return hours();
    return in_one_view();
  }

 private:
  Params params(const Range& range) const {
    Params out;
    out.text(query_.base).text(query_.quote).text(query_.venue).time(range.start).time(range.end);
    return out;
  }
  Prepared newest() const { return {kNewest, Params().text(query_.base).text(query_.quote).text(query_.venue)}; }
  Prepared limited(const char* sql, const Range& range, std::size_t each = 1) const {
    return {sql, params(range).integer(sql_limit(query_.limit, each))};
  }
  Prepared levelled(const char* sql, const Range& range, Interval level, std::size_t each = 1) const {
    return {sql, params(range).integer(sql_limit(query_.limit, each)).integer(level_code(level))};
  }

  Result<std::vector<Candle>> only(Prepared statement) {
    auto rows = connection_.pipeline({std::move(statement)});
    if (!rows) return tl::unexpected(rows.error());
    return ascending(rows->front());
  }

  /// What takes several round trips. On a failure the connection is given up, and with it the transaction.
  Result<std::vector<Candle>> in_one_view() {
    const bool ours = !connection_.in_transaction();
    if (ours) {
      if (auto begun = connection_.begin(kBeginRead); !begun) return tl::unexpected(begun.error());
    }
    auto out = hours();
    if (out) out = with_stored_hours(std::move(*out));
    if (!out || !ours) return out;
    if (auto ended = connection_.end(kEndRead); !ended) return tl::unexpected(ended.error());
    return out;
  }

  Result<std::vector<Candle>> hours() {
    auto out = with_rollups();
    // A sum that was rounded must not be added to: the minutes are.
    return out && inexact_ ? with_minutes() : std::move(out);
  }

  Result<std::vector<Candle>> with_minutes() {
    return combined({limited(kMinutes, aligned(query_), per_bucket(query_.interval, Interval::m1))});
  }

  Result<std::vector<Candle>> with_rollups() {
    const Range range = aligned(query_);
    // The parts of the last bucket that starts in the range reach beyond it.
    std::vector<Prepared> parts;
    const bool days = query_.interval == Interval::d1;
    parts.push_back({kOpenMinutes, params(range)});
    if (days) parts.push_back({kOpenHours, params(range)});
    parts.push_back(days ? levelled(kRollups, range, Interval::d1)
                         : levelled(kRollups, range, Interval::h1, per_bucket(query_.interval, Interval::h1)));
    return combined(std::move(parts));
  }

  /// Hours that were stored as such have no minutes, and no roll-up made of these.
  Result<std::vector<Candle>> with_stored_hours(std::vector<Candle> known) {
    const auto missing = to_aggregate(query_, known);
    if (missing.empty()) return known;
    CandleQuery part = query_;
    part.interval = Interval::h1;
    part.start = Timestamp::from_s(missing.back().begin);
    part.end = Timestamp::from_s(missing.front().end);
    part.limit = std::numeric_limits<std::size_t>::max();
    const auto found = CandleRead(connection_, part).run();
    if (!found) return found;
    if (found->empty()) return known;
    auto rows = connection_.pipeline({newest(), {kNewestFinalHour, newest().params}});
    if (!rows) return tl::unexpected(rows.error());
    const auto first = [](const Rows& one) {
      return one.size() == 1 && !one.is_null(0, 0) ? one.time(0, 0) : Timestamp{};
    };
    const Timestamp reach = reach_of(first((*rows)[0]), first((*rows)[1]));
    auto sum = aggregate_hours(*found, query_.interval, reach, query_.limit);
    if (!sum) return known;
    return merge_newest(std::move(known), std::move(*sum), query_.limit);
  }

  /// Stored candles of the level, and those made of `parts`, which come newest first.
  Result<std::vector<Candle>> combined(std::vector<Prepared> parts) {
    std::vector<Prepared> statements;
    statements.push_back(begin_read(connection_));
    statements.push_back(newest());
    statements.push_back(levelled(kStored, {query_.start, query_.end}, query_.interval));
    for (Prepared& part : parts) statements.push_back(std::move(part));
    statements.push_back(end_read(connection_));
    auto rows = connection_.pipeline(statements);
    if (!rows) return tl::unexpected(rows.error());
    auto stored = ascending((*rows)[2]);
    if (!stored || (*rows)[1].size() == 0 || (*rows)[1].is_null(0, 0)) return stored;
    MinuteAggregator aggregator(query_.interval, (*rows)[1].time(0, 0), query_.limit);
    bool more = true;
    for (std::size_t i = 3; i + 1 < rows->size() && more; ++i) {
      if (auto added = add((*rows)[i], aggregator, more); !added) return tl::unexpected(added.error());
    }
    return merge_newest(std::move(*stored), aggregator.take(), query_.limit);
  }

  Status add(const Rows& rows, MinuteAggregator& aggregator, bool& more) {
    for (int i = 0; i < rows.size() && more; ++i) {
      const auto part = candle_at(rows, i, 0);
      if (!part) return tl::unexpected(damaged("candle"));
      inexact_ = inexact_ || part->inexact;
      more = aggregator.add(part->candle, static_cast<std::uint32_t>(rows.integer(i, kMinutesColumn)));
    }
    return {};
  }

  static Result<std::vector<Candle>> ascending(const Rows& rows) {
    std::vector<Candle> out;
    out.reserve(static_cast<std::size_t>(rows.size()));
    for (int i = rows.size(); i-- > 0;) {
      const auto row = candle_at(rows, i, 0);
      if (!row) return tl::unexpected(damaged("candle"));
      out.push_back(row->candle);
    }
    return out;
  }

  Connection& connection_;
  const CandleQuery& query_;
  bool inexact_ = false;
};

}  // namespace

core::Error damaged(std::string_view what) {
  return {core::ErrorCode::io_error, "the database has a damaged " + std::string(what) + "; restore it from a backup",
          false};
}

std::int64_t sql_limit(std::size_t limit, std::size_t each) {
  constexpr auto kAll = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(limit > kAll / each ? kAll : limit * each);
}

Result<std::vector<Candle>> read_candles(Connection& connection, const CandleQuery& query) {
  return CandleRead(connection, query).run();
}

}  // namespace tickspan::storage::postgres
