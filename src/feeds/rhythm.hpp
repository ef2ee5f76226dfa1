#pragma once

#include <algorithm>
#include <chrono>

#include "core/time.hpp"

namespace tickspan::feeds {

/// How long somebody who speaks now and then is silent in between: the measure of a silence that is none of its own.
/// The longest of the last one to two hours counts: a mean says nothing of who speaks in bursts.
/// **Threading**: one thread. Times are monotonic, so that a clock that is set doesn't look like silence.
class Rhythm {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void heard(Time at) {
    turn(at);
    longest_ = std::max<core::Duration>(longest_, at - last_);
    last_ = at;
  }
  /// Listened to from now on, for the first time or again: what was before is no silence.
  void resume(Time at) {
    turn(at);
    last_ = at;
  }
  Time last() const { return last_; }
  /// Silences up to this are like it: four times its longest, no less than `least`; `at_first` while it has not been
  /// listened to for that long.
  core::Duration patience(core::Duration least, core::Duration at_first) const {
    const core::Duration own = std::max(least, 4 * std::max(longest_, longest_before_));
    return last_ - since_ < at_first ? std::max(own, at_first) : own;
  }

 private:
  void turn(Time at) {
    if (last_ == Time{}) since_ = turned_ = last_ = at;
    if (at - turned_ < std::chrono::hours(1)) return;
    turned_ = at;
    longest_before_ = longest_;
    longest_ = {};
  }

  Time since_{}, last_{}, turned_{};
  core::Duration longest_{}, longest_before_{};
};

}  // namespace tickspan::feeds
