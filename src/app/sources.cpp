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

constexpr const char* kCoinApi = "coinapi";

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
    out.emplace_back(kCoinApi);
    out.emplace_back("coingecko");
    return out;
  }();
  return names;
}

bool on_by_default(const std::string& name) {
  const auto& all = exchange_sources();
  const auto it = std::find_if(all.begin(), all.end(), [&](const ExchangeSource& s) { return s.name == name; });
  return it == all.end() ? name != kCoinApi : it->by_default;  // which wants a key
}

std::unique_ptr<feeds::VenueProtocol> make_protocol(const std::string& name) {
  const auto& all = exchange_sources();
  const auto it = std::find_if(all.begin(), all.end(), [&](const ExchangeSource& s) { return s.name == name; });
  return it == all.end() ? nullptr : it->make();
}

std::vector<feeds::VenueHost> hosts_of(const feeds::VenueProtocol& protocol, const SourceConfig& source) {
  const std::vector<feeds::VenueHost> all = protocol.default_hosts();
  if (source.ws_url.empty() && source.rest_url.empty()) return all;
  const auto it = std::find_if(all.begin(), all.end(), [&](const feeds::VenueHost& host) {
    return host.ws_url == source.ws_url || host.rest_url == source.rest_url;
  });
  feeds::VenueHost host = it == all.end() ? all.front() : *it;
  if (!source.ws_url.empty()) host.ws_url = source.ws_url;
  if (!source.rest_url.empty()) host.rest_url = source.rest_url;
  return {host};
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

namespace {

AggregatorFeed make_coingecko_feed(const FeedSurroundings& around, core::VenueId venue, const SourceConfig& source,
                                   std::size_t tracked) {
  feeds::CoinGeckoOptions options;
  options.plan = feeds::parse_coingecko_plan(source.plan).value_or(feeds::CoinGeckoPlan::keyless);
  options.key = source.key;
  options.base_url = source.rest_url;
  options.tracked_assets = tracked;
  options.client = around.client;
  options.upstreams = &around.upstreams;
  options.tap = around.tap;
  auto feed = std::make_unique<feeds::CoinGeckoFeed>(venue, around.loop, around.port, around.clock, std::move(options));
  feeds::ChartSource* charts = feed.get();
  return {std::move(feed), charts, true};
}

AggregatorFeed make_coinapi_feed(const FeedSurroundings& around, core::VenueId venue, const SourceConfig& source) {
  feeds::CoinApiOptions options;
  options.key = source.key;
  options.base_url = source.rest_url;
  options.period = std::chrono::seconds(source.period_s);
  if (!source.assets.empty()) options.assets.clear();
  for (const std::string& text : source.assets) {
    if (auto asset = feeds::parse_coinapi_asset(text)) options.assets.push_back(std::move(*asset));
  }
  options.client = around.client;
  options.tap = around.tap;
  auto feed = std::make_unique<feeds::CoinApiFeed>(venue, around.loop, around.port, around.clock, around.upstreams,
                                                   std::move(options));
  feeds::ChartSource* charts = feed.get();
  return {std::move(feed), charts};
}

}  // namespace

core::Venue aggregator_venue(const SourceConfig& source) {
  return source.name == kCoinApi ? feeds::coinapi_venue() : feeds::coingecko_venue();
}

AggregatorFeed make_aggregator_feed(const FeedSurroundings& around, core::VenueId venue, const SourceConfig& source,
                                    std::size_t tracked) {
  return source.name == kCoinApi ? make_coinapi_feed(around, venue, source)
                                 : make_coingecko_feed(around, venue, source, tracked);
}

bool is_coinapi_asset(const std::string& text) {
  return feeds::parse_coinapi_asset(text).has_value();
}

}  // namespace tickspan::app
