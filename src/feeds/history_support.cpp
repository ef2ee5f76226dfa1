#include "feeds/history_support.hpp"

#include <algorithm>
#include <array>

#include "feeds/decode_support.hpp"
#include "feeds/json_walk.hpp"

namespace tickspan::feeds {
namespace {

namespace ondemand = simdjson::ondemand;
using std::string_view;

core::Status broken(string_view what, string_view why) {
  return core::fail(core::ErrorCode::parse_error, std::string(what).append(": ").append(why));
}

simdjson::error_code read_errors(ondemand::array errors, std::string& refusal) {
  for (auto element : errors) {
    string_view message;
    SIMDJSON_TRY(element.get_string().get(message));
    refusal.append(refusal.empty() ? "" : ", ").append(message);
  }
  return simdjson::SUCCESS;
}

simdjson::error_code read_result(ondemand::object result, std::string& last, const RowVisitor& visit, bool& found,
                                 const char*& why) {
  for (auto item : result) {
    ondemand::field field;
    SIMDJSON_TRY(std::move(item).get(field));
    if (key_is(field.key().raw(), "last")) {
      last = trim_token(field.value().raw_json_token());
      continue;
    }
    ondemand::array rows;
    SIMDJSON_TRY(field.value().get_array().get(rows));
    SIMDJSON_TRY(each_element(rows, why, [&](ondemand::value& row) { return read_cells(row, visit, why); }));
    found = true;
    if (why != nullptr) break;
  }
  return simdjson::SUCCESS;
}

simdjson::error_code read_envelope(ondemand::document& document, std::string& refusal, std::string& last,
                                   const RowVisitor& visit, bool& found, const char*& why) {
  ondemand::object object;
  SIMDJSON_TRY(document.get_object().get(object));
  for (auto item : object) {
    ondemand::field field;
    SIMDJSON_TRY(std::move(item).get(field));
    if (key_is(field.key().raw(), "error")) {
      ondemand::array errors;
      SIMDJSON_TRY(field.value().get_array().get(errors));
      SIMDJSON_TRY(read_errors(errors, refusal));
    } else if (key_is(field.key().raw(), "result")) {
      ondemand::object result;
      SIMDJSON_TRY(field.value().get_object().get(result));
      SIMDJSON_TRY(read_result(result, last, visit, found, why));
      if (why != nullptr) break;
    }
  }
  return simdjson::SUCCESS;
}

bool in_range(const HistoryQuery& query, core::Timestamp at) {
  return at >= query.from && at < query.to;
}

}  // namespace

core::Duration candle_width(HistoryKind kind) {
  return kind == HistoryKind::hours ? core::Duration(std::chrono::hours(1)) : core::Duration(std::chrono::minutes(1));
}

core::Status read_enveloped_rows(string_view body, string_view what, std::string& last, const RowVisitor& visit) {
  ondemand::parser parser;
  const simdjson::padded_string padded(body);
  ondemand::document document;
  std::string refusal;
  const char* why = nullptr;
  bool found = false;
  auto error = parser.iterate(padded).get(document);
  if (error == simdjson::SUCCESS) error = read_envelope(document, refusal, last, visit, found, why);
  if (error != simdjson::SUCCESS) return broken(what, simdjson::error_message(error));
  if (why != nullptr) return broken(what, why);
  if (!refusal.empty()) {
    const auto says = [&](string_view text) { return refusal.find(text) != std::string::npos; };
    const auto code = says("Too many requests") || says("Rate limit") ? core::ErrorCode::rate_limited
                      : says("Unknown asset pair")                    ? core::ErrorCode::not_found
                                                                      : core::ErrorCode::unavailable;
    return core::fail(code, std::string(what).append(": ").append(refusal), code != core::ErrorCode::not_found);
  }
  return found ? core::Status{} : broken(what, "no rows");
}

bool read_unix_seconds(string_view token, core::Timestamp& out) {
  token = trim_token(token);
  const auto point = std::min(token.find('.'), token.size());
  std::uint64_t seconds = 0;
  if (!read_uint(token.substr(0, point), seconds) || seconds > 9'000'000'000) return false;
  std::uint64_t fraction = 0;
  if (point < token.size()) {
    string_view digits = token.substr(point + 1);
    if (digits.size() > 9) digits = digits.substr(0, 9);
    if (!read_uint(digits, fraction)) return false;
    for (std::size_t i = digits.size(); i < 9; ++i) fraction *= 10;
  }
  out.ns = static_cast<std::int64_t>(seconds * 1'000'000'000 + fraction);
  return plausible_time(out, {});
}

std::uint64_t cursor_number(string_view cursor) {
  std::uint64_t value = 0;
  return read_uint(cursor, value) ? value : 0;
}

core::Timestamp CandleWindows::from(const HistoryQuery& query, string_view cursor) const {
  if (cursor.empty()) return query.from;
  return core::Timestamp{} + unit_ * static_cast<std::int64_t>(cursor_number(cursor));
}

core::Timestamp CandleWindows::end(const HistoryQuery& query, string_view cursor) const {
  return std::min(from(query, cursor) + candle_width(query.kind) * candles_, query.to);
}

core::Timestamp CandleWindows::last(const HistoryQuery& query, string_view cursor) const {
  return std::min(from(query, cursor) + candle_width(query.kind) * (candles_ - 1), query.to);
}

void CandleWindows::finish(const HistoryQuery& query, string_view cursor, HistoryPage& page) const {
  const core::Timestamp next = end(query, cursor);
  if (next < query.to) page.next = std::to_string((next - core::Timestamp{}) / unit_);
  put_in_order(page);
}

const char* add_candle(const HistoryQuery& query, core::Timestamp start, string_view open, string_view high,
                       string_view low, string_view close, string_view volume, string_view trades, HistoryPage& page) {
  core::Candle candle;
  candle.start = start;
  const auto price = [](string_view token, core::Decimal& out) {
    return read_number(token, out) == NumberKind::positive;
  };
  if (!price(open, candle.open) || !price(high, candle.high) || !price(low, candle.low) || !price(close, candle.close))
    return "bad price";
  if (read_number(volume, candle.volume) == NumberKind::invalid) return "bad volume";
  if (candle.low > std::min(candle.open, candle.close) || candle.high < std::max(candle.open, candle.close))
    return "prices outside high and low";
  std::uint64_t count = 0;
  if (!trades.empty() && (!read_uint(trades, count) || count > UINT32_MAX)) return "bad count";
  if (start.floor_to(candle_width(query.kind)) != start) return "a start between two candles";
  candle.trades = static_cast<std::uint32_t>(count);
  candle.flat = count == 0 && candle.volume.is_zero();
  if (in_range(query, start)) page.candles.push_back(candle);
  return nullptr;
}

core::Result<HistoryPage> read_candle_rows(string_view body, string_view what, const RowPlace& place,
                                           const CandleWindows& windows, const HistoryQuery& query,
                                           string_view cursor) {
  HistoryPage page;
  const auto read = read_rows(body, what, place, [&](auto tokens) -> const char* {
    core::Timestamp start;
    if (tokens.size() < 6) return "a short row";
    if (!read_unix_ms(tokens[0], {}, start)) return "bad time";
    return add_candle(query, start, tokens[1], tokens[2], tokens[3], tokens[4], tokens[5], {}, page);
  });
  if (!read) return tl::unexpected(read.error());
  windows.finish(query, cursor, page);
  return page;
}

void TradesSeen::add(const HistoryTrade& trade) {
  ++rows;
  oldest_id = std::min(oldest_id, trade.first_id);
  if (!oldest.is_set() || trade.at < oldest) oldest = trade.at;
}

bool read_taker_side(string_view text, string_view buy, string_view sell, core::Side& out) {
  if (text != buy && text != sell) return false;
  out = text == buy ? core::Side::buy : core::Side::sell;
  return true;
}

const char* add_trade(const HistoryQuery& query, HistoryTrade trade, string_view price, string_view amount,
                      HistoryPage& page) {
  if (read_number(price, trade.price) != NumberKind::positive) return "bad price";
  const NumberKind size = read_number(amount, trade.amount);
  if (size == NumberKind::invalid) return "bad amount";
  if (trade.last_id < trade.first_id) return "bad ids";
  if (size == NumberKind::positive && in_range(query, trade.at)) page.trades.push_back(trade);
  return nullptr;
}

void put_in_order(HistoryPage& page) {
  std::sort(page.candles.begin(), page.candles.end(), [](const auto& a, const auto& b) { return a.start < b.start; });
  page.candles.erase(std::unique(page.candles.begin(), page.candles.end(),
                                 [](const auto& a, const auto& b) { return a.start == b.start; }),
                     page.candles.end());
  const auto before = [](const HistoryTrade& a, const HistoryTrade& b) {
    return a.at != b.at ? a.at < b.at : a.first_id < b.first_id;
  };
  std::sort(page.trades.begin(), page.trades.end(), before);
  const auto same = [](const HistoryTrade& a, const HistoryTrade& b) {
    return a.at == b.at && a.first_id == b.first_id && a.last_id == b.last_id;
  };
  page.trades.erase(std::unique(page.trades.begin(), page.trades.end(), same), page.trades.end());
}

}  // namespace tickspan::feeds
