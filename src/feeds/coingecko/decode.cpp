#include "feeds/coingecko/decode.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "core/catalogue.hpp"
#include "feeds/decode_support.hpp"

namespace tickspan::feeds::coingecko {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;
using std::string_view;

std::optional<double> number(string_view token) {
  token = trim_token(token);
  double value = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (token.empty() || error != std::errc{} || end != token.data() + token.size() || !std::isfinite(value)) return {};
  return value;
}

std::optional<double> amount(string_view token) {
  const auto value = number(token);
  return value && *value >= 0 ? value : std::nullopt;
}

std::optional<core::Decimal> price(string_view token) {
  core::Decimal value;
  if (token.empty() || token.front() == '"' || read_number(token, value) != NumberKind::positive) return {};
  return value;
}

/// The text of a string value, empty for any other type.
std::string text(ondemand::value& value) {
  string_view view;
  return value.get_string().get(view) == simdjson::SUCCESS ? std::string(view) : std::string();
}

core::Timestamp time_of(ondemand::value& value, core::Timestamp received_at) {
  const auto parsed = core::parse_rfc3339(text(value));
  return parsed && plausible_time(*parsed, received_at) ? *parsed : core::Timestamp{};
}

void take_number(string_view key, string_view token, core::AssetFacts& row) {
  if (key == "current_price") row.price = price(token);
  if (key == "high_24h") row.high_24h = price(token);
  if (key == "low_24h") row.low_24h = price(token);
  if (key == "price_change_24h") row.change_24h = number(token);
  if (key == "price_change_percentage_24h") row.change_24h_pct = number(token);
  if (key == "market_cap") row.market_cap = amount(token);
  if (key == "total_volume") row.volume_24h = amount(token);
  if (key == "circulating_supply") row.circulating_supply = amount(token);
  if (key == "total_supply") row.total_supply = amount(token);
  if (key == "max_supply") row.max_supply = amount(token);
  if (key == "market_cap_rank") {
    std::uint64_t rank = 0;
    row.rank = read_uint(token, rank) && rank <= 1'000'000 ? static_cast<std::int32_t>(rank) : 0;
  }
}

error_code read_market(ondemand::object object, core::Timestamp received_at, core::AssetFacts& row) {
  row.received_at = received_at;
  for (auto item : object) {
    ondemand::field field;
    SIMDJSON_TRY(std::move(item).get(field));
    string_view key;
    SIMDJSON_TRY(field.unescaped_key().get(key));
    ondemand::value& value = field.value();
    if (key == "id") {
      row.asset_id = text(value);
    } else if (key == "symbol") {
      row.symbol = core::to_lower(text(value));
    } else if (key == "name") {
      row.name = text(value);
    } else if (key == "last_updated") {
      row.updated_at = time_of(value, received_at);
    } else {
      take_number(key, value.raw_json_token(), row);
    }
  }
  return simdjson::SUCCESS;
}

error_code read_markets(ondemand::document& document, core::Timestamp received_at,
                        std::vector<core::AssetFacts>& rows) {
  ondemand::array array;
  SIMDJSON_TRY(document.get_array().get(array));
  for (auto element : array) {
    ondemand::object object;
    SIMDJSON_TRY(element.get_object().get(object));
    core::AssetFacts row;
    SIMDJSON_TRY(read_market(object, received_at, row));
    if (!row.asset_id.empty()) rows.push_back(std::move(row));
  }
  return simdjson::SUCCESS;
}

core::AssetKind kind_of(string_view type) {
  if (type == "fiat") return core::AssetKind::fiat;
  if (type == "commodity") return core::AssetKind::commodity;
  return core::AssetKind::coin;
}

error_code read_rates(ondemand::document& document, std::vector<core::ExchangeRate>& rates) {
  ondemand::object all;
  SIMDJSON_TRY(document.find_field_unordered("rates").get_object().get(all));
  for (auto item : all) {
    ondemand::field field;
    SIMDJSON_TRY(std::move(item).get(field));
    string_view code;
    SIMDJSON_TRY(field.unescaped_key().get(code));
    core::ExchangeRate rate;
    rate.code = core::to_lower(code);
    ondemand::object object;
    SIMDJSON_TRY(field.value().get_object().get(object));
    std::optional<core::Decimal> per_btc;
    for (auto part : object) {
      ondemand::field entry;
      SIMDJSON_TRY(std::move(part).get(entry));  // NOLINT(performance-move-const-arg): get() takes rvalues only
      const char* key = entry.key().raw();
      if (key_is(key, "name")) rate.name = text(entry.value());
      if (key_is(key, "unit")) rate.unit = text(entry.value());
      if (key_is(key, "type")) rate.kind = kind_of(text(entry.value()));
      if (key_is(key, "value")) per_btc = price(entry.value().raw_json_token());
    }
    if (!per_btc || rate.code.empty()) continue;
    rate.per_btc = *per_btc;
    rates.push_back(std::move(rate));
  }
  return simdjson::SUCCESS;
}

/// One of a chart's parallel arrays of [ms, value]; a value that is null or no number is nothing.
using Series = std::map<std::int64_t, std::optional<double>>;

error_code read_series(ondemand::value& value, Series& series) {
  ondemand::array rows;
  SIMDJSON_TRY(value.get_array().get(rows));
  for (auto element : rows) {
    ondemand::array row;
    SIMDJSON_TRY(element.get_array().get(row));
    std::optional<double> parts[2];
    std::size_t count = 0;
    for (auto part : row) {
      ondemand::value cell;
      SIMDJSON_TRY(std::move(part).get(cell));  // NOLINT(performance-move-const-arg): get() takes rvalues only
      if (count < 2) parts[count] = number(cell.raw_json_token());
      ++count;
    }
    constexpr double kMostMs = 4e12;  // the year 2096
    if (parts[0] && *parts[0] > 0 && *parts[0] < kMostMs) series[static_cast<std::int64_t>(*parts[0])] = parts[1];
  }
  return simdjson::SUCCESS;
}

error_code read_chart(ondemand::document& document, Series& prices, Series& caps, Series& volumes, bool& found) {
  ondemand::object object;
  SIMDJSON_TRY(document.get_object().get(object));
  for (auto item : object) {
    ondemand::field field;
    SIMDJSON_TRY(std::move(item).get(field));
    const char* key = field.key().raw();
    if (key_is(key, "prices")) {
      SIMDJSON_TRY(read_series(field.value(), prices));
      found = true;
    } else if (key_is(key, "market_caps")) {
      SIMDJSON_TRY(read_series(field.value(), caps));
    } else if (key_is(key, "total_volumes")) {
      SIMDJSON_TRY(read_series(field.value(), volumes));
    }
  }
  return simdjson::SUCCESS;
}

std::optional<double> value_at(const Series& series, std::int64_t ms) {
  const auto it = series.find(ms);
  return it != series.end() && it->second && *it->second >= 0 ? it->second : std::nullopt;
}

tl::unexpected<core::Error> broken(string_view what, string_view body, const char* why) {
  std::string context = std::string("coingecko ").append(what).append(": ");
  const std::string message = decode_error(body);
  return core::fail(core::ErrorCode::parse_error, context.append(message.empty() ? why : message));
}

/// The error texts of the body, in the order of preference, and its number. Anything that is not such a body has none.
struct ServiceError {
  std::string plain, nested, status;
  int code = 0;
};

void take_status(ondemand::object object, std::string& message, int& code) {
  for (auto item : object) {
    ondemand::field field;
    if (std::move(item).get(field) != simdjson::SUCCESS) return;
    const char* key = field.key().raw();
    std::uint64_t value = 0;
    if (key_is(key, "error_message")) message = text(field.value());
    if (key_is(key, "error_code") && read_uint(field.value().raw_json_token(), value) && value < 1'000'000)
      code = static_cast<int>(value);
  }
}

void take_error(ondemand::value& value, ServiceError& found) {
  ondemand::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) {
    found.plain = text(value);
    return;
  }
  ondemand::object status;
  if (object.find_field_unordered("status").get_object().get(status) == simdjson::SUCCESS)
    take_status(status, found.nested, found.code);
}

