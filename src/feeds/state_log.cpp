#include "feeds/state_log.hpp"

#include "runtime/log.hpp"

namespace tickspan::feeds {
namespace {

constexpr runtime::Log kLog{"feeds"};
constexpr std::size_t kMostKnown = 16;

// "cannot resolve a.example: Host not found" is the same trouble at the venue's next host.
std::string kind_of(const std::string& trouble) {
  const auto colon = trouble.rfind(": ");
  return colon == std::string::npos ? trouble : trouble.substr(colon + 2);
}

}  // namespace

void StateLog::changed(core::FeedState state, const std::string& line, const std::string& trouble) {
  const bool bad = state == core::FeedState::stale || state == core::FeedState::backing_off;
  if (bad) {
    in_trouble_ = true;
    if (known_.size() < kMostKnown && known_.insert(kind_of(trouble)).second) {
      kLog.warn("{}", line);
    } else {
      kLog.debug("{}", line);
    }
    return;
  }
  const bool on_the_way = state == core::FeedState::connecting || state == core::FeedState::subscribing;
  if (in_trouble_ && on_the_way) return kLog.debug("{}", line);
  if (state == core::FeedState::live) {
    in_trouble_ = false;
    known_.clear();
  }
  kLog.info("{}", line);
}

}  // namespace tickspan::feeds
