#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "sim/text.hpp"
#include "sim/venues/coinbase.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxCandles = 300;

net::HttpResponse message(std::string_view text, int status) {
  return json_response(fmt::format(R"({{"message":"{}"}})", json_text(text)), status);
}

/// RFC 3339 or epoch seconds.
std::optional<core::Timestamp> parse_time(const std::string& text) {
  if (const auto time = core::parse_rfc3339(text)) return time;
  const auto number = core::Decimal::parse(text);
  if (!number || !number->is_positive() || number->to_double() > 4e9) return {};
  return core::Timestamp::from_s(static_cast<std::int64_t>(number->to_double()));
}

std::string increment(int places) {
  return trimmed(core::Decimal{1, static_cast<std::int8_t>(-places)});
}

}  // namespace

std::optional<net::HttpResponse> CoinbaseServer::over_budget(const RestRequest& request) {
  const int wait = budget_.take(request.now);
  if (wait == 0) return {};
  auto response = message("Public rate limit exceeded", 429);
  response.headers.set("Retry-After", std::to_string(wait));
  return response;
}

net::HttpResponse CoinbaseServer::rest(const RestRequest& request) {
  constexpr std::string_view kProducts = "/products";
  if (advanced_) return rest_advanced(request, request.path);
  if (request.path == "/time") {
    return json_response(fmt::format(R"({{"iso":"{}","epoch":{}.{:03}}})", core::to_rfc3339(request.now),
                                     request.now.seconds(), request.now.ms() % 1000));
  }
  if (!request.path.starts_with(kProducts)) return message("NotFound", 404);
  std::string_view rest = std::string_view(request.path).substr(kProducts.size());
  if (rest.empty()) {
    std::string body = "[";
    for (std::size_t i = 0; i < pairs().size(); ++i) body += (i == 0 ? "" : ",") + product_info(i);
    return json_response(body + "]");
  }
  rest.remove_prefix(1);
  const auto slash = std::min(rest.find('/'), rest.size());
  const auto pair = find_pair(rest.substr(0, slash));
  const std::string_view part = rest.substr(slash);
  if (!pair) return message("NotFound", 404);
  if (part.empty()) return json_response(product_info(*pair));
  if (part == "/ticker") return product_ticker(request, *pair);
  if (part == "/stats") return product_stats(request, *pair);
  if (part == "/candles") return candles(request, *pair);
  if (part == "/trades") return trades(request, *pair);
  return message("NotFound", 404);
}

std::string CoinbaseServer::product_info(std::size_t pair) const {
  const PairSpec& spec = pairs()[pair].spec();
  return fmt::format(
      R"({{"id":"{0}","base_currency":"{1}","quote_currency":"{2}","quote_increment":"{3}","base_increment":"{4}",)"
      R"("display_name":"{1}/{2}","min_market_funds":"1","margin_enabled":false,"post_only":false,"limit_only":false,)"
      R"("cancel_only":false,"status":"online","status_message":"","trading_disabled":false,"fx_stablecoin":{5},)"
      R"("max_slippage_percentage":"0.02000000","auction_mode":false,"high_bid_limit_percentage":""}})",
      product(pair), spec.base_code, spec.quote_code, increment(spec.price_decimals), increment(spec.lot_decimals),
      context_.model.asset(spec.base).kind == core::AssetKind::stablecoin ? "true" : "false");
}

net::HttpResponse CoinbaseServer::product_ticker(const RestRequest& request, std::size_t pair) const {
  const PairMarket& market = pairs()[pair];
  const SimTrade last = market.trade(market.first_trade_at(request.now) - 1);
  const SimQuote q = market.quote(request.now);
  const int places = market.spec().price_decimals;
  const double day = market.spec().trades_per_second * context_.model.speed() * 86'400 * market.mean_lots(request.now) *
                     std::pow(10.0, -market.spec().lot_decimals);
  return json_response(fmt::format(
      R"({{"ask":"{}","bid":"{}","volume":"{}","trade_id":{},"price":"{}","size":"{}","time":"{}","rfq_volume":"0"}})",
      fixed(q.ask, places), fixed(q.bid, places), fixed(day, 8), last.id, trimmed(last.price), trimmed(last.amount),
      time_us(last.time)));
}

