#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "sim/text.hpp"
#include "sim/venues/bybit.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kFarMs = 9'000'000'000'000;  // the year 2255: what nanoseconds can hold

net::HttpResponse envelope(const RestRequest& request, int code, std::string_view message, std::string_view result) {
  return json_response(fmt::format(R"({{"retCode":{},"retMsg":"{}","result":{},"retExtInfo":{{}},"time":{}}})", code,
                                   json_text(message), result, request.now.ms()));
}

net::HttpResponse list_of(const RestRequest& request, std::string_view rows, std::string_view symbol = {}) {
  return envelope(request, 0, "OK",
                  fmt::format(R"({{"category":"spot",{}"list":[{}]}})",
                              symbol.empty() ? "" : fmt::format(R"("symbol":"{}",)", symbol), rows));
}

net::HttpResponse bad(const RestRequest& request, std::string_view message) {
  return envelope(request, 10001, message, "{}");
}

std::optional<core::Duration> interval_of(std::string_view name) {
  constexpr std::pair<std::string_view, std::chrono::minutes> kIntervals[] = {
      {"1", 1min}, {"3", 3min}, {"5", 5min}, {"15", 15min}, {"30", 30min}, {"60", 1h},
      {"120", 2h}, {"240", 4h}, {"360", 6h}, {"720", 12h},  {"D", 24h},
  };
  for (const auto& [text, width] : kIntervals) {
    if (text == name) return width;
  }
  return {};
}

}  // namespace

std::optional<net::HttpResponse> BybitServer::over_budget(const RestRequest& request) {
  if (budget_.take(request.now) == 0) return {};
  return json_response("<html><body><h1>403 access too frequent</h1></body></html>", 403);
}

net::HttpResponse BybitServer::rest(const RestRequest& request) {
  constexpr std::string_view kMarket = "/v5/market/";
  if (!request.path.starts_with(kMarket)) return bad(request, "Request path not found");
  const auto name = std::string_view(request.path).substr(kMarket.size());
  if (name == "time") {
    return envelope(request, 0, "OK",
                    fmt::format(R"({{"timeSecond":"{}","timeNano":"{}"}})", request.now.seconds(), request.now.ns));
  }
  if (request.get("category") != "spot") return bad(request, "Category is invalid");
  if (name == "instruments-info") return instruments(request);
  if (name == "tickers") return tickers(request);
  const auto pair = find_pair(request.get("symbol"));
  if (!pair) return bad(request, "Not supported symbols");
  if (name == "kline") return klines(request, *pair);
  if (name == "recent-trade") return trades(request, *pair);
  return bad(request, "Request path not found");
}

net::HttpResponse BybitServer::instruments(const RestRequest& request) const {
  std::string rows;
  for (std::size_t i = 0; i < pairs().size(); ++i) {
    const PairSpec& spec = pairs()[i].spec();
    rows += fmt::format(
        R"({}{{"symbolId":{},"symbol":"{}","baseCoin":"{}","quoteCoin":"{}","innovation":"0","status":"Trading","marginTrading":"none",)"
        R"("stTag":"0","lotSizeFilter":{{"basePrecision":"{}","quotePrecision":"0.0000001","minOrderAmt":"5"}},"priceFilter":{{"tickSize":"{}"}}}})",
        rows.empty() ? "" : ",", i + 1, symbol(i), spec.base_code, spec.quote_code,
        core::Decimal{1, static_cast<std::int8_t>(-spec.lot_decimals)}.to_string(),
        core::Decimal{1, static_cast<std::int8_t>(-spec.price_decimals)}.to_string());
  }
  return list_of(request, rows);
}

