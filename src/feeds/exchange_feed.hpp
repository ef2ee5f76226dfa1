#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/time.hpp"
#include "feeds/feed.hpp"
#include "feeds/venue_protocol.hpp"
#include "net/http_client.hpp"
#include "net/upstream.hpp"
#include "runtime/clock.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/feed_port.hpp"

namespace tickspan::feeds {

struct ExchangeFeedOptions {
  std::vector<VenueHost> hosts;  ///< instead of the venue's own
  net::ClientOptions client;
  net::UpstreamDesk* upstreams = nullptr;  ///< shared with who else asks the venue; null: one of its own
  FrameTap tap;                            ///< sees raw frames, on the feed's thread; may be empty
  std::uint64_t seed = 0;                  ///< of the jitter; 0: a random one
  core::Duration symbol_refresh = std::chrono::hours(24);       ///< how often the venue's list of pairs is asked for
  core::Duration all_refused_pause = std::chrono::minutes(30);  ///< when every host refused for good
  core::Duration min_mute_deadline = std::chrono::seconds(5);
  core::Duration pair_patience =
      std::chrono::minutes(1);  ///< with one pair's silence while others are heard: PairWatch
  /// Every delay and deadline is multiplied by it: tests run the same session in a hundredth of the time.
  double time_scale = 1;
};

/// The session of one exchange, the same for all: asks for its pairs, listens to those it is told to over as many
/// connections as the venue's limits need, decodes into the port, and keeps coming back.
///
/// Reports by events: SymbolList (at the start and daily), FeedStatus at each change of state, FeedAlive at most once a
/// second, FeedLoss for each interval in which a connection was not heard, LinkHeard for pairs that are silent by
/// themselves, or with one of several connections.
/// **Threading**: as Feed says; the port's producer is the loop's thread.
/// **Ownership**: owns protocol and connections; loop, port and clock must outlive it. Stops itself when destroyed.
/// **Limits**: those of VenueProtocol::limits(); one frame of at most 16 MiB; a symbol list of at most 64 MiB.
class ExchangeFeed final : public Feed {
 public:
  ExchangeFeed(std::unique_ptr<VenueProtocol> protocol, core::VenueId venue, runtime::EventLoop& loop,
               runtime::FeedPort& port, const runtime::Clock& clock, ExchangeFeedOptions options);
  ~ExchangeFeed() override;

  core::VenueId venue() const override;
  void start() override;
  void stop() override;
  void set_symbols(std::shared_ptr<const core::SymbolTable> symbols) override;
  void know_trade(core::InstrumentId instrument, std::uint64_t id, core::Timestamp at) override;
  const core::FeedCounters& counters() const override;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tickspan::feeds
