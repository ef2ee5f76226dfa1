#include "net/circuit_breaker.hpp"

#include <algorithm>

namespace tickspan::net {

bool CircuitBreaker::allow() {
  if (!open()) return true;
  const core::Timestamp now = clock_.now();
  if (now < retry_at_) return false;
  // The trial: whoever comes next waits for its outcome, or for another period if none is ever reported.
  retry_at_ = now + options_.open_for;
  return true;
}

void CircuitBreaker::success() {
  consecutive_ = 0;
}

void CircuitBreaker::failure() {
  ++consecutive_;
  if (open()) retry_at_ = clock_.now() + options_.open_for;
}

core::Duration CircuitBreaker::wait() const {
  return open() ? std::max(core::Duration{}, retry_at_ - clock_.now()) : core::Duration{};
}

}  // namespace tickspan::net
