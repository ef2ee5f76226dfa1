#include "server/lookup.hpp"

#include <algorithm>
#include <limits>

#include "wire/topic.hpp"

namespace tickspan::server {
namespace {

std::optional<double> figure(const core::AssetRow& row, SortKey key) {
  switch (key) {
    case SortKey::rank:
      return row.rank > 0 ? std::optional<double>(row.rank) : std::nullopt;
    case SortKey::market_cap:
      return row.market_cap;
    case SortKey::price:
      return row.price.to_double();
    case SortKey::change:
      if (row.window == core::WindowSource::none || row.open_24h <= 0) return {};
      return row.price.to_double() / row.open_24h;
    case SortKey::volume:
      return row.volume_24h;
  }
  return {};
}

}  // namespace

tl::expected<core::AssetId, Problem> asset_of_path(const Call& call, std::size_t index, std::string_view parameter) {
  const core::AssetId id = call.catalogue().resolve(call.path_values[index]);
  if (!id.valid()) return tl::unexpected(unknown_asset(call.catalogue(), parameter, call.path_values[index]));
  return id;
}

tl::expected<core::AssetId, Problem> currency_of(const Call& call, std::string_view parameter) {
  const std::string& name = call.values.text(parameter);
  const core::AssetId id = call.catalogue().resolve(name);
  if (!id.valid()) return tl::unexpected(unknown_currency(call.catalogue(), parameter, name));
  if (id == call.snapshot->usd) return id;
  const core::AssetRow* row = call.snapshot->row(id);
  if (row == nullptr || !row->has_price()) return tl::unexpected(no_price_yet(call.catalogue().asset(id).id, "usd"));
  return id;
}

tl::expected<PricedRow, Problem> priced(const Call& call, core::AssetId asset, core::AssetId quote) {
  const core::AssetRow* row = call.snapshot->row(asset);
  const auto quoted = row == nullptr ? std::nullopt : core::quoted_price(*call.snapshot, *row, quote);
  if (!quoted) return tl::unexpected(no_price_yet(call.catalogue().asset(asset).id, currency_name(call, quote)));
  return PricedRow{row, *quoted};
}

const std::string& currency_name(const Call& call, core::AssetId quote) {
  return wire::public_name(call.catalogue(), quote);
}

void sort_rows(std::vector<const core::AssetRow*>& rows, SortKey key, bool descending) {
  std::vector<std::pair<double, const core::AssetRow*>> keyed;
  keyed.reserve(rows.size());
  for (const core::AssetRow* row : rows) {
    const auto value = figure(*row, key);
    keyed.emplace_back(value ? (descending ? -*value : *value) : std::numeric_limits<double>::infinity(), row);
  }
  std::stable_sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::transform(keyed.begin(), keyed.end(), rows.begin(), [](const auto& entry) { return entry.second; });
}

std::vector<const core::AssetRow*> ranked_rows(const core::MarketSnapshot& snapshot) {
  std::vector<const core::AssetRow*> rows;
  if (!snapshot.by_rank) return rows;
  rows.reserve(snapshot.by_rank->size());
  for (const core::AssetId id : *snapshot.by_rank) {
    if (const core::AssetRow* row = snapshot.row(id); row != nullptr && row->has_price()) rows.push_back(row);
  }
  return rows;
}

Problem foreign_cursor(const std::string& cursor) {
  return invalid_parameters({{"cursor", cursor, "next_cursor of the page before, with the same other parameters", {}}});
}

tl::expected<std::size_t, Problem> page_start(const Call& call, std::string_view context) {
  const std::string& cursor = call.values.text("cursor");
  if (cursor.empty()) return std::size_t{0};
  if (const auto offset = read_cursor(cursor, context)) return *offset;
  return tl::unexpected(foreign_cursor(cursor));
}

void write_next_cursor(wire::JsonWriter& json, std::size_t end, std::size_t size, std::string_view context) {
  json.key("next_cursor");
  if (end < size)
    json.value(make_cursor(end, context));
  else
    json.null();
}

}  // namespace tickspan::server
