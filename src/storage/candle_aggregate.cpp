#include "storage/candle_aggregate.hpp"

#include <algorithm>
#include <limits>

namespace tickspan::storage {

using core::Candle;

MinuteAggregator::MinuteAggregator(core::Interval interval, core::Timestamp newest_minute, std::size_t limit)
    : width_(core::width(interval)), newest_minute_(newest_minute), limit_(limit) {}

void MinuteAggregator::open_bucket(core::Timestamp start) {
  bucket_.emplace();
  bucket_->start = start;
  bucket_->flat = true;
  bucket_->final = newest_minute_ + core::width(core::Interval::m1) >= start + width_;
  volume_ = {};
  empty_ = true;
}

void MinuteAggregator::close_bucket() {
  if (!bucket_) return;
  bucket_->volume = volume_.total();
  done_.push_back(*bucket_);
  bucket_.reset();
}

bool MinuteAggregator::add(const Candle& minute) {
  const core::Timestamp start = minute.start.floor_to(width_);
  if (!bucket_ || bucket_->start != start) {
    close_bucket();
    if (done_.size() >= limit_) return false;
    open_bucket(start);
  }
  Candle& bucket = *bucket_;
  bucket.final = bucket.final && minute.final;
  bucket.incomplete = bucket.incomplete || minute.incomplete;
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

std::vector<Candle> merge_newest(std::vector<Candle> preferred, std::vector<Candle> other, std::size_t limit) {
  const auto by_start = [](const Candle& a, const Candle& b) { return a.start < b.start; };
  std::vector<Candle> out;
  if (preferred.empty()) {
    out = std::move(other);
  } else {
    out.reserve(preferred.size() + other.size());
    std::set_union(preferred.begin(), preferred.end(), other.begin(), other.end(), std::back_inserter(out), by_start);
  }
  if (out.size() > limit) out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(limit));
  return out;
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
