#include "server/handlers/routes.hpp"
#include "server/lookup.hpp"
#include "wire/messages.hpp"

namespace tickspan::server {
namespace {

SortKey sort_key(const std::string& name) {
  return name == "price" ? SortKey::price : name == "change" ? SortKey::change : SortKey::market_cap;
}

Outcome answer(const Call& call) {
  const auto currency = currency_of(call, "currency");
  if (!currency) return tl::unexpected(currency.error());
  auto rows = ranked_rows(*call.snapshot);
  sort_rows(rows, sort_key(call.values.text("sort")), call.values.text("order") == "desc");
  rows.resize(std::min(rows.size(), static_cast<std::size_t>(call.values.integer("limit"))));

  std::string body;
  wire::JsonWriter json(body, call.format);
  json.begin_object().field("currency", currency_name(call, *currency)).field("count", rows.size());
  json.key("coins").begin_array();
  for (const core::AssetRow* row : rows) wire::write_top_coin(json, *call.snapshot, *row, *currency);
  json.end_array().end_object();
  return Answer{.body = std::move(body)};
}

}  // namespace

Route top_coins_route() {
  return {.path = "/top-coins/",
          .summary = "The top coins",
          .parameters = {{"limit", ParameterType::integer, "20", 1, 250},
                         {"currency", ParameterType::text, "usd", 0, 64},
                         {"sort", ParameterType::choice, "market_cap", 0, 0, {"market_cap", "price", "change"}},
                         {"order", ParameterType::choice, "desc", 0, 0, {"desc", "asc"}}},
          .cacheable = true,
          .answer = answer};
}

}  // namespace tickspan::server
