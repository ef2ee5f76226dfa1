#include "feeds/binance/symbols.hpp"

#include <simdjson.h>

#include "core/catalogue.hpp"
#include "feeds/decode_support.hpp"

namespace tickspan::feeds::binance {
namespace {

namespace ondemand = simdjson::ondemand;

/// A value of another type than text is empty; broken JSON shows when the document is walked on.
std::string text(ondemand::value& value) {
  std::string_view view;
  return value.get_string().get(view) == simdjson::SUCCESS ? std::string(view) : std::string();
}

simdjson::error_code read_row(ondemand::object row, core::ListedPair& pair) {
  bool open = false, spot = true;
  for (auto item : row) {
    ondemand::field field;
    SIMDJSON_TRY(std::move(item).get(field));
    const char* key = field.key().raw();
    ondemand::value& value = field.value();
    if (key_is(key, "symbol")) pair.venue_symbol = text(value);
    if (key_is(key, "status")) open = text(value) == "TRADING";
    if (key_is(key, "baseAsset")) pair.base = core::to_lower(text(value));
    if (key_is(key, "quoteAsset")) pair.quote = core::to_lower(text(value));
    if (key_is(key, "isSpotTradingAllowed")) spot = trim_token(value.raw_json_token()) == "true";
  }
  pair.trading = open && spot;
  return simdjson::SUCCESS;
}

simdjson::error_code read(ondemand::parser& parser, const simdjson::padded_string& padded,
                          std::vector<core::ListedPair>& pairs) {
  ondemand::document document;
  SIMDJSON_TRY(parser.iterate(padded).get(document));
  ondemand::array symbols;
  SIMDJSON_TRY(document.find_field_unordered("symbols").get_array().get(symbols));
  for (auto element : symbols) {
    ondemand::object row;
    SIMDJSON_TRY(element.get_object().get(row));
    core::ListedPair pair;
    SIMDJSON_TRY(read_row(row, pair));
    if (!pair.venue_symbol.empty() && !pair.base.empty() && !pair.quote.empty()) pairs.push_back(std::move(pair));
  }
  return simdjson::SUCCESS;
}

}  // namespace

core::Result<std::vector<core::ListedPair>> decode_exchange_info(std::string_view body) {
  ondemand::parser parser;
  const simdjson::padded_string padded(body);
  std::vector<core::ListedPair> pairs;
  if (const auto error = read(parser, padded, pairs); error != simdjson::SUCCESS) {
    return core::fail(core::ErrorCode::parse_error,
                      std::string("binance exchangeInfo: ") + simdjson::error_message(error));
  }
  return pairs;
}

}  // namespace tickspan::feeds::binance
