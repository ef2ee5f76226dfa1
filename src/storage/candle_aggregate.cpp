#include "storage/candle_aggregate.hpp"

#include <algorithm>
#include <limits>

namespace tickspan::storage {

using core::Candle;

namespace {

constexpr core::Duration kMinute = std::chrono::minutes(1);

bool is_whole(const Candle& c) {
  return c.final && !c.incomplete;
}

std::int64_t seconds_of(core::Interval interval) {
  return std::chrono::duration_cast<std::chrono::seconds>(core::width(interval)).count();
}

}  // namespace

MinuteAggregator::MinuteAggregator(core::Interval interval, core::Timestamp newest_minute, std::size_t limit)
    : width_(core::width(interval)), newest_minute_(newest_minute), limit_(limit) {}

void MinuteAggregator::open_bucket(core::Timestamp start) {
  bucket_.emplace();
  bucket_->start = start;
  bucket_->flat = true;
  bucket_->final = newest_minute_ + core::width(core::Interval::m1) >= start + width_;
  volume_ = {};
  minutes_ = 0;
  empty_ = true;
}

void MinuteAggregator::close_bucket() {
  if (!bucket_) return;
  bucket_->volume = volume_.total();
  const core::Timestamp until = std::min(newest_minute_ + kMinute, bucket_->start + width_);
  if (minutes_ < (until - bucket_->start) / kMinute) bucket_->incomplete = true;
  // It is over, and something in it was never closed: of a part that is longer than a minute that shows only here.
  if (!bucket_->final && bucket_->start + width_ + kMinute <= newest_minute_) bucket_->incomplete = true;
  done_.push_back(*bucket_);
  bucket_.reset();
}

bool MinuteAggregator::add(const Candle& minute, std::uint32_t minutes) {
  const core::Timestamp start = minute.start.floor_to(width_);
  if (!bucket_ || bucket_->start != start) {
    close_bucket();
    if (done_.size() >= limit_) return false;
    open_bucket(start);
  }
  Candle& bucket = *bucket_;
  bucket.final = bucket.final && minute.final;
  // Of two open minutes the older is waiting for late trades; what is older still was never closed.
  const bool never_closed = minutes == 1 && !minute.final && minute.start + 2 * kMinute <= newest_minute_;
  bucket.incomplete = bucket.incomplete || minute.incomplete || never_closed;
  bucket.rebuilt = bucket.rebuilt || minute.rebuilt;
  minutes_ += minutes;
  volume_.add(minute.volume);
  const std::uint64_t trades = std::uint64_t{bucket.trades} + minute.trades;
  bucket.trades =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(trades, std::numeric_limits<std::uint32_t>::max()));
  if (minute.flat && !bucket.flat) return true;
  const bool first_that_counts = empty_ || (bucket.flat && !minute.flat);
  if (first_that_counts) {
    bucket.close = minute.close;
    bucket.high = minute.high;
    bucket.low = minute.low;
  }
  empty_ = false;
  bucket.flat = bucket.flat && minute.flat;
  bucket.open = minute.open;
  bucket.high = std::max(bucket.high, minute.high);
  bucket.low = std::min(bucket.low, minute.low);
  return true;
}

std::vector<Candle> MinuteAggregator::take() {
  close_bucket();
  std::reverse(done_.begin(), done_.end());
  return std::move(done_);
}

std::vector<Candle> merge_newest(std::vector<Candle> stored, std::vector<Candle> aggregated, std::size_t limit) {
  std::vector<Candle> out;
  out.reserve(stored.size() + aggregated.size());
  auto a = aggregated.begin();
  for (const Candle& s : stored) {
    for (; a != aggregated.end() && a->start < s.start; ++a) out.push_back(*a);
    if (a == aggregated.end() || a->start != s.start) {
      out.push_back(s);
      continue;
    }
    const bool stored_counts = is_whole(s) || (!is_whole(*a) && s.trades > a->trades);
    out.push_back(stored_counts ? s : *a);
    out.back().final = s.final || a->final;  // that the interval is over is known once either says so
    ++a;
  }
  out.insert(out.end(), a, aggregated.end());
  if (out.size() > limit) out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(limit));
  return out;
}

std::vector<SecondRange> to_aggregate(const CandleQuery& query, const std::vector<Candle>& stored) {
  const std::int64_t width = seconds_of(query.interval);
  SecondRange range = second_range(query.start, query.end, width);
  // As many as are asked for: what is older than all of them is not.
  if (!stored.empty() && stored.size() >= query.limit)
    range.begin = std::max(range.begin, stored.front().start.seconds());
  std::vector<SecondRange> out;
  std::int64_t end = range.end;
  for (auto s = stored.rbegin(); s != stored.rend(); ++s) {
    if (!is_whole(*s)) continue;
    const std::int64_t start = s->start.seconds();
    if (start + width < end) out.push_back({start + width, end});
    end = start;
  }
  if (range.begin < end) out.push_back({range.begin, end});
  return out;
}

CandleQuery hours_within(const CandleQuery& query, const SecondRange& range) {
  CandleQuery hours = query;
  hours.interval = core::Interval::h1;
  hours.start = core::Timestamp::from_s(range.begin);
  hours.end = core::Timestamp::from_s(range.end);
  hours.limit = std::numeric_limits<std::size_t>::max();
  return hours;
}

core::Timestamp reach_of(core::Timestamp newest_minute, core::Timestamp newest_final_hour) {
  if (!newest_final_hour.is_set()) return newest_minute;
  return std::max(newest_minute, newest_final_hour + core::width(core::Interval::h1) - kMinute);
}

std::optional<std::vector<Candle>> aggregate_hours(const std::vector<Candle>& hours, core::Interval interval,
                                                   core::Timestamp reach, std::size_t limit) {
  constexpr std::int64_t kMayBeRounded = 100'000'000'000'000'000;  // 18 digits
  MinuteAggregator aggregator(interval, reach, limit);
  for (auto hour = hours.rbegin(); hour != hours.rend(); ++hour) {
    if (hour->volume.mantissa >= kMayBeRounded) return {};
    const core::Timestamp until = std::min(reach + kMinute, hour->start + core::width(core::Interval::h1));
    if (!aggregator.add(*hour, static_cast<std::uint32_t>(std::max<std::int64_t>(2, (until - hour->start) / kMinute))))
      break;
  }
  return aggregator.take();
}

SecondRange second_range(core::Timestamp start, core::Timestamp end, std::int64_t align) {
  const auto first_not_before = [align](core::Timestamp t) {
    const std::int64_t second = t.seconds() + (t.ns % 1'000'000'000 != 0 ? 1 : 0);
    const std::int64_t rest = ((second % align) + align) % align;
    return rest == 0 ? second : second + align - rest;
  };
  return {first_not_before(start), first_not_before(end)};
}

}  // namespace tickspan::storage
