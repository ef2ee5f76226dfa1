#include "sim/simulator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "net/http_server.hpp"
#include "net/url.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "sim/certificate.hpp"
#include "sim/control.hpp"
#include "sim/dns_server.hpp"
#include "sim/listing.hpp"
#include "sim/slow_body.hpp"
#include "sim/venues/binance.hpp"
#include "sim/venues/bitstamp.hpp"
#include "sim/venues/bybit.hpp"
#include "sim/venues/coinapi.hpp"
#include "sim/venues/coinbase.hpp"
#include "sim/venues/coingecko.hpp"
#include "sim/venues/kraken.hpp"
#include "sim/venues/okx.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

inline const runtime::Log kLog{"sim"};
constexpr auto kStep = 20ms;

using MakeVenue = std::unique_ptr<VenueServer> (*)(const VenueContext&, const std::vector<PairMarket>&);

template <typename Server>
std::unique_ptr<VenueServer> make_exchange(const VenueContext& context, const std::vector<PairMarket>& pairs) {
  return std::make_unique<Server>(context, pairs);
}
std::unique_ptr<VenueServer> make_binance_us(const VenueContext& context, const std::vector<PairMarket>& pairs) {
  return std::make_unique<BinanceServer>(context, pairs, "binance_us");
}
template <typename Server>
std::unique_ptr<VenueServer> make_aggregator(const VenueContext& context, const std::vector<PairMarket>&) {
  return std::make_unique<Server>(context);
}

struct Venue {
  std::string_view id;
  MakeVenue make;
  std::string_view alternate_of = {};  ///< it is the second host of that one
};

/// One line for each venue: this is where a new one is added. The order is that of the configuration.
constexpr Venue kVenues[] = {
    {"binance", make_exchange<BinanceServer>},
    {"coinbase", make_exchange<CoinbaseServer>},
    {"coinbase_advanced", make_exchange<CoinbaseAdvancedServer>, "coinbase"},
    {"kraken", make_exchange<KrakenServer>},
    {"okx", make_exchange<OkxServer>},
    {"bybit", make_exchange<BybitServer>},
    {"bitstamp", make_exchange<BitstampServer>},
    {"binance_us", make_binance_us},
    {"coinapi", make_aggregator<CoinApiServer>},
    {"coingecko", make_aggregator<CoinGeckoServer>},
};

const Venue* find_venue(std::string_view id) {
  const auto it = std::find_if(std::begin(kVenues), std::end(kVenues), [&](const Venue& v) { return v.id == id; });
  return it == std::end(kVenues) ? nullptr : it;
}

