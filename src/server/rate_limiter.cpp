#include "server/rate_limiter.hpp"

#include <algorithm>
#include <cmath>

#include "net/client_address.hpp"

namespace tickspan::server {

std::uint64_t client_key(std::string_view address) {
  const auto parsed = net::parse_ip(address);
  return parsed ? net::client_key(*parsed) : 0;
}

void RateLimiter::refill(Bucket& bucket, core::Timestamp now) const {
  const auto elapsed = std::chrono::duration<double>(now - bucket.at).count();
  if (elapsed <= 0) return;  // a clock set back gives nothing and takes nothing
  bucket.tokens = std::min(2 * per_second_, bucket.tokens + elapsed * per_second_);
  bucket.at = now;
}

void RateLimiter::forget_full(Stripe& stripe, core::Timestamp now) const {
  for (auto it = stripe.buckets.begin(); it != stripe.buckets.end();) {
    refill(it->second, now);
    it = it->second.tokens >= 2 * per_second_ ? stripe.buckets.erase(it) : std::next(it);
  }
  // All of them busy: an attack from very many addresses. Start over rather than grow.
  if (stripe.buckets.size() >= kMaxBuckets) stripe.buckets.clear();
}

int RateLimiter::take(std::string_view address, core::Timestamp now) {
  if (per_second_ <= 0) return 0;
  const std::uint64_t key = client_key(address);
  Stripe& stripe = stripes_[(key * 0x9E3779B97F4A7C15ULL) >> 60U];
  const std::lock_guard lock(stripe.mutex);
  if (stripe.buckets.size() >= kMaxBuckets) forget_full(stripe, now);
  Bucket& bucket = stripe.buckets.try_emplace(key, Bucket{2 * per_second_, now}).first->second;
  refill(bucket, now);
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return 0;
  }
  return std::max(1, static_cast<int>(std::ceil((1 - bucket.tokens) / per_second_)));
}

std::size_t RateLimiter::buckets() const {
  std::size_t count = 0;
  for (const Stripe& stripe : stripes_) {
    const std::lock_guard lock(stripe.mutex);
    count += stripe.buckets.size();
  }
  return count;
}

}  // namespace tickspan::server
