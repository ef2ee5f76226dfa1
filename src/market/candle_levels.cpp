#include "market/candle_levels.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace tickspan::market {
namespace {

constexpr core::Duration kMinute = std::chrono::minutes(1);
constexpr std::size_t kHour = static_cast<std::size_t>(core::Interval::h1);

// An hour's place is taken again after 32.
constexpr core::Duration kHoursBack = std::chrono::hours(30);

core::Interval interval_of(std::size_t level) {
  return core::kIntervals[level];
}

core::Duration width_of(std::size_t level) {
  return core::width(interval_of(level));
}

std::uint16_t minutes_in(core::Duration d) {
  return static_cast<std::uint16_t>(d / kMinute);
}

bool same(const core::Candle& a, const core::Candle& b) {
  return std::tie(a.open, a.high, a.low, a.close, a.volume, a.trades, a.incomplete, a.flat, a.rebuilt) ==
         std::tie(b.open, b.high, b.low, b.close, b.volume, b.trades, b.incomplete, b.flat, b.rebuilt);
}

// A minute's repair changes the flat ones after it, too: one message for all of them.
void give_out(std::vector<CandleLevels::Finished>& out, core::Interval interval, const core::Candle& candle) {
  const auto again = std::find_if(out.begin(), out.end(), [&](const CandleLevels::Finished& f) {
    return f.interval == interval && f.candle.start == candle.start;
  });
  if (again == out.end())
    out.push_back({interval, candle});
  else
    again->candle = candle;
}

}  // namespace

std::size_t CandleLevels::place(std::size_t level, core::Timestamp start) {
  std::size_t first = 0;
  for (std::size_t i = 0; i < level; ++i) first += kKept[i];
  return first + static_cast<std::size_t>(start.ns / width_of(level).count()) % kKept[level];
}

const CandleLevels::Node* CandleLevels::find(std::size_t level, core::Timestamp start) const {
  if (nodes_.empty() || !start.is_set()) return nullptr;
  const Node& node = nodes_[place(level, start)];
  return node.start == start ? &node : nullptr;
}

CandleLevels::Node CandleLevels::node_of(const core::Candle& candle, std::uint16_t minutes) {
  Node node;
  node.start = candle.start;
  node.open = candle.open;
  node.high = candle.high;
  node.low = candle.low;
  node.close = candle.close;
  node.volume.add(candle.volume);
  node.trades = candle.trades;
  node.minutes = minutes;
  node.incomplete = candle.incomplete;
  node.flat = candle.flat;
  node.rebuilt = candle.rebuilt;
  return node;
}

void CandleLevels::fold(Node& into, const Node& next) {
  if (into.flat && !next.flat) {
    into.open = next.open;
    into.high = next.high;
    into.low = next.low;
    into.close = next.close;
  } else if (into.flat == next.flat) {
    into.high = std::max(into.high, next.high);
    into.low = std::min(into.low, next.low);
    into.close = next.close;
  }
  into.volume.add(next.volume);
  into.trades += next.trades;
  into.minutes = static_cast<std::uint16_t>(into.minutes + next.minutes);
  into.incomplete = into.incomplete || next.incomplete;
  into.flat = into.flat && next.flat;
  into.rebuilt = into.rebuilt || next.rebuilt;
}

CandleLevels::Node CandleLevels::sum(std::size_t level, core::Timestamp start) const {
  Node out;
  const core::Duration step = width_of(level - 1);
  for (core::Timestamp t = start; t < start + width_of(level); t = t + step) {
    const Node* const part = find(level - 1, t);
    if (part == nullptr) continue;
    if (out.start.is_set())
      fold(out, *part);
    else
      out = *part;
  }
  if (out.start.is_set()) out.start = start;
  return out;
}

// Whether every part of this candle has its place still: else what is there is better than their sum.
bool CandleLevels::holds_parts(std::size_t level, core::Timestamp start) const {
  const core::Duration step = width_of(level - 1);
  const core::Timestamp newest = core::Timestamp{closed_until_.ns - 1}.floor_to(step);
  return start >= newest - step * (static_cast<std::int64_t>(kKept[level - 1]) - 1);
}

bool CandleLevels::keeps(core::Timestamp minute) const {
  const core::Timestamp hour = minute.floor_to(width_of(kHour));
  if (!closed_until_.is_set() || !minutes_from_.is_set() || hour < minutes_from_) return false;
  return holds_parts(1, hour) && holds_parts(2, hour) && holds_parts(kHour, hour);
}

