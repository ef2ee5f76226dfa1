#include "feeds/bybit/bybit.hpp"

#include <algorithm>
#include <array>

#include "feeds/bybit/answer.hpp"
#include "feeds/bybit/best_prices.hpp"
#include "feeds/decode_support.hpp"
#include "feeds/frame_parser.hpp"
#include "feeds/json_walk.hpp"

namespace tickspan::feeds {
namespace {

namespace ondemand = simdjson::ondemand;
using bybit::PriceChange;
using core::Tick;
using std::string_view;

enum class Topic : std::uint8_t { trades, tickers, best, other };

/// The tokens of a frame's outermost object, without quotes.
struct Envelope {
  string_view topic, type, time;
  string_view op, success, message;
  bool data = false;

  /// `orderbook.1.BTCUSDT`: the message's type is all but the symbol.
  string_view channel() const { return topic.substr(0, topic.rfind('.')); }
  string_view symbol() const {
    const auto dot = topic.rfind('.');
    return dot == string_view::npos ? string_view{} : topic.substr(dot + 1);
  }
  Topic kind() const {
    const auto name = channel();
    if (name == "publicTrade") return Topic::trades;
    if (name == "tickers") return Topic::tickers;
    return name == "orderbook.1" ? Topic::best : Topic::other;
  }
};

/// The tokens of one trade.
struct Row {
  string_view symbol, trade_id, price, size, side, time;
};

void take(const char* key, ondemand::value& value, Row& row) {
  if (key[0] == '"' || key[1] != '"') return;
  const auto token = [&value] { return value.raw_json_token(); };
  switch (key[0]) {
    case 'T':
      row.time = token();
      break;
    case 's':
      row.symbol = token_text(token());
      break;
    case 'S':
      row.side = token_text(token());
      break;
    case 'v':
      row.size = token();
      break;
    case 'p':
      row.price = token();
      break;
    case 'i':
      row.trade_id = token_text(token());
      break;
    default:
      break;
  }
}

void take(const char* key, ondemand::value& value, PriceChange& change) {
  if (key_is(key, "bid1Price")) change.bid = value.raw_json_token();
  if (key_is(key, "bid1Size")) change.bid_size = value.raw_json_token();
  if (key_is(key, "ask1Price")) change.ask = value.raw_json_token();
  if (key_is(key, "ask1Size")) change.ask_size = value.raw_json_token();
}

/// `[["64318.2","0.7"]]`, or empty. A level of size zero is deleted.
simdjson::error_code take_level(ondemand::value& value, string_view& price, string_view& size, bool& gone) {
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
    core::Decimal amount;
    gone = read_number(size, amount) == NumberKind::zero;
    if (!gone) break;
    price = size = {};
  }
  return simdjson::SUCCESS;
}

core::Status broken(string_view what, const char* why) {
  return core::fail(core::ErrorCode::parse_error, std::string("bybit ").append(what).append(": ").append(why));
}

/// Answers to what we sent, each with `op`. Spot answers a ping with the op `ping`, contracts with `pong`.
core::Status interpret_answer(const Envelope& envelope, Decoded& out) {
  out.type = envelope.op;
  out.kind = envelope.op == "ping" || envelope.op == "pong" ? FrameKind::heartbeat : FrameKind::control;
  if (envelope.success == "false") {
    out.kind = FrameKind::refusal;
    out.detail.assign(envelope.message);
  }
  return {};
}

std::string operation(string_view name, std::span<const std::string> symbols, std::uint64_t id) {
  std::string text = R"({"req_id":")" + std::to_string(id);
  text.append(R"(","op":")").append(name).append(R"(","args":[)");
  bool first = true;
  for (const auto& symbol : symbols) {
    for (const char* topic : {"publicTrade.", "orderbook.1."}) {
      if (!first) text += ',';
      first = false;
      append_json_string(text, topic + symbol);
    }
  }
  return text.append("]}");
}

class Bybit final : public VenueProtocol {
 public:
  Bybit() {
    limits_.control_spacing = std::chrono::milliseconds(100);
    limits_.symbols_per_message = 5;       // two topics each, ten at most
    limits_.symbols_per_connection = 350;  // 21,000 characters of topics
    limits_.ping_interval = std::chrono::seconds(5);
    limits_.refusal_voids_message = true;
  }

