#include "sim/control.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sim/text.hpp"

namespace tickspan::sim {
namespace {

constexpr std::size_t kMaxTrades = 100'000;

net::HttpResponse error(int status, std::string_view text) {
  return json_response(fmt::format(R"({{"error":"{}"}})", json_text(text)), status);
}

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.") ||
         address == "localhost";
}

std::string parameter(const net::HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : net::parse_query(request.query())) {
    if (key == name) return value;
  }
  return {};
}

/// Unix milliseconds; `fallback` when absent, nothing when it is no number.
std::optional<core::Timestamp> moment(const net::HttpRequest& request, std::string_view name,
                                      core::Timestamp fallback) {
  const std::string text = parameter(request, name);
  if (text.empty()) return fallback;
  std::int64_t ms = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (code != std::errc{} || end != text.data() + text.size() || ms < 0 || ms > 4'000'000'000'000) return {};
  return core::Timestamp::from_ms(ms);
}

std::string faults_json(const VenueFaults& faults) {
  std::string out;
  for (const FaultControl& control : fault_controls()) {
    out += fmt::format("{}\"{}\":{}", out.empty() ? "" : ",", control.name, control.get(faults));
  }
  return "{" + out + "}";
}

std::string venue_json(const VenueServer& venue) {
  const auto totals = venue.totals();
  return fmt::format(R"({{"faults":{},"sockets":{},"messages":{},"trades":{},"refused":{}}})",
                     faults_json(venue.faults()), totals.sockets, totals.messages, totals.trades, totals.refused);
}

}  // namespace

VenueServer* ControlPanel::find(std::string_view id) {
  const auto it = std::find_if(venues_.begin(), venues_.end(), [&](const auto& venue) { return venue->id() == id; });
  return it == venues_.end() ? nullptr : it->get();
}

net::HttpResponse ControlPanel::answer(const net::HttpRequest& request) {
  if (!is_loopback(request.remote_address)) return error(403, "for callers on this machine only");
  std::string_view path = request.path();
  path.remove_prefix(std::min(path.size(), std::string_view("/control").size()));
  if (path.empty() || path == "/") return overview();
  if (path == "/price") return true_price(request);
  if (path == "/trades") return true_trades(request);
  if (path == "/tls") return change_certificate(request);
  path.remove_prefix(1);
  const auto slash = std::min(path.find('/'), path.size());
  VenueServer* venue = find(path.substr(0, slash));
  if (venue == nullptr) return error(404, fmt::format("no venue '{}'", path.substr(0, slash)));
  const std::string_view action = slash < path.size() ? path.substr(slash + 1) : std::string_view();
  if (action.empty() && request.method == "GET") return json_response(venue_json(*venue));
  if (request.method != "POST") return error(405, "changes go by POST");
  return change(*venue, action, request);
}

net::HttpResponse ControlPanel::overview() const {
  std::string venues;
  for (const auto& venue : venues_)
    venues += fmt::format("{}\"{}\":{}", venues.empty() ? "" : ",", venue->id(), venue_json(*venue));
  return json_response(fmt::format(R"({{"seed":{},"speed":{},"coins":{},"now_ms":{},"venues":{{{}}}}})", model_.seed(),
                                   model_.speed(), model_.coin_count(), clock_.now().ms(), venues));
}

net::HttpResponse ControlPanel::true_price(const net::HttpRequest& request) const {
  const std::string id = parameter(request, "asset");
  const auto asset = model_.find_id(id);
  const auto at = moment(request, "at", clock_.now());
  if (!asset) return error(404, fmt::format("no asset '{}'", id));
  if (!at) return error(400, "at: Unix milliseconds");
  return json_response(
      fmt::format(R"({{"asset":"{}","at":{},"usd":{}}})", id, at->ms(), model_.true_price(*asset, *at)));
}

net::HttpResponse ControlPanel::true_trades(const net::HttpRequest& request) {
  const auto* exchange = dynamic_cast<ExchangeServer*>(find(parameter(request, "venue")));
  const auto to = moment(request, "to", clock_.now());
  const auto from = moment(request, "from", clock_.now() - std::chrono::minutes(1));
  if (exchange == nullptr) return error(404, "venue: an exchange");
  if (!from || !to) return error(400, "from, to: Unix milliseconds");
  const std::string name = upper(parameter(request, "pair"));
  const PairMarket* const pair = exchange->named(name);
  if (pair == nullptr) return error(404, fmt::format("no pair '{}'", name));
  std::string rows;
  std::size_t count = 0;
  for (TradeWalk walk(*pair, pair->first_trade_at(*from)); walk.time() < *to && count < kMaxTrades;
       walk.next(), ++count) {
    const SimTrade t = walk.trade();
    rows += fmt::format(R"({}{{"id":{},"time_ns":{},"price":"{}","amount":"{}","side":"{}"}})", rows.empty() ? "" : ",",
                        t.id, t.time.ns, t.price.to_string(), t.amount.to_string(), t.taker_buys ? "buy" : "sell");
  }
  return json_response("[" + rows + "]");
}

net::HttpResponse ControlPanel::change_certificate(const net::HttpRequest& request) {
  if (request.method != "POST") return error(405, "changes go by POST");
  const std::string name = parameter(request, "certificate");
  const auto fault = parse_certificate_fault(name);
  if (!fault) return error(400, fmt::format("certificate={}: allowed is {}", name, kCertificateFaults));
  if (const auto shown = show_(*fault); !shown) return error(400, shown.error().context);
  return json_response(fmt::format(R"({{"certificate":"{}"}})", name));
}

net::HttpResponse ControlPanel::change(VenueServer& venue, std::string_view action, const net::HttpRequest& request) {
  if (action == "drop") {
    const std::string pair = upper(parameter(request, "pair"));
    if (!venue.drop_connections(pair)) return error(404, fmt::format("no pair '{}'", pair));
  } else if (action == "reset") {
    venue.set_faults({});
  } else if (action.empty()) {
    VenueFaults faults = venue.faults();
    for (const auto& [name, value] : net::parse_query(request.query())) {
      if (const auto status = set_fault(faults, name, value); !status) return error(400, status.error().context);
    }
    if (faults.dns != DnsFault::none && !named_) return error(400, "there is no name server here; start with --dns");
    venue.set_faults(faults);
  } else {
    return error(404, fmt::format("no action '{}'; there are drop, reset", action));
  }
  return json_response(venue_json(venue));
}

}  // namespace tickspan::sim
