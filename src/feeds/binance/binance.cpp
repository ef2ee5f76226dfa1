#include "feeds/binance/binance.hpp"

#include <simdjson.h>

#include <algorithm>

#include "feeds/binance/event.hpp"
#include "feeds/binance/symbols.hpp"
#include "feeds/decode_support.hpp"
#include "feeds/frame_parser.hpp"

namespace tickspan::feeds {
namespace {

namespace ondemand = simdjson::ondemand;
using binance::Event;
using core::Tick;
using std::string_view;

bool carries_ticks(string_view type) {
  return type == "trade" || type == "aggTrade" || type == "bookTicker";
}

string_view token(ondemand::value& value) {
  return value.raw_json_token();
}

/// `btcusdt@depth20@100ms` is `depth20`, `!miniTicker@arr` is `miniTicker`.
string_view stream_type(string_view stream) {
  if (!stream.empty() && stream.front() == '!') {
    stream.remove_prefix(1);
  } else {
    const auto at = stream.find('@');
    if (at == string_view::npos) return {};
    stream.remove_prefix(at + 1);
  }
  return stream.substr(0, stream.find('@'));
}

void take_letter(char letter, ondemand::value& value, Event& event) {
  switch (letter) {
    case 'e':
      event.type = token_text(token(value));
      event.done = !event.type.empty() && !carries_ticks(event.type);
      break;
    case 's':
      event.symbol = token(value);
      break;
    case 'p':
      event.price = token(value);
      break;
    case 'q':
      event.amount = token(value);
      break;
    case 't':
      event.trade_id = token(value);
      break;
    case 'T':
      event.trade_time = token(value);
      break;
    case 'E':
      event.event_time = token(value);
      break;
    case 'm':
      event.buyer_is_maker = token(value);
      break;
    case 'u':
      event.update_id = token(value);
      break;
    case 'b':
      event.bid = token(value);
      break;
    case 'B':
      event.bid_size = token(value);
      break;
    case 'a':
      event.ask = event.aggregate_id = token(value);
      break;
    case 'A':
      event.ask_size = token(value);
      break;
    default:
      break;
  }
}

simdjson::error_code gather(ondemand::object object, Event& event, bool outer);

/// The event inside a combined frame. Lists (`!miniTicker@arr`) hold events without ticks: their first names them all.
simdjson::error_code take_data(ondemand::value& value, Event& event) {
  ondemand::object object;
  const auto error = value.get_object().get(object);
  if (error == simdjson::SUCCESS) return gather(object, event, false);
  if (error != simdjson::INCORRECT_TYPE) return error;
  ondemand::array array;
  SIMDJSON_TRY(value.get_array().get(array));
  for (auto element : array) {
    SIMDJSON_TRY(element.get_object().get(object));
    SIMDJSON_TRY(gather(object, event, false));
    break;
  }
  event.done = true;
  return simdjson::SUCCESS;
}

simdjson::error_code take_word(const char* key, ondemand::value& value, Event& event) {
  if (key_is(key, "data")) return take_data(value, event);
  if (key_is(key, "stream")) {
    event.stream = token_text(token(value));
  } else if (key_is(key, "result")) {
    event.answer = true;
  } else if (key_is(key, "code")) {
    event.error = true;
    event.code = trim_token(token(value));
  } else if (key_is(key, "msg")) {
    event.message = token_text(token(value));
  } else if (key_is(key, "error")) {
    event.error = true;
    ondemand::object object;
    if (value.get_object().get(object) == simdjson::SUCCESS) return gather(object, event, true);
  }
  return simdjson::SUCCESS;
}

/// One pass in wire order, so that no order of keys costs more than another.
simdjson::error_code gather(ondemand::object object, Event& event, bool outer) {
  for (auto item : object) {
    ondemand::field field;
    SIMDJSON_TRY(std::move(item).get(field));
    const char* key = field.key().raw();
    ondemand::value& value = field.value();
    if (key[0] != '"' && key[1] == '"') {
      take_letter(key[0], value, event);
    } else if (outer) {
      SIMDJSON_TRY(take_word(key, value, event));
    }
    if (event.done) break;
  }
  return simdjson::SUCCESS;
}

/// Milliseconds, or microseconds where the connection asked for them.
bool read_time(string_view token, core::Timestamp received_at, core::Timestamp& out) {
  constexpr std::uint64_t kFirstMicroseconds = 1'000'000'000'000'000;
  constexpr std::uint64_t kMost = 4'000'000'000'000'000;
  std::uint64_t number = 0;
  if (!read_uint(token, number) || number > kMost) return false;
  const auto units = static_cast<std::int64_t>(number);
  if (number < kFirstMicroseconds && number > kMost / 1000) return false;
  out = number >= kFirstMicroseconds ? core::Timestamp::from_us(units) : core::Timestamp::from_ms(units);
  return plausible_time(out, received_at);
}

/// Null when the trade was taken, else what is wrong with it.
const char* take_trade(const Event& event, core::Timestamp received_at, const core::SymbolTable& symbols,
                       Decoded& out) {
  const auto symbol = token_text(event.symbol);
  if (symbol.empty()) return "no symbol";
  Tick::Trade trade;
  trade.received_at = received_at;
  if (read_number(event.price, trade.price) != NumberKind::positive) return "bad price";
  if (read_number(event.amount, trade.amount) != NumberKind::positive) return "bad quantity";
  if (!read_time(event.trade_time, received_at, trade.event_time)) return "bad trade time";
  if (!read_uint(event.type == "trade" ? event.trade_id : event.aggregate_id, trade.trade_id)) return "bad trade id";
  const auto maker = trim_token(event.buyer_is_maker);
  if (maker != "true" && maker != "false") return "bad maker flag";
  trade.side = maker == "true" ? core::Side::sell : core::Side::buy;
  trade.instrument = symbols.find(symbol);
  if (trade.instrument.valid()) {
    out.ticks.emplace_back(trade);
  } else {
    out.unknown_symbol = symbol;
  }
  return nullptr;
}

/// An empty side of the book is sent as zero: allowed, but no quote.
const char* take_quote(const Event& event, core::Timestamp received_at, const core::SymbolTable& symbols,
                       Decoded& out) {
  const auto symbol = token_text(event.symbol);
  if (symbol.empty()) return "no symbol";
  Tick::Quote quote;
  quote.received_at = received_at;
  const auto bid = read_number(event.bid, quote.bid);
  const auto ask = read_number(event.ask, quote.ask);
  if (bid == NumberKind::invalid || ask == NumberKind::invalid) return "bad bid or ask";
  if (read_number(event.bid_size, quote.bid_size) == NumberKind::invalid) return "bad bid size";
  if (read_number(event.ask_size, quote.ask_size) == NumberKind::invalid) return "bad ask size";
  if (!event.event_time.empty() && !read_time(event.event_time, received_at, quote.event_time)) return "bad event time";
  quote.instrument = symbols.find(symbol);
  if (!quote.instrument.valid()) {
    out.unknown_symbol = symbol;
  } else if (bid == NumberKind::positive && ask == NumberKind::positive) {
    out.ticks.emplace_back(quote);
  }
  return nullptr;
}

core::Status broken(const char* what, const char* why) {
  return core::fail(core::ErrorCode::parse_error, std::string("binance ") + what + ": " + why);
}

core::Status interpret(const Event& event, core::Timestamp received_at, const core::SymbolTable& symbols,
                       Decoded& out) {
  out.type = event.type;
  out.kind = FrameKind::data;
  if (event.done) {
    if (event.type.empty()) out.type = stream_type(event.stream);
    if (out.type.empty()) return broken("frame", "a list of nothing");
    if (event.type == "serverShutdown") {
      out.kind = FrameKind::reconnect;
      out.detail = "the venue shuts this server down";
    }
    return {};
  }
  if (event.type == "trade" || event.type == "aggTrade") {
    const char* why = take_trade(event, received_at, symbols, out);
    return why == nullptr ? core::Status{} : broken("trade", why);
  }
  const bool quote = !event.update_id.empty() && !event.bid_size.empty() && !event.ask_size.empty();
  if (event.type == "bookTicker" || quote) {
    out.type = "bookTicker";
    const char* why = take_quote(event, received_at, symbols, out);
    return why == nullptr ? core::Status{} : broken("bookTicker", why);
  }
  if (out.type = stream_type(event.stream); !out.type.empty()) {
    if (carries_ticks(out.type)) return broken("frame", "the event is incomplete");
    return {};
  }
  if (event.error) {
    out.kind = FrameKind::refusal;
    out.type = "error";
    out.detail.assign(event.code).append(event.code.empty() ? "" : " ").append(event.message);
    return {};
  }
  if (event.answer) {
    out.kind = FrameKind::control;
    out.type = "result";
    return {};
  }
  return broken("frame", "neither an event nor an answer");
}

std::string method(string_view name, std::span<const std::string> symbols, std::uint64_t id) {
  std::string text = R"({"method":")";
  text.append(name).append(R"(","params":[)");
  bool first = true;
  for (const auto& symbol : symbols) {
    const std::string lower = core::to_lower(symbol);
    for (const char* stream : {"@trade", "@bookTicker"}) {
      if (!first) text += ',';
      first = false;
      append_json_string(text, lower + stream);
    }
  }
  return text.append("],\"id\":").append(std::to_string(id)).append("}");
}

/// What differs between the venues that speak this protocol.
struct Profile {
  core::Venue venue;
  std::vector<VenueHost> hosts;
  const char* symbols_target;
};

class Binance final : public VenueProtocol {
 public:
  explicit Binance(Profile profile) : profile_(std::move(profile)) {
    limits_.symbols_per_connection = 500;  // two streams each, 1024 streams at most
    limits_.max_connection_age = std::chrono::hours(24);
    limits_.trade_numbers = TradeNumbers::consecutive;
    limits_.ping_interval = std::chrono::seconds(5);  // the venue's own pings come every 20 s only
  }

