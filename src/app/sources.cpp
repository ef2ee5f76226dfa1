// Which sources there are: the one place that names their classes.
#include "app/sources.hpp"

#include <algorithm>

#include "feeds/binance/binance.hpp"
#include "feeds/binance/history.hpp"
#include "feeds/bitstamp/bitstamp.hpp"
#include "feeds/bitstamp/history.hpp"
#include "feeds/bybit/bybit.hpp"
#include "feeds/bybit/history.hpp"
#include "feeds/coinapi/coinapi_feed.hpp"
#include "feeds/coinbase/coinbase.hpp"
#include "feeds/coinbase/history.hpp"
#include "feeds/coingecko/coingecko_feed.hpp"
#include "feeds/exchange_feed.hpp"
#include "feeds/kraken/history.hpp"
#include "feeds/kraken/kraken.hpp"
#include "feeds/okx/history.hpp"
#include "feeds/okx/okx.hpp"

namespace tickspan::app {
namespace {

template <typename Options>
Options common_options(const FeedSurroundings& around, const SourceConfig& source) {
  Options options;
  options.key = source.key;
  options.base_url = source.rest_url;
  options.client = around.client;
  options.tap = around.tap;
  return options;
}

feeds::SourceSurroundings surroundings_of(const FeedSurroundings& around, core::VenueId venue) {
  return {venue, around.loop, around.port, around.clock, around.upstreams};
}

std::unique_ptr<feeds::PolledFeed> make_coingecko(const FeedSurroundings& around, core::VenueId venue,
                                                  const SourceConfig& source, std::size_t tracked) {
  auto options = common_options<feeds::CoinGeckoOptions>(around, source);
  options.plan = feeds::parse_coingecko_plan(source.plan).value_or(feeds::CoinGeckoPlan::keyless);
  options.tracked_assets = tracked;
  return feeds::make_coingecko(surroundings_of(around, venue), std::move(options));
}

std::unique_ptr<feeds::PolledFeed> make_coinapi(const FeedSurroundings& around, core::VenueId venue,
                                                const SourceConfig& source, std::size_t) {
  auto options = common_options<feeds::CoinApiOptions>(around, source);
  options.period = std::chrono::seconds(source.period_s);
  if (!source.assets.empty()) options.assets.clear();
  for (const std::string& text : source.assets) {
    if (auto asset = feeds::parse_coinapi_asset(text)) options.assets.push_back(std::move(*asset));
  }
  return feeds::make_coinapi(surroundings_of(around, venue), std::move(options));
}

const std::vector<AggregatorSource>& aggregator_sources() {
  static const std::vector<AggregatorSource> sources = {
      {"coinapi", feeds::coinapi_venue, make_coinapi, false, false},  // wants a key
      {"coingecko", feeds::coingecko_venue, make_coingecko, true, true},
  };
  return sources;
}

}  // namespace

const std::vector<ExchangeSource>& exchange_sources() {
  static const std::vector<ExchangeSource> sources = {
      {"binance", feeds::make_binance, feeds::make_binance_history},
      {"coinbase", feeds::make_coinbase, feeds::make_coinbase_history},
      {"kraken", feeds::make_kraken, feeds::make_kraken_history},
      {"okx", feeds::make_okx, feeds::make_okx_history},
      {"bybit", feeds::make_bybit, feeds::make_bybit_history},
      {"bitstamp", feeds::make_bitstamp, feeds::make_bitstamp_history},
      {"binance_us", feeds::make_binance_us, feeds::make_binance_us_history, false},
  };
  return sources;
}

const std::vector<std::string>& known_sources() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const ExchangeSource& source : exchange_sources()) out.push_back(source.name);
    for (const AggregatorSource& source : aggregator_sources()) out.push_back(source.name);
    return out;
  }();
  return names;
}

bool on_by_default(const std::string& name) {
  const auto& all = exchange_sources();
  const auto it = std::find_if(all.begin(), all.end(), [&](const ExchangeSource& s) { return s.name == name; });
  return it == all.end() ? aggregator_source(name).by_default : it->by_default;
}

