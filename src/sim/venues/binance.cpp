#include "sim/venues/binance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "sim/text.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint8_t kTrade = 1, kAggTrade = 2, kBook = 4, kMini = 8, kKline = 16;
constexpr std::size_t kMaxStreams = 1024;
constexpr int kPlaces = 8;  // all prices and amounts are written with eight decimals
constexpr std::string_view kAllMini = "!miniTicker@arr";

std::uint8_t channel_bit(std::string_view name) {
  if (name == "trade") return kTrade;
  if (name == "aggTrade") return kAggTrade;
  if (name == "bookTicker") return kBook;
  if (name == "miniTicker") return kMini;
  if (name == "kline_1m") return kKline;
  return 0;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

}  // namespace

BinanceServer::BinanceServer(const VenueContext& context, const std::vector<PairMarket>& pairs, std::string id)
    : ExchangeServer(std::move(id), context, pairs), update_ids_(pairs.size(), 0), mini_sent_(pairs.size(), 0) {
  quote_bits_ = kBook;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    symbols_.push_back(pairs[i].spec().base_code + pairs[i].spec().quote_code);
    name_pair(symbols_.back(), i);
  }
}

bool BinanceServer::prepare(Session& session, std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  session.inbound.emplace(5, 5);
  if (path == "/stream") {
    session.combined = true;
    const std::string_view query = path.size() < target.size() ? target.substr(path.size() + 1) : std::string_view();
    for (const auto& [name, value] : net::parse_query(query)) {
      if (name != "streams") continue;
      for (const auto stream : split(value, '/')) subscribe(session, std::string(stream));
    }
    return true;
  }
  if (path != "/ws" && !path.starts_with("/ws/")) return false;
  for (const auto stream : split(path.substr(3), '/')) subscribe(session, net::percent_decode(stream, false));
  return true;
}

void BinanceServer::subscribe(Session& session, const std::string& stream) {
  if (std::find(session.streams.begin(), session.streams.end(), stream) != session.streams.end()) return;
  session.streams.push_back(stream);
  if (stream == kAllMini) session.all_tickers = true;
  const auto at = stream.find('@');
  if (at == std::string::npos) return;  // acknowledged all the same, like any unknown name
  const std::string name = stream.substr(0, at);
  const auto pair = name == lower(name) ? offered(upper(name)) : std::nullopt;
  const std::uint8_t bit = channel_bit(std::string_view(stream).substr(at + 1));
  if (pair && bit != 0) listen(session, *pair, bit);
}

void BinanceServer::unsubscribe(Session& session, const std::string& stream) {
  std::erase(session.streams, stream);
  if (stream == kAllMini) session.all_tickers = false;
  const auto at = stream.find('@');
  if (at == std::string::npos) return;
  const auto pair = find_pair(upper(std::string_view(stream).substr(0, at)));
  const std::uint8_t bit = channel_bit(std::string_view(stream).substr(at + 1));
  if (pair && bit != 0) ignore(session, *pair, bit);
}

void BinanceServer::received(Session& session, std::string_view text) {
  if (session.inbound->take(now()) > 0) return session.close(1008, "Too many requests");
  const auto request = parse_binance_request(text);
  if (request) return answer(session, *request);
  const bool json = request.error().code != core::ErrorCode::parse_error;
  session.send(json ? R"({"code":2,"msg":"Invalid request: expected an object"})"
                    : R"({"code":3,"msg":"Invalid JSON: expected value at line 1 column 1"})",
               false);
}

void BinanceServer::answer(Session& session, const BinanceRequest& request) {
  std::string result = "null";
  if (request.method == "SUBSCRIBE") {
    for (const auto& stream : request.params) subscribe(session, stream);
    if (session.streams.size() > kMaxStreams) return session.close(1008, "Too many streams");
  } else if (request.method == "UNSUBSCRIBE") {
    for (const auto& stream : request.params) unsubscribe(session, stream);
  } else if (request.method == "LIST_SUBSCRIPTIONS") {
    result = "[";
    for (const auto& stream : session.streams) {
      result += fmt::format("{}\"{}\"", result.size() > 1 ? "," : "", json_text(stream));
    }
    result += ']';
  } else if (request.method == "SET_PROPERTY" && request.flag && request.params.size() == 1 &&
             request.params[0] == "combined") {
    session.combined = *request.flag;
  } else if (request.method == "GET_PROPERTY" && request.params.size() == 1 && request.params[0] == "combined") {
    result = session.combined ? "true" : "false";
  } else {
    session.send(fmt::format(R"({{"code":2,"msg":"Invalid request: unknown variant {}","id":{}}})",
                             json_text(request.method), request.id),
                 false);
    return;
  }
  session.send(fmt::format(R"({{"result":{},"id":{}}})", result, request.id), false);
}

void BinanceServer::publish(std::size_t pair, std::uint8_t bit, std::string_view stream, std::string_view data) {
  std::string wrapped;
  each_session(pair, bit, [&](Session& session) {
    if (!session.combined) return session.send(data);
    if (wrapped.empty()) wrapped = fmt::format(R"({{"stream":"{}@{}","data":{}}})", lower(symbol(pair)), stream, data);
    session.send(wrapped);
  });
}

