#include "storage/postgres/rollup.hpp"

#include <algorithm>
#include <limits>

namespace tickspan::storage::postgres {

RollupSum::RollupSum(core::Timestamp start) {
  sum_.candle.start = start;
  sum_.candle.flat = true;
  sum_.candle.final = true;
  sum_.minutes = 0;
}

void RollupSum::add(const Rollup& part) {
  core::Candle& sum = sum_.candle;
  const core::Candle& c = part.candle;
  sum_.minutes += part.minutes;
  sum_.inexact = sum_.inexact || part.inexact;
  sum.final = sum.final && c.final;
  sum.incomplete = sum.incomplete || c.incomplete;
  sum.rebuilt = sum.rebuilt || c.rebuilt;
  volume_.add(c.volume);
  const std::uint64_t trades = std::uint64_t{sum.trades} + c.trades;
  sum.trades = static_cast<std::uint32_t>(std::min<std::uint64_t>(trades, std::numeric_limits<std::uint32_t>::max()));
  if (c.flat && !sum.flat) return;
  if (empty_ || (sum.flat && !c.flat)) {
    sum.open = c.open;
    sum.high = c.high;
    sum.low = c.low;
  }
  empty_ = false;
  sum.flat = sum.flat && c.flat;
  sum.close = c.close;
  sum.high = std::max(c.high, sum.high);  // of equals the newer, as the reader's sums have it
  sum.low = std::min(c.low, sum.low);
}

Rollup RollupSum::total() const {
  Rollup out = sum_;
  out.candle.volume = volume_.total();
  core::DecimalSum rest = volume_;
  rest.subtract(out.candle.volume);
  out.inexact = out.inexact || !volume_.exact() || !rest.exact() || !rest.total().is_zero();
  return out;
}

RollupTracker::RollupTracker(core::Duration width, std::optional<core::Timestamp> newest) : width_(width) {
  if (newest) {
    bucket_ = newest->floor_to(width);
    known_ = false;
  }
}

void RollupTracker::forget() {
  known_ = false;
  prefix_.reset();
  last_.reset();
}

void RollupTracker::advance(core::Timestamp time, Output& out) {
  const core::Timestamp start = time.floor_to(width_);
  if (bucket_ && start <= *bucket_) return;
  if (bucket_ && !known_) out.recount.insert(*bucket_);
  if (bucket_ && known_ && last_) {
    RollupSum sum = prefix_ ? *prefix_ : RollupSum(*bucket_);
    sum.add(*last_);
    out.closed.insert_or_assign(*bucket_, sum.total());
  }
  bucket_ = start;
  known_ = true;
  prefix_.reset();
  last_.reset();
}

void RollupTracker::feed(const Rollup& part, Output& out) {
  advance(part.candle.start, out);
  if (part.candle.start < *bucket_) {
    out.recount.insert(part.candle.start.floor_to(width_));
    return;
  }
  if (!known_) return;
  if (last_ && part.candle.start < last_->candle.start) return forget();
  if (last_ && part.candle.start > last_->candle.start) {
    if (!prefix_) prefix_.emplace(*bucket_);
    prefix_->add(*last_);
  }
  last_ = part;
}

}  // namespace tickspan::storage::postgres
