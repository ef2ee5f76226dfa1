#include "feeds/coinbase/coinbase.hpp"

#include <simdjson.h>

#include <algorithm>

#include "feeds/coinbase/advanced.hpp"
#include "feeds/coinbase/symbols.hpp"
#include "feeds/decode_support.hpp"
#include "feeds/frame_parser.hpp"

namespace tickspan::feeds {
namespace {

namespace ondemand = simdjson::ondemand;
using core::Tick;
using std::string_view;

/// The tokens of one object that may become a tick, in either of the venue's two protocols.
struct Fields {
  string_view type;     // `type`, without quotes
  string_view channel;  // Advanced only, without quotes
  string_view timestamp;
  string_view product, price, size, side, time, trade_id;
  string_view bid, ask, bid_size, ask_size;
  string_view message, reason, sequence;
  bool events = false;  // has `events`
};

/// What the frame is by its type alone; the two that hold ticks must be read on.
bool carries_ticks(string_view type) {
  return type == "match" || type == "last_match" || type == "ticker";
}

void take(const char* key, ondemand::value& value, Fields& fields) {
  const auto token = [&value] { return value.raw_json_token(); };
  switch (key[0]) {
    case 'b':
      if (key_is(key, "best_bid")) fields.bid = token();
      if (key_is(key, "best_bid_size") || key_is(key, "best_bid_quantity")) fields.bid_size = token();
      if (key_is(key, "best_ask")) fields.ask = token();
      if (key_is(key, "best_ask_size") || key_is(key, "best_ask_quantity")) fields.ask_size = token();
      break;
    case 'c':
      if (key_is(key, "channel")) fields.channel = token_text(token());
      break;
    case 'e':
      if (key_is(key, "events")) fields.events = true;
      break;
    case 'm':
      if (key_is(key, "message")) fields.message = token_text(token());
      break;
    case 'p':
      if (key_is(key, "price")) fields.price = token();
      if (key_is(key, "product_id")) fields.product = token();
      break;
    case 'r':
      if (key_is(key, "reason")) fields.reason = token_text(token());
      break;
    case 's':
      if (key_is(key, "side")) fields.side = token_text(token());
      if (key_is(key, "size")) fields.size = token();
      if (key_is(key, "sequence_num")) fields.sequence = token();
      break;
    case 't':
      if (key_is(key, "type")) fields.type = token_text(token());
      if (key_is(key, "time")) fields.time = token();
      if (key_is(key, "trade_id")) fields.trade_id = token();
      if (key_is(key, "timestamp")) fields.timestamp = token();
      break;
    default:
      break;
  }
}

simdjson::error_code gather(ondemand::object& object, Fields& fields) {
  for (auto item : object) {
    ondemand::field field;
    SIMDJSON_TRY(std::move(item).get(field));
    take(field.key().raw(), field.value(), fields);
  }
  return simdjson::SUCCESS;
}

bool read_time(string_view token, core::Timestamp received_at, core::Timestamp& out) {
  const auto parsed = core::parse_rfc3339(token_text(token));
  if (!parsed) return false;
  out = *parsed;
  return plausible_time(out, received_at);
}

/// The venue names the side of the resting order: the taker did the opposite.
core::Side taker_of(string_view maker_side) {
  if (maker_side == "sell" || maker_side == "SELL") return core::Side::buy;
  if (maker_side == "buy" || maker_side == "BUY") return core::Side::sell;
  return core::Side::unknown;
}

/// Exchange numbers its trades with integers, Advanced with the same ones as text.
bool read_id(string_view token, std::uint64_t& out) {
  const auto text = token_text(token);
  return read_uint(text.empty() ? token : text, out);
}

/// One decode() at work: the input, the output and how a tick is made of fields.
class Reading {
 public:
  Reading(core::Timestamp received_at, const core::SymbolTable& symbols, Decoded& out)
      : received_at_(received_at), symbols_(symbols), out_(out) {}

  /// Null when the trade was taken, else what is wrong with it.
  const char* take_trade(const Fields& fields) {
    const auto product = token_text(fields.product);
    if (product.empty()) return "no product";
    Tick::Trade trade;
    trade.received_at = received_at_;
    if (read_number(fields.price, trade.price) != NumberKind::positive) return "bad price";
    if (read_number(fields.size, trade.amount) != NumberKind::positive) return "bad size";
    if (!read_time(fields.time, received_at_, trade.event_time)) return "bad time";
    if (!read_id(fields.trade_id, trade.trade_id)) return "bad trade id";
    trade.side = taker_of(fields.side);
    if (trade.side == core::Side::unknown) return "bad side";
    trade.instrument = symbols_.find(product);
    add(trade, product);
    return nullptr;
  }

