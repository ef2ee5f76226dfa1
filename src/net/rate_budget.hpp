#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/time.hpp"
#include "net/call_budget.hpp"
#include "runtime/clock.hpp"

namespace tickspan::net {

/// What we allow ourselves to ask of a peer: a token bucket per key (a host, or a host and an API key's name), stopped
/// for as long as the peer asked by Retry-After or a reset header.
/// **Threading**: one thread. **Limits**: keys are those of the configuration, never of outside input.
class RateBudget {
 public:
  explicit RateBudget(const runtime::Clock& clock) : clock_(clock) {}

  void set_limit(std::string key, RateLimit limit);
  /// Takes `cost` calls if the key isn't paused and at least `reserve` remain for more important ones. A key without a
  /// limit is never refused for want of tokens.
  bool try_take(std::string_view key, double cost = 1, double reserve = 0);
  /// How long until try_take with the same figures would succeed, if nobody else takes any. 0: now.
  core::Duration wait(std::string_view key, double cost = 1, double reserve = 0) const;
  /// No calls for this long. A shorter pause never shortens a longer one.
  void pause(std::string_view key, core::Duration for_this_long);

 private:
  struct Bucket {
    RateLimit limit;
    bool limited = false;
    double tokens = 0;
    core::Timestamp filled_at;
    core::Timestamp paused_until;
  };
  static double tokens_at(const Bucket& bucket, core::Timestamp now);

  const runtime::Clock& clock_;
  std::map<std::string, Bucket, std::less<>> buckets_;
};

}  // namespace tickspan::net
