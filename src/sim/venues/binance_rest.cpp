#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "sim/text.hpp"
#include "sim/venues/binance.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

constexpr int kPlaces = 8;

net::HttpResponse error(int code, std::string_view message) {
  return json_response(fmt::format(R"({{"code":{},"msg":"{}"}})", code, json_text(message)), 400);
}

net::HttpResponse bad_symbol() {
  return error(-1121, "Invalid symbol.");
}

std::optional<core::Duration> interval_of(std::string_view name) {
  constexpr std::pair<std::string_view, std::chrono::minutes> kIntervals[] = {
      {"1m", 1min}, {"3m", 3min}, {"5m", 5min}, {"15m", 15min}, {"30m", 30min}, {"1h", 60min},
      {"2h", 2h},   {"4h", 4h},   {"6h", 6h},   {"8h", 8h},     {"12h", 12h},   {"1d", 24h},
  };
  for (const auto& [text, width] : kIntervals) {
    if (text == name) return width;
  }
  return {};
}

/// `["BTCUSDT","ETHUSDT"]`
std::vector<std::string> names_in(std::string_view json) {
  std::vector<std::string> names;
  for (auto open = json.find('"'); open != std::string_view::npos;) {
    const auto close = json.find('"', open + 1);
    if (close == std::string_view::npos) break;
    names.emplace_back(json.substr(open + 1, close - open - 1));
    open = json.find('"', close + 1);
  }
  return names;
}

double request_weight(const RestRequest& request) {
  const bool one = request.find("symbol").has_value();
  if (request.path == "/api/v3/exchangeInfo") return 20;
  if (request.path == "/api/v3/trades") return 25;
  if (request.path == "/api/v3/aggTrades") return 4;
  if (request.path == "/api/v3/klines") return 2;
  if (request.path == "/api/v3/ticker/24hr") return one ? 2 : 80;
  if (request.path == "/api/v3/ticker/bookTicker") return one ? 2 : 4;
  return 1;
}

}  // namespace

std::optional<net::HttpResponse> BinanceServer::over_budget(const RestRequest& request) {
  const int wait = weight_.take(request.now, request_weight(request));
  if (wait == 0) return {};
  auto response = json_response(
      R"({"code":-1003,"msg":"Too much request weight used; current limit is 6000 request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API."})",
      429);
  response.headers.set("Retry-After", std::to_string(wait));
  return response;
}

