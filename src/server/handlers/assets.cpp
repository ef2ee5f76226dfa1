#include <algorithm>
#include <limits>

#include "server/handlers/routes.hpp"
#include "server/lookup.hpp"
#include "wire/messages.hpp"

namespace tickspan::server {
namespace {

std::string_view kind_name(core::AssetKind kind) {
  switch (kind) {
    case core::AssetKind::coin:
      return "coin";
    case core::AssetKind::stablecoin:
      return "stablecoin";
    case core::AssetKind::fiat:
      return "fiat";
    case core::AssetKind::commodity:
      return "commodity";
  }
  return "coin";
}

void write_asset_fields(wire::JsonWriter& json, const core::Asset& asset) {
  json.field("id", asset.id)
      .field("symbol", asset.symbol)
      .field("name", asset.name)
      .field("kind", kind_name(asset.kind))
      .field("rank", asset.rank > 0 ? std::optional(asset.rank) : std::nullopt);
}

// How well an asset fits a search, smaller is better; nothing when it does not.
std::optional<int> fit(const core::Asset& asset, const std::string& search) {
  if (search.empty()) return 0;
  const std::string name = core::to_lower(asset.name);
  if (asset.symbol == search || asset.id == search || name == search) return 0;
  if (asset.symbol.starts_with(search) || asset.id.starts_with(search) || name.starts_with(search)) return 1;
  const bool inside = asset.id.find(search) != std::string::npos || name.find(search) != std::string::npos;
  return inside ? std::optional(2) : std::nullopt;
}

// Best fit first, then best rank, then by id.
std::vector<const core::Asset*> find_assets(const core::Catalogue& catalogue, const std::string& search) {
  struct Found {
    int fit;
    std::int32_t rank;
    const core::Asset* asset;
  };
  std::vector<Found> found;
  for (const core::Asset& asset : catalogue.assets()) {
    const auto fits = fit(asset, search);
    if (fits) found.push_back({*fits, asset.rank > 0 ? asset.rank : std::numeric_limits<std::int32_t>::max(), &asset});
  }
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return std::tie(a.fit, a.rank, a.asset->id) < std::tie(b.fit, b.rank, b.asset->id);
  });
  std::vector<const core::Asset*> out;
  for (const Found& entry : found) out.push_back(entry.asset);
  return out;
}

Outcome list(const Call& call) {
  const std::string search = core::to_lower(call.values.text("search"));
  const std::string context = "assets:" + search;
  const auto start = page_start(call, context);
  if (!start) return tl::unexpected(start.error());
  const auto found = find_assets(call.catalogue(), search);
  const std::size_t end = std::min(found.size(), *start + static_cast<std::size_t>(call.values.integer("limit")));
  std::string body;
  wire::JsonWriter json(body, call.format);
  json.begin_object().key("data").begin_array();
  for (std::size_t i = *start; i < end; ++i) {
    json.begin_object();
    write_asset_fields(json, *found[i]);
    json.end_object();
  }
  json.end_array();
  write_next_cursor(json, end, found.size(), context);
  json.end_object();
  return Answer{.body = std::move(body)};
}

Outcome one(const Call& call) {
  const auto id = asset_of_path(call, 0, "id");
  if (!id) return tl::unexpected(id.error());
  const auto quote = currency_of(call, "quote");
  if (!quote) return tl::unexpected(quote.error());
  std::string body;
  wire::JsonWriter json(body, call.format);
  json.begin_object();
  write_asset_fields(json, call.catalogue().asset(*id));
  json.key("ticker");
  const core::AssetRow* row = call.snapshot->row(*id);
  if (row == nullptr || !wire::write_ticker(json, *call.snapshot, *row, *quote)) json.null();
  json.end_object();
  return Answer{.body = std::move(body)};
}

}  // namespace

Route assets_route() {
  return {.path = "/api/v1/assets",
          .summary = "Find assets",
          .needs = Needs::snapshot,
          .parameters = {{"search", ParameterType::text, "", 0, 100},
                         {"limit", ParameterType::integer, "100", 1, 250},
                         {"cursor", ParameterType::text, "", 0, 64}},
          .cacheable = true,
          .answer = list};
}

Route asset_route() {
  return {.path = "/api/v1/assets/{id}",
          .summary = "One asset and its ticker",
          .needs = Needs::prices,
          .parameters = {{"quote", ParameterType::text, "usd", 0, 64}},
          .cacheable = true,
          .answer = one};
}

}  // namespace tickspan::server
