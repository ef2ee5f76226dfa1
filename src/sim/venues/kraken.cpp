#include "sim/venues/kraken.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "sim/noise.hpp"
#include "sim/text.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint8_t kTickerTrades = 1, kTickerBbo = 2, kTrade = 4;
constexpr std::size_t kSnapshotTrades = 50;

std::string request_id(const KrakenRequest& request) {
  return request.req_id.empty() ? std::string() : fmt::format(R"(,"req_id":{})", request.req_id);
}

std::string old_name(std::string_view code) {
  if (code == "BTC") return "XBT";
  if (code == "DOGE") return "XDG";
  return std::string(code);
}

/// Assets of the early days carry a letter: X for coins, Z for fiat money.
std::string internal_name(std::string_view code) {
  constexpr std::string_view kOldCoins[] = {"XBT", "XDG", "ETH", "LTC", "XRP", "XLM", "XMR", "ZEC", "ETC"};
  constexpr std::string_view kOldFiat[] = {"USD", "EUR", "GBP", "JPY", "CAD"};
  const std::string name = old_name(code);
  if (std::find(std::begin(kOldCoins), std::end(kOldCoins), name) != std::end(kOldCoins)) return "X" + name;
  if (std::find(std::begin(kOldFiat), std::end(kOldFiat), name) != std::end(kOldFiat)) return "Z" + name;
  return name;
}

}  // namespace

KrakenServer::Names KrakenServer::spell(const PairSpec& spec) {
  Names names;
  const std::string base = old_name(spec.base_code);
  const std::string quote = old_name(spec.quote_code);
  names.v2 = spec.base_code + "/" + spec.quote_code;
  names.ws = base + "/" + quote;
  names.alt = base + quote;
  names.base = internal_name(spec.base_code);
  names.quote = internal_name(spec.quote_code);
  // The long key only where both sides are old; dogecoin against money is an exception, so is tether.
  const bool old_pair = names.base.size() == 4 && names.quote.size() == 4 && names.base != base && names.quote != quote;
  const bool doge_money = base == "XDG" && names.quote.front() == 'Z';
  names.key = old_pair && !doge_money ? names.base + names.quote : names.alt;
  if (names.alt == "USDTUSD") names.key = "USDTZUSD";
  return names;
}

KrakenServer::KrakenServer(const VenueContext& context, const std::vector<PairMarket>& pairs)
    : ExchangeServer("kraken", context, pairs) {
  quote_bits_ = kTickerBbo;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    names_.push_back(spell(pairs[i].spec()));
    name_pair(names_.back().v2, i);
  }
}

bool KrakenServer::prepare(Session&, std::string_view target) {
  return target.substr(0, target.find('?')) == "/v2";
}

void KrakenServer::opened(Session& session) {
  session.send(
      fmt::format(
          R"({{"channel":"status","type":"update","data":[{{"version":"2.0.10","system":"online","api_version":"v2","connection_id":{}}}]}})",
          hash(static_cast<std::uint64_t>(now().ns), 0x6b72616b656e) | (std::uint64_t{1} << 63)),
      false);
}

void KrakenServer::tend(Session& session, core::Timestamp now) {
  if (session.subscribed && now - session.last_sent >= 1s) session.send(R"({"channel":"heartbeat"})", false);
  if (!session.subscribed && now - session.opened_at >= 60s) session.close(1000, "idle");
}

void KrakenServer::received(Session& session, std::string_view text) {
  const core::Timestamp time_in = now();
  const auto request = parse_kraken_request(text);
  if (!request) {
    return session.send(
        fmt::format(R"({{"error":"Malformed request","success":false,"time_in":"{0}","time_out":"{0}"}})",
                    time_us(time_in)),
        false);
  }
  if (request->method == "subscribe") return subscribe(session, *request);
  if (request->method == "unsubscribe") return unsubscribe(session, *request);
  if (request->method == "ping") {
    return session.send(fmt::format(R"({{"method":"pong"{},"time_in":"{}","time_out":"{}"}})", request_id(*request),
                                    time_us(time_in), time_us(now())),
                        false);
  }
  refuse(session, *request, "Unsupported method", {}, time_in);
}

