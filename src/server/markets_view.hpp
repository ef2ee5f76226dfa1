#pragma once

#include <span>
#include <string_view>
#include <utility>
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

/// The markets of many assets, found in one walk over all there are.
class MarketsByBase {
 public:
  explicit MarketsByBase(const core::MarketSnapshot& snapshot);
  /// Those that `base` is the base of, in the order of markets_of().
  std::span<const MarketView> of(core::AssetId base) const;

 private:
  std::vector<MarketView> all_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges_;  // by the base's index: where they begin and end
};

/// `"sources":[…]`, without their ages.
void write_sources(wire::JsonWriter& json, const Call& call, std::span<const MarketView> markets);

}  // namespace tickspan::server
