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
      waiting_.push_back({core::Interval::m1, over});
    }
    if (minute.start >= hour) levels_.add(over, told_before);
  }
  for (const core::Candle& minute : past.candles) minutes.restore(minute, saved_at, now);
  levels_.close_until(minutes.oldest_open(), told_before);
}

void CandleSeries::take_finished() {
  for (const core::Candle& minute : minutes.finished()) {
    waiting_.push_back({core::Interval::m1, minute});
    levels_.add(minute, waiting_);
  }
  minutes.clear_finished();
}

void CandleSeries::repair(std::span<const core::Candle> made, core::Timestamp now, bool silence_follows) {
  if (made.empty()) return;
  take_finished();
  for (const core::Candle& minute : made) {
    minutes.put(minute);
    // One that is still open here comes when it is over, with what was put.
    if (!minutes.oldest_open().is_set() || minute.start < minutes.oldest_open()) levels_.repair(minute, waiting_);
  }
  if (silence_follows) lean_on(made.back());
  const core::Timestamp end = made.back().start + CandleBuilder::kMinute;
  if (now - end <= CandleBuilder::kRepairMinutes * CandleBuilder::kMinute) minutes.begin_at(end);
}

// A venue that was silent after the hole is at the price that the hole ended with, up to the next trade.
void CandleSeries::lean_on(const core::Candle& last) {
  const core::Timestamp from = last.start + CandleBuilder::kMinute;
  if (from < levels_.closed_until() && !levels_.keeps(from)) return;
  for (core::Timestamp t = from; t < levels_.closed_until(); t = t + CandleBuilder::kMinute) {
    auto minute = levels_.at(core::Interval::m1, t);
    if (!minute) continue;
    if (!minute->flat) return;
    if (minute->close == last.close) continue;
    minute->open = minute->high = minute->low = minute->close = last.close;
    waiting_.push_back({core::Interval::m1, *minute});
    levels_.add(*minute, waiting_);
  }
  minutes.lean_on(from, last.close);
}

bool CandleSeries::lose_trade(core::Timestamp start) {
  if (!levels_.keeps(start)) return false;
  auto minute = levels_.at(core::Interval::m1, start);
  if (!minute || minute->incomplete || levels_.is_made_anew(start)) return false;
  take_finished();
  minute->incomplete = true;
  tell_again(*minute);
  levels_.add(*minute, waiting_);
  return true;
}

void CandleSeries::put_hour(const core::Candle& hour) {
  if (!levels_.keeps(hour.start)) levels_.put_hour(hour, waiting_);
}

bool CandleSeries::open_candle(core::Interval interval, core::Candle& out) const {
  if (interval == core::Interval::m1) return minutes.open_candle(out);
  minutes.open_candles(open_);
  if (open_.empty()) return false;
  out = levels_.with(interval, open_);
  return true;
}

}  // namespace tickspan::market
