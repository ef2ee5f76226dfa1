#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/catalogue.hpp"
#include "core/feed_event.hpp"
#include "feeds/feed.hpp"
#include "feeds/frame_intake.hpp"
#include "feeds/venue_protocol.hpp"
#include "net/http_client.hpp"
#include "net/upstream.hpp"
#include "runtime/clock.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/feed_port.hpp"
#include "runtime/log.hpp"

namespace tickspan::feeds {

inline constexpr runtime::Log kLog{"feeds"};

/// What the connections of one feed share. **Threading**: the feed's loop. **Ownership**: the feed's; outlives them.
struct SessionContext {
  runtime::EventLoop& loop;
  runtime::FeedPort& port;
  const runtime::Clock& clock;
  VenueProtocol& protocol;
  core::VenueId venue;
  core::FeedCounters& counters;
  FrameIntake& intake;
  net::ClientOptions client;
  FrameTap tap;
  core::Duration min_mute_deadline;
  core::Duration pair_patience;
  core::Duration all_refused_pause;
  double time_scale;
  net::UpstreamDesk& upstreams;
  core::Timestamp turned_at = {};  ///< when the loop was seen to turn last
  std::uint64_t next_request_id = 1;
  std::shared_ptr<const core::SymbolTable> symbols;
  std::vector<VenueHost> hosts;

  /// The venue's protocol as it is spoken at this address.
  const VenueProtocol& spoken_at(std::string_view url) const {
    for (const VenueHost& host : hosts) {
      if (host.ws_url == url || host.rest_url == url) return protocol.dialect(host.dialect);
    }
    return protocol;
  }
  core::Duration scaled(core::Duration d) const {
    return core::Duration(static_cast<std::int64_t>(static_cast<double>(d.count()) * time_scale));
  }
  /// The loop does not turn, or has only just begun to again: what it reads now may have waited since then.
  bool held_up(core::Timestamp now) const { return turned_at.is_set() && now - turned_at > std::chrono::seconds(5); }
  const std::string& venue_id() const { return protocol.venue().id; }
  void record(std::string_view kind, std::string_view payload) const {
    if (tap) tap(clock.now(), venue_id(), kind, payload);
  }
};

}  // namespace tickspan::feeds
