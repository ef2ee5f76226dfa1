#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "sim/text.hpp"
#include "sim/venues/bitstamp.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kFarSeconds = 9'000'000'000;  // the year 2255: what nanoseconds can hold

net::HttpResponse error(std::string_view code, std::string_view reason, int status) {
  return json_response(fmt::format(R"({{"status":"error","reason":"{}","code":"{}"}})", json_text(reason), code),
                       status);
}

}  // namespace

std::optional<net::HttpResponse> BitstampServer::over_budget(const RestRequest& request) {
  if (budget_.take(request.now) == 0) return {};
  return error("400.002", "Request rate limit exceeded.", 429);
}

net::HttpResponse BitstampServer::rest(const RestRequest& request) {
  constexpr std::string_view kBase = "/api/v2/";
  if (!request.path.starts_with(kBase)) return error("404.001", "Not found.", 404);
  const std::string_view path = std::string_view(request.path).substr(kBase.size());
  if (path == "markets" || path == "trading-pairs-info") return markets();
  const auto slash = std::min(path.find('/'), path.size());
  const auto name = path.substr(0, slash);
  const auto pair = slash < path.size() ? find_pair(path.substr(slash + 1)) : std::nullopt;
  if (!pair) return error("404.001", "Currency pair not found.", 404);
  if (name == "ticker") return ticker(request, *pair);
  if (name == "ohlc") return ohlc(request, *pair);
  if (name == "transactions") return transactions(request, *pair);
  return error("404.001", "Not found.", 404);
}

net::HttpResponse BitstampServer::markets() const {
  std::string rows;
  for (std::size_t i = 0; i < pairs().size(); ++i) {
    const PairSpec& spec = pairs()[i].spec();
    rows += fmt::format(
        R"({}{{"name":"{}/{}","market_symbol":"{}","base_currency":"{}","base_decimals":{},"counter_currency":"{}","counter_decimals":{},)"
        R"("minimum_order_value":"10","trading":"Enabled","instant_order_counter_decimals":2,"instant_order_base_decimals":8,)"
        R"("description":"{} / {}","market_type":"SPOT"}})",
        rows.empty() ? "" : ",", spec.base_code, spec.quote_code, symbol(i), spec.base_code, spec.lot_decimals,
        spec.quote_code, spec.price_decimals, spec.base_code, spec.quote_code);
  }
  return json_response("[" + rows + "]");
}

net::HttpResponse BitstampServer::ticker(const RestRequest& request, std::size_t pair) {
  const SimStats& s = rest_stats_.get(pair, pairs()[pair], request.now);
  const SimQuote q = pairs()[pair].quote(request.now);
  const int places = pairs()[pair].spec().price_decimals;
  return json_response(fmt::format(
      R"({{"timestamp":"{}","open":"{}","high":"{}","low":"{}","last":"{}","volume":"{}","vwap":"{}","bid":"{}","ask":"{}",)"
      R"("side":"0","open_24":"{}","percent_change_24":"{:.2f}"}})",
      request.now.seconds(), fixed(s.open, places), fixed(s.high, places), fixed(s.low, places), fixed(s.last, places),
      fixed(s.volume, 8), fixed(s.volume > 0 ? s.quote_volume / s.volume : 0, places), fixed(q.bid, places),
      fixed(q.ask, places), fixed(s.open, places), (s.last.to_double() / s.open.to_double() - 1) * 100));
}

/// Oldest first. Where both bounds are given the end alone counts, and `limit` goes back from it.
net::HttpResponse BitstampServer::ohlc(const RestRequest& request, std::size_t pair) const {
  constexpr std::int64_t kSteps[] = {60, 180, 300, 900, 1800, 3600, 7200, 14'400, 21'600, 43'200, 86'400};
  const auto step = request.integer("step", 0, 1, 259'200);
  const auto limit = request.integer("limit", 0, 1, 1000);
  const auto start = request.integer("start", -1, 0, kFarSeconds);
  const auto end = request.integer("end", -1, 0, kFarSeconds);
  if (!step || !limit || *limit == 0 || (request.find("start") && !start) || (request.find("end") && !end) ||
      std::find(std::begin(kSteps), std::end(kSteps), *step) == std::end(kSteps)) {
    return error("400.001", "Invalid parameter.", 400);
  }
  const PairMarket& market = pairs()[pair];
  const core::Duration width = std::chrono::seconds(*step);
  core::Timestamp to = request.now + 1ns;
  core::Timestamp from;
  if (*end >= 0 || *start < 0) {
    if (*end >= 0) to = std::min(to, core::Timestamp::from_s(*end) + 1ns);
    from = (to - 1ns).floor_to(width) - width * (*limit - 1);
  } else {
    from = core::Timestamp::from_s(*start);
  }
  const auto list = make_candles(market, from, to, width, request.now, static_cast<std::size_t>(*limit));
  const int places = market.spec().price_decimals;
  const auto exponent = static_cast<std::int8_t>(-market.spec().lot_decimals);
  std::string rows;
  for (const SimCandle& c : list) {
    rows += fmt::format(R"({}{{"timestamp":"{}","open":"{}","high":"{}","low":"{}","close":"{}","volume":"{}"}})",
                        rows.empty() ? "" : ",", c.start.seconds(), fixed(c.open, places), fixed(c.high, places),
                        fixed(c.low, places), fixed(c.close, places), fixed(core::Decimal{c.volume, exponent}, 8));
  }
  return json_response(fmt::format(R"({{"data":{{"pair":"{}/{}","ohlc":[{}]}}}})", market.spec().base_code,
                                   market.spec().quote_code, rows));
}

/// Newest first, with times in whole seconds.
net::HttpResponse BitstampServer::transactions(const RestRequest& request, std::size_t pair) const {
  const std::string span = request.get("time", "hour");
  if (span != "minute" && span != "hour" && span != "day") return error("400.001", "Invalid time.", 400);
  const core::Duration back = span == "minute" ? core::Duration(1min)
                              : span == "hour" ? core::Duration(1h)
                                               : core::Duration(24h);
  const PairMarket& market = pairs()[pair];
  const std::uint64_t end = market.first_trade_at(request.now);
  const std::uint64_t first = market.first_trade_at(request.now - back);
  std::vector<std::string> rows;
  if (first < end) {
    for (TradeWalk walk(market, first); walk.id() < end; walk.next()) {
      const SimTrade t = walk.trade();
      rows.push_back(fmt::format(R"({{"amount":"{}","date":"{}","price":"{}","tid":"{}","type":"{}"}})",
                                 fixed(t.amount, 8), t.time.seconds(), fixed(t.price, market.spec().price_decimals),
                                 t.id, t.taker_buys ? 0 : 1));
    }
  }
  std::reverse(rows.begin(), rows.end());
  return json_response(fmt::format("[{}]", fmt::join(rows, ",")));
}

}  // namespace tickspan::sim
