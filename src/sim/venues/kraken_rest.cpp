#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "sim/text.hpp"
#include "sim/venues/kraken.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxCandles = 720;

/// Kraken answers 200 whatever happens; the error is in the body.
net::HttpResponse error(std::string_view text) {
  return json_response(fmt::format(R"({{"error":["{}"]}})", text));
}

net::HttpResponse result(std::string_view json) {
  return json_response(fmt::format(R"({{"error":[],"result":{}}})", json));
}

}  // namespace

std::optional<net::HttpResponse> KrakenServer::over_budget(const RestRequest& request) {
  if (budget_.take(request.now) == 0) return {};
  return error("EGeneral:Too many requests");
}

net::HttpResponse KrakenServer::rest(const RestRequest& request) {
  const std::string& path = request.path;
  if (path == "/0/public/Time") {
    return result(fmt::format(R"({{"unixtime":{},"rfc1123":"{:%a, %d %b %y %H:%M:%S} +0000"}})", request.now.seconds(),
                              fmt::gmtime(static_cast<std::time_t>(request.now.seconds()))));
  }
  if (path == "/0/public/SystemStatus") {
    return result(
        fmt::format(R"({{"status":"online","timestamp":"{}Z"}})", core::to_rfc3339(request.now).substr(0, 19)));
  }
  if (path == "/0/public/AssetPairs") return asset_pairs(request);
  if (path == "/0/public/Ticker") return tickers(request);
  if (path == "/0/public/OHLC") return ohlc(request);
  if (path == "/0/public/Trades") return trade_list(request);
  return error("EGeneral:Unknown method");
}

std::optional<std::size_t> KrakenServer::rest_pair(std::string_view name) const {
  const std::string wanted_name = upper(name);
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const Names& n = names_[i];
    if (wanted_name == n.alt || wanted_name == n.key || wanted_name == n.ws || wanted_name == n.v2) return i;
  }
  return {};
}

net::HttpResponse KrakenServer::asset_pairs(const RestRequest& request) const {
  std::vector<std::size_t> list;
  const std::string asked = request.get("pair");
  for (std::size_t begin = 0; begin < asked.size();) {
    const auto end = std::min(asked.find(',', begin), asked.size());
    const auto pair = rest_pair(std::string_view(asked).substr(begin, end - begin));
    if (!pair) return error("EQuery:Unknown asset pair");
    list.push_back(*pair);
    begin = end + 1;
  }
  if (asked.empty()) {
    for (std::size_t i = 0; i < pairs().size(); ++i) list.push_back(i);
  }
  std::string rows;
  for (const std::size_t i : list) {
    const PairSpec& spec = pairs()[i].spec();
    const Names& n = names_[i];
    rows += fmt::format(
        R"({}"{}":{{"altname":"{}","wsname":"{}","aclass_base":"currency","base":"{}","aclass_quote":"currency","quote":"{}","lot":"unit",)"
        R"("cost_decimals":5,"pair_decimals":{},"lot_decimals":{},"lot_multiplier":1,"leverage_buy":[],"leverage_sell":[],)"
        R"("fees":[[0,0.4],[10000,0.35]],"fees_maker":[[0,0.25],[10000,0.2]],"fee_volume_currency":"ZUSD","margin_call":80,"margin_stop":40,)"
        R"("ordermin":"{}","costmin":"0.5","tick_size":"{}","status":"online"}})",
        rows.empty() ? "" : ",", n.key, n.alt, n.ws, n.base, n.quote, spec.price_decimals, spec.lot_decimals,
        core::Decimal{1, static_cast<std::int8_t>(-spec.lot_decimals)}.to_string(),
        core::Decimal{1, static_cast<std::int8_t>(-spec.price_decimals)}.to_string());
  }
  return result("{" + rows + "}");
}

std::string KrakenServer::ticker_info(std::size_t pair, core::Timestamp now) {
  const PairMarket& market = pairs()[pair];
  const SimStats& s = rest_stats_.get(pair, market, now);
  const SimQuote q = market.quote(now);
  const int places = market.spec().price_decimals;
  const core::Timestamp midnight = now.floor_to(24h);
  const double share = std::chrono::duration<double>(now - midnight) / std::chrono::duration<double>(24h);
  const std::string vwap = fixed((s.high.to_double() + s.low.to_double()) / 2, places);
  const auto level = [&](const core::Decimal& price, const core::Decimal& size) {
    return fmt::format(R"(["{}","{}","{}"])", fixed(price, places), static_cast<long>(size.to_double()),
                       fixed(size.to_double(), 3));
  };
  const std::uint64_t day_count = s.last_id + 1 - std::min(s.last_id + 1, s.first_id);
  const std::uint64_t today_count = s.last_id + 1 - std::min(s.last_id + 1, market.first_trade_at(midnight));
  return fmt::format(
      R"("{}":{{"a":{},"b":{},"c":["{}","{}"],"v":["{}","{}"],"p":["{}","{}"],"t":[{},{}],"l":["{}","{}"],"h":["{}","{}"],"o":"{}"}})",
      names_[pair].key, level(q.ask, q.ask_size), level(q.bid, q.bid_size), fixed(s.last, places),
      fixed(market.trade(s.last_id).amount, 8), fixed(s.volume * share, 8), fixed(s.volume, 8), vwap, vwap, today_count,
      day_count, fixed(s.low, places), fixed(s.low, places), fixed(s.high, places), fixed(s.high, places),
      fixed(market.last_price(midnight), places));
}