core::Status check(const SimulatorOptions& options) {
  const auto bad = [](std::string text) { return core::fail(core::ErrorCode::invalid_argument, std::move(text)); };
  if (!(options.speed >= 0.01 && options.speed <= 10'000))
    return bad(fmt::format("speed {}: allowed is 0.01..10000", options.speed));
  if (options.assets < 1 || options.assets > 5000)
    return bad(fmt::format("assets {}: allowed is 1..5000", options.assets));
  if (!(options.trades_per_second > 0 && options.trades_per_second <= 1e6)) {
    return bad(fmt::format("trades per second {}: allowed is above 0, up to 1000000", options.trades_per_second));
  }
  const std::vector<std::string> known = simulated_venues();
  for (const auto& id : options.venues) {
    if (find_venue(id) == nullptr) return bad(fmt::format("venue '{}': there are {}", id, fmt::join(known, ", ")));
  }
  for (const auto& [id, faults] : options.faults) {
    if (find_venue(id) == nullptr)
      return bad(fmt::format("faults of venue '{}': there are {}", id, fmt::join(known, ", ")));
    if (faults.dns != DnsFault::none && !options.dns)
      return bad(fmt::format("{}:dns: there is no name server here; start with --dns", id));
  }
  return {};
}

std::string host_port(std::string host, std::uint16_t port) {
  net::Url url;
  url.host = std::move(host);
  url.port = port;
  return url.host_port();
}

net::HttpResponse with_retry_after(net::HttpResponse response, const VenueFaults& faults) {
  if (faults.retry_after > 0) response.headers.set("Retry-After", std::to_string(faults.retry_after));
  return response;
}

net::HttpResponse refusal_of(unsigned status, const VenueFaults& faults) {
  return with_retry_after(json_response(R"({"code":0,"msg":"refused by the simulator"})", static_cast<int>(status)),
                          faults);
}

RestRequest make_rest_request(const net::HttpRequest& request, std::string_view path, const VenueServer& venue,
                              core::Timestamp now) {
  RestRequest rest;
  rest.path = net::percent_decode(path, false);
  while (rest.path.size() > 1 && rest.path.back() == '/') rest.path.pop_back();
  rest.query = net::parse_query(request.query());
  rest.with_key = request.headers.find("x-cg-demo-api-key") || request.headers.find("x-cg-pro-api-key") ||
                  rest.find("x_cg_demo_api_key") || rest.find("x_cg_pro_api_key") ||
                  request.headers.find("x-coinapi-key") || rest.find("apikey");
  rest.now = now;
  rest.faults = venue.faults();
  rest.frozen_at = venue.frozen_at();
  return rest;
}

}  // namespace

std::vector<std::string> simulated_venues() {
  std::vector<std::string> names;
  for (const Venue& venue : kVenues) names.emplace_back(venue.id);
  return names;
}

struct Simulator::Impl final : net::HttpServer::Handler {
  Impl(SimulatorOptions o, const runtime::Clock& c, runtime::Metrics& m)
      : options(std::move(o)),
        clock(c),
        metrics(m),
        model(options.seed, options.speed, options.assets),
        timer(loop.context()) {}

  core::Status start();
  void stop();
  core::Status listen(const net::HttpServerOptions& http);
  core::Status show(CertificateFault fault);
  std::optional<DnsFault> fault_of(std::string_view name) const;
  std::string told_address() const;
  void schedule();
  VenueServer* find(std::string_view id) const;
  /// Splits `/binance/api/v3/ping` into the venue and the rest of the target.
  VenueServer* route(std::string_view target, std::string_view& rest) const;
  void on_request(net::HttpRequest request, net::HttpServer::Respond respond) override;
  void work_out(VenueServer& venue, RestRequest query, net::HttpServer::Respond respond);
  bool wants_stream(const net::HttpRequest& request) override;
  void on_stream(net::HttpRequest request, std::shared_ptr<net::HttpServer::ResponseStream> stream) override;
  std::shared_ptr<net::WebSocketHandler> on_upgrade(const net::HttpRequest& request,
                                                    net::HttpResponse& refusal) override;
  template <typename F>
  void on_loop(F f) {
    loop.run_and_wait(f);
  }

  SimulatorOptions options;
  const runtime::Clock& clock;
  runtime::Metrics& metrics;
  MarketModel model;
  std::map<std::string, std::vector<PairMarket>> pairs;
  std::vector<std::unique_ptr<VenueServer>> venues;
  std::unique_ptr<ControlPanel> control;
  std::unique_ptr<ThrowAwayCertificate> certificate;
  runtime::EventLoop loop{"sim"};
  runtime::EventLoop rest_loop{"sim-rest"};
  boost::asio::steady_timer timer;
  std::unique_ptr<net::HttpServer> server;
  std::unique_ptr<DnsServer> dns;
  bool running = false;
};

core::Status Simulator::Impl::start() {
  if (auto status = check(options); !status) return status;
  if (options.tls) {
    auto made = ThrowAwayCertificate::create();
    if (!made) return tl::unexpected(made.error());
    certificate = std::move(*made);
  }
  pairs = list_pairs(model, options.venues, options.trades_per_second);
  const VenueContext context{model, clock, metrics};
  for (const auto& id : options.venues) {
    if (find(id) != nullptr) continue;
    venues.push_back(find_venue(id)->make(context, pairs[id]));
    if (const auto it = options.faults.find(id); it != options.faults.end()) venues.back()->set_faults(it->second);
  }
  control = std::make_unique<ControlPanel>(
      model, clock, venues, [this](CertificateFault fault) { return show(fault); }, options.dns);
  net::HttpServerOptions http;
  http.address = options.address;
  http.metric_prefix = "tickspan_sim_server";
  if (certificate) {
    if (auto shown = certificate->show(options.certificate); !shown) return shown;
    http.tls_certificate_file = certificate->shown_file();
    http.tls_key_file = certificate->shown_key_file();
  }
  loop.start();
  rest_loop.start();
  running = true;
  if (auto status = listen(http); !status) {
    stop();
    return status;
  }
  on_loop([this] {
    schedule();
    if (dns) dns->start();
  });
  kLog.info("simulated market on {}:{}, seed {}, speed {}", options.address, server->port(), options.seed,
            options.speed);
  return {};
}

core::Status Simulator::Impl::listen(const net::HttpServerOptions& http) {
  net::HttpServerOptions at = http;
  at.port = options.port;
  // Any free number is to be free for both, and need not be.
  for (int tries = options.dns && options.port == 0 ? 20 : 1;; --tries) {
    if (options.dns) {
      dns = std::make_unique<DnsServer>(loop, [this](std::string_view name) { return fault_of(name); });
      if (auto bound = dns->bind(options.address, options.port, told_address()); !bound) return bound;
      at.port = dns->port();
    }
    server = std::make_unique<net::HttpServer>(loop, at, *this, metrics);
    auto status = server->start();
    if (status || tries == 1) return status;
  }
}

std::optional<DnsFault> Simulator::Impl::fault_of(std::string_view name) const {
  for (const auto& venue : venues) {
    if (dns_name(venue->id()) == name) return venue->faults().dns;
  }
  return {};
}

/// Where clients on this machine reach it.
std::string Simulator::Impl::told_address() const {
  if (options.address == "0.0.0.0") return "127.0.0.1";
  return options.address == "::" ? "::1" : options.address;
}

core::Status Simulator::Impl::show(CertificateFault fault) {
  if (!certificate) return core::fail(core::ErrorCode::invalid_argument, "there is no TLS here; start with --tls");
  if (auto shown = certificate->show(fault); !shown) return shown;
  return server->reload_tls();
}

void Simulator::Impl::schedule() {
  timer.expires_after(kStep);
  timer.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    for (const auto& venue : venues) venue->step(clock.now());
    schedule();
  });
}

