#pragma once

#include <array>
#include <cstdint>

#include "core/candle.hpp"

namespace tickspan::market {

/// Grows one candle of a longer interval out of final 1-minute candles, in order.
/// A longer candle is complete when all its minutes came and were complete.
class CandleRollup {
 public:
  explicit CandleRollup(core::Interval interval) : interval_(interval) {}

  /// True when `minute` was the last of its interval: candle() is final then. A minute of a later interval begins anew.
  bool add(const core::Candle& minute);
  /// The present candle; start not set before the first minute.
  core::Candle candle() const;
  /// The present candle as it would be with `open_minute` in it, not final.
  core::Candle with(const core::Candle& open_minute) const;
  core::Interval interval() const { return interval_; }

 private:
  core::Interval interval_;
  core::Candle candle_;
  core::DecimalSum volume_;
  std::uint32_t minutes_ = 0;
};

}  // namespace tickspan::market
