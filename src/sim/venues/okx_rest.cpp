#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "sim/text.hpp"
#include "sim/venues/okx.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kFarMs = 9'000'000'000'000;  // the year 2255: what nanoseconds can hold

net::HttpResponse error(std::string_view code, std::string_view message, int status = 200) {
  return json_response(fmt::format(R"({{"code":"{}","data":[],"msg":"{}"}})", code, json_text(message)), status);
}

net::HttpResponse rows(std::string_view list) {
  return json_response(fmt::format(R"({{"code":"0","msg":"","data":[{}]}})", list));
}

std::optional<core::Duration> bar_of(std::string_view name) {
  constexpr std::pair<std::string_view, std::chrono::minutes> kBars[] = {
      {"1m", 1min}, {"3m", 3min}, {"5m", 5min},  {"15m", 15min},  {"30m", 30min}, {"1H", 1h},
      {"2H", 2h},   {"4H", 4h},   {"6Hutc", 6h}, {"12Hutc", 12h}, {"1Dutc", 24h}};
  for (const auto& [text, width] : kBars) {
    if (text == name) return width;
  }
  return {};
}

}  // namespace

std::optional<net::HttpResponse> OkxServer::over_budget(const RestRequest& request) {
  if (budget_.take(request.now) == 0) return {};
  return error("50011", "Too Many Requests", 429);
}

net::HttpResponse OkxServer::rest(const RestRequest& request) {
  constexpr std::string_view kPublic = "/api/v5/public/", kMarket = "/api/v5/market/";
  const std::string_view path = request.path;
  if (path.starts_with(kPublic)) {
    const auto name = path.substr(kPublic.size());
    if (name == "time") return rows(fmt::format(R"({{"ts":"{}"}})", request.now.ms()));
    if (name == "instruments") return instruments(request);
  }
  if (!path.starts_with(kMarket)) return error("50000", "Body for POST request can not be empty.", 404);
  const auto name = path.substr(kMarket.size());
  if (name == "tickers") return tickers(request);
  const auto pair = find_pair(request.get("instId"));
  if (!pair) return error("51001", "Instrument ID or Spread ID doesn't exist.");
  if (name == "ticker") return tickers(request);
  if (name == "candles") return candles(request, *pair, 300);
  if (name == "history-candles") return candles(request, *pair, 100);
  if (name == "trades") return trades(request, *pair, 500);
  if (name == "history-trades") return trades(request, *pair, 100);
  return error("50000", "Not found", 404);
}

net::HttpResponse OkxServer::instruments(const RestRequest& request) const {
  if (request.get("instType") != "SPOT") return error("51000", "Parameter instType error");
  std::string list;
  for (std::size_t i = 0; i < pairs().size(); ++i) {
    const PairSpec& spec = pairs()[i].spec();
    list += fmt::format(
        R"({}{{"alias":"","baseCcy":"{}","category":"1","ctMult":"","ctType":"","ctVal":"","ctValCcy":"","expTime":"","instFamily":"",)"
        R"("instId":"{}","instType":"SPOT","lever":"10","listTime":"1548133413000","lotSz":"{}","minSz":"{}","optType":"",)"
        R"("quoteCcy":"{}","settleCcy":"","state":"live","stk":"","tickSz":"{}","uly":""}})",
        list.empty() ? "" : ",", spec.base_code, symbol(i),
        core::Decimal{1, static_cast<std::int8_t>(-spec.lot_decimals)}.to_string(),
        core::Decimal{1, static_cast<std::int8_t>(-spec.lot_decimals)}.to_string(), spec.quote_code,
        core::Decimal{1, static_cast<std::int8_t>(-spec.price_decimals)}.to_string());
  }
  return rows(list);
}

net::HttpResponse OkxServer::tickers(const RestRequest& request) {
  const auto one = request.find("instId") ? find_pair(request.get("instId")) : std::nullopt;
  std::string list;
  for (std::size_t i = one.value_or(0); i < (one ? *one + 1 : pairs().size()); ++i) {
    const SimStats& s = rest_stats_.get(i, pairs()[i], request.now);
    list += (list.empty() ? "" : ",") + ticker(i, pairs()[i].quote(request.now), s, request.now);
  }
  return rows(list);
}

/// Newest first; `after` is older than, `before` newer than, neither includes its bound.
net::HttpResponse OkxServer::candles(const RestRequest& request, std::size_t pair, std::int64_t most) const {
  const auto width = bar_of(request.get("bar", "1m"));
  const auto limit = request.integer("limit", 100, 1, most);
  const auto after = request.integer("after", request.now.ms() + 1, 0, kFarMs);
  const auto before = request.integer("before", -1, 0, kFarMs);
  if (!width || !limit || !after || (request.find("before") && !before)) return error("51000", "Parameter error");
  const PairMarket& market = pairs()[pair];
  const core::Timestamp end = std::min(core::Timestamp::from_ms(*after), request.now + 1ns);
  core::Timestamp from = (end - 1ns).floor_to(*width) - *width * (*limit - 1);
  if (*before >= 0) from = std::max(from, core::Timestamp::from_ms(*before) + 1ns);
  const auto list = make_candles(market, from, end, *width, request.now, static_cast<std::size_t>(*limit));
  const int places = market.spec().price_decimals;
  const auto exponent = static_cast<std::int8_t>(-market.spec().lot_decimals);
  std::string out;
  for (auto it = list.rbegin(); it != list.rend(); ++it) {
    out +=
        fmt::format(R"({}["{}","{}","{}","{}","{}","{}","{}","{}","{}"])", out.empty() ? "" : ",", it->start.ms(),
                    fixed(it->open, places), fixed(it->high, places), fixed(it->low, places), fixed(it->close, places),
                    trimmed(core::Decimal{it->volume, exponent}), fixed(it->quote_volume, 8),
                    fixed(it->quote_volume, 8), request.now >= it->start + *width ? 1 : 0);
  }
  return rows(out);
}

/// Newest first; `after` older than a trade id (type 1) or a time (type 2).
net::HttpResponse OkxServer::trades(const RestRequest& request, std::size_t pair, std::int64_t most) const {
  const auto limit = request.integer("limit", 100, 1, most);
  const auto type = request.integer("type", 1, 1, 2);
  const auto after = request.integer("after", -1, 0, std::int64_t{1} << 53);
  if (!limit || !type || (request.find("after") && !after)) return error("51000", "Parameter error");
  const PairMarket& market = pairs()[pair];
  std::uint64_t end = market.first_trade_at(request.now);
  if (*after >= 0 && *type == 1) end = std::min(end, static_cast<std::uint64_t>(*after));
  if (*after >= 0 && *type == 2) {
    const core::Timestamp until = core::Timestamp::from_ms(std::min(*after, request.now.ms()));
    end = std::min(end, market.first_trade_at(until));
  }
  end = std::max<std::uint64_t>(end, 1);
  const std::uint64_t first = end - std::min(end - 1, static_cast<std::uint64_t>(*limit));
  std::vector<std::string> list;
  if (first < end) {
    for (TradeWalk walk(market, first); walk.id() < end; walk.next()) {
      const SimTrade t = walk.trade();
      list.push_back(fmt::format(R"({{"instId":"{}","side":"{}","sz":"{}","px":"{}","tradeId":"{}","ts":"{}"}})",
                                 symbol(pair), t.taker_buys ? "buy" : "sell", trimmed(t.amount),
                                 fixed(t.price, market.spec().price_decimals), t.id, t.time.ms()));
    }
  }
  std::reverse(list.begin(), list.end());
  return rows(fmt::format("{}", fmt::join(list, ",")));
}

}  // namespace tickspan::sim
