#pragma once

#include "core/time.hpp"
#include "runtime/clock.hpp"

namespace tickspan::net {

struct CircuitBreakerOptions {
  unsigned failures = 5;                               ///< in a row, before it opens
  core::Duration open_for = std::chrono::seconds(30);  ///< then one trial is let through
};

/// Keeps callers from queueing up behind a peer that fails every time: after some failures in a row it refuses at once,
/// then lets a single trial through now and again, and closes when that succeeds.
/// **Threading**: one thread.
class CircuitBreaker {
 public:
  explicit CircuitBreaker(const runtime::Clock& clock, CircuitBreakerOptions options = {})
      : clock_(clock), options_(options) {}

  /// True: go ahead, and report the outcome by success() or failure(). False: don't even try.
  bool allow();
  void success();
  void failure();
  /// How long until allow() can answer true again; 0 when it would now.
  core::Duration wait() const;
  bool open() const { return consecutive_ >= options_.failures; }

 private:
  const runtime::Clock& clock_;
  CircuitBreakerOptions options_;
  unsigned consecutive_ = 0;
  core::Timestamp retry_at_;
};

}  // namespace tickspan::net
