#include "feeds/bitstamp/bitstamp.hpp"

#include <algorithm>
#include <array>

#include "feeds/decode_support.hpp"
#include "feeds/frame_parser.hpp"
#include "feeds/json_walk.hpp"

namespace tickspan::feeds {
namespace {

namespace ondemand = simdjson::ondemand;
using core::Tick;
using std::string_view;

/// The tokens of a frame. `data` comes before the channel that says what it is, so all that may matter is kept.
struct Fields {
  string_view event, channel;  // without quotes
  string_view id, price, price_text, amount, amount_text, type, seconds, micros;
  string_view bid, bid_size, ask, ask_size;
  string_view message;
  bool data = false;

  /// `live_trades_btcusd`: the message's type is all but the pair.
  string_view stream() const { return channel.substr(0, std::min(channel.rfind('_'), channel.size())); }
  string_view symbol() const {
    const auto underscore = channel.rfind('_');
    return underscore == string_view::npos ? string_view{} : channel.substr(underscore + 1);
  }
};

/// The first level of `[["64318","0.7"],…]`.
simdjson::error_code take_best(ondemand::value& value, string_view& price, string_view& size) {
  ondemand::array levels;
  SIMDJSON_TRY(value.get_array().get(levels));
  for (auto element : levels) {
    ondemand::array level;
    SIMDJSON_TRY(element.get_array().get(level));
    std::size_t column = 0;
    for (auto cell : level) {
      ondemand::value token;
      SIMDJSON_TRY(cell.get(token));
      if (column == 0) price = token.raw_json_token();
      if (column++ == 1) size = token.raw_json_token();
    }
    break;
  }
  return simdjson::SUCCESS;
}

simdjson::error_code take(const char* key, ondemand::value& value, Fields& fields) {
  const auto token = [&value] { return value.raw_json_token(); };
  if (key_is(key, "bids")) return take_best(value, fields.bid, fields.bid_size);
  if (key_is(key, "asks")) return take_best(value, fields.ask, fields.ask_size);
  if (key_is(key, "id")) fields.id = token();
  if (key_is(key, "price")) fields.price = token();
  if (key_is(key, "price_str")) fields.price_text = token();
  if (key_is(key, "amount")) fields.amount = token();
  if (key_is(key, "amount_str")) fields.amount_text = token();
  if (key_is(key, "type")) fields.type = trim_token(token());
  if (key_is(key, "timestamp")) fields.seconds = token_text(token());
  if (key_is(key, "microtimestamp")) fields.micros = token_text(token());
  if (key_is(key, "message")) fields.message = token_text(token());
  if (key_is(key, "channel") && fields.channel.empty()) fields.channel = token_text(token());
  return simdjson::SUCCESS;
}

/// An object, but for `bts:request_reconnect`, where it is an empty text.
simdjson::error_code take_data(ondemand::value& value, Fields& fields) {
  ondemand::object object;
  const auto error = value.get_object().get(object);
  if (error == simdjson::INCORRECT_TYPE) return simdjson::SUCCESS;
  SIMDJSON_TRY(error);
  fields.data = true;
  for (auto item : object) {
    ondemand::field field;
    SIMDJSON_TRY(std::move(item).get(field));
    SIMDJSON_TRY(take(field.key().raw(), field.value(), fields));
  }
  return simdjson::SUCCESS;
}

simdjson::error_code read(ondemand::document& document, Fields& fields) {
  ondemand::object object;
  SIMDJSON_TRY(document.get_object().get(object));
  for (auto item : object) {
    ondemand::field field;
    SIMDJSON_TRY(std::move(item).get(field));
    const char* key = field.key().raw();
    if (key_is(key, "data")) SIMDJSON_TRY(take_data(field.value(), fields));
    if (key_is(key, "event")) fields.event = token_text(field.value().raw_json_token());
    if (key_is(key, "channel")) {
      const auto channel = token_text(field.value().raw_json_token());
      if (!channel.empty()) fields.channel = channel;
    }
  }
  return simdjson::SUCCESS;
}

/// Microseconds, else seconds, both as text.
bool read_time(const Fields& fields, core::Timestamp received_at, core::Timestamp& out) {
  std::uint64_t number = 0;
  const bool micros = !fields.micros.empty();
  if (!read_uint(micros ? fields.micros : fields.seconds, number)) return false;
  if (number > (micros ? 9'000'000'000'000'000U : 9'000'000'000U)) return false;
  const auto units = static_cast<std::int64_t>(number);
  out = micros ? core::Timestamp::from_us(units) : core::Timestamp::from_s(units);
  return plausible_time(out, received_at);
}

/// A side without orders is an empty list.
NumberKind read_side(string_view token, core::Decimal& out) {
  return token.empty() ? NumberKind::zero : read_number(token, out);
}

/// Null when it was taken, else what is wrong with it.
const char* take_trade(const Fields& fields, core::Timestamp received_at, const core::SymbolTable& symbols,
                       Decoded& out) {
  if (fields.symbol().empty()) return "no pair";
  Tick::Trade trade;
  trade.received_at = received_at;
  // Each number comes twice; as a text it has all its digits.
  const auto price = fields.price_text.empty() ? fields.price : fields.price_text;
  const auto amount = fields.amount_text.empty() ? fields.amount : fields.amount_text;
  if (read_number(price, trade.price) != NumberKind::positive) return "bad price";
  if (read_number(amount, trade.amount) != NumberKind::positive) return "bad amount";
  if (!read_time(fields, received_at, trade.event_time)) return "bad time";
  if (!read_uint(fields.id, trade.trade_id)) return "bad id";
  if (fields.type != "0" && fields.type != "1") return "bad type";
  trade.side = fields.type == "0" ? core::Side::buy : core::Side::sell;
  add_tick(trade, fields.symbol(), symbols, out);
  return nullptr;
}

const char* take_quote(const Fields& fields, core::Timestamp received_at, const core::SymbolTable& symbols,
                       Decoded& out) {
  if (fields.symbol().empty()) return "no pair";
  Tick::Quote quote;
  quote.received_at = received_at;
  const auto bid = read_side(fields.bid, quote.bid);
  const auto ask = read_side(fields.ask, quote.ask);
  if (bid == NumberKind::invalid || ask == NumberKind::invalid) return "bad bid or ask";
  if (read_side(fields.bid_size, quote.bid_size) == NumberKind::invalid) return "bad bid size";
  if (read_side(fields.ask_size, quote.ask_size) == NumberKind::invalid) return "bad ask size";
  if (!read_time(fields, received_at, quote.event_time)) return "bad time";
  if (bid == NumberKind::positive && ask == NumberKind::positive) add_tick(quote, fields.symbol(), symbols, out);
  return nullptr;
}

core::Status broken(string_view what, const char* why) {
  return core::fail(core::ErrorCode::parse_error, std::string("bitstamp ").append(what).append(": ").append(why));
}

/// Answers and announcements: events that begin with `bts:`.
core::Status interpret_event(const Fields& fields, Decoded& out) {
  out.type = fields.event;
  out.kind = FrameKind::control;
  if (fields.event == "bts:heartbeat") out.kind = FrameKind::heartbeat;
  if (fields.event == "bts:request_reconnect") out.kind = FrameKind::reconnect;
  if (fields.event == "bts:error") {
    out.kind = FrameKind::refusal;
    out.detail.assign(fields.message);
    // The pair as a word of its own, by which it is known again.
    if (!fields.symbol().empty()) out.detail.append(" (").append(fields.symbol()).append(")");
  }
  return {};
}

class Bitstamp final : public VenueProtocol {
 public:
  Bitstamp() {
    limits_.control_spacing = std::chrono::milliseconds(50);  // each channel is asked for by itself
    limits_.symbols_per_message = 1;
    limits_.symbols_per_connection = 100;  // a book of a hundred levels each
    limits_.max_connection_age = std::chrono::hours(24 * 90);
    limits_.ping_interval = std::chrono::seconds(5);
  }

