#include "history/table_row.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>

#include "history/flat_object.hpp"

namespace tickspan::history {
namespace {

using core::Decimal;
using core::Timestamp;

constexpr std::array<std::string_view, 5> kTradeFields = {"ts_ms", "trade_id", "side", "price", "amount"};
constexpr std::array<std::string_view, 6> kCandleFields = {"ts_ms", "open", "high", "low", "close", "volume"};
constexpr std::array<std::string_view, 8> kCandleObject = {"ts_ms", "open",   "high",   "low",
                                                           "close", "volume", "trades", "incomplete"};
constexpr Timestamp kFirstTime = Timestamp::from_s(946'684'800), kLastTime = Timestamp::from_s(4'102'444'800);
constexpr std::int64_t kMaxMs = std::numeric_limits<std::int64_t>::max() / 1'000'000 - 1;

/// The text of one field and where it stands in the line.
struct Field {
  std::string_view text;
  std::size_t column = 1;
};

tl::unexpected<RowError> bad(const Field& field, std::string what) {
  return tl::unexpected(RowError{field.column, std::move(what)});
}
std::string shown(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, 40)) out.push_back(c >= ' ' && c < 127 ? c : '?');
  return out + (text.size() > 40 ? "…\"" : "\"");
}
std::string complain(std::string_view name, std::string_view text, std::string_view allowed) {
  return std::string(name) + " cannot be " + shown(text) + "; allowed: " + std::string(allowed);
}

template <typename Integer>
std::optional<Integer> integer(std::string_view text) {
  Integer value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return {};
  return value;
}

ParsedRow<Timestamp> time_of(const Field& field) {
  const auto at = parse_time(field.text);
  if (!at) return bad(field, complain("ts_ms", field.text, "milliseconds since 1970, RFC 3339 or a date"));
  // A time in seconds or microseconds reads as one, too: of 1970, or long past our days.
  if (*at >= kFirstTime && *at < kLastTime) return *at;
  return bad(field, complain("ts_ms", field.text, "a time from 2000 to 2100, in milliseconds"));
}

ParsedRow<Decimal> decimal_of(const Field& field, std::string_view name, bool zero_allowed) {
  const auto value = Decimal::parse(field.text);
  if (value && (value->is_positive() || (zero_allowed && value->is_zero()))) return *value;
  return bad(field, complain(name, field.text,
                             zero_allowed ? "a decimal number from 0, up to 18 digits"
                                          : "a decimal number above 0, up to 18 digits"));
}

ParsedRow<std::uint64_t> trade_id_of(const Field& field) {
  if (field.text.empty() || field.text == "null") return std::uint64_t{0};
  const auto value = integer<std::int64_t>(field.text);
  if (value && *value >= 0) return static_cast<std::uint64_t>(*value);
  return bad(field, complain("trade_id", field.text, "a whole number, or nothing"));
}

ParsedRow<core::Side> side_of(const Field& field) {
  if (field.text == "buy") return core::Side::buy;
  if (field.text == "sell") return core::Side::sell;
  if (field.text.empty() || field.text == "unknown" || field.text == "null") return core::Side::unknown;
  return bad(field, complain("side", field.text, "buy, sell, or nothing"));
}

/// The fields of a line in the order of `names`. CSV needs the first `needed` of them and has no others.
ParsedRow<std::array<Field, 8>> split(TableForm form, std::span<const std::string_view> names, std::size_t needed,
                                      std::string_view line) {
  std::array<Field, 8> out;
  if (form == TableForm::ndjson) {
    std::array<FlatValue, 8> values;
    if (const auto fault = read_flat_object(line, names, values)) {
      return tl::unexpected(RowError{fault->column, fault->what});
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!values[i].present && i < needed) {
        return tl::unexpected(RowError{1, "the object has no \"" + std::string(names[i]) + "\""});
      }
      out[i] = {values[i].text, values[i].present ? values[i].column : 1};
    }
    return out;
  }
  std::size_t begin = 0;
  for (std::size_t i = 0; i < needed; ++i) {
    const std::size_t comma = line.find(',', begin);
    const bool last = i + 1 == needed;
    if (last != (comma == std::string_view::npos)) {
      const std::size_t column = comma == std::string_view::npos ? line.size() + 1 : comma + 1;
      return tl::unexpected(RowError{column, std::string(last ? "more" : "fewer") + " than the " +
                                                 std::to_string(needed) + " fields of the header"});
    }
    out[i] = {line.substr(begin, last ? std::string_view::npos : comma - begin), begin + 1};
    begin = comma + 1;
  }
  return out;
}

/// As the file has them: whole milliseconds where they are, else with six more digits.
void append_time(Timestamp at, std::string& out) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, at.ms()).ptr;
  out.append(text, end);
  const std::int64_t rest = at.ns - at.ms() * 1'000'000;
  if (rest == 0) return;
  std::string digits = std::to_string(rest);
  out += "." + std::string(6 - digits.size(), '0') + digits;
}
void append_decimal(const Decimal& value, std::string& out) {
  char text[core::kMaxDecimalText];
  out.append(text, value.write(text));
}
std::string_view side_name(core::Side side) {
  return side == core::Side::buy ? "buy" : side == core::Side::sell ? "sell" : "";
}

std::optional<RowError> read_extras(const std::array<Field, 8>& fields, core::Candle& candle) {
  const Field& trades = fields[6];
  if (!trades.text.empty()) {
    const auto count = integer<std::uint32_t>(trades.text);
    if (!count) return RowError{trades.column, complain("trades", trades.text, "a whole number")};
    candle.trades = *count;
  }
  const Field& incomplete = fields[7];
  if (!incomplete.text.empty() && incomplete.text != "true" && incomplete.text != "false") {
    return RowError{incomplete.column, complain("incomplete", incomplete.text, "true or false")};
  }
  candle.incomplete = incomplete.text == "true";
  return {};
}

}  // namespace

