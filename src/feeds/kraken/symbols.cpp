#include "feeds/kraken/symbols.hpp"

#include <simdjson.h>

#include <optional>

#include "core/catalogue.hpp"
#include "feeds/decode_support.hpp"

namespace tickspan::feeds::kraken {
namespace {

namespace ondemand = simdjson::ondemand;

/// A value of another type than text is empty; broken JSON shows when the document is walked on.
std::string text(ondemand::value& value) {
  std::string_view view;
  return value.get_string().get(view) == simdjson::SUCCESS ? std::string(view) : std::string();
}

/// REST still spells two assets the old way.
std::string common_code(std::string_view code) {
  if (code == "XBT") return "BTC";
  if (code == "XDG") return "DOGE";
  return std::string(code);
}

struct Row {
  std::string name, base_class, status;
};

simdjson::error_code read_row(ondemand::object object, Row& row) {
  for (auto item : object) {
    ondemand::field field;
    SIMDJSON_TRY(std::move(item).get(field));
    const char* key = field.key().raw();
    if (key_is(key, "wsname")) row.name = text(field.value());
    if (key_is(key, "aclass_base")) row.base_class = text(field.value());
    if (key_is(key, "status")) row.status = text(field.value());
  }
  return simdjson::SUCCESS;
}

/// Dark pools have no WebSocket name; tokenised stocks are not what this feed is for.
std::optional<core::ListedPair> listed(const Row& row) {
  const auto slash = row.name.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == row.name.size()) return {};
  if (!row.base_class.empty() && row.base_class != "currency") return {};
  const std::string base = common_code(std::string_view(row.name).substr(0, slash));
  const std::string quote = common_code(std::string_view(row.name).substr(slash + 1));
  const bool trading = row.status.empty() || row.status == "online";
  return core::ListedPair{base + "/" + quote, core::to_lower(base), core::to_lower(quote), trading};
}

simdjson::error_code read_errors(ondemand::array errors, std::string& refusal) {
  for (auto element : errors) {
    std::string_view message;
    SIMDJSON_TRY(element.get_string().get(message));
    refusal.append(refusal.empty() ? "" : ", ").append(message);
  }
  return simdjson::SUCCESS;
}

simdjson::error_code read_result(ondemand::object result, std::vector<core::ListedPair>& pairs) {
  for (auto item : result) {
    ondemand::field field;
    SIMDJSON_TRY(std::move(item).get(field));
    ondemand::object object;
    SIMDJSON_TRY(field.value().get_object().get(object));
    Row row;
    SIMDJSON_TRY(read_row(object, row));
    if (auto pair = listed(row)) pairs.push_back(std::move(*pair));
  }
  return simdjson::SUCCESS;
}

/// HTTP 200 even on errors, which are texts in `error`; `result` is missing then.
simdjson::error_code read(ondemand::parser& parser, const simdjson::padded_string& padded,
                          std::vector<core::ListedPair>& pairs, std::string& refusal) {
  ondemand::document document;
  SIMDJSON_TRY(parser.iterate(padded).get(document));
  ondemand::object object;
  SIMDJSON_TRY(document.get_object().get(object));
  bool found = false;
  for (auto item : object) {
    ondemand::field field;
    SIMDJSON_TRY(std::move(item).get(field));
    const char* key = field.key().raw();
    if (key_is(key, "error")) {
      ondemand::array errors;
      SIMDJSON_TRY(field.value().get_array().get(errors));
      SIMDJSON_TRY(read_errors(errors, refusal));
    } else if (key_is(key, "result")) {
      ondemand::object result;
      SIMDJSON_TRY(field.value().get_object().get(result));
      SIMDJSON_TRY(read_result(result, pairs));
      found = true;
    }
  }
  return found || !refusal.empty() ? simdjson::SUCCESS : simdjson::NO_SUCH_FIELD;
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
