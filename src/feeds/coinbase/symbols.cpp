#include "feeds/coinbase/symbols.hpp"

#include <simdjson.h>

#include "core/catalogue.hpp"

namespace tickspan::feeds::coinbase {
namespace {

namespace ondemand = simdjson::ondemand;

/// A field that is missing or of another type is empty; broken JSON shows when the document is walked on.
std::string text(ondemand::object& object, std::string_view key) {
  std::string_view value;
  return object.find_field_unordered(key).get_string().get(value) == simdjson::SUCCESS ? std::string(value)
                                                                                       : std::string();
}

bool flag(ondemand::object& object, std::string_view key) {
  bool value = false;
  return object.find_field_unordered(key).get_bool().get(value) == simdjson::SUCCESS && value;
}

simdjson::error_code read(ondemand::parser& parser, const simdjson::padded_string& padded,
                          std::vector<core::ListedPair>& pairs) {
  ondemand::document document;
  SIMDJSON_TRY(parser.iterate(padded).get(document));
  ondemand::array products;
  SIMDJSON_TRY(document.get_array().get(products));
  for (auto element : products) {
    ondemand::object row;
    SIMDJSON_TRY(element.get_object().get(row));
    core::ListedPair pair;
    pair.venue_symbol = text(row, "id");
    pair.base = core::to_lower(text(row, "base_currency"));
    pair.quote = core::to_lower(text(row, "quote_currency"));
    pair.trading = text(row, "status") == "online";
    for (const char* stop : {"trading_disabled", "cancel_only"}) pair.trading = !flag(row, stop) && pair.trading;
    if (!pair.venue_symbol.empty() && !pair.base.empty() && !pair.quote.empty()) pairs.push_back(std::move(pair));
  }
  return simdjson::SUCCESS;
}

}  // namespace

core::Result<std::vector<core::ListedPair>> decode_products(std::string_view body) {
  ondemand::parser parser;
  const simdjson::padded_string padded(body);
  std::vector<core::ListedPair> pairs;
  if (const auto error = read(parser, padded, pairs); error != simdjson::SUCCESS) {
    return core::fail(core::ErrorCode::parse_error,
                      std::string("coinbase products: ") + simdjson::error_message(error));
  }
  return pairs;
}

}  // namespace tickspan::feeds::coinbase
