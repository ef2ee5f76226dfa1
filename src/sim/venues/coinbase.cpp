#include "sim/venues/coinbase.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "sim/text.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

struct ChannelName {
  std::string_view name;
  std::uint8_t bit;
};
constexpr std::uint8_t kTicker = 1, kMatches = 2, kHeartbeat = 4, kTickerBatch = 8;
constexpr ChannelName kChannels[] = {
    {"ticker", kTicker}, {"matches", kMatches}, {"heartbeat", kHeartbeat}, {"ticker_batch", kTickerBatch}};
constexpr core::Duration kSubscribeDeadline = 5s;

std::uint8_t channel_bit(std::string_view name) {
  for (const ChannelName& channel : kChannels) {
    if (channel.name == name) return channel.bit;
  }
  return 0;
}

/// The book moves more often than it trades: sequence numbers are twenty times as dense as trades.
std::uint64_t sequence_of(std::uint64_t trade_id) {
  return trade_id * 20 + 7;
}

std::string failure(std::string_view reason) {
  return fmt::format(R"({{"type":"error","message":"Failed to subscribe","reason":"{}"}})", json_text(reason));
}

}  // namespace

CoinbaseServer::CoinbaseServer(std::string id, const VenueContext& context, const std::vector<PairMarket>& pairs,
                               bool advanced)
    : ExchangeServer(std::move(id), context, pairs), advanced_(advanced) {
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    products_.push_back(pairs[i].spec().base_code + "-" + pairs[i].spec().quote_code);
    name_pair(products_.back(), i);
  }
}

bool CoinbaseServer::prepare(Session&, std::string_view target) {
  const auto path = target.substr(0, target.find('?'));
  return path.empty() || path == "/";
}

void CoinbaseServer::tend(Session& session, core::Timestamp now) {
  if (session.subscribed || now - session.opened_at < kSubscribeDeadline) return;
  session.close(1008, "no subscribe message within 5 seconds");
}

void CoinbaseServer::received(Session& session, std::string_view text) {
  const auto request = parse_coinbase_request(text);
  if (!request) {
    return session.send(R"({"type":"error","message":"Malformed JSON"})", false);
  }
  if (advanced_) return received_advanced(session, *request);
  if (request->type == "subscribe") return subscribe(session, *request);
  if (request->type == "unsubscribe") return unsubscribe(session, *request);
  session.send(
      fmt::format(R"({{"type":"error","message":"Type has to be either subscribe or unsubscribe","reason":"got {}"}})",
                  json_text(request->type)),
      false);
}

void CoinbaseServer::subscribe(Session& session, const CoinbaseRequest& request) {
  // One bad product or channel voids the whole request; one channel alone is the other protocol's form.
  if (request.advanced) return session.send(failure("no channels provided"), false);
  for (const auto& channel : request.channels) {
    if (channel_bit(channel.name) == 0) return session.send(failure(channel.name + " is not a valid channel"), false);
    if (channel.product_ids.empty()) return session.send(failure("no products"), false);
    for (const auto& id : channel.product_ids) {
      if (!offered(id)) return session.send(failure(id + " is not a valid product"), false);
    }
  }
  if (request.channels.empty()) return session.send(failure("no channels provided"), false);
  std::vector<std::pair<std::size_t, std::uint8_t>> added;
  for (const auto& channel : request.channels) {
    const std::uint8_t bit = channel_bit(channel.name);
    for (const auto& id : channel.product_ids) {
      const std::size_t pair = *find_pair(id);
      if ((session.channels[pair] & bit) != 0) continue;
      listen(session, pair, bit);
      added.emplace_back(pair, bit);
    }
  }
  acknowledge(session);
  for (const auto& [pair, bit] : added) {
    if (bit == kMatches) session.send(match(pair, last_trade(pair), "last_match"));
    if (bit == kTicker) session.send(ticker(pair, last_trade(pair)));
  }
}

