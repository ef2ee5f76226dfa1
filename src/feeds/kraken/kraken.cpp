#include "feeds/kraken/kraken.hpp"

#include <algorithm>

#include "feeds/decode_support.hpp"
#include "feeds/frame_parser.hpp"
#include "feeds/json_walk.hpp"
#include "feeds/kraken/symbols.hpp"

namespace tickspan::feeds {
namespace {

namespace ondemand = simdjson::ondemand;
using core::Tick;
using std::string_view;

/// The tokens of a frame's outermost object.
struct Envelope {
  string_view channel, type, method, error, symbol, success;
  bool v1 = false;    // has `event`
  bool data = false;  // has `data`
};

/// The tokens of one row of `data`: a trade or a ticker.
struct Row {
  string_view symbol, side, price, qty, trade_id, timestamp;
  string_view bid, bid_qty, ask, ask_qty;
};

void take(const char* key, ondemand::value& value, Envelope& envelope) {
  const auto text = [&value] { return token_text(value.raw_json_token()); };
  if (key_is(key, "channel")) envelope.channel = text();
  if (key_is(key, "type")) envelope.type = text();
  if (key_is(key, "data")) envelope.data = true;
  if (key_is(key, "method")) envelope.method = text();
  if (key_is(key, "error")) envelope.error = text();
  if (key_is(key, "symbol")) envelope.symbol = text();
  if (key_is(key, "success")) envelope.success = trim_token(value.raw_json_token());
  if (key_is(key, "event")) envelope.v1 = true;
}

void take(const char* key, ondemand::value& value, Row& row) {
  const auto token = [&value] { return value.raw_json_token(); };
  switch (key[0]) {
    case 'a':
      if (key_is(key, "ask")) row.ask = token();
      if (key_is(key, "ask_qty")) row.ask_qty = token();
      break;
    case 'b':
      if (key_is(key, "bid")) row.bid = token();
      if (key_is(key, "bid_qty")) row.bid_qty = token();
      break;
    case 'p':
      if (key_is(key, "price")) row.price = token();
      break;
    case 'q':
      if (key_is(key, "qty")) row.qty = token();
      break;
    case 's':
      if (key_is(key, "symbol")) row.symbol = token();
      if (key_is(key, "side")) row.side = token_text(token());
      break;
    case 't':
      if (key_is(key, "trade_id")) row.trade_id = token();
      if (key_is(key, "timestamp")) row.timestamp = token();
      break;
    default:
      break;
  }
}

bool read_time(string_view token, core::Timestamp received_at, core::Timestamp& out) {
  const auto parsed = core::parse_rfc3339(token_text(token));
  if (!parsed) return false;
  out = *parsed;
  return plausible_time(out, received_at);
}

/// Kraken v2 sends bare numbers; a text in a number's place is not its protocol.
NumberKind read_bare(string_view token, core::Decimal& out) {
  return token.empty() || token.front() == '"' ? NumberKind::invalid : read_number(token, out);
}

/// A side without orders is null, zero or left out: allowed, but no quote.
NumberKind read_side(string_view token, core::Decimal& out) {
  return token.empty() || trim_token(token) == "null" ? NumberKind::zero : read_bare(token, out);
}

/// One decode() at work. take_*() return null when the row was taken, else what is wrong with it.
class Reading {
 public:
  Reading(core::Timestamp received_at, const core::SymbolTable& symbols, Decoded& out)
      : received_at_(received_at), symbols_(symbols), out_(out) {}

  simdjson::error_code read(ondemand::array rows, bool trades) {
    return each_row<Row>(rows, why_, [&](const Row& row) { return trades ? take_trade(row) : take_quote(row); });
  }
  const char* why() const { return why_; }

