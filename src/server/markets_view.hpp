#pragma once

#include <string_view>
#include <vector>

#include "server/route.hpp"

namespace tickspan::server {

/// One venue's pair, with its row.
struct MarketView {
  const core::Instrument* instrument = nullptr;
  const core::MarketRow* row = nullptr;
};
/// What is wanted; what is not set is any.
struct MarketFilter {
  core::AssetId base, quote;
  core::VenueId venue;
};

/// Pairs that a venue lists now or that have said something, by the rank of the base, then quote and venue by name.
std::vector<MarketView> markets_of(const core::MarketSnapshot& snapshot, const MarketFilter& filter);

/// Bid and ask both known and sane: their distance in basis points of the middle.
std::optional<double> spread_bps(const core::Decimal& bid, const core::Decimal& ask);

/// `{"venue","pair","symbol","price_usd","bid","ask","spread_bps","last","as_of","age_ms","state","used","reason",
/// "weight","deviation_pct"}`; `age_ms` is left out where the answer is kept for others.
enum class Age : std::uint8_t { told, left_out };
void write_market(wire::JsonWriter& json, const Call& call, const MarketView& view, Age age = Age::told);

/// `"sources":[…]`: the markets that an asset is the base of, without their ages.
void write_sources_of(wire::JsonWriter& json, const Call& call, const core::AssetRow& row);

}  // namespace tickspan::server
