#include "market/candle_series.hpp"

namespace tickspan::market {

void CandleSeries::restore(const core::RestoredState::Minutes& past, core::Timestamp saved_at, core::Timestamp read_at,
                           core::Timestamp now) {
  constexpr core::Duration kOver = CandleBuilder::kMinute + CandleBuilder::kLateness;
  const core::Timestamp hour = (read_at - kOver).floor_to(std::chrono::hours(1));
  const core::Timestamp day = hour.floor_to(std::chrono::hours(24));
  std::vector<CandleLevels::Finished> told_before;
  for (const core::Candle& h : past.hours) {
    if (h.start >= day && h.start < hour) levels_.put_hour(h, told_before);
  }
  for (const core::Candle& minute : past.candles) {
    if (!minute.final && minute.start + kOver > now) continue;
    core::Candle over = minute;
    if (!minute.final) {
      over.final = over.incomplete = true;
      restored_.push_back(over);
    }
    if (minute.start >= hour) levels_.add(over, told_before);
  }
  for (const core::Candle& minute : past.candles) minutes.restore(minute, saved_at, now);
  levels_.close_until(minutes.oldest_open(), told_before);
}

void CandleSeries::put_hour(const core::Candle& hour) {
  std::vector<CandleLevels::Finished> changed;
  levels_.put_hour(hour, changed);
}

bool CandleSeries::open_candle(core::Interval interval, core::Candle& out) const {
  if (interval == core::Interval::m1) return minutes.open_candle(out);
  minutes.open_candles(open_);
  if (open_.empty()) return false;
  out = levels_.with(interval, open_);
  return true;
}

}  // namespace tickspan::market
