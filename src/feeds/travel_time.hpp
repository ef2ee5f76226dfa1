#pragma once

#include <algorithm>
#include <chrono>

#include "core/tick.hpp"

namespace tickspan::feeds {

/// How long after it happened, by the venue's clock, something is received: the most of the last ten to twenty seconds
/// of a connection. When the connection breaks, so much was on its way.
/// **Threading**: one thread.
class TravelTime {
 public:
  /// Quotes are passed over: one that a venue sends on subscribing has the time of the last trade, however long ago.
  void add(const core::Tick& tick) {
    if (tick.kind() != core::TickKind::trade || !tick.event_time().is_set()) return;
    const core::Timestamp at = tick.received_at();
    if (at < turned_ || at - turned_ >= std::chrono::seconds(10)) {
      turned_ = at;
      most_before_ = most_;
      most_ = {};
    }
    most_ = std::max(most_, at - tick.event_time());
  }
  /// At least a second, for a busy machine and for what has no time; at most ten: later than that is an old trade, or a
  /// clock that tells nothing.
  core::Duration most() const {
    return std::clamp<core::Duration>(std::max(most_, most_before_), std::chrono::seconds(1), std::chrono::seconds(10));
  }

 private:
  core::Timestamp turned_;
  core::Duration most_{}, most_before_{};
};

}  // namespace tickspan::feeds
