#pragma once

#include <cstdint>
#include <string_view>

#include "core/time.hpp"
#include "runtime/clock.hpp"

namespace tickspan::net {

struct CircuitBreakerOptions {
  unsigned failures = 5;                               ///< in a row, before it opens
  core::Duration open_for = std::chrono::seconds(30);  ///< then one trial is let through
  core::Duration longest{};  ///< a trial that fails doubles the time, up to this; not above open_for: it stays
};

enum class BreakerState : std::uint8_t {
  closed,     ///< calls go through
  open,       ///< calls are refused
  half_open,  ///< one trial is under way
};
std::string_view to_string(BreakerState state) noexcept;

/// Keeps callers from queueing up behind a peer that fails every time: after some failures in a row it refuses at once,
/// then lets a single trial through now and again, and closes when that succeeds.
/// **Threading**: one thread.
class CircuitBreaker {
 public:
  explicit CircuitBreaker(const runtime::Clock& clock, CircuitBreakerOptions options = {})
      : clock_(clock), options_(options), pause_(options.open_for), since_(clock.now()) {}

  /// True: go ahead, and report the outcome by success(), failure(), refuse() or abandon(). False: don't even try.
  bool allow();
  void success();
  void failure();
  /// The peer wants nothing to do with us: opens at once, for this long.
  void refuse(core::Duration for_this_long);
  /// What was allowed came to nothing that says anything about the peer. A trial leaves its place to the next.
  void abandon();

  /// How long until allow() can answer true again; 0 when it would now.
  core::Duration wait() const;
  BreakerState state() const { return state_; }
  bool open() const { return state_ != BreakerState::closed; }
  core::Timestamp since() const { return since_; }  ///< of the state
  unsigned failures() const { return failures_; }   ///< in a row

 private:
  void change(BreakerState state);

  const runtime::Clock& clock_;
  CircuitBreakerOptions options_;
  core::Duration pause_;
  core::Timestamp since_;
  core::Timestamp retry_at_;
  unsigned failures_ = 0;
  BreakerState state_ = BreakerState::closed;
};

}  // namespace tickspan::net