void Simulator::Impl::stop() {
  if (!running) return;
  running = false;
  on_loop([this] {
    timer.cancel();
    if (dns) dns->stop();
  });
  rest_loop.stop();  // its answers are posted to the loop, which is still there
  if (server) server->stop(1001, 200ms);
  loop.stop();
  server.reset();
}

VenueServer* Simulator::Impl::find(std::string_view id) const {
  const auto it = std::find_if(venues.begin(), venues.end(), [&](const auto& venue) { return venue->id() == id; });
  return it == venues.end() ? nullptr : it->get();
}

VenueServer* Simulator::Impl::route(std::string_view target, std::string_view& rest) const {
  if (target.empty() || target.front() != '/') return nullptr;
  target.remove_prefix(1);
  const auto end = std::min(target.find_first_of("/?"), target.size());
  rest = target.substr(end);
  return find(target.substr(0, end));
}

void Simulator::Impl::on_request(net::HttpRequest request, net::HttpServer::Respond respond) {
  const std::string_view path = request.path();
  if (path == "/control" || path.starts_with("/control/")) return respond(control->answer(request));
  std::string_view rest;
  VenueServer* venue = route(path, rest);
  if (venue == nullptr) return respond(json_response(R"({"error":"no such venue"})", 404));
  const VenueFaults& faults = venue->faults();
  const unsigned refuse = faults.maintenance ? 503 : faults.rest_status;
  if (refuse != 0) return respond(refusal_of(refuse, faults));
  RestRequest query = make_rest_request(request, rest, *venue, clock.now());
  if (faults.rate_limit) {
    if (auto refused = venue->over_budget(query)) return respond(std::move(*refused));
  }
  work_out(*venue, std::move(query), std::move(respond));
}

// Candles can take a while; the sockets of the other venues must not feel it.
void Simulator::Impl::work_out(VenueServer& venue, RestRequest query, net::HttpServer::Respond respond) {
  const std::chrono::milliseconds delay(venue.faults().rest_delay_ms);
  const bool truncated = venue.faults().rest_truncated;
  rest_loop.post([this, &venue, delay, truncated, query = std::move(query), respond = std::move(respond)] {
    auto response = std::make_shared<net::HttpResponse>(venue.rest(query));
    if (truncated) response->body.resize(response->body.size() / 2);
    loop.post([this, delay, respond, response] {
      if (delay == 0ms) return respond(std::move(*response));
      auto late = std::make_shared<boost::asio::steady_timer>(loop.context(), delay);
      late->async_wait([late, respond, response](const boost::system::error_code&) { respond(std::move(*response)); });
    });
  });
}

