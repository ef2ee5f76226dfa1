#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "feeds/feed.hpp"
#include "feeds/history_fetcher.hpp"
#include "feeds/polled_source.hpp"
#include "feeds/venue_protocol.hpp"
#include "net/http_client.hpp"
#include "net/upstream.hpp"
#include "runtime/clock.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/feed_port.hpp"

namespace tickspan::app {

/// An exchange: everything about it is its protocol.
struct ExchangeSource {
  std::string name;
  std::unique_ptr<feeds::VenueProtocol> (*make)();
  std::unique_ptr<feeds::VenueHistory> (*make_history)();  ///< null: the venue has no past to ask for
  bool by_default = true;                                  ///< used unless the configuration says otherwise
};
/// All exchanges. A new one is one line here and one folder in feeds/.
const std::vector<ExchangeSource>& exchange_sources();
std::unique_ptr<feeds::VenueProtocol> make_protocol(const std::string& name);
/// Where an exchange is to be reached: its own hosts, or those that are configured. Of the first one an address may be
/// given alone; the other one is then the venue's own: that of the host whose address was given (and whose dialect is
/// spoken), or the first. The alternate is spoken to as the venue's own second host.
std::vector<feeds::VenueHost> hosts_of(const feeds::VenueProtocol& protocol, const SourceConfig& source);

/// What every feed of one world shares.
struct FeedSurroundings {
  runtime::EventLoop& loop;
  const runtime::Clock& clock;
  runtime::FeedPort& port;
  net::ClientOptions client;
  feeds::FrameTap tap;
  net::UpstreamDesk& upstreams;  ///< what is known of the hosts, and what may be asked of them
};

std::unique_ptr<feeds::Feed> make_exchange_feed(const FeedSurroundings& around,
                                                std::unique_ptr<feeds::VenueProtocol> protocol, core::VenueId venue,
                                                const SourceConfig& source);

/// Connections as the configuration wants them. `ca_file`: instead of the configured one, where it is not empty.
net::ClientOptions client_options(const Config& config, const std::string& ca_file = {});

/// What those share who ask for the past.
struct PastSurroundings {
  runtime::EventLoop& loop;
  const runtime::Clock& clock;
  net::ClientOptions client;
  feeds::FrameTap tap;
  net::UpstreamDesk& upstreams;
  double share = 1;  ///< of the venues' budgets
};

/// An exchange's past, and the one who asks for it.
struct PastOfVenue {
  std::string venue;
  std::unique_ptr<feeds::VenueHistory> history;
  std::unique_ptr<feeds::HistoryFetcher> fetcher;
};
/// Nothing where the venue has none. To be destroyed on the loop, or when that has stopped.
std::optional<PastOfVenue> make_past(const PastSurroundings& around, const SourceConfig& source);

/// A service that tells prices it did not make: one line each, like the exchanges.
struct AggregatorSource {
  std::string name;
  core::Venue (*venue)();
  std::unique_ptr<feeds::PolledFeed> (*make)(const FeedSurroundings& around, core::VenueId venue,
                                             const SourceConfig& source, std::size_t tracked);
  bool by_default;  ///< as with exchanges
  bool for_people;  ///< its charts cost nothing that is short: they are fetched on request, too
};
/// `name` is one of those that are no exchange.
const AggregatorSource& aggregator_source(const std::string& name);

}  // namespace tickspan::app