  const core::Venue& venue() const override { return venue_; }
  const VenueLimits& limits() const override { return limits_; }
  std::vector<VenueHost> default_hosts() const override {
    return {{"wss://stream.bybit.com", "https://api.bybit.com"}, {"wss://stream.bybit.com", "https://api.bytick.com"}};
  }

  std::string socket_target() const override { return "/v5/public/spot"; }
  std::vector<std::string> subscribe(std::span<const std::string> symbols, std::uint64_t first_id) const override {
    return messages("subscribe", symbols, first_id);
  }
  std::vector<std::string> unsubscribe(std::span<const std::string> symbols, std::uint64_t first_id) const override {
    return messages("unsubscribe", symbols, first_id);
  }
  std::string ping(std::uint64_t id) const override {
    return R"({"req_id":")" + std::to_string(id) + R"(","op":"ping"})";
  }

  std::string symbols_target() const override { return "/v5/market/instruments-info?category=spot&limit=1000"; }
  core::Result<std::vector<core::ListedPair>> decode_symbols(string_view body) const override {
    constexpr std::array<string_view, 4> kKeys = {"symbol", "baseCoin", "quoteCoin", "status"};
    std::vector<core::ListedPair> pairs;
    const auto read = read_objects(body, "bybit instruments", bybit::kAnswer, kKeys, [&](auto row) -> const char* {
      add_pair(row[0], row[1], row[2], token_text(row[3]) == "Trading", pairs);
      return nullptr;
    });
    if (!read) return tl::unexpected(read.error());
    return pairs;
  }

  core::Status decode(string_view frame, core::Timestamp received_at, const core::SymbolTable& symbols,
                      Decoded& out) override;

 private:
  simdjson::error_code read(ondemand::document& document, Envelope& envelope, PriceChange& change);
  simdjson::error_code read_data(ondemand::value& value, Topic topic, PriceChange& change);
  const char* take_trade(const Row& row);
  const char* take_prices(const Envelope& envelope, PriceChange& change);

  std::vector<std::string> messages(string_view name, std::span<const std::string> symbols, std::uint64_t id) const {
    std::vector<std::string> result;
    for_each_batch(symbols, limits_.symbols_per_message,
                   [&](auto batch) { result.push_back(operation(name, batch, id++)); });
    return result;
  }

  core::Venue venue_{"bybit", "Bybit", false, "", ""};
  VenueLimits limits_;
  FrameParser parser_;
  bybit::BestPrices of_tickers_, of_books_;  // a ticker's snapshot must not end what the book says