bool Simulator::Impl::wants_stream(const net::HttpRequest& request) {
  std::string_view rest;
  const VenueServer* venue = route(request.path(), rest);
  return venue != nullptr && venue->faults().rest_body_s > 0;
}

void Simulator::Impl::on_stream(net::HttpRequest request, std::shared_ptr<net::HttpServer::ResponseStream> stream) {
  std::string_view rest;
  const std::chrono::seconds time(route(request.path(), rest)->faults().rest_body_s);
  stream->waits = true;  // for what it is an answer of
  auto body = std::make_shared<SlowBody>(loop.context(), std::move(stream));
  on_request(std::move(request), [body, time](net::HttpResponse response) { body->send(std::move(response), time); });
}

std::shared_ptr<net::WebSocketHandler> Simulator::Impl::on_upgrade(const net::HttpRequest& request,
                                                                   net::HttpResponse& refusal) {
  std::string_view rest;
  VenueServer* venue = route(request.target, rest);
  if (venue == nullptr) {
    refusal = json_response(R"({"error":"no such venue"})", 404);
    return nullptr;
  }
  if (const unsigned status = venue->faults().refuse_status; status != 0) {
    refusal = refusal_of(status, venue->faults());
    return nullptr;
  }
  return venue->accept(request, rest, refusal);
}

Simulator::Simulator(SimulatorOptions options, const runtime::Clock& clock, runtime::Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(options), clock, metrics)) {}

Simulator::~Simulator() {
  stop();
}

core::Status Simulator::start() {
  return impl_->start();
}
void Simulator::stop() {
  impl_->stop();
}
std::uint16_t Simulator::port() const {
  return impl_->server ? impl_->server->port() : 0;
}
std::string Simulator::certificate_file() const {
  return impl_->certificate ? impl_->certificate->certificate_file() : std::string();
}

std::string Simulator::nameserver() const {
  return impl_->options.dns ? host_port(impl_->told_address(), port()) : std::string();
}

std::vector<SimulatedHost> Simulator::hosts() const {
  const bool tls = impl_->options.tls;
  const auto place = [&](const VenueServer& venue) {
    return host_port(impl_->options.dns ? dns_name(venue.id()) : impl_->told_address(), port());
  };
  std::vector<SimulatedHost> hosts;
  const auto ws_url = [&](const VenueServer& venue) {
    const bool exchange = !pairs(venue.id()).empty();
    return exchange ? fmt::format("{}://{}/{}", tls ? "wss" : "ws", place(venue), venue.id()) : std::string();
  };
  const auto rest_url = [&](const VenueServer& venue) {
    return fmt::format("{}://{}/{}{}", tls ? "https" : "http", place(venue), venue.id(), venue.rest_root());
  };
  for (const auto& venue : impl_->venues) {
    if (!find_venue(venue->id())->alternate_of.empty()) continue;
    SimulatedHost& host = hosts.emplace_back(SimulatedHost{venue->id(), ws_url(*venue), rest_url(*venue), {}, {}});
    for (const auto& other : impl_->venues) {
      if (find_venue(other->id())->alternate_of != venue->id()) continue;
      host.alternate_ws_url = ws_url(*other);
      host.alternate_rest_url = rest_url(*other);
    }
  }
  return hosts;
}

const MarketModel& Simulator::market() const {
  return impl_->model;
}

const std::vector<PairMarket>& Simulator::pairs(const std::string& venue) const {
  static const std::vector<PairMarket> kNone;
  const auto it = impl_->pairs.find(venue);
  return it == impl_->pairs.end() ? kNone : it->second;
}

void Simulator::set_faults(const std::string& venue, const VenueFaults& faults) {
  impl_->on_loop([&] {
    if (VenueServer* found = impl_->find(venue)) found->set_faults(faults);
  });
}

void Simulator::drop_connections(const std::string& venue) {
  impl_->on_loop([&] {
    if (VenueServer* found = impl_->find(venue)) found->drop_connections();
  });
}

std::uint64_t Simulator::trades_sent(const std::string& venue) const {
  std::uint64_t trades = 0;
  impl_->on_loop([&] {
    if (const VenueServer* found = impl_->find(venue)) trades = found->totals().trades;
  });
  return trades;
}

std::size_t Simulator::sockets(const std::string& venue) const {
  std::size_t sockets = 0;
  impl_->on_loop([&] {
    if (const VenueServer* found = impl_->find(venue)) sockets = found->totals().sockets;
  });
  return sockets;
}

}  // namespace tickspan::sim