ServiceError read_error(string_view body) {
  ServiceError found;
  constexpr std::size_t kLongestError = 64 * 1024;
  if (body.empty() || body.size() > kLongestError) return found;
  ondemand::parser parser;
  const simdjson::padded_string padded(body);
  ondemand::document document;
  ondemand::object object;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS)
    return found;
  for (auto item : object) {
    ondemand::field field;
    if (std::move(item).get(field) != simdjson::SUCCESS) break;
    const char* key = field.key().raw();
    if (key_is(key, "error")) take_error(field.value(), found);
    if (!key_is(key, "status")) continue;
    ondemand::object status;
    std::uint64_t code = 0;
    if (field.value().get_object().get(status) == simdjson::SUCCESS) {
      take_status(status, found.status, found.code);
    } else if (read_uint(field.value().raw_json_token(), code) && code < 1000 && found.code == 0) {
      found.code = static_cast<int>(code);
    }
  }
  return found;
}

}  // namespace

core::Result<std::vector<core::AssetFacts>> decode_markets(string_view body, core::Timestamp received_at) {
  ondemand::parser parser;
  const simdjson::padded_string padded(body);
  ondemand::document document;
  std::vector<core::AssetFacts> rows;
  auto error = parser.iterate(padded).get(document);
  if (error == simdjson::SUCCESS) error = read_markets(document, received_at, rows);
  if (error != simdjson::SUCCESS) return broken("coins/markets", body, simdjson::error_message(error));
  return rows;
}

