#include "sim/venues/okx.hpp"

#include <fmt/format.h>

#include <chrono>

#include "sim/text.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint8_t kTrades = 1, kTickers = 2;
constexpr const char* kConnection = "a4d3ae55";
constexpr core::Duration kIdle = 30s;

std::uint8_t channel_bit(std::string_view name) {
  if (name == "trades") return kTrades;
  if (name == "tickers") return kTickers;
  return 0;
}

}  // namespace

OkxServer::OkxServer(const VenueContext& context, const std::vector<PairMarket>& pairs)
    : ExchangeServer("okx", context, pairs) {
  quote_bits_ = kTickers;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    symbols_.push_back(pairs[i].spec().base_code + "-" + pairs[i].spec().quote_code);
    name_pair(symbols_.back(), i);
  }
}

bool OkxServer::prepare(Session& session, std::string_view target) {
  session.inbound.emplace(480, 480.0 / 3600);
  return target.substr(0, target.find('?')) == "/ws/v5/public";
}

void OkxServer::received(Session& session, std::string_view text) {
  if (text == "ping") return session.send("pong", false);
  const auto request = parse_okx_request(text);
  if (!request || (request->op != "subscribe" && request->op != "unsubscribe") || request->args.empty()) {
    const OkxRequest none;
    return refuse(session, request ? *request : none, "60012", "Invalid request: " + std::string(text.substr(0, 200)));
  }
  if (session.inbound->take(now()) > 0) return refuse(session, *request, "60014", "Requests too frequent");
  for (const auto& argument : request->args) change(session, *request, argument);
}

void OkxServer::refuse(Session& session, const OkxRequest& request, std::string_view code,
                       std::string_view message) const {
  session.send(fmt::format(R"({{{}"event":"error","code":"{}","msg":"{}","connId":"{}"}})",
                           request.id.empty() ? "" : fmt::format(R"("id":{},)", request.id), code, json_text(message),
                           kConnection),
               false);
}

/// Each argument is answered by itself; a bad one does not touch the others.
void OkxServer::change(Session& session, const OkxRequest& request, const OkxRequest::Argument& argument) {
  const std::uint8_t bit = channel_bit(argument.channel);
  const auto pair = offered(argument.symbol);
  if (bit == 0 || !pair) {
    return refuse(
        session, request, "60018",
        fmt::format("Wrong URL or channel:{},instId:{} doesn't exist. Please use the correct URL, channel and "
                    "parameters referring to API document.",
                    argument.channel, argument.symbol));
  }
  session.send(fmt::format(R"({{{}"event":"{}","arg":{{"channel":"{}","instId":"{}"}},"connId":"{}"}})",
                           request.id.empty() ? "" : fmt::format(R"("id":{},)", request.id), request.op,
                           argument.channel, argument.symbol, kConnection),
               false);
  if (request.op == "unsubscribe") return ignore(session, *pair, bit);
  listen(session, *pair, bit);
  if (bit == kTickers) {
    session.send(fmt::format(R"({{"arg":{{"channel":"tickers","instId":"{}"}},"data":[{}]}})", symbol(*pair),
                             ticker(*pair, quote_now(*pair), stats(*pair), now())));
  }
}

void OkxServer::tend(Session& session, core::Timestamp now) {
  if (now - session.last_sent >= kIdle) session.close(4004, "No data received in 30s.");
}

std::string OkxServer::ticker(std::size_t pair, const SimQuote& quote, const SimStats& s, core::Timestamp time) const {
  const int places = pairs()[pair].spec().price_decimals;
  const SimTrade last = pairs()[pair].trade(s.last_id);
  return fmt::format(
      R"({{"instType":"SPOT","instId":"{}","last":"{}","lastSz":"{}","askPx":"{}","askSz":"{}","bidPx":"{}","bidSz":"{}",)"
      R"("open24h":"{}","high24h":"{}","low24h":"{}","sodUtc0":"{}","sodUtc8":"{}","volCcy24h":"{}","vol24h":"{}","ts":"{}"}})",
      symbol(pair), fixed(s.last, places), trimmed(last.amount), fixed(quote.ask, places), trimmed(quote.ask_size),
      fixed(quote.bid, places), trimmed(quote.bid_size), fixed(s.open, places), fixed(s.high, places),
      fixed(s.low, places), fixed(s.open, places), fixed(s.open, places), fixed(s.quote_volume, 8), fixed(s.volume, 8),
      time.ms());
}

void OkxServer::traded(std::size_t pair, std::span<const SimTrade> trades) {
  if (!wanted(pair, kTrades)) return;
  const int places = pairs()[pair].spec().price_decimals;
  for (const SimTrade& trade : trades) {
    broadcast(
        pair, kTrades,
        fmt::format(
            R"({{"arg":{{"channel":"trades","instId":"{0}"}},"data":[{{"instId":"{0}","tradeId":"{1}","px":"{2}","sz":"{3}",)"
            R"("side":"{4}","ts":"{5}","count":"1"}}]}})",
            symbol(pair), trade.id, fixed(trade.price, places), trimmed(trade.amount),
            trade.taker_buys ? "buy" : "sell", trade.time.ms()));
  }
}

void OkxServer::quoted(std::size_t pair, const SimQuote& quote) {
  broadcast(pair, kTickers,
            fmt::format(R"({{"arg":{{"channel":"tickers","instId":"{}"}},"data":[{}]}})", symbol(pair),
                        ticker(pair, quote, stats(pair), now())));
}

}  // namespace tickspan::sim