  const core::Venue& venue() const override { return venue_; }
  const VenueLimits& limits() const override { return limits_; }
  std::vector<VenueHost> default_hosts() const override {
    return {{"wss://ws.bitstamp.net", "https://www.bitstamp.net"}};
  }

  std::string socket_target() const override { return "/"; }
  std::vector<std::string> subscribe(std::span<const std::string> symbols, std::uint64_t) const override {
    return messages("bts:subscribe", symbols);
  }
  std::vector<std::string> unsubscribe(std::span<const std::string> symbols, std::uint64_t) const override {
    return messages("bts:unsubscribe", symbols);
  }
  std::string ping(std::uint64_t) const override { return R"({"event":"bts:heartbeat"})"; }

  std::string symbols_target() const override { return "/api/v2/markets/"; }
  core::Result<std::vector<core::ListedPair>> decode_symbols(string_view body) const override;

  core::Status decode(string_view frame, core::Timestamp received_at, const core::SymbolTable& symbols,
                      Decoded& out) override {
    out.clear();
    out.protocol = "v2";
    Fields fields;
    ondemand::document document;
    auto error = parser_.iterate(frame).get(document);
    if (error == simdjson::SUCCESS) error = read(document, fields);
    if (error != simdjson::SUCCESS) return broken("frame", simdjson::error_message(error));
    if (fields.event.empty()) return broken("frame", "no event");
    if (fields.event.starts_with("bts:")) return interpret_event(fields, out);
    out.kind = FrameKind::data;
    out.type = fields.stream();
    if (out.type.empty()) return broken("frame", "no channel");
    if (!fields.data) return broken(out.type, "no data");
    const char* why = nullptr;
    if (out.type == "live_trades" && fields.event == "trade") why = take_trade(fields, received_at, symbols, out);
    if (out.type == "order_book" && fields.event == "data") why = take_quote(fields, received_at, symbols, out);
    return why == nullptr ? core::Status{} : broken(out.type, why);
  }