void CandleLevels::sum_up(std::size_t from_level, core::Timestamp at, std::vector<Finished>& out) {
  for (std::size_t level = from_level; level < kKept.size(); ++level) {
    const core::Timestamp start = at.floor_to(width_of(level));
    if (!holds_parts(level, start)) return;
    Node& node = nodes_[place(level, start)];
    const Node now = sum(level, start);
    const bool is_final = start + width_of(level) <= closed_until_;
    const bool differs = is_final && (node.start != start || !same(to_candle(level, node), to_candle(level, now)));
    node = now;
    if (differs) give_out(out, interval_of(level), to_candle(level, node));
  }
}

void CandleLevels::make_room() {
  if (nodes_.empty()) nodes_.resize(std::accumulate(kKept.begin(), kKept.end(), std::size_t{0}));
}

void CandleLevels::add(const core::Candle& minute, std::vector<Finished>& out) {
  make_room();
  if (!closed_until_.is_set()) closed_until_ = minute.start;
  if (!minutes_from_.is_set()) minutes_from_ = minute.start.floor_to(width_of(kHour));
  if (!hours_from_.is_set()) hours_from_ = minute.start.floor_to(std::chrono::hours(24));
  close_until(minute.start, out);
  nodes_[place(0, minute.start)] = node_of(minute, 1);
  sum_up(1, minute.start, out);
  close_until(minute.start + kMinute, out);
}

void CandleLevels::repair(const core::Candle& minute, std::vector<Finished>& out) {
  const bool is_new = !closed_until_.is_set() || minute.start >= closed_until_;
  if (!is_new && !keeps(minute.start)) return;
  add(minute, out);
  nodes_[place(0, minute.start)].made_anew = true;
}

bool CandleLevels::is_made_anew(core::Timestamp minute) const {
  const Node* const node = find(0, minute);
  return node != nullptr && node->made_anew;
}

void CandleLevels::close_until(core::Timestamp until, std::vector<Finished>& out) {
  if (!closed_until_.is_set() || until <= closed_until_) return;
  const core::Timestamp before = std::exchange(closed_until_, until);
  for (std::size_t level = 1; level < kKept.size(); ++level) {
    const core::Timestamp start = before.floor_to(width_of(level));
    if (start + width_of(level) > until) continue;
    if (const Node* const node = find(level, start)) give_out(out, interval_of(level), to_candle(level, *node));
  }
}

void CandleLevels::put_hour(const core::Candle& hour, std::vector<Finished>& out) {
  make_room();
  if (hour.start + width_of(kHour) <= closed_until_ - kHoursBack) return;
  if (!hours_from_.is_set()) hours_from_ = hour.start.floor_to(std::chrono::hours(24));
  if (hour.start < hours_from_) return;
  closed_until_ = std::max(closed_until_, hour.start + width_of(kHour));
  nodes_[place(kHour, hour.start)] = node_of(hour, 60);
  sum_up(kHour + 1, hour.start, out);
}

core::Candle CandleLevels::to_candle(std::size_t level, const Node& node) const {
  core::Candle c;
  c.start = node.start;
  c.open = node.open;
  c.high = node.high;
  c.low = node.low;
  c.close = node.close;
  c.volume = node.volume.total();
  c.trades = node.trades;
  c.flat = node.flat;
  c.rebuilt = node.rebuilt;
  const core::Timestamp end = node.start + width_of(level);
  c.final = end <= closed_until_;
  const core::Timestamp over = std::clamp(closed_until_, node.start, end);
  c.incomplete = node.incomplete || node.minutes < minutes_in(over - node.start);
  return c;
}

std::optional<core::Candle> CandleLevels::at(core::Interval interval, core::Timestamp start) const {
  const auto level = static_cast<std::size_t>(interval);
  const Node* const node = find(level, start);
  if (node == nullptr) return {};
  return to_candle(level, *node);
}

core::Candle CandleLevels::with(core::Interval interval, std::span<const core::Candle> open) const {
  const auto level = static_cast<std::size_t>(interval);
  const core::Timestamp start = open.back().start.floor_to(width_of(level));
  const Node* const known = find(level, start);
  Node node = known == nullptr ? Node{} : *known;
  for (const core::Candle& minute : open) {
    if (minute.start < start) continue;
    // It is not over: it cannot be missing, and does not make up for one that is.
    const Node next = node_of(minute, 0);
    if (node.start.is_set())
      fold(node, next);
    else
      node = next;
  }
  node.start = start;
  core::Candle c = to_candle(level, node);
  c.final = false;
  return c;
}

}  // namespace tickspan::market
