#include "market/candle_rollup.hpp"

#include <algorithm>

namespace tickspan::market {
namespace {
constexpr core::Duration kMinute = std::chrono::minutes(1);
}

bool CandleRollup::add(const core::Candle& minute) {
  const core::Duration width = core::width(interval_);
  const core::Timestamp start = minute.start.floor_to(width);
  if (candle_.start != start) {
    candle_ = minute;
    candle_.start = start;
    candle_.final = false;
    volume_ = {};
    volume_.add(minute.volume);
    minutes_ = 1;
  } else {
    // A minute in which nothing traded repeats an older price: it says nothing about a candle that has prices of its
    // own.
    if (candle_.trades == 0) {
      candle_.open = minute.open;
      candle_.high = minute.high;
      candle_.low = minute.low;
      candle_.close = minute.close;
    } else if (minute.trades > 0) {
      candle_.high = std::max(candle_.high, minute.high);
      candle_.low = std::min(candle_.low, minute.low);
      candle_.close = minute.close;
    }
    candle_.trades += minute.trades;
    candle_.incomplete = candle_.incomplete || minute.incomplete;
    candle_.flat = candle_.flat && minute.flat;
    volume_.add(minute.volume);
    ++minutes_;
  }
  candle_.final = minute.start + kMinute == start + width;
  return candle_.final;
}

core::Candle CandleRollup::candle() const {
  core::Candle c = candle_;
  c.volume = volume_.total();
  if (c.final && minutes_ < width(interval_) / kMinute) c.incomplete = true;
  return c;
}

core::Candle CandleRollup::with(const core::Candle& open_minute) const {
  CandleRollup grown = *this;
  grown.add(open_minute);
  core::Candle c = grown.candle();
  c.final = false;
  return c;
}

}  // namespace tickspan::market