  /// A side without orders is empty or zero: allowed, but no quote.
  const char* take_quote(const Fields& fields, string_view time) {
    const auto product = token_text(fields.product);
    if (product.empty()) return "no product";
    Tick::Quote quote;
    quote.received_at = received_at_;
    const auto bid = side(fields.bid, quote.bid);
    const auto ask = side(fields.ask, quote.ask);
    if (bid == NumberKind::invalid || ask == NumberKind::invalid) return "bad bid or ask";
    if (side(fields.bid_size, quote.bid_size) == NumberKind::invalid) return "bad bid size";
    if (side(fields.ask_size, quote.ask_size) == NumberKind::invalid) return "bad ask size";
    if (!time.empty() && !read_time(time, received_at_, quote.event_time)) return "bad time";
    quote.instrument = symbols_.find(product);
    if (bid == NumberKind::positive && ask == NumberKind::positive) add(quote, product);
    return nullptr;
  }

 private:
  static NumberKind side(string_view token, core::Decimal& out) {
    const auto trimmed = trim_token(token);
    return trimmed.empty() || trimmed == R"("")" ? NumberKind::zero : read_number(token, out);
  }

  template <typename Value>
  void add(const Value& value, string_view product) {
    if (value.instrument.valid()) {
      out_.ticks.emplace_back(value);
    } else {
      out_.unknown_symbol = product;
    }
  }

  core::Timestamp received_at_;
  const core::SymbolTable& symbols_;
  Decoded& out_;
};

core::Status broken(string_view what, const char* why) {
  return core::fail(core::ErrorCode::parse_error, std::string("coinbase ").append(what).append(": ").append(why));
}

core::Status verdict(string_view what, const char* why) {
  return why == nullptr ? core::Status{} : broken(what, why);
}

/// A frame of the Exchange protocol, by its `type`.
core::Status interpret(const Fields& fields, Reading& reading, Decoded& out) {
  out.type = fields.type;
  out.kind = FrameKind::data;
  if (fields.type == "match") return verdict("match", reading.take_trade(fields));
  if (fields.type == "ticker") return verdict("ticker", reading.take_quote(fields, fields.time));
  if (fields.type == "heartbeat") {
    out.kind = FrameKind::heartbeat;
  } else if (fields.type == "last_match" || fields.type == "subscriptions" || fields.type == "status") {
    out.kind = FrameKind::control;  // a last_match is the trade before we came
  } else if (fields.type == "error") {
    out.kind = FrameKind::refusal;
    out.detail.assign(fields.message).append(fields.reason.empty() ? "" : ": ").append(fields.reason);
  } else if (fields.type.empty()) {
    return broken("frame", "no type");
  }
  return {};
}

/// The rows of one event of the Advanced protocol's two channels that hold ticks.
class AdvancedEvents {
 public:
  AdvancedEvents(const Fields& envelope, Reading& reading, Decoded& out)
      : envelope_(envelope), reading_(reading), out_(out) {}

  simdjson::error_code read(ondemand::array events) {
    for (auto element : events) {
      ondemand::object event;
      SIMDJSON_TRY(element.get_object().get(event));
      string_view type;
      SIMDJSON_TRY(event.find_field_unordered("type").get_string().get(type));
      const bool trades = envelope_.channel == "market_trades";
      // The trades of a snapshot happened before we came.
      if (trades && type == "snapshot") {
        out_.kind = FrameKind::control;
        continue;
      }
      ondemand::array rows;
      SIMDJSON_TRY(event.find_field_unordered(trades ? "trades" : "tickers").get_array().get(rows));
      SIMDJSON_TRY(read_rows(rows, trades));
      if (why_ != nullptr) break;
    }
    return simdjson::SUCCESS;
  }
  const char* why() const { return why_; }

 private:
  simdjson::error_code read_rows(ondemand::array& rows, bool trades) {
    for (auto element : rows) {
      ondemand::object row;
      SIMDJSON_TRY(element.get_object().get(row));
      Fields fields;
      SIMDJSON_TRY(gather(row, fields));
      why_ = trades ? reading_.take_trade(fields) : reading_.take_quote(fields, envelope_.timestamp);
      if (why_ != nullptr) break;
    }
    return simdjson::SUCCESS;
  }

  const Fields& envelope_;
  Reading& reading_;
  Decoded& out_;
  const char* why_ = nullptr;
};

core::Status interpret_advanced(ondemand::document& document, const Fields& fields, Reading& reading, Decoded& out) {
  out.protocol = "advanced";
  // Counts the messages of the connection from 0 on; that of the Exchange protocol counts the book's changes.
  if (std::uint64_t number = 0; read_uint(fields.sequence, number)) out.sequence = number + 1;
  out.type = fields.channel;
  if (fields.channel == "heartbeats") {
    out.kind = FrameKind::heartbeat;
    return {};
  }
  out.kind = fields.channel == "subscriptions" || fields.channel == "status" ? FrameKind::control : FrameKind::data;
  if (fields.channel != "ticker" && fields.channel != "ticker_batch" && fields.channel != "market_trades") return {};
  document.rewind();
  ondemand::array events;
  auto error = document.find_field_unordered("events").get_array().get(events);
  AdvancedEvents rows(fields, reading, out);
  if (error == simdjson::SUCCESS) error = rows.read(events);
  if (error != simdjson::SUCCESS) return broken(fields.channel, simdjson::error_message(error));
  return verdict(fields.channel, rows.why());
}

constexpr string_view kAdvanced = "advanced";

class Coinbase : public VenueProtocol {
 public:
  Coinbase() {
    limits_.control_spacing = std::chrono::milliseconds(200);  // 8 messages a second at most
    limits_.symbols_per_connection = 250;                      // each product also beats once a second
    limits_.refusal_voids_message = true;
    limits_.trade_numbers = TradeNumbers::consecutive;
  }

