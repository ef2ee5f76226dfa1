// Advanced Trade: the same books and trades in other words.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "sim/text.hpp"
#include "sim/venues/coinbase.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint8_t kTrades = 16, kTicker = 32;
constexpr std::int64_t kMaxCandles = 350;
constexpr std::size_t kSnapshotTrades = 100;

std::uint8_t channel_bit(std::string_view name) {
  return name == "market_trades" ? kTrades : name == "ticker" ? kTicker : 0;
}

net::HttpResponse failure(std::string_view text, int status) {
  return json_response(fmt::format(R"({{"error":"{0}","error_details":"{0}","message":"{0}"}})", json_text(text)),
                       status);
}

std::string row(const std::string& product, const SimTrade& trade) {
  return fmt::format(R"({{"product_id":"{}","trade_id":"{}","price":"{}","size":"{}","time":"{}","side":"{}"}})",
                     product, trade.id, trimmed(trade.price), trimmed(trade.amount), time_us(trade.time),
                     trade.taker_buys ? "SELL" : "BUY");
}

std::optional<core::Timestamp> seconds(const RestRequest& request, std::string_view name) {
  const auto value = request.integer(name, -1, 0, 4'000'000'000);
  return value && *value >= 0 ? std::optional(core::Timestamp::from_s(*value)) : std::nullopt;
}

}  // namespace

void CoinbaseServer::send_advanced(Session& session, std::string_view channel, std::string_view events,
                                   bool market_data) {
  const std::string text = fmt::format(R"({{"channel":"{}","timestamp":"{}","sequence_num":{},"events":[{}]}})",
                                       channel, time_us(ExchangeServer::now()), session.sequence, events);
  ++session.sequence;
  session.send(text, market_data);
}

void CoinbaseServer::received_advanced(Session& session, const CoinbaseRequest& request) {
  const auto refuse = [&](const std::string& why) {
    session.send(fmt::format(R"({{"type":"error","message":"{}"}})", json_text(why)), false);
  };
  if (!request.advanced) return refuse("channel is required");
  const auto& [channel, ids] = request.channels.front();
  const bool on = request.type == "subscribe";
  session.subscribed = true;
  if (channel == "heartbeats") {
    session.heartbeats = on;
    return acknowledge_advanced(session);
  }
  const std::uint8_t bit = channel_bit(channel);
  if (bit == 0) return refuse(channel + " is not a valid channel");
  std::vector<std::size_t> named;
  for (const std::string& id : ids) {
    const auto pair = offered(id);
    if (!pair) return refuse(id + " is not a valid product");
    named.push_back(*pair);
  }
  for (const std::size_t pair : named) {
    if (!on) {
      ignore(session, pair, bit);
      continue;
    }
    if ((session.channels[pair] & bit) != 0) continue;
    listen(session, pair, bit);
    if (bit == kTicker) {
      send_advanced(session, "ticker", advanced_ticker(pair, last_trade(pair), "snapshot"));
      continue;
    }
    // The trades before: none of them is news.
    const std::uint64_t end = pairs()[pair].first_trade_at(context_.clock.now());
    std::vector<SimTrade> old;
    for (TradeWalk walk(pairs()[pair], end - std::min<std::uint64_t>(end - 1, kSnapshotTrades)); walk.id() < end;
         walk.next())
      old.push_back(walk.trade());
    std::reverse(old.begin(), old.end());
    send_advanced(session, "market_trades", advanced_trades(pair, old, "snapshot"));
  }
  acknowledge_advanced(session);
}

void CoinbaseServer::acknowledge_advanced(Session& session) {
  std::string list = session.heartbeats ? R"("heartbeats":["heartbeats"])" : "";
  for (const auto& [name, bit] : {std::pair("market_trades", kTrades), std::pair("ticker", kTicker)}) {
    std::string ids;
    for (std::size_t pair = 0; pair < pairs().size(); ++pair) {
      if ((session.channels[pair] & bit) != 0) ids += fmt::format("{}\"{}\"", ids.empty() ? "" : ",", product(pair));
    }
    if (!ids.empty()) list += fmt::format(R"({}"{}":[{}])", list.empty() ? "" : ",", name, ids);
  }
  send_advanced(session, "subscriptions", fmt::format(R"({{"subscriptions":{{{}}}}})", list), false);
}

std::string CoinbaseServer::advanced_trades(std::size_t pair, std::span<const SimTrade> trades,
                                            std::string_view type) const {
  std::string rows;
  for (const SimTrade& trade : trades) rows += (rows.empty() ? "" : ",") + row(product(pair), trade);
  return fmt::format(R"({{"type":"{}","trades":[{}]}})", type, rows);
}

std::string CoinbaseServer::advanced_ticker(std::size_t pair, const SimTrade& trade, std::string_view type) {
  const SimStats& s = stats(pair);
  const SimQuote q = quote_now(pair);
  const int places = pairs()[pair].spec().price_decimals;
  return fmt::format(
      R"({{"type":"{}","tickers":[{{"type":"ticker","product_id":"{}","price":"{}","volume_24_h":"{}","low_24_h":"{}",)"
      R"("high_24_h":"{}","low_52_w":"{}","high_52_w":"{}","price_percent_chg_24_h":"{:.6f}","best_bid":"{}",)"
      R"("best_ask":"{}","best_bid_quantity":"{}","best_ask_quantity":"{}"}}]}})",
      type, product(pair), trimmed(trade.price), fixed(s.volume, 8), trimmed(s.low), trimmed(s.high), trimmed(s.low),
      trimmed(s.high), (trade.price.to_double() / s.open.to_double() - 1) * 100, fixed(q.bid, places),
      fixed(q.ask, places), fixed(q.bid_size, 8), fixed(q.ask_size, 8));
}