std::unique_ptr<feeds::VenueProtocol> make_protocol(const std::string& name) {
  const auto& all = exchange_sources();
  const auto it = std::find_if(all.begin(), all.end(), [&](const ExchangeSource& s) { return s.name == name; });
  return it == all.end() ? nullptr : it->make();
}

std::vector<feeds::VenueHost> hosts_of(const feeds::VenueProtocol& protocol, const SourceConfig& source) {
  const std::vector<feeds::VenueHost> own = protocol.default_hosts();
  const bool placed = !source.ws_url.empty() || !source.rest_url.empty();
  const bool second = !source.alternate_ws_url.empty() || !source.alternate_rest_url.empty();
  if (!placed && !second) return own;
  const auto at = [](feeds::VenueHost host, const std::string& ws_url, const std::string& rest_url) {
    if (!ws_url.empty()) host.ws_url = ws_url;
    if (!rest_url.empty()) host.rest_url = rest_url;
    return host;
  };
  const auto it = std::find_if(own.begin(), own.end(), [&](const feeds::VenueHost& host) {
    return host.ws_url == source.ws_url || host.rest_url == source.rest_url;
  });
  std::vector<feeds::VenueHost> hosts = {at(it == own.end() ? own.front() : *it, source.ws_url, source.rest_url)};
  if (second)
    hosts.push_back(at(own.size() > 1 ? own[1] : own.front(), source.alternate_ws_url, source.alternate_rest_url));
  return hosts;
}

std::unique_ptr<feeds::Feed> make_exchange_feed(const FeedSurroundings& around,
                                                std::unique_ptr<feeds::VenueProtocol> protocol, core::VenueId venue,
                                                const SourceConfig& source) {
  feeds::ExchangeFeedOptions options;
  options.client = around.client;
  options.tap = around.tap;
  options.upstreams = &around.upstreams;
  options.hosts = hosts_of(*protocol, source);
  return std::make_unique<feeds::ExchangeFeed>(std::move(protocol), venue, around.loop, around.port, around.clock,
                                               std::move(options));
}

net::ClientOptions client_options(const Config& config, const std::string& ca_file) {
  net::ClientOptions options = net::ClientOptions::from_environment();
  if (!config.proxy.empty()) options.proxy_url = config.proxy;
  options.nameservers = config.nameservers;
  options.tls.ca_file = ca_file.empty() ? config.ca_file : ca_file;
  return options;
}

std::optional<PastOfVenue> make_past(const PastSurroundings& around, const SourceConfig& source) {
  const auto& all = exchange_sources();
  const auto it = std::find_if(all.begin(), all.end(), [&](const ExchangeSource& s) { return s.name == source.name; });
  if (it == all.end() || it->make_history == nullptr) return std::nullopt;
  feeds::HistoryFetcherOptions options;
  options.venue = source.name;
  options.share = around.share;
  options.client = around.client;
  options.tap = around.tap;
  const std::unique_ptr<feeds::VenueProtocol> protocol = it->make();
  for (const feeds::VenueHost& host : hosts_of(*protocol, source)) {
    if (std::find(options.rest_urls.begin(), options.rest_urls.end(), host.rest_url) != options.rest_urls.end())
      continue;
    options.rest_urls.push_back(host.rest_url);
    if (!host.dialect.empty()) options.dialects[host.rest_url] = host.dialect;
  }
  PastOfVenue past{source.name, it->make_history(), nullptr};
  past.fetcher = std::make_unique<feeds::HistoryFetcher>(*past.history, around.loop, around.clock, around.upstreams,
                                                         std::move(options));
  return past;
}

const AggregatorSource& aggregator_source(const std::string& name) {
  const auto& all = aggregator_sources();
  return *std::find_if(all.begin(), all.end(), [&](const AggregatorSource& s) { return s.name == name; });
}

bool is_coinapi_asset(const std::string& text) {
  return feeds::parse_coinapi_asset(text).has_value();
}

}  // namespace tickspan::app
