#include "feeds/coinapi/decode.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>

#include "feeds/decode_support.hpp"
#include "feeds/frame_intake.hpp"
#include "feeds/json_rows.hpp"

namespace tickspan::feeds::coinapi {
namespace {

namespace ondemand = simdjson::ondemand;
using std::string_view;

constexpr std::size_t kLongestError = 64 * 1024;

bool read_price(string_view token, core::Decimal& out) {
  token = trim_token(token);
  return !token.empty() && token.front() != '"' && read_number(token, out) == NumberKind::positive;
}

/// The base of a list of rates; empty where the body is no object or names none.
std::string base_of(string_view body) {
  ondemand::parser parser;
  const simdjson::padded_string padded(body);
  ondemand::document document;
  ondemand::object object;
  string_view base;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS)
    return {};
  return object.find_field_unordered("asset_id_base").get_string().get(base) == simdjson::SUCCESS ? std::string(base)
                                                                                                  : std::string();
}

bool is_list(string_view body) {
  return body.find("\"rates\"") != string_view::npos;
}

}  // namespace

core::Result<std::vector<Rate>> decode_rates(string_view body, core::Timestamp received_at, bool invert) {
  constexpr std::array<string_view, 1> kPath = {"rates"};
  constexpr std::array<string_view, 4> kKeys = {"asset_id_base", "asset_id_quote", "rate", "time"};
  const bool list = is_list(body);
  const std::string base = list ? base_of(body) : std::string();
  if (list && base.empty()) return core::fail(core::ErrorCode::parse_error, "coinapi exchangerate: no base");
  std::vector<Rate> rates;
  const auto visit = [&](auto tokens) -> const char* {
    Rate rate{list ? base : plain_text(tokens[0]), plain_text(tokens[1]), {}, {}};
    const auto at = core::parse_rfc3339(token_text(tokens[3]));
    if (rate.base.empty() || rate.quote.empty() || !read_price(tokens[2], rate.rate)) return nullptr;
    if (!at || !plausible_time(*at, received_at)) return nullptr;
    rate.at = *at;
    if (invert) std::swap(rate.base, rate.quote);
    rates.push_back(std::move(rate));
    return nullptr;
  };
  // A single rate is a row without a list around it.
  const auto read = list ? read_objects(body, "coinapi exchangerate", RowPlace{.path = kPath}, kKeys, visit)
                         : read_objects("[" + std::string(body) + "]", "coinapi exchangerate", kKeys, visit);
  if (!read) return tl::unexpected(read.error());
  if (!list && rates.empty()) return core::fail(core::ErrorCode::parse_error, "coinapi exchangerate: no rate");
  return rates;
}

core::Result<std::vector<ListedAsset>> decode_assets(string_view body) {
  constexpr std::array<string_view, 4> kKeys = {"asset_id", "name", "type_is_crypto", "price_usd"};
  std::vector<ListedAsset> assets;
  const auto read = read_objects(body, "coinapi assets", kKeys, [&](auto tokens) -> const char* {
    ListedAsset asset{plain_text(tokens[0]), plain_text(tokens[1]), trim_token(tokens[2]) == "1", {}};
    core::Decimal price;
    if (read_price(tokens[3], price)) asset.price_usd = price;
    if (!asset.id.empty()) assets.push_back(std::move(asset));
    return nullptr;
  });
  if (!read) return tl::unexpected(read.error());
  return assets;
}

core::Result<std::vector<core::MarketPoint>> decode_closes(string_view body) {
  constexpr std::array<string_view, 3> kKeys = {"time_close", "price_close", "rate_close"};
  std::vector<core::MarketPoint> points;
  const auto read = read_objects(body, "coinapi history", kKeys, [&](auto tokens) -> const char* {
    const auto at = core::parse_rfc3339(token_text(tokens[0]));
    if (!at || !plausible_time(*at, {})) return "bad time_close";
    core::Decimal close;
    if (!read_price(tokens[1].empty() ? tokens[2] : tokens[1], close)) return "bad close";
    points.push_back({*at, close.to_double(), {}, {}});
    return nullptr;
  });
  if (!read) return tl::unexpected(read.error());
  std::sort(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  points.erase(std::unique(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.at == b.at; }),
               points.end());
  return points;
}

std::string decode_error(string_view body) {
  if (body.empty() || body.size() > kLongestError) return {};
  ondemand::parser parser;
  const simdjson::padded_string padded(body);
  ondemand::document document;
  ondemand::object object;
  std::array<std::string, 3> said;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS)
    return {};
  for (auto item : object) {
    ondemand::field field;
    string_view text;
    if (std::move(item).get(field) != simdjson::SUCCESS) break;
    const char* key = field.key().raw();
    const std::size_t place = key_is(key, "error") ? 0 : key_is(key, "message") ? 1 : key_is(key, "title") ? 2 : 3;
    if (place < said.size() && field.value().get_string().get(text) == simdjson::SUCCESS) said[place] = text;
  }
  const auto first = std::find_if(said.begin(), said.end(), [](const std::string& text) { return !text.empty(); });
  return first == said.end() ? std::string() : printable(*first, 200);
}

}  // namespace tickspan::feeds::coinapi