 private:
  static std::vector<std::string> messages(string_view event, std::span<const std::string> symbols) {
    std::vector<std::string> result;
    for (const auto& symbol : symbols) {
      for (const char* channel : {"live_trades_", "order_book_"}) {
        std::string text = R"({"event":")";
        text.append(event).append(R"(","data":{"channel":)");
        append_json_string(text, channel + symbol);
        result.push_back(text.append("}}"));
      }
    }
    return result;
  }

  core::Venue venue_{"bitstamp", "Bitstamp", false, "", ""};
  VenueLimits limits_;
  FrameParser parser_;
};

/// `markets`, or its predecessor `trading-pairs-info`, which names the assets only as `BTC/USD`.
core::Result<std::vector<core::ListedPair>> Bitstamp::decode_symbols(string_view body) const {
  constexpr std::array<string_view, 7> kKeys = {"market_symbol",    "url_symbol", "name",       "base_currency",
                                                "counter_currency", "trading",    "market_type"};
  std::vector<core::ListedPair> pairs;
  const auto read = read_objects(body, "bitstamp markets", kKeys, [&](auto row) -> const char* {
    if (!row[6].empty() && token_text(row[6]) != "SPOT") return nullptr;
    core::ListedPair pair;
    pair.venue_symbol = plain_text(row[0].empty() ? row[1] : row[0]);
    pair.base = core::to_lower(plain_text(row[3]));
    pair.quote = core::to_lower(plain_text(row[4]));
    const std::string name = core::to_lower(plain_text(row[2]));
    const auto slash = name.find('/');
    if (slash != std::string::npos && pair.base.empty()) pair.base = name.substr(0, slash);
    if (slash != std::string::npos && pair.quote.empty()) pair.quote = name.substr(slash + 1);
    pair.trading = token_text(row[5]) == "Enabled";
    if (!pair.venue_symbol.empty() && !pair.base.empty() && !pair.quote.empty()) pairs.push_back(std::move(pair));
    return nullptr;
  });
  if (!read) return tl::unexpected(read.error());
  return pairs;
}

}  // namespace

std::unique_ptr<VenueProtocol> make_bitstamp() {
  return std::make_unique<Bitstamp>();
}

}  // namespace tickspan::feeds
