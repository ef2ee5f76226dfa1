#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "core/time.hpp"

namespace tickspan::server {

/// A token bucket for each client address, shared by all web threads: `per_second` requests a second, bursts of twice
/// that. An IPv6 client counts by its /64, since it owns all of it.
/// **Threading**: any. **Limits**: buckets that are full again are forgotten once a stripe holds more than kMaxBuckets.
class RateLimiter {
 public:
  explicit RateLimiter(std::size_t per_second) : per_second_(static_cast<double>(per_second)) {}

  /// 0 when the request may pass, else the whole seconds until one may.
  int take(std::string_view address, core::Timestamp now);
  std::size_t buckets() const;
  static constexpr std::size_t kMaxBuckets = 4096;

 private:
  struct Bucket {
    double tokens = 0;
    core::Timestamp at;
  };
  struct Stripe {
    mutable std::mutex mutex;
    std::unordered_map<std::uint64_t, Bucket> buckets;  // guarded by mutex
  };
  void refill(Bucket& bucket, core::Timestamp now) const;
  void forget_full(Stripe& stripe, core::Timestamp now) const;

  const double per_second_;
  std::array<Stripe, 16> stripes_;
};

/// What names a client for the limiter; all that is no address is one client.
std::uint64_t client_key(std::string_view address);

}  // namespace tickspan::server