  const core::Venue& venue() const override { return venue_; }
  const VenueLimits& limits() const override { return limits_; }
  std::vector<VenueHost> default_hosts() const override {
    return {{"wss://ws-feed.exchange.coinbase.com", "https://api.exchange.coinbase.com", {}},
            {"wss://advanced-trade-ws.coinbase.com", "https://api.coinbase.com", std::string(kAdvanced)}};
  }

  std::string socket_target() const override { return "/"; }
  std::vector<std::string> subscribe(std::span<const std::string> symbols, std::uint64_t) const override {
    return messages("subscribe", symbols);
  }
  std::vector<std::string> unsubscribe(std::span<const std::string> symbols, std::uint64_t) const override {
    return messages("unsubscribe", symbols);
  }
  std::string ping(std::uint64_t) const override { return {}; }

  std::string symbols_target() const override { return "/products"; }
  core::Result<std::vector<core::ListedPair>> decode_symbols(string_view body) const override {
    return coinbase::decode_products(body);
  }

  core::Status decode(string_view frame, core::Timestamp received_at, const core::SymbolTable& symbols,
                      Decoded& out) override {
    out.clear();
    out.protocol = "exchange";
    Fields fields;
    ondemand::document document;
    auto error = parser_.iterate(frame).get(document);
    if (error == simdjson::SUCCESS) error = read(document, fields);
    if (error != simdjson::SUCCESS) return broken("frame", simdjson::error_message(error));
    Reading reading(received_at, symbols, out);
    if (fields.channel.empty()) return interpret(fields, reading, out);
    if (!fields.events) return broken("frame", "a channel without events");
    return interpret_advanced(document, fields, reading, out);
  }

 private:
  static simdjson::error_code read(ondemand::document& document, Fields& fields) {
    ondemand::object object;
    SIMDJSON_TRY(document.get_object().get(object));
    for (auto item : object) {
      ondemand::field field;
      SIMDJSON_TRY(std::move(item).get(field));
      take(field.key().raw(), field.value(), fields);
      // The levels of a book, up to megabytes of them, need not be walked.
      if (!fields.type.empty() && !carries_ticks(fields.type) && fields.type != "error") break;
      if (!fields.channel.empty() && fields.events && !fields.timestamp.empty() && !fields.sequence.empty()) break;
    }
    return simdjson::SUCCESS;
  }

  std::vector<std::string> messages(string_view type, std::span<const std::string> symbols) const {
    std::vector<std::string> result;
    for (std::size_t i = 0; i < symbols.size(); i += limits_.symbols_per_message) {
      std::string text = R"({"type":")";
      text.append(type).append(R"(","product_ids":[)");
      bool first = true;
      for (const auto& symbol : symbols.subspan(i, std::min(limits_.symbols_per_message, symbols.size() - i))) {
        if (!first) text += ',';
        first = false;
        append_json_string(text, symbol);
      }
      result.push_back(text.append(R"(],"channels":["matches","ticker","heartbeat"]})"));
    }
    return result;
  }

  core::Venue venue_{"coinbase", "Coinbase", false, "", ""};
  VenueLimits limits_;
  FrameParser parser_;
};

/// The other way to the same books: same products, same trade ids.
class CoinbaseAdvanced final : public Coinbase {
 public:
  std::vector<std::string> subscribe(std::span<const std::string> symbols, std::uint64_t) const override {
    return coinbase::advanced_messages("subscribe", symbols, limits().symbols_per_message);
  }
  std::vector<std::string> unsubscribe(std::span<const std::string> symbols, std::uint64_t) const override {
    return coinbase::advanced_messages("unsubscribe", symbols, limits().symbols_per_message);
  }
  std::string symbols_target() const override { return "/api/v3/brokerage/market/products"; }
  core::Result<std::vector<core::ListedPair>> decode_symbols(string_view body) const override {
    return coinbase::decode_advanced_products(body);
  }
};

class CoinbaseWithAlternate final : public Coinbase {
 public:
  const VenueProtocol& dialect(string_view name) const override {
    if (name == kAdvanced) return advanced_;
    return *this;
  }

 private:
  CoinbaseAdvanced advanced_;
};

}  // namespace

std::unique_ptr<VenueProtocol> make_coinbase() {
  return std::make_unique<CoinbaseWithAlternate>();
}

}  // namespace tickspan::feeds
