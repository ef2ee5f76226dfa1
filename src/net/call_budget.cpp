#include "net/call_budget.hpp"

#include <algorithm>
#include <cmath>

namespace tickspan::net {
namespace {

constexpr double kMinuteNs = 60e9;
// Filling adds fractions; without a little slack a call that is due would wait for a rounding error.
constexpr double kSlack = 1e-6;
// What a class leaves of the burst and of the peer's quota to those above it.
constexpr std::array<double, kCallClasses> kLeavesOfBurst = {0, 0, 0.1, 0.3};
constexpr std::array<double, kCallClasses> kLeavesOfQuota = {0, 0.05, 0.2, 0.5};
// A quota whose end is not said is believed for so long.
constexpr core::Duration kQuotaLasts = std::chrono::minutes(1);
// One that is used up is looked at again after so long, whatever was said: some windows roll.
constexpr core::Duration kLongestExhausted = std::chrono::hours(1);
// What is to last for longer than this is shared out evenly.
constexpr core::Duration kLongWindow = std::chrono::minutes(10);
// How late a refused caller may come back and still find its place kept.
constexpr core::Duration kClaimGrace = std::chrono::seconds(1);

std::size_t index(CallClass call) {
  return static_cast<std::size_t>(call);
}

double minutes(core::Duration d) {
  return static_cast<double>(d.count()) / kMinuteNs;
}

}  // namespace

std::string_view to_string(CallClass call) noexcept {
  switch (call) {
    case CallClass::live:
      return "live";
    case CallClass::chart:
      return "chart";
    case CallClass::repair:
      return "repair";
    case CallClass::backfill:
      return "backfill";
  }
  return "live";
}

void CallBudget::set_limit(RateLimit limit) {
  const core::Timestamp now = clock_.now();
  if (limited_) {
    settle(now);
    limit_ = {std::min(limit_.per_minute, limit.per_minute), std::min(limit_.burst, limit.burst)};
    tokens_ = std::min(tokens_, limit_.burst);
    return;
  }
  limited_ = true;
  limit_ = limit;
  tokens_ = limit.burst;
  filled_at_ = now;
}

// What is left of a long window is spread over it, so that its end is not reached with nothing left. Where the window
// rolls, as much comes back as was used: twice the even share settles at two thirds of what is allowed.
double CallBudget::rate(core::Timestamp now) const {
  if (!quota_holds(now)) return limit_.per_minute;
  if (quota_window_ >= kLongWindow) {
    const double most = quota_->limit > 0 ? quota_->limit : quota_->remaining;
    return std::min(limit_.per_minute, std::min(most, 2 * quota_->remaining) / minutes(quota_window_));
  }
  const core::Duration left = quota_->reset_at - now;
  if (left < kLongWindow) return limit_.per_minute;
  return std::min(limit_.per_minute, quota_->remaining / minutes(left));
}

double CallBudget::tokens(core::Timestamp now) const {
  // A clock that was set back fills nothing.
  const double elapsed = std::max(0.0, minutes(now - filled_at_));
  return std::min(limit_.burst, tokens_ + elapsed * rate(now));
}

void CallBudget::settle(core::Timestamp now) {
  tokens_ = tokens(now);
  filled_at_ = now;
}

/// Tokens that a call of this class must not touch.
double CallBudget::reserved(CallClass call, double cost, core::Timestamp now) const {
  // A small bucket cannot hold a reserve beside the call itself.
  double reserve = std::clamp(limit_.burst * kLeavesOfBurst[index(call)], 0.0, std::max(0.0, limit_.burst - cost));
  if (call != CallClass::live && expected_ > 0 && now < expected_at_ + kLongestExhausted) {
    const double filled = std::max(0.0, minutes(expected_at_ - now)) * rate(now);
    reserve = std::max(reserve, std::min(expected_, limit_.burst - 1) - filled);
  }
  for (std::size_t above = 0; above < index(call); ++above) {
    if (now < claims_[above].until) reserve += claims_[above].cost;
  }
  return reserve;
}

double CallBudget::spare_quota(CallClass call) const {
  return quota_->remaining - kLeavesOfQuota[index(call)] * std::max(quota_->limit, quota_->remaining);
}

bool CallBudget::try_take(CallClass call, double cost) {
  const core::Timestamp now = clock_.now();
  if (const core::Duration wait_for = wait(call, cost); wait_for.count() > 0) {
    claims_[index(call)] = {cost, now + wait_for + kClaimGrace};
    return false;
  }
  claims_[index(call)] = {};
  if (limited_) {
    settle(now);
    tokens_ -= cost;
  }
  if (quota_) quota_->remaining = std::max(0.0, quota_->remaining - cost);
  if (call == CallClass::live) expected_ = std::max(0.0, expected_ - cost);
  return true;
}

core::Duration CallBudget::wait(CallClass call, double cost) const {
  const core::Timestamp now = clock_.now();
  core::Duration wait = std::max(core::Duration{}, paused_until_ - now);
  if (quota_holds(now) && spare_quota(call) + kSlack < cost) wait = std::max(wait, quota_until_ - now);
  if (!limited_) {
    for (std::size_t above = 0; above < index(call); ++above) wait = std::max(wait, claims_[above].until - now);
    return wait;
  }
  const double missing = cost + reserved(call, cost, now) - kSlack - tokens(now);
  if (missing <= 0) return wait;
  const double per_minute = std::max(rate(now), 1e-3);
  return std::max(wait, core::Duration(static_cast<std::int64_t>(std::ceil(missing / per_minute * kMinuteNs))));
}

void CallBudget::pause(core::Duration for_this_long) {
  paused_until_ = std::max(paused_until_, clock_.now() + for_this_long);
}

void CallBudget::expect(double cost, core::Timestamp due) {
  expected_ = cost;
  expected_at_ = due;
}

void CallBudget::learn(const Quota& quota) {
  const core::Timestamp now = clock_.now();
  settle(now);
  quota_ = quota;
  const core::Duration lasts = quota_window_.count() > 0 ? quota_window_ : kQuotaLasts;
  if (!quota_->reset_at.is_set()) quota_->reset_at = now + lasts;
  quota_until_ = quota_->reset_at;
  if (quota_->remaining < 1) quota_until_ = std::min(quota_until_, now + kLongestExhausted);
}

double CallBudget::available() const {
  const core::Timestamp now = clock_.now();
  if (now < paused_until_) return 0;
  double out = limited_ ? tokens(now) : quota_holds(now) ? quota_->remaining : 0;
  if (quota_holds(now)) out = std::min(out, quota_->remaining);
  return std::max(0.0, out);
}

std::optional<Quota> CallBudget::quota() const {
  return quota_holds(clock_.now()) ? quota_ : std::nullopt;
}

}  // namespace tickspan::net
