#include "storage/postgres/rollup_writer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "storage/postgres/row_codec.hpp"

namespace tickspan::storage::postgres {
namespace {

using core::Interval;
using core::Result;
using core::Status;
using core::Timestamp;

// What is there stays where it is made of more minutes: the others have expired since.
constexpr const char* kMerge =
    "INSERT INTO rollups SELECT * FROM staged_rollups ON CONFLICT (series, level, start) DO UPDATE SET "
    "trades = excluded.trades, form = excluded.form, minutes = excluded.minutes, open = excluded.open, "
    "high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume "
    "WHERE rollups.minutes <= excluded.minutes";
// The outer bounds let the planner leave out whole pieces.
constexpr const char* kHoursAgain =
    "SELECT m.series, b.t, 1::int4, m.trades, m.start, m.form, m.open, m.high, m.low, m.close, m.volume "
    "FROM (SELECT s, to_timestamp(u) AS t FROM unnest($1::int4[], $2::int8[]) AS b(s, u)) AS b "
    "JOIN minutes m ON m.series = b.s AND m.start >= b.t AND m.start < b.t + interval '1 hour' "
    "WHERE m.start >= $3 AND m.start < $4 ORDER BY 1, 2, 5";
constexpr const char* kDaysAgain =
    "SELECT m.series, b.t, m.minutes, m.trades, m.start, m.form, m.open, m.high, m.low, m.close, m.volume "
    "FROM (SELECT s, to_timestamp(u) AS t FROM unnest($1::int4[], $2::int8[]) AS b(s, u)) AS b "
    "JOIN rollups m ON m.series = b.s AND m.level = 3 AND m.start >= b.t AND m.start < b.t + interval '1 day' "
    "WHERE m.start >= $3 AND m.start < $4 ORDER BY 1, 2, 5";
static_assert(static_cast<int>(Interval::h1) == 3, "the level that kDaysAgain names");

using Todo = RollupBatch::Todo;
using Parts = std::map<Series*, std::map<Timestamp, Rollup>>;  // by start

/// One level: hours of minutes, or days of hours.
class Level {
 public:
  Level(Interval interval, Interval part, const char* again)
      : interval_(interval),
        width_(core::width(interval)),
        full_(static_cast<std::size_t>(core::width(interval) / core::width(part))),
        again_(again) {}

  /// Counts what must be counted again: from `parts` where all of a bucket is there, else from the database.
  Status count_again(Connection& connection, Todo& todo, const Parts& parts) const {
    std::map<Series*, std::set<Timestamp>> to_read;
    for (auto& [series, work] : todo) {
      const auto own = parts.find(series);
      for (const Timestamp start : work.output.recount) {
        if (own == parts.end() || !add_whole(own->second, start, work.counted)) to_read[series].insert(start);
      }
    }
    return to_read.empty() ? Status{} : read(connection, to_read, todo);
  }

  Status write(Connection& connection, const Todo& todo, CopyStream& stream) const {
    stream.clear();
    bool any = false;
    for (const auto& [series, work] : todo) {
      for (const auto& [start, rollup] : work.output.closed) {
        put_rollup(stream, series->id, interval_, rollup);
        any = true;
      }
    }
    if (any) {
      auto copied = connection.copy_in("COPY rollups FROM STDIN (FORMAT binary)", stream.finish());
      if (!copied) return copied;
    }
    return merge_counted(connection, todo, stream);
  }

 private:
  Status merge_counted(Connection& connection, const Todo& todo, CopyStream& stream) const {
    stream.clear();
    bool any = false;
    for (const auto& [series, work] : todo) {
      for (const auto& [start, rollup] : work.counted) {
        put_rollup(stream, series->id, interval_, rollup);
        any = true;
      }
    }
    if (!any) return {};
    if (auto copied = connection.copy_in("COPY staged_rollups FROM STDIN (FORMAT binary)", stream.finish()); !copied)
      return copied;
    return connection.run(fmt::format("{}; TRUNCATE staged_rollups", kMerge));
  }

