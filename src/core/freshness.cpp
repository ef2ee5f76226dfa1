#include "core/freshness.hpp"

namespace tickspan::core {

std::string_view to_string(Freshness state) noexcept {
  switch (state) {
    case Freshness::live:
      return "live";
    case Freshness::quiet:
      return "quiet";
    case Freshness::stale:
      return "stale";
    case Freshness::down:
      return "down";
  }
  return "down";
}

std::string_view to_string(Origin origin) noexcept {
  switch (origin) {
    case Origin::real:
      return "real";
    case Origin::simulated:
      return "simulated";
    case Origin::replay:
      return "replay";
  }
  return "real";
}

std::string_view to_string(FeedState state) noexcept {
  switch (state) {
    case FeedState::idle:
      return "idle";
    case FeedState::connecting:
      return "connecting";
    case FeedState::subscribing:
      return "subscribing";
    case FeedState::live:
      return "live";
    case FeedState::stale:
      return "stale";
    case FeedState::backing_off:
      return "backing_off";
    case FeedState::stopped:
      return "stopped";
  }
  return "stopped";
}

}  // namespace tickspan::core
