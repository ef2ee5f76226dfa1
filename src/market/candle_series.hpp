#pragma once

#include <span>
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
    return minutes.has_finished() || !waiting_.empty() ||
           (levels_.closed_until().is_set() && levels_.closed_until() < minutes.oldest_open());
  }
  /// Calls `visit(Interval, const Candle&)` for what was finished or repaired since the last call: minutes first.
  template <typename Visit>
  void collect(Visit&& visit) {
    finished_.clear();
    for (const CandleLevels::Finished& f : waiting_) visit(f.interval, f.candle);
    waiting_.clear();
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
  /// These minutes, ascending, were made anew in the store: whatever they change here is given out by collect(), they
  /// themselves are not. `silence_follows`: flat minutes after them have their close from the last of them.
  void repair(std::span<const core::Candle> made, core::Timestamp now, bool silence_follows);
  /// An hour of this day or the one before was repaired in the store, and its minutes are not kept here.
  void put_hour(const core::Candle& hour);
  /// A trade of this minute is in none of the candles. False where the minute was not told as whole, or too long ago,
  /// or made anew: then the trade is in it.
  bool lose_trade(core::Timestamp minute);
  /// Gives this minute out again, as it is here.
  void tell_again(const core::Candle& minute) { waiting_.push_back({core::Interval::m1, minute}); }

  /// The present candle with the open minutes in it, not final; false when no minute is open.
  bool open_candle(core::Interval interval, core::Candle& out) const;
  const CandleLevels& levels() const { return levels_; }

 private:
  void take_finished();
  void lean_on(const core::Candle& last);

  CandleLevels levels_;
  std::vector<CandleLevels::Finished> finished_;
  std::vector<CandleLevels::Finished> waiting_;
  mutable std::vector<core::Candle> open_;
};

}  // namespace tickspan::market