void KrakenServer::refuse(Session& session, const KrakenRequest& request, std::string_view error,
                          std::string_view symbol, core::Timestamp time_in) {
  const std::string name = symbol.empty() ? std::string() : fmt::format(R"(,"symbol":"{}")", json_text(symbol));
  session.send(
      fmt::format(R"({{"error":"{}","method":"{}"{},"success":false{},"time_in":"{}","time_out":"{}"}})", error,
                  json_text(request.method), request_id(request), name, time_us(time_in), time_us(now())),
      false);
}

void KrakenServer::acknowledge(Session& session, const KrakenRequest& request, std::string_view symbol,
                               core::Timestamp time_in) {
  std::string result = fmt::format(R"("channel":"{}")", request.channel);
  if (request.channel == "ticker")
    result += fmt::format(R"(,"event_trigger":"{}")", request.event_trigger == "bbo" ? "bbo" : "trades");
  result += fmt::format(R"(,"snapshot":{})", request.snapshot.value_or(request.channel != "trade"));
  if (!symbol.empty()) result += fmt::format(R"(,"symbol":"{}")", symbol);
  session.send(fmt::format(R"({{"method":"{}","result":{{{}}},"success":true,"time_in":"{}","time_out":"{}"{}}})",
                           request.method, result, time_us(time_in), time_us(now()), request_id(request)),
               false);
}

void KrakenServer::subscribe(Session& session, const KrakenRequest& request) {
  const core::Timestamp time_in = now();
  if (request.channel == "instrument") {
    session.subscribed = true;
    acknowledge(session, request, {}, time_in);
    return session.send(instruments());
  }
  const bool ticker_channel = request.channel == "ticker";
  if (!ticker_channel && request.channel != "trade")
    return refuse(session, request, "Channel not supported", {}, time_in);
  if (request.symbols.empty()) return refuse(session, request, "Symbol(s) not found", {}, time_in);
  for (const auto& symbol : request.symbols) {
    const auto pair = offered(symbol);
    if (!pair) {
      refuse(session, request, "Currency pair not supported " + json_text(symbol), symbol, time_in);
      continue;
    }
    listen(session, *pair, ticker_channel ? (request.event_trigger == "bbo" ? kTickerBbo : kTickerTrades) : kTrade);
    acknowledge(session, request, symbol, time_in);
    if (!request.snapshot.value_or(ticker_channel)) continue;
    if (ticker_channel) {
      session.send(ticker(*pair, "snapshot"));
    } else {
      std::vector<SimTrade> trades;
      const std::uint64_t end = pairs()[*pair].first_trade_at(time_in);
      for (TradeWalk walk(pairs()[*pair], end - std::min<std::uint64_t>(end - 1, kSnapshotTrades)); walk.id() < end;
           walk.next()) {
        trades.push_back(walk.trade(frozen_at_));
      }
      session.send(trades_message(*pair, trades, "snapshot"));
    }
  }
}

void KrakenServer::unsubscribe(Session& session, const KrakenRequest& request) {
  const core::Timestamp time_in = now();
  for (const auto& symbol : request.symbols) {
    const auto pair = find_pair(symbol);
    if (!pair) {
      refuse(session, request, "Currency pair not supported " + json_text(symbol), symbol, time_in);
      continue;
    }
    ignore(session, *pair, request.channel == "ticker" ? kTickerTrades | kTickerBbo : kTrade);
    session.send(
        fmt::format(
            R"({{"method":"unsubscribe","result":{{"channel":"{}","symbol":"{}"}},"success":true,"time_in":"{}","time_out":"{}"{}}})",
            json_text(request.channel), symbol, time_us(time_in), time_us(now()), request_id(request)),
        false);
  }
}