net::HttpResponse KrakenServer::tickers(const RestRequest& request) {
  const std::string asked = request.get("pair");
  std::string rows;
  for (std::size_t begin = 0; begin < asked.size();) {
    const auto end = std::min(asked.find(',', begin), asked.size());
    const auto pair = rest_pair(std::string_view(asked).substr(begin, end - begin));
    if (!pair) return error("EQuery:Unknown asset pair");
    rows += (rows.empty() ? "" : ",") + ticker_info(*pair, request.now);
    begin = end + 1;
  }
  for (std::size_t i = 0; asked.empty() && i < pairs().size(); ++i)
    rows += (i == 0 ? "" : ",") + ticker_info(i, request.now);
  return result("{" + rows + "}");
}

net::HttpResponse KrakenServer::ohlc(const RestRequest& request) const {
  constexpr std::int64_t kMinutes[] = {1, 5, 15, 30, 60, 240, 1440, 10'080, 21'600};
  const auto pair = rest_pair(request.get("pair"));
  if (!pair) return error("EQuery:Unknown asset pair");
  const auto minutes = request.integer("interval", 1, 1, 21'600);
  const auto since = request.integer("since", 0, 0, std::int64_t{1} << 33);
  if (!minutes || !since || std::find(std::begin(kMinutes), std::end(kMinutes), *minutes) == std::end(kMinutes)) {
    return error("EGeneral:Invalid arguments");
  }
  const PairMarket& market = pairs()[*pair];
  const core::Duration width = std::chrono::minutes(*minutes);
  // Always the newest 720, whatever `since` asks for.
  core::Timestamp from = request.now.floor_to(width) - width * (static_cast<std::int64_t>(kMaxCandles) - 1);
  from = std::max(from, core::Timestamp::from_s(*since) + core::Duration(1));
  const auto list = make_candles(market, from, request.now + 1ns, width, request.now, kMaxCandles);
  const int places = market.spec().price_decimals;
  const auto exponent = static_cast<std::int8_t>(-market.spec().lot_decimals);
  std::string rows;
  for (const SimCandle& c : list) {
    const double volume = core::Decimal{c.volume, exponent}.to_double();
    rows += fmt::format(R"({}[{},"{}","{}","{}","{}","{}","{}",{}])", rows.empty() ? "" : ",", c.start.seconds(),
                        fixed(c.open, places), fixed(c.high, places), fixed(c.low, places), fixed(c.close, places),
                        fixed(volume > 0 ? c.quote_volume / volume : 0, places),
                        fixed(core::Decimal{c.volume, exponent}, 8), c.trades);
  }
  // `last` is the newest finished candle.
  const core::Timestamp last = list.size() > 1 ? list[list.size() - 2].start : core::Timestamp::from_s(*since);
  return result(fmt::format(R"({{"{}":[{}],"last":{}}})", names_[*pair].key, rows, last.seconds()));
}

net::HttpResponse KrakenServer::trade_list(const RestRequest& request) const {
  const auto pair = rest_pair(request.get("pair"));
  if (!pair) return error("EQuery:Unknown asset pair");
  const auto since = request.integer("since", 0, 0, INT64_MAX);
  const auto count = request.integer("count", 1000, 1, 1000);
  if (!since || !count) return error("EGeneral:Invalid arguments");
  const PairMarket& market = pairs()[*pair];
  const auto limit = static_cast<std::uint64_t>(*count);
  const std::uint64_t end = market.first_trade_at(request.now);
  std::uint64_t first = end - std::min(end - 1, limit);
  if (request.find("since")) {
    // Seconds or nanoseconds; trades at or after.
    const core::Timestamp from{*since < 9'000'000'000 ? *since * 1'000'000'000 : *since};
    first = std::min(end, market.first_trade_at(std::min(from, request.now)));
  }
  const int places = market.spec().price_decimals;
  std::string rows;
  std::int64_t last = *since;
  if (first < end) {
    for (TradeWalk walk(market, first); walk.id() < std::min(end, first + limit); walk.next()) {
      const SimTrade t = walk.trade();
      rows += fmt::format(R"({}["{}","{}",{}.{:07},"{}","{}","",{}])", rows.empty() ? "" : ",", fixed(t.price, places),
                          fixed(t.amount, 8), t.time.seconds(), t.time.ns % 1'000'000'000 / 100,
                          t.taker_buys ? "b" : "s", t.id % 3 == 0 ? "m" : "l", t.id);
      last = t.time.ns;
    }
  }
  return result(fmt::format(R"({{"{}":[{}],"last":"{}"}})", names_[*pair].key, rows, last));
}

}  // namespace tickspan::sim
