#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/time.hpp"
#include "net/quota.hpp"
#include "runtime/clock.hpp"

namespace tickspan::net {

/// Why a peer is called, the most important first.
enum class CallClass : std::uint8_t {
  live,      ///< what prices live on: polls, lists of pairs
  chart,     ///< somebody waits for it
  repair,    ///< a hole is filled
  backfill,  ///< the past, as deep as anybody likes
};
inline constexpr std::size_t kCallClasses = 4;
std::string_view to_string(CallClass call) noexcept;

struct RateLimit {
  double per_minute = 60;
  double burst = 1;  ///< calls that may come at once after a rest
};

/// What we allow ourselves to ask of a peer: a token bucket, narrowed by what the peer says is left, stopped for as
/// long as it asks. Without a limit only the peer's own word counts.
///
/// The less important a call, the more it leaves: repair a tenth and backfill three tenths of the burst, a fifth and
/// half of the peer's quota. Who is refused is remembered until the moment it was told to come back, and nothing less
/// important takes its place meanwhile; so even with a burst of one a backfill delays a live call by no more than the
/// call that is under way.
/// **Threading**: one thread.
class CallBudget {
 public:
  explicit CallBudget(const runtime::Clock& clock) : clock_(clock) {}

  /// The narrower of this and what was set before. A new one begins with its whole burst.
  void set_limit(RateLimit limit);
  /// The length of the peer's window, where its headers don't tell and it is long: a day's credits last the day.
  void set_quota_window(core::Duration window) { quota_window_ = window; }
  /// Takes `cost` calls if that leaves enough for what is more important.
  bool try_take(CallClass call, double cost = 1);
  /// How long until try_take() with the same figures would succeed, if nobody else takes any. 0: now.
  core::Duration wait(CallClass call, double cost = 1) const;
  /// No calls for this long. A shorter pause never shortens a longer one.
  void pause(core::Duration for_this_long);
  /// Live calls that are to come: until then others may use what will have filled up again by that time.
  void expect(double cost, core::Timestamp due);
  /// What the peer said with an answer.
  void learn(const Quota& quota);

  bool limited() const { return limited_; }
  const RateLimit& limit() const { return limit_; }
  double available() const;                                       ///< calls that a live user could make now
  core::Timestamp paused_until() const { return paused_until_; }  ///< may have passed
  /// As last heard, less what was taken since; nothing once it has lapsed.
  std::optional<Quota> quota() const;

 private:
  /// One that was refused and will be back.
  struct Claim {
    double cost = 0;
    core::Timestamp until;
  };
  double tokens(core::Timestamp now) const;
  double rate(core::Timestamp now) const;
  double reserved(CallClass call, double cost, core::Timestamp now) const;
  double spare_quota(CallClass call) const;
  bool quota_holds(core::Timestamp now) const { return quota_ && now < quota_until_; }
  void settle(core::Timestamp now);

  const runtime::Clock& clock_;
  RateLimit limit_;
  bool limited_ = false;
  double tokens_ = 0;
  core::Timestamp filled_at_;
  core::Timestamp paused_until_;
  double expected_ = 0;
  core::Timestamp expected_at_;
  std::optional<Quota> quota_;
  core::Timestamp quota_until_;
  core::Duration quota_window_{};
  std::array<Claim, kCallClasses> claims_;
};

}  // namespace tickspan::net
