#pragma once

#include <cstdint>
#include <string_view>

#include "core/time.hpp"

namespace tickspan::core {

/// How far a number can be trusted to be current. Ordered: a larger value is worse.
enum class Freshness : std::uint8_t {
  live,   ///< no older than min(60 s, max(5 s, 10 times the stream's mean gap))
  quiet,  ///< older, up to 5 minutes, with proof that the connection lives
  stale,  ///< older than that, or no proof
  down,   ///< the source is not connected, or never sent anything
};
std::string_view to_string(Freshness state) noexcept;
constexpr Freshness worst(Freshness a, Freshness b) {
  return a < b ? b : a;
}

/// Where numbers come from. One running pipeline has exactly one origin.
enum class Origin : std::uint8_t { real, simulated, replay };
std::string_view to_string(Origin origin) noexcept;

/// Life of a source's connection, as its session reports it.
enum class FeedState : std::uint8_t { idle, connecting, subscribing, live, stale, backing_off, stopped };
std::string_view to_string(FeedState state) noexcept;

}  // namespace tickspan::core
