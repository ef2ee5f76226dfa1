#include "sim/venues/bybit.hpp"

#include <fmt/format.h>

#include "sim/text.hpp"

namespace tickspan::sim {
namespace {

constexpr std::uint8_t kTrades = 1, kBest = 2, kTickers = 4;
constexpr std::size_t kMaxArguments = 10;
constexpr const char* kConnection = "d9avt8shteepr00gfc1g-4zd1x";

std::uint8_t channel_bit(std::string_view name) {
  if (name == "publicTrade") return kTrades;
  if (name == "orderbook.1") return kBest;
  if (name == "tickers") return kTickers;
  return 0;
}

/// `orderbook.1.BTCUSDT`
std::pair<std::string_view, std::string_view> split_topic(std::string_view topic) {
  const auto dot = topic.rfind('.');
  if (dot == std::string_view::npos) return {};
  return {topic.substr(0, dot), topic.substr(dot + 1)};
}

}  // namespace

BybitServer::BybitServer(const VenueContext& context, const std::vector<PairMarket>& pairs)
    : ExchangeServer("bybit", context, pairs) {
  quote_bits_ = kBest | kTickers;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    symbols_.push_back(pairs[i].spec().base_code + pairs[i].spec().quote_code);
    name_pair(symbols_.back(), i);
  }
}

bool BybitServer::prepare(Session&, std::string_view target) {
  return target.substr(0, target.find('?')) == "/v5/public/spot";
}

void BybitServer::received(Session& session, std::string_view text) {
  const auto request = parse_bybit_request(text);
  if (!request) return answer(session, {}, false, "Invalid request: not JSON");
  if (request->op == "ping") return answer(session, *request, true, "pong");
  if (request->op != "subscribe" && request->op != "unsubscribe")
    return answer(session, *request, false, "Request not supported: " + request->op);
  change(session, *request);
}

void BybitServer::answer(Session& session, const BybitRequest& request, bool success, std::string_view message) const {
  session.send(fmt::format(R"({{"success":{},"ret_msg":"{}","conn_id":"{}",{}"op":"{}"}})", success, json_text(message),
                           kConnection, request.req_id.empty() ? "" : fmt::format(R"("req_id":{},)", request.req_id),
                           json_text(request.op)),
               false);
}

/// One bad topic voids the whole request.
void BybitServer::change(Session& session, const BybitRequest& request) {
  if (request.args.empty() || request.args.size() > kMaxArguments)
    return answer(session, request, false, fmt::format("args size >{}", kMaxArguments));
  std::vector<std::pair<std::size_t, std::uint8_t>> topics;
  for (const std::string& topic : request.args) {
    const auto [name, symbol] = split_topic(topic);
    const auto pair = offered(symbol);
    if (channel_bit(name) == 0) return answer(session, request, false, "error:handler not found,topic:" + topic);
    if (!pair) return answer(session, request, false, "Invalid symbol :[" + topic + "]");
    topics.emplace_back(*pair, channel_bit(name));
  }
  answer(session, request, true, request.op);
  for (const auto& [pair, bit] : topics) {
    if (request.op == "unsubscribe") {
      ignore(session, pair, bit);
      continue;
    }
    listen(session, pair, bit);
    if (bit == kBest) session.send(best(pair, quote_now(pair)));
    if (bit == kTickers) session.send(ticker(pair));
  }
}

void BybitServer::traded(std::size_t pair, std::span<const SimTrade> trades) {
  if (!wanted(pair, kTrades)) return;
  const int places = pairs()[pair].spec().price_decimals;
  std::string rows;
  for (const SimTrade& t : trades) {
    rows += fmt::format(R"({}{{"i":"{}","T":{},"p":"{}","v":"{}","S":"{}","seq":{},"s":"{}","BT":false,"RPI":false}})",
                        rows.empty() ? "" : ",", t.id, t.time.ms(), fixed(t.price, places), trimmed(t.amount),
                        t.taker_buys ? "Buy" : "Sell", t.id * 3, symbol(pair));
  }
  broadcast(pair, kTrades,
            fmt::format(R"({{"topic":"publicTrade.{}","ts":{},"type":"snapshot","data":[{}]}})", symbol(pair),
                        now().ms(), rows));
}

std::string BybitServer::best(std::size_t pair, const SimQuote& quote) const {
  const int places = pairs()[pair].spec().price_decimals;
  return fmt::format(
      R"({{"topic":"orderbook.1.{0}","ts":{1},"type":"snapshot","data":{{"s":"{0}","b":[["{2}","{3}"]],"a":[["{4}","{5}"]],)"
      R"("u":{1},"seq":{1}}},"cts":{1}}})",
      symbol(pair), now().ms(), fixed(quote.bid, places), trimmed(quote.bid_size), fixed(quote.ask, places),
      trimmed(quote.ask_size));
}

/// Without best prices, unlike that of contracts.
std::string BybitServer::ticker(std::size_t pair) {
  const SimStats& s = stats(pair);
  const int places = pairs()[pair].spec().price_decimals;
  return fmt::format(
      R"({{"topic":"tickers.{0}","ts":{1},"type":"snapshot","cs":{1},"data":{{"symbol":"{0}","lastPrice":"{2}","highPrice24h":"{3}",)"
      R"("lowPrice24h":"{4}","prevPrice24h":"{5}","volume24h":"{6}","turnover24h":"{7}","price24hPcnt":"{8:.4f}","usdIndexPrice":""}}}})",
      symbol(pair), now().ms(), fixed(s.last, places), fixed(s.high, places), fixed(s.low, places),
      fixed(s.open, places), fixed(s.volume, 6), fixed(s.quote_volume, 8), s.last.to_double() / s.open.to_double() - 1);
}

void BybitServer::quoted(std::size_t pair, const SimQuote& quote) {
  if (wanted(pair, kBest)) broadcast(pair, kBest, best(pair, quote));
  if (wanted(pair, kTickers)) broadcast(pair, kTickers, ticker(pair));
}

}  // namespace tickspan::sim
