#include "net/rate_budget.hpp"

#include <algorithm>
#include <cmath>

namespace tickspan::net {
namespace {

constexpr double kMinuteNs = 60e9;
// Filling adds fractions; without a little slack a call that is due would wait for a rounding error.
constexpr double kSlack = 1e-6;

}  // namespace

double RateBudget::tokens_at(const Bucket& bucket, core::Timestamp now) {
  // A clock that was set back fills nothing.
  const double elapsed = std::max(0.0, static_cast<double>((now - bucket.filled_at).count()));
  return std::min(bucket.limit.burst, bucket.tokens + elapsed / kMinuteNs * bucket.limit.per_minute);
}

void RateBudget::set_limit(std::string key, RateLimit limit) {
  Bucket& bucket = buckets_[std::move(key)];
  bucket.limit = limit;
  bucket.limited = true;
  bucket.tokens = limit.burst;
  bucket.filled_at = clock_.now();
}

bool RateBudget::try_take(std::string_view key, double cost, double reserve) {
  const auto it = buckets_.find(key);
  if (it == buckets_.end()) return true;
  Bucket& bucket = it->second;
  const core::Timestamp now = clock_.now();
  if (now < bucket.paused_until) return false;
  if (!bucket.limited) return true;
  const double tokens = tokens_at(bucket, now);
  if (tokens + kSlack < cost + reserve) return false;
  bucket.tokens = tokens - cost;
  bucket.filled_at = now;
  return true;
}

core::Duration RateBudget::wait(std::string_view key, double cost, double reserve) const {
  const auto it = buckets_.find(key);
  if (it == buckets_.end()) return {};
  const Bucket& bucket = it->second;
  const core::Timestamp now = clock_.now();
  core::Duration wait = std::max(core::Duration{}, bucket.paused_until - now);
  if (!bucket.limited) return wait;
  const double missing = cost + reserve - kSlack - tokens_at(bucket, now);
  if (missing > 0) {
    wait = std::max(
        wait, core::Duration(static_cast<std::int64_t>(std::ceil(missing / bucket.limit.per_minute * kMinuteNs))));
  }
  return wait;
}

void RateBudget::pause(std::string_view key, core::Duration for_this_long) {
  auto it = buckets_.find(key);
  if (it == buckets_.end()) it = buckets_.emplace(std::string(key), Bucket{}).first;
  it->second.paused_until = std::max(it->second.paused_until, clock_.now() + for_this_long);
}

}  // namespace tickspan::net