  const core::Venue& venue() const override { return profile_.venue; }
  const VenueLimits& limits() const override { return limits_; }
  std::vector<VenueHost> default_hosts() const override { return profile_.hosts; }

  std::string socket_target() const override { return "/stream"; }
  std::vector<std::string> subscribe(std::span<const std::string> symbols, std::uint64_t first_id) const override {
    return messages("SUBSCRIBE", symbols, first_id);
  }
  std::vector<std::string> unsubscribe(std::span<const std::string> symbols, std::uint64_t first_id) const override {
    return messages("UNSUBSCRIBE", symbols, first_id);
  }
  /// The smallest question that is always answered: silence on quiet pairs can then be told from a dead connection.
  std::string ping(std::uint64_t id) const override {
    return R"({"method":"GET_PROPERTY","params":["combined"],"id":)" + std::to_string(id) + "}";
  }

  std::string symbols_target() const override { return profile_.symbols_target; }
  core::Result<std::vector<core::ListedPair>> decode_symbols(string_view body) const override {
    return binance::decode_exchange_info(body);
  }

  core::Status decode(string_view frame, core::Timestamp received_at, const core::SymbolTable& symbols,
                      Decoded& out) override {
    out.clear();
    out.protocol = "spot";
    Event event;
    if (!binance::read_wire_order(frame, event)) {
      event = {};
      ondemand::document document;
      auto error = parser_.iterate(frame).get(document);
      if (error == simdjson::SUCCESS) error = read(document, event);
      if (error != simdjson::SUCCESS) return broken("frame", simdjson::error_message(error));
    }
    return interpret(event, received_at, symbols, out);
  }