void CoinbaseServer::traded_advanced(std::size_t pair, std::span<const SimTrade> trades) {
  if (wanted(pair, kTrades)) {
    const std::string events = advanced_trades(pair, trades, "update");
    each_session(pair, kTrades, [&](Session& session) { send_advanced(session, "market_trades", events); });
  }
  if (wanted(pair, kTicker)) {
    const std::string events = advanced_ticker(pair, trades.back(), "update");
    each_session(pair, kTicker, [&](Session& session) { send_advanced(session, "ticker", events); });
  }
}

void CoinbaseServer::beat_advanced() {
  for (const auto& session : sessions()) {
    if (!session->open() || !session->heartbeats) continue;
    send_advanced(
        *session, "heartbeats",
        fmt::format(R"({{"current_time":"{}","heartbeat_counter":{}}})", time_us(ExchangeServer::now()), seconds_),
        false);
  }
}

net::HttpResponse CoinbaseServer::rest_advanced(const RestRequest& request, std::string_view path) const {
  constexpr std::string_view kProducts = "/api/v3/brokerage/market/products";
  if (!path.starts_with(kProducts)) return failure("NOT_FOUND", 404);
  path.remove_prefix(kProducts.size());
  if (path.empty()) return products_advanced();
  path.remove_prefix(1);
  const auto slash = std::min(path.find('/'), path.size());
  const auto pair = find_pair(path.substr(0, slash));
  if (!pair) return failure("NOT_FOUND", 404);
  if (path.substr(slash) == "/ticker") return ticker_advanced(request, *pair);
  if (path.substr(slash) == "/candles") return candles_advanced(request, *pair);
  return failure("NOT_FOUND", 404);
}

net::HttpResponse CoinbaseServer::products_advanced() const {
  std::string body;
  for (std::size_t pair = 0; pair < pairs().size(); ++pair) {
    const PairSpec& spec = pairs()[pair].spec();
    body += fmt::format(
        R"({}{{"product_id":"{}","base_increment":"{}","quote_increment":"{}","is_disabled":false,"new":false,)"
        R"("status":"online","cancel_only":false,"limit_only":false,"post_only":false,"trading_disabled":false,)"
        R"("auction_mode":false,"product_type":"SPOT","quote_currency_id":"{}","base_currency_id":"{}","alias":"",)"
        R"("alias_to":[],"view_only":false,"product_venue":"CBE"}})",
        body.empty() ? "" : ",", product(pair), trimmed(core::Decimal{1, static_cast<std::int8_t>(-spec.lot_decimals)}),
        trimmed(core::Decimal{1, static_cast<std::int8_t>(-spec.price_decimals)}), spec.quote_code, spec.base_code);
  }
  return json_response(fmt::format(R"({{"products":[{}],"num_products":{},"pagination":null}})", body, pairs().size()));
}

net::HttpResponse CoinbaseServer::ticker_advanced(const RestRequest& request, std::size_t pair) const {
  const auto limit = request.integer("limit", 0, 1, 1000);
  if (!limit || *limit == 0) return failure("limit is required", 400);
  const PairMarket& market = pairs()[pair];
  const core::Timestamp until = std::min(seconds(request, "end").value_or(request.now), request.now);
  const std::uint64_t end = market.first_trade_at(until);
  std::uint64_t first = end - std::min<std::uint64_t>(end - 1, static_cast<std::uint64_t>(*limit));
  if (const auto from = seconds(request, "start"))
    first = std::max(first, market.first_trade_at(std::min(*from, until)));
  std::vector<std::string> rows;
  if (first < end) {
    for (TradeWalk walk(market, first); walk.id() < end; walk.next()) rows.push_back(row(product(pair), walk.trade()));
  }
  std::reverse(rows.begin(), rows.end());
  const SimQuote q = market.quote(request.now);
  return json_response(fmt::format(R"({{"trades":[{}],"best_bid":"{}","best_ask":"{}"}})", fmt::join(rows, ","),
                                   trimmed(q.bid), trimmed(q.ask)));
}

net::HttpResponse CoinbaseServer::candles_advanced(const RestRequest& request, std::size_t pair) const {
  const std::string name = request.get("granularity");
  const core::Duration width = name == "ONE_MINUTE"    ? core::Duration(1min)
                               : name == "FIVE_MINUTE" ? core::Duration(5min)
                               : name == "ONE_HOUR"    ? core::Duration(1h)
                               : name == "ONE_DAY"     ? core::Duration(24h)
                                                       : core::Duration{};
  const auto start = seconds(request, "start");
  const auto end = seconds(request, "end");
  if (width.count() == 0 || !start || !end || *end < *start) return failure("INVALID_ARGUMENT", 400);
  if ((*end - *start) / width > kMaxCandles) return failure("number of candles requested should be less than 350", 400);
  const auto list = make_candles(pairs()[pair], start->floor_to(width), *end + core::Duration(1), width, request.now,
                                 static_cast<std::size_t>(kMaxCandles) + 1);
  const auto exponent = static_cast<std::int8_t>(-pairs()[pair].spec().lot_decimals);
  std::string body;
  for (auto it = list.rbegin(); it != list.rend(); ++it) {
    if (it->trades == 0) continue;
    body += fmt::format(R"({}{{"start":"{}","low":"{}","high":"{}","open":"{}","close":"{}","volume":"{}"}})",
                        body.empty() ? "" : ",", it->start.seconds(), trimmed(it->low), trimmed(it->high),
                        trimmed(it->open), trimmed(it->close), trimmed(core::Decimal{it->volume, exponent}));
  }
  return json_response(fmt::format(R"({{"candles":[{}]}})", body));
}

}  // namespace tickspan::sim