net::HttpResponse BinanceServer::rest(const RestRequest& request) {
  const std::string& path = request.path;
  if (path == "/api/v3/ping") return json_response("{}");
  if (path == "/api/v3/time") return json_response(fmt::format(R"({{"serverTime":{}}})", request.now.ms()));
  if (path == "/api/v3/exchangeInfo") return exchange_info(request);
  if (path == "/api/v3/ticker/24hr") return tickers(request, false);
  if (path == "/api/v3/ticker/bookTicker") return tickers(request, true);
  const bool candles = path == "/api/v3/klines" || path == "/api/v3/uiKlines";
  const bool aggregated = path == "/api/v3/aggTrades";
  if (!candles && !aggregated && path != "/api/v3/trades") {
    return json_response(R"({"code":-1000,"msg":"Not found."})", 404);
  }
  const auto symbol_name = request.find("symbol");
  if (!symbol_name) return error(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.");
  const auto pair = find_pair(*symbol_name);
  if (!pair) return bad_symbol();
  return candles ? klines(request, *pair) : trades(request, *pair, aggregated);
}

std::optional<std::vector<std::size_t>> BinanceServer::named_pairs(const RestRequest& request) const {
  std::vector<std::string> names;
  if (const auto one = request.find("symbol")) names.push_back(*one);
  if (const auto many = request.find("symbols")) names = names_in(*many);
  std::vector<std::size_t> found;
  for (const auto& name : names) {
    const auto pair = find_pair(name);
    if (!pair) return {};
    found.push_back(*pair);
  }
  if (names.empty()) {
    for (std::size_t i = 0; i < pairs().size(); ++i) found.push_back(i);
  }
  return found;
}

std::string BinanceServer::symbol_info(std::size_t pair) const {
  const PairSpec& spec = pairs()[pair].spec();
  const std::string tick = fixed(std::pow(10.0, -spec.price_decimals), kPlaces);
  const std::string step = fixed(std::pow(10.0, -spec.lot_decimals), kPlaces);
  return fmt::format(
      R"({{"symbol":"{}","status":"TRADING","baseAsset":"{}","baseAssetPrecision":8,"quoteAsset":"{}","quotePrecision":8,)"
      R"("quoteAssetPrecision":8,"baseCommissionPrecision":8,"quoteCommissionPrecision":8,"orderTypes":["LIMIT","LIMIT_MAKER",)"
      R"("MARKET","STOP_LOSS_LIMIT","TAKE_PROFIT_LIMIT"],"icebergAllowed":true,"ocoAllowed":true,"otoAllowed":true,)"
      R"("quoteOrderQtyMarketAllowed":true,"allowTrailingStop":true,"cancelReplaceAllowed":true,"isSpotTradingAllowed":true,)"
      R"("isMarginTradingAllowed":false,"filters":[{{"filterType":"PRICE_FILTER","minPrice":"{}","maxPrice":"1000000.00000000",)"
      R"("tickSize":"{}"}},{{"filterType":"LOT_SIZE","minQty":"{}","maxQty":"9000000.00000000","stepSize":"{}"}},)"
      R"({{"filterType":"NOTIONAL","minNotional":"5.00000000","applyMinToMarket":true,"maxNotional":"9000000.00000000",)"
      R"("applyMaxToMarket":false,"avgPriceMins":5}}],"permissions":[],"permissionSets":[["SPOT"]],)"
      R"("defaultSelfTradePreventionMode":"EXPIRE_MAKER","allowedSelfTradePreventionModes":["EXPIRE_TAKER","EXPIRE_MAKER","EXPIRE_BOTH"]}})",
      symbol(pair), spec.base_code, spec.quote_code, tick, tick, step, step);
}

net::HttpResponse BinanceServer::exchange_info(const RestRequest& request) const {
  const auto found = named_pairs(request);
  if (!found) return bad_symbol();
  std::string body = fmt::format(
      R"({{"timezone":"UTC","serverTime":{},"rateLimits":[{{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,)"
      R"("limit":6000}},{{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":100}},{{"rateLimitType":"ORDERS",)"
      R"("interval":"DAY","intervalNum":1,"limit":200000}},{{"rateLimitType":"RAW_REQUESTS","interval":"MINUTE","intervalNum":5,)"
      R"("limit":300000}}],"exchangeFilters":[],"symbols":[)",
      request.now.ms());
  for (std::size_t i = 0; i < found->size(); ++i) {
    if (i > 0) body += ',';
    body += symbol_info((*found)[i]);
  }
  return json_response(body + "]}");
}

net::HttpResponse BinanceServer::klines(const RestRequest& request, std::size_t pair) const {
  const auto width = interval_of(request.get("interval"));
  if (!width) return error(-1120, "Invalid interval.");
  const auto limit = request.integer("limit", 500, 1, 1'000'000);
  if (!limit) return error(-1100, "Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'.");
  const auto count = std::min<std::int64_t>(*limit, 1000);
  constexpr std::int64_t kFarMs = 9'000'000'000'000;  // the year 2255: what nanoseconds can hold
  const auto start = request.integer("startTime", 0, 0, kFarMs);
  const auto end = request.integer("endTime", request.now.ms(), 0, kFarMs);
  if (!start || !end) return error(-1100, "Illegal characters found in a parameter.");
  const core::Timestamp to = core::Timestamp::from_ms(*end + 1);
  core::Timestamp from = core::Timestamp::from_ms(*start);
  if (!request.find("startTime")) from = std::min(to - 1ns, request.now).floor_to(*width) - *width * (count - 1);
  const auto candles = make_candles(pairs()[pair], from, to, *width, request.now, static_cast<std::size_t>(count));
  const auto exponent = static_cast<std::int8_t>(-pairs()[pair].spec().lot_decimals);
  std::string body = "[";
  for (const SimCandle& c : candles) {
    if (body.size() > 1) body += ',';
    body += fmt::format(R"([{},"{}","{}","{}","{}","{}",{},"{}",{},"{}","{}","0"])", c.start.ms(),
                        fixed(c.open, kPlaces), fixed(c.high, kPlaces), fixed(c.low, kPlaces), fixed(c.close, kPlaces),
                        fixed(core::Decimal{c.volume, exponent}, kPlaces), (c.start + *width).ms() - 1,
                        fixed(c.quote_volume, kPlaces), c.trades,
                        fixed(core::Decimal{c.taker_buy_volume, exponent}, kPlaces),
                        fixed(c.taker_buy_quote_volume, kPlaces));
  }
  return json_response(body + "]");
}