net::HttpResponse BybitServer::tickers(const RestRequest& request) {
  const auto asked = request.find("symbol");
  const auto one = asked ? find_pair(*asked) : std::nullopt;
  if (asked && !one) return bad(request, "Not supported symbols");
  std::string rows;
  for (std::size_t i = one.value_or(0); i < (one ? *one + 1 : pairs().size()); ++i) {
    const SimStats& s = rest_stats_.get(i, pairs()[i], request.now);
    const SimQuote q = pairs()[i].quote(request.now);
    const int places = pairs()[i].spec().price_decimals;
    rows += fmt::format(
        R"({}{{"symbol":"{}","bid1Price":"{}","bid1Size":"{}","ask1Price":"{}","ask1Size":"{}","lastPrice":"{}","prevPrice24h":"{}",)"
        R"("price24hPcnt":"{:.4f}","highPrice24h":"{}","lowPrice24h":"{}","turnover24h":"{}","volume24h":"{}","usdIndexPrice":""}})",
        rows.empty() ? "" : ",", symbol(i), fixed(q.bid, places), trimmed(q.bid_size), fixed(q.ask, places),
        trimmed(q.ask_size), fixed(s.last, places), fixed(s.open, places), s.last.to_double() / s.open.to_double() - 1,
        fixed(s.high, places), fixed(s.low, places), fixed(s.quote_volume, 8), fixed(s.volume, 6));
  }
  return list_of(request, rows);
}

/// Newest first, both bounds inclusive.
net::HttpResponse BybitServer::klines(const RestRequest& request, std::size_t pair) const {
  const auto width = interval_of(request.get("interval"));
  if (!width) return bad(request, "Invalid period!");
  const auto limit = request.integer("limit", 200, 1, 1000);
  const auto start = request.integer("start", -1, 0, kFarMs);
  const auto end = request.integer("end", request.now.ms(), 0, kFarMs);
  if (!limit || !end || (request.find("start") && !start)) return bad(request, "params error");
  const PairMarket& market = pairs()[pair];
  const core::Timestamp to = std::min(core::Timestamp::from_ms(*end), request.now) + 1ns;
  core::Timestamp from = (to - 1ns).floor_to(*width) - *width * (*limit - 1);
  if (*start >= 0) from = std::max(from, core::Timestamp::from_ms(*start));
  const auto list = make_candles(market, from, to, *width, request.now, static_cast<std::size_t>(*limit));
  const int places = market.spec().price_decimals;
  const auto exponent = static_cast<std::int8_t>(-market.spec().lot_decimals);
  std::string rows;
  for (auto it = list.rbegin(); it != list.rend(); ++it) {
    rows +=
        fmt::format(R"({}["{}","{}","{}","{}","{}","{}","{}"])", rows.empty() ? "" : ",", it->start.ms(),
                    fixed(it->open, places), fixed(it->high, places), fixed(it->low, places), fixed(it->close, places),
                    trimmed(core::Decimal{it->volume, exponent}), fixed(it->quote_volume, 8));
  }
  return list_of(request, rows, symbol(pair));
}

/// The newest, newest first; there are no older ones to be had.
net::HttpResponse BybitServer::trades(const RestRequest& request, std::size_t pair) const {
  const auto limit = request.integer("limit", 60, 1, 60);
  if (!limit) return bad(request, "params error");
  const PairMarket& market = pairs()[pair];
  const std::uint64_t end = market.first_trade_at(request.now);
  std::string rows;
  for (std::uint64_t id = end; id-- > 1 && end - id <= static_cast<std::uint64_t>(*limit);) {
    const SimTrade t = market.trade(id);
    rows += fmt::format(
        R"({}{{"execId":"{}","symbol":"{}","price":"{}","size":"{}","side":"{}","time":"{}","isBlockTrade":false,"isRPITrade":false,"seq":"{}"}})",
        rows.empty() ? "" : ",", t.id, symbol(pair), fixed(t.price, market.spec().price_decimals), trimmed(t.amount),
        t.taker_buys ? "Buy" : "Sell", t.time.ms(), t.id * 3);
  }
  return list_of(request, rows);
}

}  // namespace tickspan::sim
