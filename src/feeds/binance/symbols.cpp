#include "feeds/binance/symbols.hpp"

#include <simdjson.h>

#include "core/catalogue.hpp"

namespace tickspan::feeds::binance {
namespace {

namespace ondemand = simdjson::ondemand;

/// A field that is missing or of another type is `fallback`; broken JSON shows when the document is walked on.
std::string text(ondemand::object& object, std::string_view key) {
  std::string_view value;
  return object.find_field_unordered(key).get_string().get(value) == simdjson::SUCCESS ? std::string(value)
                                                                                       : std::string();
}

bool flag(ondemand::object& object, std::string_view key, bool fallback) {
  bool value = fallback;
  return object.find_field_unordered(key).get_bool().get(value) == simdjson::SUCCESS ? value : fallback;
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
    pair.venue_symbol = text(row, "symbol");
    pair.trading = text(row, "status") == "TRADING";
    pair.base = core::to_lower(text(row, "baseAsset"));
    pair.quote = core::to_lower(text(row, "quoteAsset"));
    pair.trading = flag(row, "isSpotTradingAllowed", true) && pair.trading;
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
