#include "sim/venues/bitstamp.hpp"

#include <fmt/format.h>

#include "sim/text.hpp"

namespace tickspan::sim {
namespace {

constexpr std::uint8_t kTrades = 1, kBook = 2;
constexpr int kLevels = 5;

std::uint8_t channel_bit(std::string_view name) {
  if (name == "live_trades") return kTrades;
  if (name == "order_book") return kBook;
  return 0;
}

/// `live_trades_btcusd`
std::pair<std::string_view, std::string_view> split_channel(std::string_view channel) {
  const auto underscore = channel.rfind('_');
  if (underscore == std::string_view::npos) return {};
  return {channel.substr(0, underscore), channel.substr(underscore + 1)};
}

std::string failure(std::string_view channel, std::string_view message) {
  return fmt::format(R"({{"event":"bts:error","channel":"{}","data":{{"code":null,"message":"{}"}}}})",
                     json_text(channel), json_text(message));
}

}  // namespace

BitstampServer::BitstampServer(const VenueContext& context, const std::vector<PairMarket>& pairs)
    : ExchangeServer("bitstamp", context, pairs) {
  quote_bits_ = kBook;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    symbols_.push_back(lower(pairs[i].spec().base_code + pairs[i].spec().quote_code));
    name_pair(symbols_.back(), i);
  }
}

bool BitstampServer::prepare(Session&, std::string_view target) {
  const auto path = target.substr(0, target.find('?'));
  return path.empty() || path == "/";
}

void BitstampServer::received(Session& session, std::string_view text) {
  const auto request = parse_bitstamp_request(text);
  if (!request) return session.send(failure("", "Incorrect JSON format."), false);
  if (request->event == "bts:heartbeat")
    return session.send(R"({"event":"bts:heartbeat","channel":"","data":{"status":"success"}})", false);
  if (request->event == "bts:subscribe" || request->event == "bts:unsubscribe") return change(session, *request);
  session.send(failure("", "Bad request: unknown event."), false);
}

void BitstampServer::change(Session& session, const BitstampRequest& request) {
  const auto [name, symbol] = split_channel(request.channel);
  const auto pair = offered(symbol);
  const std::uint8_t bit = channel_bit(name);
  if (!pair || bit == 0) return session.send(failure(request.channel, "Bad subscription string."), false);
  const bool on = request.event == "bts:subscribe";
  session.send(fmt::format(R"({{"event":"bts:{}","channel":"{}","data":{{}}}})",
                           on ? "subscription_succeeded" : "unsubscription_succeeded", request.channel),
               false);
  if (!on) return ignore(session, *pair, bit);
  listen(session, *pair, bit);
  if (bit == kBook) session.send(book(*pair, quote_now(*pair)));
}

void BitstampServer::traded(std::size_t pair, std::span<const SimTrade> trades) {
  if (!wanted(pair, kTrades)) return;
  const PairSpec& spec = pairs()[pair].spec();
  for (const SimTrade& t : trades) {
    broadcast(
        pair, kTrades,
        fmt::format(
            R"({{"data":{{"id":{},"timestamp":"{}","amount":{},"amount_str":"{}","price":{},"price_str":"{}","type":{},)"
            R"("microtimestamp":"{}","buy_order_id":{},"sell_order_id":{}}},"channel":"live_trades_{}","event":"trade"}})",
            t.id, t.time.seconds(), trimmed(t.amount), fixed(t.amount, 8), trimmed(t.price),
            fixed(t.price, spec.price_decimals), t.taker_buys ? 0 : 1, t.time.ns / 1000, t.id * 2, t.id * 2 + 1,
            symbol(pair)));
  }
}

/// Best prices, and levels a tick further away beneath them.
std::string BitstampServer::book(std::size_t pair, const SimQuote& quote) const {
  const int places = pairs()[pair].spec().price_decimals;
  const auto side = [&](core::Decimal price, const core::Decimal& size, int step) {
    std::string levels;
    for (int i = 0; i < kLevels && price.is_positive(); ++i, price.mantissa += step) {
      levels += fmt::format(R"({}["{}","{}"])", i == 0 ? "" : ",", fixed(price, places), fixed(size, 8));
    }
    return levels;
  };
  return fmt::format(
      R"({{"data":{{"timestamp":"{}","microtimestamp":"{}","bids":[{}],"asks":[{}]}},"channel":"order_book_{}","event":"data"}})",
      now().seconds(), now().ns / 1000, side(quote.bid, quote.bid_size, -1), side(quote.ask, quote.ask_size, 1),
      symbol(pair));
}

void BitstampServer::quoted(std::size_t pair, const SimQuote& quote) {
  broadcast(pair, kBook, book(pair, quote));
}

}  // namespace tickspan::sim