void CoinbaseServer::unsubscribe(Session& session, const CoinbaseRequest& request) {
  for (const auto& channel : request.channels) {
    const std::uint8_t bit = channel_bit(channel.name);
    for (const auto& id : channel.product_ids) {
      if (const auto pair = find_pair(id)) ignore(session, *pair, bit);
    }
    if (!channel.product_ids.empty()) continue;
    for (std::size_t pair = 0; pair < pairs().size(); ++pair) ignore(session, pair, bit);
  }
  acknowledge(session);
}

void CoinbaseServer::acknowledge(Session& session) {
  std::string list;
  for (const ChannelName& channel : kChannels) {
    std::string ids;
    for (std::size_t pair = 0; pair < pairs().size(); ++pair) {
      if ((session.channels[pair] & channel.bit) == 0) continue;
      ids += fmt::format("{}\"{}\"", ids.empty() ? "" : ",", product(pair));
    }
    if (ids.empty()) continue;
    list += fmt::format(R"({}{{"name":"{}","product_ids":[{}],"account_ids":null}})", list.empty() ? "" : ",",
                        channel.name, ids);
  }
  session.send(fmt::format(R"({{"type":"subscriptions","channels":[{}]}})", list), false);
}

std::string CoinbaseServer::match(std::size_t pair, const SimTrade& trade, std::string_view type) const {
  const std::uint64_t stream = pairs()[pair].stream();
  return fmt::format(
      R"({{"type":"{}","trade_id":{},"maker_order_id":"{}","taker_order_id":"{}","side":"{}","size":"{}","price":"{}",)"
      R"("product_id":"{}","sequence":{},"time":"{}"}})",
      type, trade.id, make_uuid(stream, trade.id * 2), make_uuid(stream, trade.id * 2 + 1),
      trade.taker_buys ? "sell" : "buy", trimmed(trade.amount), trimmed(trade.price), product(pair),
      sequence_of(trade.id), time_us(trade.time));
}

std::string CoinbaseServer::ticker(std::size_t pair, const SimTrade& trade) {
  const SimStats& s = stats(pair);
  const SimQuote q = pairs()[pair].quote(trade.time, frozen_at_);
  const int places = pairs()[pair].spec().price_decimals;
  return fmt::format(
      R"({{"type":"ticker","sequence":{},"product_id":"{}","price":"{}","open_24h":"{}","volume_24h":"{}","low_24h":"{}",)"
      R"("high_24h":"{}","volume_30d":"{}","best_bid":"{}","best_bid_size":"{}","best_ask":"{}","best_ask_size":"{}",)"
      R"("side":"{}","time":"{}","trade_id":{},"last_size":"{}"}})",
      sequence_of(trade.id), product(pair), trimmed(trade.price), trimmed(s.open), fixed(s.volume, 8), trimmed(s.low),
      trimmed(s.high), fixed(s.volume * 30, 8), fixed(q.bid, places), fixed(q.bid_size, 8), fixed(q.ask, places),
      fixed(q.ask_size, 8), trade.taker_buys ? "buy" : "sell", time_us(trade.time), trade.id, trimmed(trade.amount));
}

void CoinbaseServer::traded(std::size_t pair, std::span<const SimTrade> trades) {
  if (advanced_) return traded_advanced(pair, trades);
  for (const SimTrade& trade : trades) {
    if (wanted(pair, kMatches)) broadcast(pair, kMatches, match(pair, trade, "match"));
    if (wanted(pair, kTicker)) broadcast(pair, kTicker, ticker(pair, trade));
  }
}

void CoinbaseServer::every_second(core::Timestamp now) {
  ++seconds_;
  if (advanced_) return beat_advanced();
  for (std::size_t pair = 0; pair < pairs().size(); ++pair) {
    if (wanted(pair, kHeartbeat)) {
      const std::uint64_t last = pairs()[pair].first_trade_at(now) - 1;
      broadcast(pair, kHeartbeat,
                fmt::format(R"({{"type":"heartbeat","last_trade_id":{},"product_id":"{}","sequence":{},"time":"{}"}})",
                            last, product(pair), sequence_of(last) + seconds_ % 10, time_us(ExchangeServer::now())));
    }
    if (seconds_ % 5 == 0 && wanted(pair, kTickerBatch)) broadcast(pair, kTickerBatch, ticker(pair, last_trade(pair)));
  }
}

}  // namespace tickspan::sim
