#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

#include "core/time.hpp"

namespace tickspan::market {

/// How far a venue's clock is from ours, from the times it gives its messages: the least of (received - event) of the
/// last 30 to 60 s. That is our clock less the venue's plus the quickest message's way, so a few tens of milliseconds
/// are normal; less than nothing means that the venue's clock is ahead. Steps and drifts of either clock show within a
/// minute.
/// **Limits**: no allocation.
class ClockOffset {
 public:
  static constexpr core::Duration kPeriod = std::chrono::seconds(30);
  /// What no way through the network explains.
  static constexpr core::Duration kOff = std::chrono::seconds(1);

  void add(core::Timestamp received, core::Timestamp event) {
    if (!event.is_set()) return;
    if (received - began_ >= kPeriod) {
      before_ = received - began_ < 2 * kPeriod ? least_ : kNone;
      least_ = kNone;
      began_ = received;
    }
    least_ = std::min(least_, received.ns - event.ns);
  }

  /// Nothing where the venue gave no times in the last minute.
  std::optional<core::Duration> value(core::Timestamp now) const {
    const core::Duration age = now - began_;
    std::int64_t least = age < 2 * kPeriod ? least_ : kNone;
    if (age < kPeriod) least = std::min(least, before_);
    if (least == kNone) return {};
    return core::Duration{least};
  }
  static bool is_off(core::Duration offset) { return offset > kOff || offset < -kOff; }

 private:
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
  core::Timestamp began_;
  std::int64_t least_ = kNone, before_ = kNone;
};

}  // namespace tickspan::market