core::Result<std::vector<core::ExchangeRate>> decode_exchange_rates(string_view body) {
  ondemand::parser parser;
  const simdjson::padded_string padded(body);
  ondemand::document document;
  std::vector<core::ExchangeRate> rates;
  auto error = parser.iterate(padded).get(document);
  if (error == simdjson::SUCCESS) error = read_rates(document, rates);
  if (error != simdjson::SUCCESS) return broken("exchange_rates", body, simdjson::error_message(error));
  return rates;
}

core::Result<std::vector<core::MarketPoint>> decode_market_chart(string_view body) {
  ondemand::parser parser;
  const simdjson::padded_string padded(body);
  ondemand::document document;
  Series prices, caps, volumes;
  bool found = false;
  auto error = parser.iterate(padded).get(document);
  if (error == simdjson::SUCCESS) error = read_chart(document, prices, caps, volumes, found);
  if (error != simdjson::SUCCESS) return broken("market_chart", body, simdjson::error_message(error));
  if (!found) return broken("market_chart", body, "no prices");
  std::vector<core::MarketPoint> points;
  points.reserve(prices.size());
  for (const auto& [ms, value] : prices) {
    const auto at = core::Timestamp::from_ms(ms);
    if (value && *value > 0 && plausible_time(at, {}))
      points.push_back({at, *value, value_at(caps, ms), value_at(volumes, ms)});
  }
  return points;
}

std::string decode_error(string_view body) {
  const ServiceError found = read_error(body);
  std::string message = !found.plain.empty() ? found.plain : !found.nested.empty() ? found.nested : found.status;
  constexpr std::size_t kLongest = 200;
  if (message.size() > kLongest) {
    std::size_t cut = kLongest;
    while (cut > 0 && (static_cast<unsigned char>(message[cut]) & 0xC0) == 0x80) --cut;  // not inside a character
    message.resize(cut);
  }
  std::replace_if(
      message.begin(), message.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return message;
}

int decode_error_code(string_view body) {
  return read_error(body).code;
}

}  // namespace tickspan::feeds::coingecko
