#include "server/handlers/routes.hpp"
#include "server/lookup.hpp"
#include "wire/messages.hpp"

namespace tickspan::server {
namespace {

std::string encode(const Call& call, const PricedRow& priced, core::AssetId currency) {
  const core::Asset& asset = call.catalogue().asset(priced.row->asset);
  const auto window = wire::day_window(*priced.row, priced.quoted);
  std::string body;
  wire::JsonWriter json(body, call.format);
  json.begin_object()
      .field("coin_id", asset.id)
      .field("symbol", asset.symbol)
      .field("name", asset.name)
      .field("currency", currency_name(call, currency))
      .field("price", priced.quoted.price)
      .field("market_cap", wire::converted(priced.row->market_cap, priced.quoted.rate))
      .field("change_24h", window ? std::optional(window->change) : std::nullopt)
      .field("change_24h_percent", window ? std::optional(window->change_pct) : std::nullopt)
      .field("last_updated", priced.quoted.as_of)
      .field("as_of", priced.quoted.as_of)
      .field("state", core::to_string(priced.quoted.state))
      .field("origin", core::to_string(call.snapshot->origin))
      .field("source", wire::source_name(call.catalogue(), *priced.row))
      .field("source_since", priced.row->source_since)
      .end_object();
  return body;
}

Outcome answer(const Call& call) {
  const auto asset = asset_of_path(call, 0, "coin_id");
  if (!asset) return tl::unexpected(asset.error());
  const auto currency = currency_of(call, "currency");
  if (!currency) return tl::unexpected(currency.error());
  const auto row = priced(call, *asset, *currency);
  if (!row) return tl::unexpected(row.error());
  return Answer{.body = encode(call, *row, *currency)};
}

}  // namespace

Route coin_price_route() {
  return {.path = "/price/{coin_id}",
          .summary = "The price of one coin",
          .parameters = {{"currency", ParameterType::text, "usd", 0, 64}},
          .cacheable = true,
          .answer = answer};
}

}  // namespace tickspan::server
