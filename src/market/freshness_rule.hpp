#pragma once

#include <algorithm>

#include "core/freshness.hpp"
#include "core/time.hpp"

// The one place that decides how current a number is. Pure functions of times.

namespace tickspan::market {

inline constexpr core::Duration kLiveFloor = std::chrono::seconds(5);
inline constexpr core::Duration kLiveCeiling = std::chrono::seconds(60);
inline constexpr core::Duration kQuietLimit = std::chrono::minutes(5);
inline constexpr core::Duration kProofOfLife = std::chrono::seconds(10);

/// How old a stream's newest data may be and still be live: min(60 s, max(5 s, 10 times its mean gap)).
constexpr core::Duration live_limit(core::Duration mean_gap) {
  return std::min(kLiveCeiling, std::max(kLiveFloor, 10 * mean_gap));
}

/// What is known of a pushing source's connection.
struct VenuePulse {
  bool connected = false;
  bool mute = false;         ///< the session itself found the connection silent
  core::Timestamp alive_at;  ///< newest bytes of any kind
};

/// Of one stream whose newest data arrived at `as_of`.
constexpr core::Freshness stream_freshness(core::Timestamp as_of, core::Duration mean_gap, const VenuePulse& venue,
                                           core::Timestamp now) {
  if (!as_of.is_set() || !venue.connected) return core::Freshness::down;
  if (venue.mute) return core::Freshness::stale;
  const core::Duration age = now - as_of;
  if (age <= live_limit(mean_gap)) return core::Freshness::live;
  const bool proof = now - venue.alive_at <= kProofOfLife;
  return age <= kQuietLimit && proof ? core::Freshness::quiet : core::Freshness::stale;
}

/// Of a source that is asked every `period`: live for two of them, then stale.
constexpr core::Freshness polled_freshness(core::Timestamp received_at, core::Duration period, core::Timestamp now) {
  if (!received_at.is_set()) return core::Freshness::down;
  return now - received_at <= 2 * period ? core::Freshness::live : core::Freshness::stale;
}

}  // namespace tickspan::market
