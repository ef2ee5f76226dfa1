#include "history/level_repair.hpp"

#include <algorithm>

#include "history/minutes.hpp"

namespace tickspan::history {
namespace {

using core::Interval;

// Late trades repair the live candles for five minutes; a day waits for its hours.
constexpr core::Duration kAfterHour = std::chrono::minutes(6);
constexpr core::Duration kAfterDay = std::chrono::minutes(7);
// By then what was handed to the store can be read.
constexpr core::Duration kWritten = std::chrono::seconds(10);

}  // namespace

void LevelRepair::add(const Task& task, core::Timestamp to, core::Duration after_end, core::Timestamp not_before) {
  const core::Duration width = core::width(task.interval);
  Task each = task;
  for (each.start = task.start.floor_to(width); each.start < to; each.start = each.start + width)
    due_[each] = std::max(each.start + width + after_end, not_before);
}

void LevelRepair::changed(const std::string& base, const std::string& quote, const std::string& venue,
                          core::Timestamp from, core::Timestamp to, core::Timestamp now) {
  add({base, quote, venue, Interval::h1, from}, to, kAfterHour, now + kWritten);
  add({base, quote, venue, Interval::d1, from}, to, kAfterDay, now + 2 * kWritten);
}

void LevelRepair::hours_changed(const std::string& base, const std::string& quote, const std::string& venue,
                                core::Timestamp from, core::Timestamp to, core::Timestamp now) {
  add({base, quote, venue, Interval::d1, from}, to, kAfterDay, now + 2 * kWritten);
}

std::vector<LevelRepair::Task> LevelRepair::take_due(core::Timestamp now, std::size_t most) {
  std::vector<Task> out;
  for (auto it = due_.begin(); it != due_.end() && out.size() < most;) {
    if (it->second > now) {
      ++it;
      continue;
    }
    out.push_back(it->first);
    it = due_.erase(it);
  }
  return out;
}

void LevelRepair::put_back(const Task& task, core::Timestamp now) {
  due_.try_emplace(task, now + kWritten);
}

core::Result<std::optional<core::Candle>> LevelRepair::sum(storage::StoreReader& reader, const Task& task) {
  const Interval parts = task.interval == Interval::h1 ? Interval::m1 : Interval::h1;
  storage::CandleQuery query{.base = task.base,
                             .quote = task.quote,
                             .venue = task.venue,
                             .interval = parts,
                             .start = task.start,
                             .end = task.start + core::width(task.interval)};
  auto candles = reader.candles(query);
  if (!candles) return tl::unexpected(candles.error());
  auto sum = sum_up(*candles, task.interval, parts, task.start);
  if (!sum || !sum->incomplete) return sum;
  // One that came whole from the venue knows more than the few minutes that are kept of it.
  query.interval = task.interval;
  query.limit = 1;
  query.stored_only = true;
  auto stored = reader.candles(query);
  if (!stored) return tl::unexpected(stored.error());
  if (!stored->empty() && stored->front().final && !stored->front().incomplete && stored->front().volume >= sum->volume)
    return std::nullopt;
  return sum;
}

core::Result<std::vector<core::Candle>> LevelRepair::sums(storage::StoreReader& reader,
                                                          const storage::SeriesName& series, Interval interval,
                                                          core::Timestamp from, core::Timestamp to,
                                                          core::Timestamp until, Which which) {
  const core::Duration width = core::width(interval);
  const auto have = reader.candles({.base = series.base,
                                    .quote = series.quote,
                                    .venue = series.venue,
                                    .interval = interval,
                                    .start = from.floor_to(width),
                                    .end = to,
                                    .stored_only = true});
  if (!have) return tl::unexpected(have.error());
  std::vector<core::Candle> out;
  auto known = have->begin();
  for (core::Timestamp start = from.floor_to(width); start < to && start + width <= until; start = start + width) {
    while (known != have->end() && known->start < start) ++known;
    const bool there = known != have->end() && known->start == start;
    if (there && which == Which::missing && known->final && !known->incomplete) continue;
    auto made = sum(reader, {series.base, series.quote, series.venue, interval, start});
    if (!made) return tl::unexpected(made.error());
    if (*made && !(there && same(*known, **made))) out.push_back(**made);
  }
  return out;
}

}  // namespace tickspan::history
