#include "feeds/okx/okx.hpp"

#include <algorithm>
#include <array>

#include "feeds/decode_support.hpp"
#include "feeds/frame_parser.hpp"
#include "feeds/json_walk.hpp"
#include "feeds/okx/answer.hpp"

namespace tickspan::feeds {
namespace {

namespace ondemand = simdjson::ondemand;
using core::Tick;
using std::string_view;

/// The tokens of a frame's outermost object, without quotes.
struct Envelope {
  string_view event, code, message;
  string_view channel, symbol;  // of `arg`
  bool data = false;
};

/// The tokens of one row of `data`: a trade or a ticker.
struct Row {
  string_view symbol, trade_id, count, price, size, side, time;
  string_view bid, bid_size, ask, ask_size;
};

void take(const char* key, ondemand::value& value, Row& row) {
  const auto token = [&value] { return value.raw_json_token(); };
  switch (key[0]) {
    case 'a':
      if (key_is(key, "askPx")) row.ask = token();
      if (key_is(key, "askSz")) row.ask_size = token();
      break;
    case 'b':
      if (key_is(key, "bidPx")) row.bid = token();
      if (key_is(key, "bidSz")) row.bid_size = token();
      break;
    case 'c':
      if (key_is(key, "count")) row.count = token_text(token());
      break;
    case 'i':
      if (key_is(key, "instId")) row.symbol = token_text(token());
      break;
    case 'p':
      if (key_is(key, "px")) row.price = token();
      break;
    case 's':
      if (key_is(key, "sz")) row.size = token();
      if (key_is(key, "side")) row.side = token_text(token());
      break;
    case 't':
      if (key_is(key, "tradeId")) row.trade_id = token_text(token());
      if (key_is(key, "ts")) row.time = token();
      break;
    default:
      break;
  }
}

/// A side without orders is empty or zero: allowed, but no quote.
NumberKind read_side(string_view token, core::Decimal& out) {
  const auto trimmed = trim_token(token);
  return trimmed.empty() || trimmed == R"("")" ? NumberKind::zero : read_number(token, out);
}

/// How many fills one message stands for; 0 where it does not say.
bool read_fills(string_view text, std::uint32_t& fills) {
  std::uint64_t count = 0;
  if (!text.empty() && (!read_uint(text, count) || count > 1'000'000)) return false;
  fills = static_cast<std::uint32_t>(count);
  return true;
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
    if (row.symbol.empty()) return "no instId";
    Tick::Trade trade;
    trade.received_at = received_at_;
    if (read_number(row.price, trade.price) != NumberKind::positive) return "bad px";
    if (read_number(row.size, trade.amount) != NumberKind::positive) return "bad sz";
    if (!read_unix_ms(row.time, received_at_, trade.event_time)) return "bad ts";
    // The number of the last fill, where `count` of one order at one price come as one. The past tells them one by one:
    // stored, that of the same number takes the place of the sum, so that none of them counts twice.
    if (!read_uint(row.trade_id, trade.trade_id)) return "bad tradeId";
    if (!read_fills(row.count, trade.fills)) return "bad count";
    if (row.side != "buy" && row.side != "sell") return "bad side";
    trade.side = row.side == "buy" ? core::Side::buy : core::Side::sell;
    add_tick(trade, row.symbol, symbols_, out_);
    return nullptr;
  }

  const char* take_quote(const Row& row) {
    if (row.symbol.empty()) return "no instId";
    Tick::Quote quote;
    quote.received_at = received_at_;
    const auto bid = read_side(row.bid, quote.bid);
    const auto ask = read_side(row.ask, quote.ask);
    if (bid == NumberKind::invalid || ask == NumberKind::invalid) return "bad bidPx or askPx";
    if (read_side(row.bid_size, quote.bid_size) == NumberKind::invalid) return "bad bidSz";
    if (read_side(row.ask_size, quote.ask_size) == NumberKind::invalid) return "bad askSz";
    if (!read_unix_ms(row.time, received_at_, quote.event_time)) return "bad ts";
    if (bid == NumberKind::positive && ask == NumberKind::positive) add_tick(quote, row.symbol, symbols_, out_);
    return nullptr;
  }