 private:
  const char* take_trade(const Row& row) {
    const auto symbol = token_text(row.symbol);
    if (symbol.empty()) return "no symbol";
    Tick::Trade trade;
    trade.received_at = received_at_;
    if (read_bare(row.price, trade.price) != NumberKind::positive) return "bad price";
    if (read_bare(row.qty, trade.amount) != NumberKind::positive) return "bad qty";
    if (!read_time(row.timestamp, received_at_, trade.event_time)) return "bad timestamp";
    if (!read_uint(row.trade_id, trade.trade_id)) return "bad trade_id";
    if (row.side != "buy" && row.side != "sell") return "bad side";
    trade.side = row.side == "buy" ? core::Side::buy : core::Side::sell;
    add_tick(trade, symbol, symbols_, out_);
    return nullptr;
  }

  const char* take_quote(const Row& row) {
    const auto symbol = token_text(row.symbol);
    if (symbol.empty()) return "no symbol";
    Tick::Quote quote;
    quote.received_at = received_at_;
    const auto bid = read_side(row.bid, quote.bid);
    const auto ask = read_side(row.ask, quote.ask);
    if (bid == NumberKind::invalid || ask == NumberKind::invalid) return "bad bid or ask";
    if (read_side(row.bid_qty, quote.bid_size) == NumberKind::invalid) return "bad bid_qty";
    if (read_side(row.ask_qty, quote.ask_size) == NumberKind::invalid) return "bad ask_qty";
    if (!row.timestamp.empty() && !read_time(row.timestamp, received_at_, quote.event_time)) return "bad timestamp";
    if (bid == NumberKind::positive && ask == NumberKind::positive) add_tick(quote, symbol, symbols_, out_);
    return nullptr;
  }

  core::Timestamp received_at_;
  const core::SymbolTable& symbols_;
  Decoded& out_;
  const char* why_ = nullptr;
};

core::Status broken(string_view what, const char* why) {
  return core::fail(core::ErrorCode::parse_error, std::string("kraken ").append(what).append(": ").append(why));
}

core::Status protocol_of_the_past(Decoded& out) {
  out.protocol = "v1";
  return core::fail(core::ErrorCode::protocol_error,
                    "kraken: a frame of WebSocket v1, a protocol of the past that is not decoded");
}

/// Answers to what we sent: acknowledgements, pongs and refusals, each with `method`.
core::Status interpret_answer(const Envelope& envelope, Decoded& out) {
  out.type = envelope.method;
  if (envelope.method == "pong") {
    out.kind = FrameKind::heartbeat;
  } else if (envelope.success == "false" || !envelope.error.empty()) {
    out.kind = FrameKind::refusal;
    out.detail.assign(envelope.error);
    if (!envelope.symbol.empty()) out.detail.append(" (").append(envelope.symbol).append(")");
  } else {
    out.kind = FrameKind::control;
  }
  return {};
}

/// `system` says more than that it is online: for people.
void read_status(ondemand::document& document, Decoded& out) {
  document.rewind();
  ondemand::array data;
  if (document.find_field_unordered("data").get_array().get(data) != simdjson::SUCCESS) return;
  for (auto element : data) {
    string_view system;
    if (element.find_field_unordered("system").get_string().get(system) != simdjson::SUCCESS) return;
    if (system != "online") out.detail = std::string("system ").append(system);
  }
}

core::Status interpret_channel(ondemand::document& document, const Envelope& envelope, Reading& reading, Decoded& out) {
  out.type = envelope.channel;
  if (envelope.channel == "heartbeat") {
    out.kind = FrameKind::heartbeat;
    return {};
  }
  if (!envelope.data) return broken(envelope.channel, "no data");
  if (envelope.channel == "status") {
    out.kind = FrameKind::control;
    read_status(document, out);
    return {};
  }
  const bool trades = envelope.channel == "trade";
  // The trades of a snapshot happened before we came.
  out.kind = trades && envelope.type == "snapshot" ? FrameKind::control : FrameKind::data;
  if (out.kind == FrameKind::control || (!trades && envelope.channel != "ticker")) return {};
  document.rewind();
  ondemand::array rows;
  auto error = document.find_field_unordered("data").get_array().get(rows);
  if (error == simdjson::SUCCESS) error = reading.read(rows, trades);
  if (error != simdjson::SUCCESS) return broken(envelope.channel, simdjson::error_message(error));
  return reading.why() == nullptr ? core::Status{} : broken(envelope.channel, reading.why());
}

class Kraken final : public VenueProtocol {
 public:
  Kraken() {
    limits_.symbols_per_connection = 500;
    limits_.trade_numbers = TradeNumbers::consecutive;
  }