net::HttpResponse BinanceServer::trades(const RestRequest& request, std::size_t pair, bool aggregated) const {
  const auto limit = request.integer("limit", 500, 1, 1'000'000);
  constexpr std::int64_t kFar = std::int64_t{1} << 53;
  const auto from_id = request.integer("fromId", -1, 0, kFar);
  const auto start = request.integer("startTime", -1, 0, kFar);
  const auto end = request.integer("endTime", -1, 0, kFar);
  if (!limit || (request.find("fromId") && !from_id) || (request.find("startTime") && !start) ||
      (request.find("endTime") && !end)) {
    return error(-1100, "Illegal characters found in a parameter.");
  }
  const PairMarket& market = pairs()[pair];
  const auto count = static_cast<std::uint64_t>(std::min<std::int64_t>(*limit, 1000));
  core::Timestamp until = request.now;
  if (*end >= 0) until = std::min(until, core::Timestamp::from_ms(std::min(*end, until.ms()) + 1));
  const std::uint64_t end_id = market.first_trade_at(until);
  std::uint64_t first = end_id - std::min(end_id - 1, count);
  if (*start >= 0) first = market.first_trade_at(core::Timestamp::from_ms(std::min(*start, request.now.ms() + 1)));
  if (*from_id >= 0) first = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(*from_id));
  std::string body = "[";
  const std::uint64_t last = std::min(end_id, first + count);
  if (first < last) {
    for (TradeWalk walk(market, first); walk.id() < last; walk.next()) {
      const SimTrade t = walk.trade();
      if (body.size() > 1) body += ',';
      const std::string price = fixed(t.price, kPlaces);
      const std::string amount = fixed(t.amount, kPlaces);
      const char* maker = t.taker_buys ? "false" : "true";
      body +=
          aggregated
              ? fmt::format(R"({{"a":{},"p":"{}","q":"{}","f":{},"l":{},"T":{},"m":{},"M":true}})", t.id, price, amount,
                            t.id, t.id, t.time.ms(), maker)
              : fmt::format(
                    R"({{"id":{},"price":"{}","qty":"{}","quoteQty":"{}","time":{},"isBuyerMaker":{},"isBestMatch":true}})",
                    t.id, price, amount, fixed(t.price.to_double() * t.amount.to_double(), kPlaces), t.time.ms(),
                    maker);
    }
  }
  return json_response(body + "]");
}

net::HttpResponse BinanceServer::tickers(const RestRequest& request, bool book_only) {
  const auto found = named_pairs(request);
  if (!found) return bad_symbol();
  const bool mini = request.get("type", "FULL") == "MINI";
  std::string body;
  for (const std::size_t pair : *found) {
    if (!body.empty()) body += ',';
    const SimQuote q = pairs()[pair].quote(request.now);
    const std::string book =
        fmt::format(R"("bidPrice":"{}","bidQty":"{}","askPrice":"{}","askQty":"{}")", fixed(q.bid, kPlaces),
                    fixed(q.bid_size, kPlaces), fixed(q.ask, kPlaces), fixed(q.ask_size, kPlaces));
    if (book_only) {
      body += fmt::format(R"({{"symbol":"{}",{}}})", symbol(pair), book);
      continue;
    }
    const SimStats& s = rest_stats_.get(pair, pairs()[pair], request.now);
    const std::string range = fmt::format(R"("openPrice":"{}","highPrice":"{}","lowPrice":"{}",)",
                                          fixed(s.open, kPlaces), fixed(s.high, kPlaces), fixed(s.low, kPlaces));
    const std::string totals = fmt::format(
        R"("volume":"{}","quoteVolume":"{}","openTime":{},"closeTime":{},"firstId":{},"lastId":{},"count":{}}})",
        fixed(s.volume, kPlaces), fixed(s.quote_volume, kPlaces), (request.now - 24h).ms(), request.now.ms(),
        s.first_id, s.last_id, s.last_id - s.first_id + 1);
    if (mini) {
      body +=
          fmt::format(R"({{"symbol":"{}",{}"lastPrice":"{}",{})", symbol(pair), range, fixed(s.last, kPlaces), totals);
      continue;
    }
    const double open = s.open.to_double();
    const double last = s.last.to_double();
    const SimTrade newest = pairs()[pair].trade(s.last_id);
    body += fmt::format(
        R"({{"symbol":"{}","priceChange":"{}","priceChangePercent":"{:.3f}","weightedAvgPrice":"{}","prevClosePrice":"{}","lastPrice":"{}","lastQty":"{}",{},{}{})",
        symbol(pair), fixed(last - open, kPlaces), (last / open - 1) * 100,
        fixed(s.volume > 0 ? s.quote_volume / s.volume : last, kPlaces), fixed(s.open, kPlaces), fixed(s.last, kPlaces),
        fixed(newest.amount, kPlaces), book, range, totals);
  }
  return json_response(request.find("symbol") ? body : "[" + body + "]");
}

}  // namespace tickspan::sim