  core::Timestamp received_at_;
  const core::SymbolTable& symbols_;
  Decoded& out_;
  const char* why_ = nullptr;
};

core::Status broken(string_view what, const char* why) {
  return core::fail(core::ErrorCode::parse_error, std::string("okx ").append(what).append(": ").append(why));
}

bool carries_ticks(string_view channel) {
  return channel == "trades" || channel == "trades-all" || channel == "tickers";
}

simdjson::error_code take_argument(ondemand::value& value, Envelope& envelope) {
  ondemand::object object;
  SIMDJSON_TRY(value.get_object().get(object));
  for (auto item : object) {
    ondemand::field field;
    SIMDJSON_TRY(std::move(item).get(field));
    if (key_is(field.key().raw(), "channel")) envelope.channel = token_text(field.value().raw_json_token());
    if (key_is(field.key().raw(), "instId")) envelope.symbol = token_text(field.value().raw_json_token());
  }
  return simdjson::SUCCESS;
}

/// Answers and announcements, each with `event`.
core::Status interpret_event(const Envelope& envelope, Decoded& out) {
  // The venue's notice that this connection ends within the minute, for an upgrade.
  constexpr string_view kUpgrade = "64008";
  out.type = envelope.event;
  out.kind = FrameKind::control;
  if (envelope.event == "error") out.kind = FrameKind::refusal;
  if (envelope.event == "notice" && envelope.code == kUpgrade) out.kind = FrameKind::reconnect;
  if (envelope.event == "error" || envelope.event == "notice") {
    out.detail.assign(envelope.code).append(envelope.code.empty() ? "" : " ").append(envelope.message);
    if (!envelope.symbol.empty()) out.detail.append(" (").append(envelope.symbol).append(")");
  }
  return {};
}

std::string operation(string_view name, std::span<const std::string> symbols, std::uint64_t id) {
  std::string text = R"({"id":")" + std::to_string(id);
  text.append(R"(","op":")").append(name).append(R"(","args":[)");
  bool first = true;
  for (const auto& symbol : symbols) {
    for (const char* channel : {"trades", "tickers"}) {
      text.append(first ? "" : ",").append(R"({"channel":")").append(channel).append(R"(","instId":)");
      append_json_string(text, symbol);
      text += '}';
      first = false;
    }
  }
  return text.append("]}");
}

class Okx final : public VenueProtocol {
 public:
  Okx() {
    limits_.control_spacing = std::chrono::milliseconds(350);  // three requests a second, 480 an hour
    limits_.symbols_per_message = 100;                         // of 64 KB, about 10
    limits_.symbols_per_connection = 300;
    limits_.trade_numbers = TradeNumbers::supposed;   // tradeId less count is the one before
    limits_.ping_interval = std::chrono::seconds(5);  // without a push for 30 s the venue closes
    limits_.refusal_voids_message = true;             // not documented either way; asking twice does no harm
  }

  const core::Venue& venue() const override { return venue_; }
  const VenueLimits& limits() const override { return limits_; }
  std::vector<VenueHost> default_hosts() const override {
    return {{"wss://ws.okx.com:8443", "https://www.okx.com"}, {"wss://ws.okx.com", "https://openapi.okx.com"}};
  }

  std::string socket_target() const override { return "/ws/v5/public"; }
  std::vector<std::string> subscribe(std::span<const std::string> symbols, std::uint64_t first_id) const override {
    return messages("subscribe", symbols, first_id);
  }
  std::vector<std::string> unsubscribe(std::span<const std::string> symbols, std::uint64_t first_id) const override {
    return messages("unsubscribe", symbols, first_id);
  }
  std::string ping(std::uint64_t) const override { return "ping"; }

