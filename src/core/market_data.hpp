#pragma once

// What sources tell about an asset besides ticks, and what is stored of it. Plain values.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/asset.hpp"
#include "core/candle.hpp"
#include "core/decimal.hpp"
#include "core/ids.hpp"
#include "core/time.hpp"

namespace tickspan::core {

/// An aggregator's row of one asset. All money in USD; nothing where the source said null.
struct AssetFacts {
  std::string asset_id;
  std::string symbol;
  std::string name;
  std::int32_t rank = 0;
  std::optional<Decimal> price;
  std::optional<Decimal> high_24h, low_24h;
  std::optional<double> change_24h, change_24h_pct;
  std::optional<double> market_cap, volume_24h;  ///< volume in USD
  std::optional<double> circulating_supply, total_supply, max_supply;
  Timestamp updated_at;   ///< the source's own time of the figures
  Timestamp received_at;  ///< ours
};

/// One fiat, metal or crypto rate of an aggregator: how many units one BTC buys.
struct ExchangeRate {
  std::string code;  ///< lower case: `eur`
  std::string name;
  std::string unit;  ///< `€`
  AssetKind kind = AssetKind::fiat;
  Decimal per_btc;
};

/// One point of an aggregator's chart, in USD.
struct MarketPoint {
  Timestamp at;
  double price = 0;
  std::optional<double> market_cap;
  std::optional<double> volume_24h;
};

/// A pair in a venue's own symbol list.
struct ListedPair {
  std::string venue_symbol;
  std::string base;  ///< the venue's code normalised to common use (XBT is BTC), lower case
  std::string quote;
  bool trading = true;
};

enum class GapCause : std::uint8_t { disconnect, mute, overflow, restart, maintenance, disk_full };
std::string_view to_string(GapCause cause) noexcept;
std::optional<GapCause> parse_gap_cause(std::string_view text) noexcept;

/// What became of a gap: nothing yet, filled from the source's own history, or not to be had any more.
enum class GapState : std::uint8_t { open, repaired, lost };
std::string_view to_string(GapState state) noexcept;
std::optional<GapState> parse_gap_state(std::string_view text) noexcept;

/// An interval in which a source was not heard. `instrument_symbol` is empty when it concerns the whole source.
struct Gap {
  static constexpr std::int64_t kUnknown = -1;

  std::string venue;
  std::string instrument_symbol;
  Timestamp start, end;  ///< [start, end)
  GapCause cause = GapCause::disconnect;
  GapState state = GapState::open;
  std::int64_t expected = kUnknown;  ///< trades that belong in it, where their numbers tell
  std::int64_t recovered = 0;        ///< trades (or, of candles, minutes) that a repair brought
};
/// Whether a row of a store gives way to the next of its key: not to one that tells what became of less than it tells
/// of. Such a gap had grown before its repair was written.
inline bool gives_way(const Gap& known, const Gap& next) {
  return next.state == GapState::open || next.end >= known.end;
}

/// Why another source gives an asset's price now.
enum class TakeoverCause : std::uint8_t {
  first,        ///< nobody gave one before
  silent,       ///< the one before is not heard any more, or not often enough to be current
  disbelieved,  ///< the one before is heard, but what it says is not plausible
  preferred,    ///< one that goes before it is heard again
};
std::string_view to_string(TakeoverCause cause) noexcept;
std::optional<TakeoverCause> parse_takeover_cause(std::string_view text) noexcept;

/// The source of a price that is made of exchange pairs; others have the id of their aggregator.
inline constexpr std::string_view kComposite = "composite";

/// From a moment on an asset's price comes from another source: kComposite or an aggregator's id.
struct Takeover {
  std::string asset;  ///< id
  Timestamp at;
  std::string from;  ///< empty: nobody gave a price
  std::string to;
  TakeoverCause cause = TakeoverCause::first;
};

/// A candle series: the composite of an asset in USD where `venue` is not valid, else one venue's pair.
struct SeriesKey {
  AssetId base;
  AssetId quote;
  VenueId venue;
  friend constexpr auto operator<=>(const SeriesKey&, const SeriesKey&) = default;
};

}  // namespace tickspan::core
