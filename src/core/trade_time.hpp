#pragma once

#include <chrono>

#include "core/time.hpp"

namespace tickspan::core {

/// How far ahead of ours a venue's clock may be and still be believed.
inline constexpr Duration kVenueClockAhead = std::chrono::seconds(10);

/// When a trade counts as made, in candles as in the store: the venue's time, unless it is missing or too far ahead of
/// the receipt (a clock that is wrong, not early). A venue time far behind is kept: it is an old trade, sent late or
/// again.
inline Timestamp trade_time(Timestamp event_time, Timestamp received_at) {
  if (!event_time.is_set()) return received_at;
  const bool ahead = received_at.is_set() && event_time - received_at > kVenueClockAhead;
  return ahead ? received_at : event_time;
}

}  // namespace tickspan::core