  std::string symbols_target() const override { return "/api/v5/public/instruments?instType=SPOT"; }
  core::Result<std::vector<core::ListedPair>> decode_symbols(string_view body) const override {
    constexpr std::array<string_view, 4> kKeys = {"instId", "baseCcy", "quoteCcy", "state"};
    std::vector<core::ListedPair> pairs;
    const auto read = read_objects(body, "okx instruments", okx::kAnswer, kKeys, [&](auto row) -> const char* {
      add_pair(row[0], row[1], row[2], token_text(row[3]) == "live", pairs);
      return nullptr;
    });
    if (!read) return tl::unexpected(read.error());
    return pairs;
  }

  core::Status decode(string_view frame, core::Timestamp received_at, const core::SymbolTable& symbols,
                      Decoded& out) override {
    out.clear();
    out.protocol = "v5";
    if (frame == "pong") {
      out.kind = FrameKind::heartbeat;
      out.type = "pong";
      return {};
    }
    Envelope envelope;
    Reading reading(received_at, symbols, out);
    ondemand::document document;
    auto error = parser_.iterate(frame).get(document);
    if (error == simdjson::SUCCESS) error = read(document, envelope, reading);
    if (error != simdjson::SUCCESS) return broken("frame", simdjson::error_message(error));
    if (!envelope.event.empty()) return interpret_event(envelope, out);
    if (envelope.channel.empty()) return broken("frame", "neither a channel nor an event");
    if (!envelope.data) return broken(envelope.channel, "no data");
    out.type = envelope.channel;
    out.kind = FrameKind::data;
    return reading.why() == nullptr ? core::Status{} : broken(envelope.channel, reading.why());
  }

 private:
  static simdjson::error_code read(ondemand::document& document, Envelope& envelope, Reading& reading) {
    ondemand::object object;
    SIMDJSON_TRY(document.get_object().get(object));
    bool late = false;  // the data came before we knew what it is
    for (auto item : object) {
      ondemand::field field;
      SIMDJSON_TRY(std::move(item).get(field));
      const char* key = field.key().raw();
      if (key_is(key, "arg")) {
        SIMDJSON_TRY(take_argument(field.value(), envelope));
      } else if (key_is(key, "data")) {
        envelope.data = true;
        late = envelope.channel.empty();
        if (late) continue;
        // The levels of a book, hundreds of them, need not be walked.
        if (!carries_ticks(envelope.channel)) return simdjson::SUCCESS;
        SIMDJSON_TRY(read_data(field.value(), envelope, reading));
        if (reading.why() != nullptr) return simdjson::SUCCESS;
      } else if (key_is(key, "event")) {
        envelope.event = token_text(field.value().raw_json_token());
      } else if (key_is(key, "code")) {
        envelope.code = token_text(field.value().raw_json_token());
      } else if (key_is(key, "msg")) {
        envelope.message = token_text(field.value().raw_json_token());
      }
    }
    if (!late || !carries_ticks(envelope.channel)) return simdjson::SUCCESS;
    document.rewind();
    ondemand::value value;
    SIMDJSON_TRY(document.find_field_unordered("data").get(value));
    return read_data(value, envelope, reading);
  }

  static simdjson::error_code read_data(ondemand::value& value, const Envelope& envelope, Reading& reading) {
    ondemand::array rows;
    SIMDJSON_TRY(value.get_array().get(rows));
    return reading.read(rows, envelope.channel != "tickers");
  }

  std::vector<std::string> messages(string_view name, std::span<const std::string> symbols, std::uint64_t id) const {
    std::vector<std::string> result;
    for_each_batch(symbols, limits_.symbols_per_message,
                   [&](auto batch) { result.push_back(operation(name, batch, id++)); });
    return result;
  }

  core::Venue venue_{"okx", "OKX", false, "", ""};
  VenueLimits limits_;
  FrameParser parser_;
};

}  // namespace

std::unique_ptr<VenueProtocol> make_okx() {
  return std::make_unique<Okx>();
}

}  // namespace tickspan::feeds
