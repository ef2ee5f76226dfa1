#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/route.hpp"

namespace tickspan::server {

/// The asset that a path names: 404 with near matches when there is none.
tl::expected<core::AssetId, Problem> asset_of_path(const Call& call, std::size_t index, std::string_view parameter);
/// What a query parameter wants prices in: 400 when it is nothing, 503 while it has no price itself.
tl::expected<core::AssetId, Problem> currency_of(const Call& call, std::string_view parameter);
/// An asset's row that has a price in `quote`, with that price: 503 while there is none.
struct PricedRow {
  const core::AssetRow* row = nullptr;
  core::QuotedPrice quoted;
};
tl::expected<PricedRow, Problem> priced(const Call& call, core::AssetId asset, core::AssetId quote);

/// How a currency is called in answers: `usd`, `btc`.
const std::string& currency_name(const Call& call, core::AssetId quote);

enum class SortKey : std::uint8_t { rank, market_cap, price, change, volume };
/// Sorts rows; those without the figure come last either way, equal ones keep their order.
void sort_rows(std::vector<const core::AssetRow*>& rows, SortKey key, bool descending);
/// The rows of all coins that have a price, best rank first.
std::vector<const core::AssetRow*> ranked_rows(const core::MarketSnapshot& snapshot);

/// What is said to a cursor that is not one of this list's.
Problem foreign_cursor(const std::string& cursor);
/// Where a page starts: 400 when the cursor is not one of this list's.
tl::expected<std::size_t, Problem> page_start(const Call& call, std::string_view context);
/// Writes `next_cursor`: null when `end` is the end of the list.
void write_next_cursor(wire::JsonWriter& json, std::size_t end, std::size_t size, std::string_view context);

}  // namespace tickspan::server
