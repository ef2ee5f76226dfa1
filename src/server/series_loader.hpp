#pragma once

#include <functional>
#include <optional>

#include "server/price_series.hpp"
#include "server/route.hpp"

namespace tickspan::server {

/// Which past of which asset is wanted.
struct SeriesPlan {
  core::AssetId base, quote;
  core::Timestamp start, end;
  core::Interval interval = core::Interval::m1;
  core::Duration spacing{};  ///< of an aggregator's points in such a range
  int days = 1;              ///< what to ask the aggregator for
  bool want_facts = false;   ///< market caps and volumes, too
};

/// A loaded past, in USD, and what to multiply it with.
struct LoadedSeries {
  PriceSeries base;
  std::optional<PriceSeries> quote;  ///< USD prices of the quote on the same grid, where it is not USD
  double present_rate = 1;           ///< quote units per USD, now
  std::vector<ShownGap> gaps;
  bool complete = false;
  bool asked_aggregator = false;

  /// The price of a bucket in the quote; nothing where there is none.
  std::optional<core::Decimal> price(std::size_t index) const;
  /// Quote units per USD in a bucket: the quote's own price then where it is known, else the present rate.
  double rate(std::size_t index) const;
  /// `none` (USD), `candles` (each at its own time), `present_rate`, or `mixed`.
  std::string_view conversion() const;
  /// `composite`, the aggregator's id, or both joined by `+`.
  std::string source(const Call& call) const;
};

/// Reads the store (on one of its threads), fills up from the snapshot's minutes, and asks the aggregator once, for at
/// most eight seconds, where the range is not covered. `done` runs on the web thread; a problem when the store is busy
/// or fails.
void load_series(const CallPtr& call, const SeriesPlan& plan,
                 std::function<void(tl::expected<LoadedSeries, Problem>)> done);

}  // namespace tickspan::server
