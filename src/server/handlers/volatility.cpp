#include <algorithm>

#include "server/handlers/routes.hpp"
#include "server/lookup.hpp"
#include "server/services.hpp"
#include "wire/messages.hpp"

namespace tickspan::server {
namespace {

void write_entry(wire::JsonWriter& json, const Call& call, const analytics::VolatilityRank& entry,
                 core::AssetId quote) {
  const core::Asset& asset = call.catalogue().asset(entry.asset);
  json.begin_object()
      .field("rank", entry.rank)
      .field("id", asset.id)
      .field("symbol", asset.symbol)
      .field("name", asset.name)
      .field("volatility", entry.volatility)
      .field("returns", entry.returns)
      .field("complete", entry.complete)
      .key("price");
  const core::AssetRow* row = call.snapshot->row(entry.asset);
  if (row == nullptr || !wire::write_price(json, *call.snapshot, *row, quote)) json.null();
  json.end_object();
}

Outcome answer(const Call& call) {
  const auto quote = currency_of(call, "quote");
  if (!quote) return tl::unexpected(quote.error());
  const std::string context = "volatility:" + currency_name(call, *quote);
  const auto start = page_start(call, context);
  if (!start) return tl::unexpected(start.error());
  const auto ranking = call.services->volatility->ranking(*call.snapshot, *quote);
  const std::size_t end = std::min(ranking->size(), *start + static_cast<std::size_t>(call.values.integer("limit")));
  std::string body;
  wire::JsonWriter json(body, call.format);
  json.begin_object()
      .field("quote", currency_name(call, *quote))
      .field("window", call.values.text("window"))
      .field("as_of", call.snapshot->minutes ? call.snapshot->minutes->end : core::Timestamp{})
      .key("data")
      .begin_array();
  for (std::size_t i = *start; i < end; ++i) write_entry(json, call, (*ranking)[i], *quote);
  json.end_array();
  write_next_cursor(json, end, ranking->size(), context);
  json.end_object();
  return Answer{.body = std::move(body)};
}

}  // namespace

Route volatility_route() {
  return {.path = "/api/v1/rankings/volatility",
          .summary = "Assets by volatility, the most volatile first",
          .parameters = {{"window", ParameterType::choice, "24h", 0, 0, {"24h"}},
                         {"quote", ParameterType::text, "usd", 0, 64},
                         {"limit", ParameterType::integer, "100", 1, 250},
                         {"cursor", ParameterType::text, "", 0, 64}},
          .cacheable = true,
          .answer = answer};
}

}  // namespace tickspan::server