 private:
  static simdjson::error_code read(ondemand::document& document, Event& event) {
    ondemand::object object;
    const auto error = document.get_object().get(object);
    if (error == simdjson::SUCCESS) return gather(object, event, true);
    if (error != simdjson::INCORRECT_TYPE) return error;
    ondemand::value list;
    SIMDJSON_TRY(document.get_value().get(list));
    return take_data(list, event);
  }

  std::vector<std::string> messages(string_view name, std::span<const std::string> symbols, std::uint64_t id) const {
    std::vector<std::string> result;
    for (std::size_t i = 0; i < symbols.size(); i += limits_.symbols_per_message) {
      result.push_back(
          method(name, symbols.subspan(i, std::min(limits_.symbols_per_message, symbols.size() - i)), id++));
    }
    return result;
  }

  Profile profile_;
  VenueLimits limits_;
  FrameParser parser_;
};

}  // namespace

std::unique_ptr<VenueProtocol> make_binance() {
  return std::make_unique<Binance>(
      Profile{{"binance", "Binance", false, "", ""},
              {{"wss://stream.binance.com:9443", "https://api.binance.com", {}},
               {"wss://stream.binance.com:443", "https://api-gcp.binance.com", {}},
               {"wss://data-stream.binance.vision", "https://data-api.binance.vision", {}}},
              "/api/v3/exchangeInfo?permissions=SPOT&showPermissionSets=false"});
}

std::unique_ptr<VenueProtocol> make_binance_us() {
  return std::make_unique<Binance>(Profile{{"binance_us", "Binance.US", false, "", ""},
                                           {{"wss://stream.binance.us:9443", "https://api.binance.us", {}}},
                                           "/api/v3/exchangeInfo"});
}

}  // namespace tickspan::feeds
