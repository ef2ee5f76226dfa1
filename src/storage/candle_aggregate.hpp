#pragma once

#include <optional>
#include <vector>

#include "core/candle.hpp"
#include "storage/history_store.hpp"

namespace tickspan::storage {

/// Builds candles of a longer interval from 1 m candles that come newest first, so that a query for the newest few
/// reads no more than it needs. Exact: open of the first, close of the last, highest high, lowest low, volumes added
/// without rounding. Flat minutes say nothing about prices and count only where there is nothing else.
///
/// `final` needs every minute final and the interval over, which is judged on data: the series has its last minute, or
/// a later one. `incomplete` where any minute is, or is missing, or was never closed though the series went on.
/// **Threading**: one thread. **Limits**: `limit` candles.
class MinuteAggregator {
 public:
  /// `newest_minute` is the start of the newest minute the series has.
  MinuteAggregator(core::Interval interval, core::Timestamp newest_minute, std::size_t limit);

  /// Newest first. False when `limit` candles are whole and `part` was not needed. `minutes`: of how many minutes it is
  /// made, where it is a longer candle itself.
  [[nodiscard]] bool add(const core::Candle& part, std::uint32_t minutes = 1);
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
  std::uint32_t minutes_ = 0;
};

/// Two ascending lists as one, the newest `limit` of it. Where both have a candle the stored one counts when it is
/// final and complete. Else its minutes were repaired since, perhaps: then what they add up to counts, unless more
/// trades are in the stored one.
std::vector<core::Candle> merge_newest(std::vector<core::Candle> stored, std::vector<core::Candle> aggregated,
                                       std::size_t limit);

/// The range of starts in whole seconds: the first second not before each bound, and for `align` > 1 the first multiple
/// of it. Saturates nowhere: nanosecond times are far from the end of 64-bit seconds.
struct SecondRange {
  std::int64_t begin = 0, end = 0;
};
SecondRange second_range(core::Timestamp start, core::Timestamp end, std::int64_t align = 1);

/// Where a query has to add up shorter candles: runs of whole buckets in its range of which no final and complete one
/// is among the `stored` (ascending, the newest `query.limit`). Newest first.
std::vector<SecondRange> to_aggregate(const CandleQuery& query, const std::vector<core::Candle>& stored);

/// The hours in one of these runs, all of them: what 4 hours and days are added up from.
CandleQuery hours_within(const CandleQuery& query, const SecondRange& range);

/// The newest minute that the series has or that lies in its newest final hour: hours reach beyond the minutes where
/// those were never kept. Either may be not set. Of the series, not of a query: whether a candle is over and whole must
/// not depend on what else was asked for.
core::Timestamp reach_of(core::Timestamp newest_minute, core::Timestamp newest_final_hour);

/// Adds longer candles up to still longer ones: hours to 4 hours and days. `reach`: see reach_of(). Nothing where a
/// volume among them has so many digits that it may have been rounded: then the minutes have to be added up.
std::optional<std::vector<core::Candle>> aggregate_hours(const std::vector<core::Candle>& hours,
                                                         core::Interval interval, core::Timestamp reach,
                                                         std::size_t limit);

}  // namespace tickspan::storage
