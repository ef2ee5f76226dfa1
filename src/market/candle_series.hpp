#pragma once

#include <vector>

#include "core/write_batch.hpp"
#include "market/candle_builder.hpp"
#include "market/candle_levels.hpp"

namespace tickspan::market {

/// All candles of one series: the minutes as they are built, and the longer ones that grow out of them.
/// **Threading**: one thread.
class CandleSeries {
 public:
  CandleBuilder minutes;

  /// Something was finished or repaired, or a longer candle may be over: collect() has work.
  bool has_finished() const {
    return minutes.has_finished() || !restored_.empty() ||
           (levels_.closed_until().is_set() && levels_.closed_until() < minutes.oldest_open());
  }
  /// Calls `visit(Interval, const Candle&)` for what was finished or repaired since the last call: minutes first.
  template <typename Visit>
  void collect(Visit&& visit) {
    finished_.clear();
    for (const core::Candle& minute : restored_) visit(core::Interval::m1, minute);
    restored_.clear();
    for (const core::Candle& minute : minutes.finished()) {
      visit(core::Interval::m1, minute);
      levels_.add(minute, finished_);
    }
    minutes.clear_finished();
    levels_.close_until(minutes.oldest_open(), finished_);
    for (const CandleLevels::Finished& f : finished_) visit(f.interval, f.candle);
  }

  /// Goes on where the store ends: with the open candles of every level, and the last close. Given out of it are only
  /// minutes that were saved open and are over: final now, and incomplete. `saved_at`: when the newest of it was
  /// written; `read_at`: when it was read.
  void restore(const core::RestoredState::Minutes& past, core::Timestamp saved_at, core::Timestamp read_at,
               core::Timestamp now);
  /// An hour of this day or the one before was repaired in the store.
  void put_hour(const core::Candle& hour);

  /// The present candle with the open minutes in it, not final; false when no minute is open.
  bool open_candle(core::Interval interval, core::Candle& out) const;
  const CandleLevels& levels() const { return levels_; }

 private:
  CandleLevels levels_;
  std::vector<CandleLevels::Finished> finished_;
  std::vector<core::Candle> restored_;
  mutable std::vector<core::Candle> open_;
};

}  // namespace tickspan::market