std::string KrakenServer::ticker(std::size_t pair, std::string_view type) {
  const SimStats& s = stats(pair);
  const SimQuote q = quote_now(pair);
  const core::Decimal last = frozen_at_.is_set() ? last_trade(pair).price : s.last;
  const int places = pairs()[pair].spec().price_decimals;
  const double change = last.to_double() - s.open.to_double();
  return fmt::format(
      R"({{"channel":"ticker","type":"{}","data":[{{"symbol":"{}","bid":{},"bid_qty":{},"ask":{},"ask_qty":{},"last":{},"volume":{},"vwap":{},)"
      R"("low":{},"high":{},"change":{},"change_pct":{},"timestamp":"{}"}}]}})",
      type, names_[pair].v2, fixed(q.bid, places), fixed(q.bid_size, 8), fixed(q.ask, places), fixed(q.ask_size, 8),
      fixed(last, places), fixed(s.volume, 8), fixed((s.high.to_double() + s.low.to_double()) / 2, places),
      fixed(s.low, places), fixed(s.high, places), fixed(change, places), fixed(change / s.open.to_double() * 100, 2),
      time_us(now()));
}

std::string KrakenServer::trades_message(std::size_t pair, std::span<const SimTrade> trades,
                                         std::string_view type) const {
  const int places = pairs()[pair].spec().price_decimals;
  std::string rows;
  for (const SimTrade& t : trades) {
    rows += fmt::format(
        R"({}{{"symbol":"{}","side":"{}","price":{},"qty":{},"ord_type":"{}","trade_id":{},"timestamp":"{}"}})",
        rows.empty() ? "" : ",", names_[pair].v2, t.taker_buys ? "buy" : "sell", fixed(t.price, places),
        fixed(t.amount, 8), t.id % 3 == 0 ? "market" : "limit", t.id, time_us(t.time));
  }
  return fmt::format(R"({{"channel":"trade","type":"{}","data":[{}]}})", type, rows);
}

void KrakenServer::traded(std::size_t pair, std::span<const SimTrade> trades) {
  if (wanted(pair, kTrade)) broadcast(pair, kTrade, trades_message(pair, trades, "update"));
  if (wanted(pair, kTickerTrades)) broadcast(pair, kTickerTrades, ticker(pair, "update"));
}

void KrakenServer::quoted(std::size_t pair, const SimQuote&) {
  broadcast(pair, kTickerBbo, ticker(pair, "update"));
}

std::string KrakenServer::instruments() const {
  std::string assets;
  std::set<std::string> seen;
  std::string list;
  for (std::size_t i = 0; i < pairs().size(); ++i) {
    const PairSpec& spec = pairs()[i].spec();
    for (const std::string& code : {spec.base_code, spec.quote_code}) {
      if (!seen.insert(code).second) continue;
      assets += fmt::format(
          R"({}{{"id":"{}","status":"enabled","precision":10,"precision_display":5,"borrowable":false,"collateral_value":0.0,"margin_rate":0.0}})",
          assets.empty() ? "" : ",", code);
    }
    list += fmt::format(
        R"({}{{"symbol":"{}","base":"{}","quote":"{}","status":"online","qty_precision":{},"qty_increment":{},"price_precision":{},)"
        R"("cost_precision":{},"marginable":false,"has_index":true,"cost_min":0.50,"tick_size":{},"price_increment":{},"qty_min":{}}})",
        list.empty() ? "" : ",", names_[i].v2, spec.base_code, spec.quote_code, spec.lot_decimals,
        fixed(core::Decimal{1, static_cast<std::int8_t>(-spec.lot_decimals)}, 8), spec.price_decimals,
        spec.price_decimals, core::Decimal{1, static_cast<std::int8_t>(-spec.price_decimals)}.to_string(),
        core::Decimal{1, static_cast<std::int8_t>(-spec.price_decimals)}.to_string(),
        fixed(core::Decimal{1, static_cast<std::int8_t>(-spec.lot_decimals)}, 8));
  }
  return fmt::format(R"({{"channel":"instrument","type":"snapshot","data":{{"assets":[{}],"pairs":[{}]}}}})", assets,
                     list);
}

}  // namespace tickspan::sim
