#include "feeds/kraken/symbols.hpp"

#include <simdjson.h>

#include <optional>

#include "core/catalogue.hpp"

namespace tickspan::feeds::kraken {
namespace {

namespace ondemand = simdjson::ondemand;

/// A field that is missing or of another type is empty; broken JSON shows when the document is walked on.
std::string text(ondemand::object& object, std::string_view key) {
  std::string_view value;
  return object.find_field_unordered(key).get_string().get(value) == simdjson::SUCCESS ? std::string(value)
                                                                                       : std::string();
}

/// REST still spells two assets the old way.
std::string common_code(std::string_view code) {
  if (code == "XBT") return "BTC";
  if (code == "XDG") return "DOGE";
  return std::string(code);
}

std::optional<core::ListedPair> read_pair(ondemand::object& row) {
  const std::string name = text(row, "wsname");
  const std::string base_class = text(row, "aclass_base");
  const std::string status = text(row, "status");
  const auto slash = name.find('/');
  // Dark pools have no WebSocket name; tokenised stocks are not what this feed is for.
  if (slash == std::string::npos || slash == 0 || slash + 1 == name.size()) return {};
  if (!base_class.empty() && base_class != "currency") return {};
  const std::string base = common_code(std::string_view(name).substr(0, slash));
  const std::string quote = common_code(std::string_view(name).substr(slash + 1));
  return core::ListedPair{base + "/" + quote, core::to_lower(base), core::to_lower(quote),
                          status.empty() || status == "online"};
}

/// HTTP 200 even on errors, which are texts in `error`.
simdjson::error_code read_errors(ondemand::document& document, std::string& refusal) {
  ondemand::array errors;
  if (document.find_field_unordered("error").get_array().get(errors) != simdjson::SUCCESS) return simdjson::SUCCESS;
  for (auto element : errors) {
    std::string_view message;
    SIMDJSON_TRY(element.get_string().get(message));
    refusal.append(refusal.empty() ? "" : ", ").append(message);
  }
  return simdjson::SUCCESS;
}

simdjson::error_code read(ondemand::parser& parser, const simdjson::padded_string& padded,
                          std::vector<core::ListedPair>& pairs, std::string& refusal) {
  ondemand::document document;
  SIMDJSON_TRY(parser.iterate(padded).get(document));
  SIMDJSON_TRY(read_errors(document, refusal));
  if (!refusal.empty()) return simdjson::SUCCESS;
  ondemand::object result;
  SIMDJSON_TRY(document.find_field_unordered("result").get_object().get(result));
  for (auto item : result) {
    ondemand::field field;
    SIMDJSON_TRY(std::move(item).get(field));
    ondemand::object row;
    SIMDJSON_TRY(field.value().get_object().get(row));
    if (auto pair = read_pair(row)) pairs.push_back(std::move(*pair));
  }
  return simdjson::SUCCESS;
}

}  // namespace

core::Result<std::vector<core::ListedPair>> decode_asset_pairs(std::string_view body) {
  ondemand::parser parser;
  const simdjson::padded_string padded(body);
  std::vector<core::ListedPair> pairs;
  std::string refusal;
  if (const auto error = read(parser, padded, pairs, refusal); error != simdjson::SUCCESS) {
    return core::fail(core::ErrorCode::parse_error,
                      std::string("kraken AssetPairs: ") + simdjson::error_message(error));
  }
  if (!refusal.empty()) {
    const bool busy = refusal.find("Too many requests") != std::string::npos;
    return core::fail(busy ? core::ErrorCode::rate_limited : core::ErrorCode::unavailable,
                      "kraken AssetPairs: " + refusal, true);
  }
  return pairs;
}

}  // namespace tickspan::feeds::kraken
