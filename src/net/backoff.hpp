#pragma once

#include <cstdint>
#include <random>

#include "core/time.hpp"

namespace tickspan::net {

struct BackoffOptions {
  core::Duration floor = std::chrono::seconds(1);
  core::Duration ceiling = std::chrono::seconds(60);
  core::Duration reset_after =
      std::chrono::seconds(30);  ///< data must have flowed this long before the delays start over
};

/// How long to wait before the next attempt: exponential with full jitter, so that many clients which lost the same
/// server don't come back at once. The n-th delay is uniform in [floor, min(ceiling, floor * 2^n)].
/// **Threading**: one thread.
class Backoff {
 public:
  /// `seed` 0 takes a random one.
  explicit Backoff(BackoffOptions options = {}, std::uint64_t seed = 0);

  core::Duration next();
  /// Data arrived. A connection that breaks again at once does not reset the delays: only a lasting flow does.
  void on_data(core::Timestamp now);
  /// The flow broke.
  void on_break() { flowing_since_ = {}; }
  void reset() { attempts_ = 0; }
  unsigned attempts() const { return attempts_; }

 private:
  BackoffOptions options_;
  std::mt19937_64 random_;
  unsigned attempts_ = 0;
  core::Timestamp flowing_since_;
};

}  // namespace tickspan::net