  bool add_whole(const std::map<Timestamp, Rollup>& parts, Timestamp start,
                 std::map<Timestamp, Rollup>& counted) const {
    const auto begin = parts.lower_bound(start), end = parts.lower_bound(start + width_);
    if (static_cast<std::size_t>(std::distance(begin, end)) != full_) return false;
    RollupSum sum(start);
    for (auto part = begin; part != end; ++part) sum.add(part->second);
    counted.insert_or_assign(start, sum.total());
    return true;
  }

  Status read(Connection& connection, const std::map<Series*, std::set<Timestamp>>& wanted, Todo& todo) const {
    std::vector<std::int64_t> ids, starts;
    std::map<std::int64_t, Series*> by_id;
    for (const auto& [series, recount] : wanted) {
      by_id[series->id] = series;
      for (const Timestamp start : recount) {
        ids.push_back(series->id);
        starts.push_back(start.seconds());
      }
    }
    const auto [first, last] = std::minmax_element(starts.begin(), starts.end());
    Params params;
    params.integers(ids).integers(starts).time(Timestamp::from_s(*first)).time(Timestamp::from_s(*last) + width_);
    auto rows = connection.query(again_, params);
    if (!rows) return tl::unexpected(rows.error());
    return sum_up(*rows, by_id, todo);
  }

  Status sum_up(const Rows& rows, const std::map<std::int64_t, Series*>& by_id, Todo& todo) const {
    std::optional<RollupSum> sum;
    for (int i = 0; i < rows.size(); ++i) {
      auto part = candle_at(rows, i, 3);
      if (!part) return core::fail(core::ErrorCode::io_error, "the database has a damaged candle");
      part->minutes = static_cast<std::uint32_t>(rows.integer(i, 2));
      const Timestamp start = rows.time(i, 1);
      if (!sum) sum.emplace(start);
      sum->add(*part);
      const bool ends =
          i + 1 == rows.size() || rows.integer(i + 1, 0) != rows.integer(i, 0) || rows.time(i + 1, 1) != start;
      if (!ends) continue;
      todo[by_id.at(rows.integer(i, 0))].counted.insert_or_assign(start, sum->total());
      sum.reset();
    }
    return {};
  }

  const Interval interval_;
  const core::Duration width_;
  const std::size_t full_;
  const char* const again_;
};

/// Only what is counted again is looked up in them.
Parts parts_of(const std::vector<MinuteRow>& minutes, const Todo& todo) {
  Parts parts;
  for (const auto& [series, work] : todo) {
    if (!work.output.recount.empty()) parts[series];
  }
  if (parts.empty()) return parts;
  for (const MinuteRow& row : minutes) {
    const auto own = parts.find(row.series);
    if (own != parts.end()) own->second.emplace(row.candle->start, Rollup{*row.candle, 1, false});
  }
  return parts;
}

}  // namespace

RollupBatch::RollupBatch(const std::vector<MinuteRow>& minutes) : minutes_(minutes) {
  Series* series = nullptr;
  Work* work = nullptr;
  for (const MinuteRow& row : minutes) {
    if (row.series != series) work = &hours_[series = row.series];
    series->hours.feed({*row.candle, 1, false}, work->output);
  }
}

Status RollupBatch::write(Connection& connection, CopyStream& stream) {
  static const Level hours(Interval::h1, Interval::m1, kHoursAgain), days(Interval::d1, Interval::h1, kDaysAgain);
  if (auto counted = hours.count_again(connection, hours_, parts_of(minutes_, hours_)); !counted) return counted;
  if (auto written = hours.write(connection, hours_, stream); !written) return written;
  Todo of_days;
  Parts parts;
  for (auto& [series, work] : hours_) {
    std::map<Timestamp, Rollup>& all = parts[series];
    all = std::move(work.counted);
    all.merge(work.output.closed);
    RollupTracker::Output& output = of_days[series].output;
    for (const auto& [start, hour] : all) series->days.feed(hour, output);
    series->days.advance(*series->newest_minute, output);
  }
  if (auto counted = days.count_again(connection, of_days, parts); !counted) return counted;
  return days.write(connection, of_days, stream);
}

}  // namespace tickspan::storage::postgres