  const core::Venue& venue() const override { return venue_; }
  const VenueLimits& limits() const override { return limits_; }
  std::vector<VenueHost> default_hosts() const override { return {{"wss://ws.kraken.com", "https://api.kraken.com"}}; }

  std::string socket_target() const override { return "/v2"; }
  std::vector<std::string> subscribe(std::span<const std::string> symbols, std::uint64_t first_id) const override {
    return messages("subscribe", symbols, first_id);
  }
  std::vector<std::string> unsubscribe(std::span<const std::string> symbols, std::uint64_t first_id) const override {
    return messages("unsubscribe", symbols, first_id);
  }
  std::string ping(std::uint64_t id) const override {
    return R"({"method":"ping","req_id":)" + std::to_string(id) + "}";
  }

  std::string symbols_target() const override { return "/0/public/AssetPairs"; }
  core::Result<std::vector<core::ListedPair>> decode_symbols(string_view body) const override {
    return kraken::decode_asset_pairs(body);
  }

  core::Status decode(string_view frame, core::Timestamp received_at, const core::SymbolTable& symbols,
                      Decoded& out) override {
    out.clear();
    out.protocol = "v2";
    Envelope envelope;
    ondemand::document document;
    ondemand::json_type type{};
    auto error = parser_.iterate(frame).get(document);
    if (error == simdjson::SUCCESS) error = document.type().get(type);
    // v1 sends its data as arrays and everything else with `event`.
    if (error == simdjson::SUCCESS && type == ondemand::json_type::array) return protocol_of_the_past(out);
    if (error == simdjson::SUCCESS) error = read(document, envelope);
    if (error != simdjson::SUCCESS) return broken("frame", simdjson::error_message(error));
    if (envelope.v1) return protocol_of_the_past(out);
    Reading reading(received_at, symbols, out);
    if (!envelope.channel.empty()) return interpret_channel(document, envelope, reading, out);
    if (!envelope.method.empty()) return interpret_answer(envelope, out);
    if (!envelope.error.empty()) {
      out.kind = FrameKind::refusal;
      out.type = "error";
      out.detail.assign(envelope.error);
      return {};
    }
    return broken("frame", "neither a channel nor an answer");
  }

 private:
  static simdjson::error_code read(ondemand::document& document, Envelope& envelope) {
    ondemand::object object;
    SIMDJSON_TRY(document.get_object().get(object));
    for (auto item : object) {
      ondemand::field field;
      SIMDJSON_TRY(std::move(item).get(field));
      take(field.key().raw(), field.value(), envelope);
      if (!envelope.channel.empty() && !envelope.type.empty() && envelope.data) break;
    }
    return simdjson::SUCCESS;
  }

  /// Two messages per batch: trades from now on, and best bid/ask at each change, beginning with the current one.
  std::vector<std::string> messages(string_view method, std::span<const std::string> symbols, std::uint64_t id) const {
    std::vector<std::string> result;
    for_each_batch(symbols, limits_.symbols_per_message, [&](std::span<const std::string> batch) {
      std::string list;
      for (const auto& symbol : batch) {
        if (!list.empty()) list += ',';
        append_json_string(list, symbol);
      }
      for (const char* channel : {R"("trade","snapshot":false)", R"("ticker","event_trigger":"bbo","snapshot":true)"}) {
        std::string text = R"({"method":")";
        text.append(method).append(R"(","params":{"channel":)").append(channel).append(R"(,"symbol":[)").append(list);
        result.push_back(text.append("]},\"req_id\":").append(std::to_string(id++)).append("}"));
      }
    });
    return result;
  }

  core::Venue venue_{"kraken", "Kraken", false, "", ""};
  VenueLimits limits_;
  FrameParser parser_;
};

}  // namespace

std::unique_ptr<VenueProtocol> make_kraken() {
  return std::make_unique<Kraken>();
}

}  // namespace tickspan::feeds