void BinanceServer::traded(std::size_t pair, std::span<const SimTrade> trades) {
  const std::int64_t event_ms = now().ms();
  for (const SimTrade& trade : trades) {
    const std::string price = fixed(trade.price, kPlaces);
    const std::string amount = fixed(trade.amount, kPlaces);
    const char* maker = trade.taker_buys ? "false" : "true";
    if (wanted(pair, kTrade)) {
      publish(pair, kTrade, "trade",
              fmt::format(R"({{"e":"trade","E":{},"s":"{}","t":{},"p":"{}","q":"{}","T":{},"m":{},"M":true}})",
                          event_ms, symbol(pair), trade.id, price, amount, trade.time.ms(), maker));
    }
    if (wanted(pair, kAggTrade)) {
      publish(pair, kAggTrade, "aggTrade",
              fmt::format(
                  R"({{"e":"aggTrade","E":{},"s":"{}","a":{},"p":"{}","q":"{}","f":{},"l":{},"T":{},"m":{},"M":true}})",
                  event_ms, symbol(pair), trade.id, price, amount, trade.id, trade.id, trade.time.ms(), maker));
    }
  }
}

void BinanceServer::quoted(std::size_t pair, const SimQuote& quote) {
  // Update ids go on rising over restarts, too.
  update_ids_[pair] = std::max(update_ids_[pair] + 1, static_cast<std::uint64_t>(now().ms()));
  publish(pair, kBook, "bookTicker",
          fmt::format(R"({{"u":{},"s":"{}","b":"{}","B":"{}","a":"{}","A":"{}"}})", update_ids_[pair], symbol(pair),
                      fixed(quote.bid, kPlaces), fixed(quote.bid_size, kPlaces), fixed(quote.ask, kPlaces),
                      fixed(quote.ask_size, kPlaces)));
}

std::string BinanceServer::mini_ticker(std::size_t pair, core::Timestamp now) {
  const SimStats& s = stats(pair);
  return fmt::format(
      R"({{"e":"24hrMiniTicker","E":{},"s":"{}","c":"{}","o":"{}","h":"{}","l":"{}","v":"{}","q":"{}"}})", now.ms(),
      symbol(pair), fixed(s.last, kPlaces), fixed(s.open, kPlaces), fixed(s.high, kPlaces), fixed(s.low, kPlaces),
      fixed(s.volume, kPlaces), fixed(s.quote_volume, kPlaces));
}

void BinanceServer::send_kline(std::size_t pair, core::Timestamp start, core::Timestamp now) {
  const SimCandle c = make_candle(pairs()[pair], start, 1min, now + 1ns);
  const int lots = pairs()[pair].spec().lot_decimals;
  const auto amount = [&](std::int64_t units) {
    return fixed(core::Decimal{units, static_cast<std::int8_t>(-lots)}, kPlaces);
  };
  const auto id = [&](std::uint64_t n) { return c.trades == 0 ? std::string("-1") : std::to_string(n); };
  publish(pair, kKline, "kline_1m",
          fmt::format(
              R"({{"e":"kline","E":{},"s":"{}","k":{{"t":{},"T":{},"s":"{}","i":"1m","f":{},"L":{},"o":"{}","c":"{}",)"
              R"("h":"{}","l":"{}","v":"{}","n":{},"x":{},"q":"{}","V":"{}","Q":"{}","B":"0"}}}})",
              now.ms(), symbol(pair), start.ms(), (start + 1min).ms() - 1, symbol(pair), id(c.first_id),
              id(c.first_id + c.trades - 1), fixed(c.open, kPlaces), fixed(c.close, kPlaces), fixed(c.high, kPlaces),
              fixed(c.low, kPlaces), amount(c.volume), c.trades, now >= start + 1min ? "true" : "false",
              fixed(c.quote_volume, kPlaces), amount(c.taker_buy_volume), fixed(c.taker_buy_quote_volume, kPlaces)));
}

void BinanceServer::every_second(core::Timestamp now) {
  const core::Timestamp minute = now.floor_to(1min);
  const bool minute_over = now - minute < 1s;
  ++seconds_;
  const bool any_all =
      std::any_of(sessions().begin(), sessions().end(), [](const auto& s) { return s->open() && s->all_tickers; });
  std::string all;
  for (std::size_t pair = 0; pair < pairs().size(); ++pair) {
    if (wanted(pair, kKline)) {
      if (minute_over) send_kline(pair, minute - 1min, now);
      if (seconds_ % 2 == 0) send_kline(pair, minute, now);
    }
    if (!any_all && !wanted(pair, kMini)) continue;
    const std::uint64_t last = stats(pair).last_id;
    if (last == mini_sent_[pair]) continue;
    mini_sent_[pair] = last;
    const std::string ticker = mini_ticker(pair, now);
    publish(pair, kMini, "miniTicker", ticker);
    if (any_all) all += (all.empty() ? "[" : ",") + ticker;
  }
  if (all.empty()) return;
  all += ']';
  for (const auto& session : sessions()) {
    if (!session->open() || !session->all_tickers) continue;
    session->send(session->combined ? fmt::format(R"({{"stream":"{}","data":{}}})", kAllMini, all) : all);
  }
}

void BinanceServer::tend(Session& session, core::Timestamp now) {
  if (session.last_ping - session.last_pong >= 60s) return session.abort();
  if (now - session.opened_at >= 24h) return session.close(1001, "24 h");
  if (now - session.last_ping >= 20s) session.ping(std::to_string(now.ms()));
}

}  // namespace tickspan::sim
