#pragma once

#include <optional>
#include <vector>

#include "core/candle.hpp"

namespace tickspan::storage {

/// Builds candles of a longer interval from 1 m candles that come newest first, so that a query for the newest few
/// reads no more than it needs. Exact: open of the first, close of the last, highest high, lowest low, volumes added
/// without rounding. Flat minutes say nothing about prices and count only where there is nothing else.
///
/// `final` needs every minute final and the interval over, which is judged on data: the series has its last minute, or
/// a later one. `incomplete` where any minute is.
/// **Threading**: one thread. **Limits**: `limit` candles.
class MinuteAggregator {
 public:
  /// `newest_minute` is the start of the newest minute the series has.
  MinuteAggregator(core::Interval interval, core::Timestamp newest_minute, std::size_t limit);

  /// Newest first. False when `limit` candles are whole and `minute` was not needed.
  [[nodiscard]] bool add(const core::Candle& minute);
  /// Ascending by start.
  std::vector<core::Candle> take();

 private:
  void open_bucket(core::Timestamp start);
  void close_bucket();

  const core::Duration width_;
  const core::Timestamp newest_minute_;
  const std::size_t limit_;
  std::vector<core::Candle> done_;  // descending
  std::optional<core::Candle> bucket_;
  bool empty_ = true;  // the bucket has no prices yet
  core::DecimalSum volume_;
};

/// Two ascending lists as one; where both have a candle, that of `preferred`. Only the newest `limit` are kept.
std::vector<core::Candle> merge_newest(std::vector<core::Candle> preferred, std::vector<core::Candle> other,
                                       std::size_t limit);

/// The range of starts in whole seconds: the first second not before each bound, and for `align` > 1 the first multiple
/// of it. Saturates nowhere: nanosecond times are far from the end of 64-bit seconds.
struct SecondRange {
  std::int64_t begin = 0, end = 0;
};
SecondRange second_range(core::Timestamp start, core::Timestamp end, std::int64_t align = 1);

}  // namespace tickspan::storage