std::string_view to_string(TableKind kind) noexcept {
  return kind == TableKind::trades ? "trades" : "candles";
}
std::string_view to_string(TableForm form) noexcept {
  return form == TableForm::csv ? "csv" : "ndjson";
}
std::string_view csv_header(TableKind kind) noexcept {
  return kind == TableKind::trades ? "ts_ms,trade_id,side,price,amount" : "ts_ms,open,high,low,close,volume";
}

std::optional<Timestamp> parse_time(std::string_view text) noexcept {
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  if (const auto ms = integer<std::int64_t>(whole); ms && *ms >= 0 && *ms <= kMaxMs) {
    if (point == std::string_view::npos) return Timestamp::from_ms(*ms);
    const std::string_view digits = text.substr(point + 1);
    if (digits.empty() || digits.size() > 6) return {};
    std::int64_t ns = 0;
    for (std::size_t i = 0; i < 6; ++i) {
      const char digit = i < digits.size() ? digits[i] : '0';
      if (digit < '0' || digit > '9') return {};
      ns = ns * 10 + (digit - '0');
    }
    return Timestamp{*ms * 1'000'000 + ns};
  }
  if (text.size() == 10) {
    char full[21] = "0000-00-00T00:00:00Z";
    text.copy(full, 10);
    return core::parse_rfc3339({full, 20});
  }
  return core::parse_rfc3339(text);
}

ParsedRow<TradeRow> parse_trade(TableForm form, std::string_view line) {
  const auto fields = split(form, kTradeFields, kTradeFields.size(), line);
  if (!fields) return tl::unexpected(fields.error());
  const auto at = time_of((*fields)[0]);
  if (!at) return tl::unexpected(at.error());
  const auto id = trade_id_of((*fields)[1]);
  if (!id) return tl::unexpected(id.error());
  const auto side = side_of((*fields)[2]);
  if (!side) return tl::unexpected(side.error());
  const auto price = decimal_of((*fields)[3], "price", false);
  if (!price) return tl::unexpected(price.error());
  const auto amount = decimal_of((*fields)[4], "amount", true);
  if (!amount) return tl::unexpected(amount.error());
  return TradeRow{*at, *id, *side, *price, *amount};
}

ParsedRow<core::Candle> parse_candle(TableForm form, core::Interval interval, std::string_view line) {
  const auto names = form == TableForm::csv ? std::span<const std::string_view>(kCandleFields) : kCandleObject;
  const auto fields = split(form, names, kCandleFields.size(), line);
  if (!fields) return tl::unexpected(fields.error());
  core::Candle out;
  const auto at = time_of((*fields)[0]);
  if (!at) return tl::unexpected(at.error());
  if (at->floor_to(core::width(interval)) != *at) {
    return bad((*fields)[0], complain("ts_ms", (*fields)[0].text,
                                      "the start of an interval of " + std::string(core::to_string(interval))));
  }
  out.start = *at;
  Decimal* const prices[] = {&out.open, &out.high, &out.low, &out.close};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto price = decimal_of((*fields)[i + 1], kCandleFields[i + 1], false);
    if (!price) return tl::unexpected(price.error());
    *prices[i] = *price;
  }
  if (out.high < std::max(out.open, out.close)) return bad((*fields)[2], "high is below open or close");
  if (out.low > std::min(out.open, out.close)) return bad((*fields)[3], "low is above open or close");
  const auto volume = decimal_of((*fields)[5], "volume", true);
  if (!volume) return tl::unexpected(volume.error());
  out.volume = *volume;
  if (const auto fault = read_extras(*fields, out)) return tl::unexpected(*fault);
  out.final = true;
  out.flat = out.trades == 0 && out.volume.is_zero() && out.high == out.low;
  return out;
}

void append_row(TableForm form, const TradeRow& row, std::string& out) {
  const bool csv = form == TableForm::csv;
  out += csv ? "" : "{\"ts_ms\":";
  append_time(row.at, out);
  out += csv ? "," : ",\"trade_id\":";
  if (row.trade_id != 0) out += std::to_string(row.trade_id);
  if (row.trade_id == 0 && !csv) out += "null";
  out += csv ? "," : ",\"side\":\"";
  out += side_name(row.side);
  out += csv ? "," : "\",\"price\":\"";
  append_decimal(row.price, out);
  out += csv ? "," : "\",\"amount\":\"";
  append_decimal(row.amount, out);
  out += csv ? "\n" : "\"}\n";
}

void append_row(TableForm form, const core::Candle& row, std::string& out) {
  const bool csv = form == TableForm::csv;
  out += csv ? "" : "{\"ts_ms\":";
  append_time(row.start, out);
  const Decimal* const numbers[] = {&row.open, &row.high, &row.low, &row.close, &row.volume};
  for (std::size_t i = 0; i < 5; ++i) {
    if (!csv) out.append(",\"").append(kCandleFields[i + 1]).append("\":\"");
    if (csv) out += ",";
    append_decimal(*numbers[i], out);
    if (!csv) out += "\"";
  }
  if (csv) {
    out += "\n";
    return;
  }
  out += ",\"trades\":" + std::to_string(row.trades);
  out += row.incomplete ? ",\"incomplete\":true}\n" : "}\n";
}

}  // namespace tickspan::history