net::HttpResponse CoinbaseServer::product_stats(const RestRequest& request, std::size_t pair) {
  const SimStats& s = rest_stats_.get(pair, pairs()[pair], request.now);
  return json_response(fmt::format(
      R"({{"open":"{}","high":"{}","low":"{}","last":"{}","volume":"{}","volume_30day":"{}","rfq_volume_24hour":"0","rfq_volume_30day":"0"}})",
      trimmed(s.open), trimmed(s.high), trimmed(s.low), trimmed(s.last), fixed(s.volume, 8), fixed(s.volume * 30, 8)));
}

net::HttpResponse CoinbaseServer::candles(const RestRequest& request, std::size_t pair) const {
  constexpr std::int64_t kWidths[] = {60, 300, 900, 3600, 21'600, 86'400};
  const auto seconds = request.integer("granularity", 60, 1, 1'000'000);
  if (!seconds || std::find(std::begin(kWidths), std::end(kWidths), *seconds) == std::end(kWidths)) {
    return message("Unsupported granularity", 400);
  }
  const core::Duration width = std::chrono::seconds(*seconds);
  core::Timestamp to = request.now;
  core::Timestamp from = to.floor_to(width) - width * (static_cast<std::int64_t>(kMaxCandles) - 1);
  const auto start = request.find("start");
  const auto end = request.find("end");
  if (start && end) {  // only honoured together
    const auto first = parse_time(*start);
    const auto last = parse_time(*end);
    if (!first || !last || *last < *first) return message("Invalid start or end", 400);
    if ((*last - *first) / width > static_cast<std::int64_t>(kMaxCandles)) {
      return message("granularity too small for the requested time range. Count of aggregations requested exceeds 300",
                     400);
    }
    from = first->floor_to(width);
    to = *last + core::Duration(1);
  }
  const auto list = make_candles(pairs()[pair], from, to, width, request.now, kMaxCandles);
  const auto exponent = static_cast<std::int8_t>(-pairs()[pair].spec().lot_decimals);
  std::string body = "[";
  for (auto it = list.rbegin(); it != list.rend(); ++it) {
    if (it->trades == 0) continue;  // empty ones are left out
    if (body.size() > 1) body += ',';
    body += fmt::format("[{},{},{},{},{},{}]", it->start.seconds(), trimmed(it->low), trimmed(it->high),
                        trimmed(it->open), trimmed(it->close), trimmed(core::Decimal{it->volume, exponent}));
  }
  return json_response(body + "]");
}

net::HttpResponse CoinbaseServer::trades(const RestRequest& request, std::size_t pair) const {
  const auto limit = request.integer("limit", 1000, 1, 1000);
  const auto after = request.integer("after", 0, 1, std::int64_t{1} << 53);
  const auto before = request.integer("before", 0, 1, std::int64_t{1} << 53);
  if (!limit || !after || !before) return message("Invalid limit, after or before", 400);
  const PairMarket& market = pairs()[pair];
  std::uint64_t end = market.first_trade_at(request.now);
  if (*after > 0) end = std::min(end, static_cast<std::uint64_t>(*after));  // older than this
  std::uint64_t first = end - std::min(end - 1, static_cast<std::uint64_t>(*limit));
  first = std::max(first, static_cast<std::uint64_t>(*before) + 1);  // newer than this
  std::vector<std::string> rows;
  if (first < end) {
    for (TradeWalk walk(market, first); walk.id() < end; walk.next()) {
      const SimTrade t = walk.trade();
      rows.push_back(fmt::format(R"({{"trade_id":{},"side":"{}","size":"{}","price":"{}","time":"{}"}})", t.id,
                                 t.taker_buys ? "sell" : "buy", trimmed(t.amount), trimmed(t.price), time_us(t.time)));
    }
  }
  std::reverse(rows.begin(), rows.end());
  auto response = json_response(fmt::format("[{}]", fmt::join(rows, ",")));
  if (!rows.empty()) {
    response.headers.set("CB-BEFORE", std::to_string(end - 1));
    response.headers.set("CB-AFTER", std::to_string(first));
  }
  return response;
}

}  // namespace tickspan::sim