  // Of the frame at work.
  core::Timestamp received_at_;
  const core::SymbolTable* symbols_ = nullptr;
  Decoded* out_ = nullptr;
  const char* why_ = nullptr;
};

const char* Bybit::take_trade(const Row& row) {
  if (row.symbol.empty()) return "no symbol";
  Tick::Trade trade;
  trade.received_at = received_at_;
  if (read_number(row.price, trade.price) != NumberKind::positive) return "bad price";
  if (read_number(row.size, trade.amount) != NumberKind::positive) return "bad size";
  if (!read_unix_ms(row.time, received_at_, trade.event_time)) return "bad time";
  if (!bybit::read_trade_id(row.trade_id, trade.trade_id)) return "bad id";
  if (row.side != "Buy" && row.side != "Sell") return "bad side";
  trade.side = row.side == "Buy" ? core::Side::buy : core::Side::sell;
  add_tick(trade, row.symbol, *symbols_, *out_);
  return nullptr;
}

const char* Bybit::take_prices(const Envelope& envelope, PriceChange& change) {
  change.snapshot = envelope.type == "snapshot";
  if (!change.snapshot && envelope.type != "delta") return "neither snapshot nor delta";
  core::Timestamp time;
  if (!read_unix_ms(envelope.time, received_at_, time)) return "bad time";
  const auto instrument = symbols_->find(envelope.symbol());
  if (!instrument.valid()) {
    out_->unknown_symbol = envelope.symbol();
    return nullptr;
  }
  std::optional<Tick::Quote> quote;
  const bool book = envelope.kind() == Topic::best;
  const char* why = (book ? of_books_ : of_tickers_).apply(instrument, change, quote);
  if (why != nullptr || !quote || !change.says_something()) return why;
  quote->received_at = received_at_;
  quote->event_time = time;
  out_->ticks.emplace_back(*quote);
  return nullptr;
}

simdjson::error_code Bybit::read_data(ondemand::value& value, Topic topic, PriceChange& change) {
  if (topic == Topic::trades) {
    ondemand::array rows;
    SIMDJSON_TRY(value.get_array().get(rows));
    return each_row<Row>(rows, why_, [this](const Row& row) { return take_trade(row); });
  }
  ondemand::object object;
  SIMDJSON_TRY(value.get_object().get(object));
  for (auto item : object) {
    ondemand::field field;
    SIMDJSON_TRY(std::move(item).get(field));
    const char* key = field.key().raw();
    if (topic == Topic::tickers) {
      take(key, field.value(), change);
    } else if (key_is(key, "b")) {
      SIMDJSON_TRY(take_level(field.value(), change.bid, change.bid_size, change.bid_gone));
    } else if (key_is(key, "a")) {
      SIMDJSON_TRY(take_level(field.value(), change.ask, change.ask_size, change.ask_gone));
    }
  }
  return simdjson::SUCCESS;
}

simdjson::error_code Bybit::read(ondemand::document& document, Envelope& envelope, PriceChange& change) {
  ondemand::object object;
  SIMDJSON_TRY(document.get_object().get(object));
  bool late = false;  // the data came before we knew what it is
  for (auto item : object) {
    ondemand::field field;
    SIMDJSON_TRY(std::move(item).get(field));
    const char* key = field.key().raw();
    ondemand::value& value = field.value();
    if (key_is(key, "topic")) envelope.topic = token_text(value.raw_json_token());
    if (key_is(key, "type")) envelope.type = token_text(value.raw_json_token());
    if (key_is(key, "ts")) envelope.time = value.raw_json_token();
    if (key_is(key, "op")) envelope.op = token_text(value.raw_json_token());
    if (key_is(key, "success")) envelope.success = trim_token(value.raw_json_token());
    if (key_is(key, "ret_msg")) envelope.message = token_text(value.raw_json_token());
    if (!key_is(key, "data")) continue;
    envelope.data = true;
    late = envelope.topic.empty();
    if (late) continue;
    // The levels of a book, hundreds of them, need not be walked.
    if (envelope.kind() == Topic::other) return simdjson::SUCCESS;
    SIMDJSON_TRY(read_data(value, envelope.kind(), change));
    if (why_ != nullptr) return simdjson::SUCCESS;
  }
  if (!late || envelope.kind() == Topic::other) return simdjson::SUCCESS;
  document.rewind();
  ondemand::value value;
  SIMDJSON_TRY(document.find_field_unordered("data").get(value));
  return read_data(value, envelope.kind(), change);
}

core::Status Bybit::decode(string_view frame, core::Timestamp received_at, const core::SymbolTable& symbols,
                           Decoded& out) {
  out.clear();
  out.protocol = "v5";
  received_at_ = received_at;
  symbols_ = &symbols;
  out_ = &out;
  why_ = nullptr;
  Envelope envelope;
  PriceChange change;
  ondemand::document document;
  auto error = parser_.iterate(frame).get(document);
  if (error == simdjson::SUCCESS) error = read(document, envelope, change);
  if (error != simdjson::SUCCESS) return broken("frame", simdjson::error_message(error));
  if (envelope.topic.empty()) {
    if (envelope.op.empty()) return broken("frame", "neither a topic nor an answer");
    return interpret_answer(envelope, out);
  }
  out.type = envelope.channel();
  out.kind = FrameKind::data;
  if (out.type.empty()) return broken("frame", "a topic without a name");
  if (!envelope.data) return broken(out.type, "no data");
  if (why_ == nullptr && (envelope.kind() == Topic::tickers || envelope.kind() == Topic::best))
    why_ = take_prices(envelope, change);
  return why_ == nullptr ? core::Status{} : broken(out.type, why_);
}

}  // namespace

std::unique_ptr<VenueProtocol> make_bybit() {
  return std::make_unique<Bybit>();
}

}  // namespace tickspan::feeds
