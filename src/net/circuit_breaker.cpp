#include "net/circuit_breaker.hpp"

#include <algorithm>

namespace tickspan::net {

std::string_view to_string(BreakerState state) noexcept {
  switch (state) {
    case BreakerState::closed:
      return "closed";
    case BreakerState::open:
      return "open";
    case BreakerState::half_open:
      return "half_open";
  }
  return "closed";
}

void CircuitBreaker::change(BreakerState state) {
  if (state_ == state) return;
  state_ = state;
  since_ = clock_.now();
}

bool CircuitBreaker::allow() {
  if (!open()) return true;
  const core::Timestamp now = clock_.now();
  if (now < retry_at_) return false;
  // The trial: whoever comes next waits for its outcome, or for another period if none is ever reported.
  retry_at_ = now + pause_;
  change(BreakerState::half_open);
  return true;
}

void CircuitBreaker::success() {
  failures_ = 0;
  pause_ = options_.open_for;
  change(BreakerState::closed);
}

// Calls that were under way when it opened fail, too, and tell nothing new: only a trial makes the pause longer.
void CircuitBreaker::failure() {
  ++failures_;
  if (state_ == BreakerState::open) return;
  if (state_ == BreakerState::closed && failures_ < options_.failures) return;
  if (state_ == BreakerState::half_open) pause_ = std::max(pause_, std::min(pause_ * 2, options_.longest));
  retry_at_ = clock_.now() + pause_;
  change(BreakerState::open);
}

void CircuitBreaker::refuse(core::Duration for_this_long) {
  ++failures_;
  retry_at_ = std::max(state_ == BreakerState::open ? retry_at_ : core::Timestamp{}, clock_.now() + for_this_long);
  change(BreakerState::open);
}

void CircuitBreaker::abandon() {
  if (state_ != BreakerState::half_open) return;
  retry_at_ = clock_.now();
  change(BreakerState::open);
}

core::Duration CircuitBreaker::wait() const {
  return open() ? std::max(core::Duration{}, retry_at_ - clock_.now()) : core::Duration{};
}

}  // namespace tickspan::net
