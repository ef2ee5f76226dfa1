#pragma once

#include <cstdint>
#include <string>

#include "core/ids.hpp"

namespace tickspan::core {

/// Fiat currencies and metals are assets too: their USD price converts every other price.
enum class AssetKind : std::uint8_t { coin, stablecoin, fiat, commodity };

/// One thing that has a price. `id` is the aggregator's slug for coins (`bitcoin`) and the ISO code for fiat (`eur`).
struct Asset {
  std::string id;
  std::string symbol;  ///< lower case; not unique among coins
  std::string name;
  AssetKind kind = AssetKind::coin;
  std::int32_t rank = 0;  ///< by market capitalisation, 1 is the largest; 0 is unknown
};

/// A source of prices: an exchange that pushes or an aggregator that is polled.
struct Venue {
  std::string id;    ///< `binance`, `coinbase`, `kraken`, `coingecko`
  std::string name;  ///< as shown to people
  bool polled = false;
  std::string attribution;  ///< the sentence its terms ask for, may be empty
  std::string attribution_url;
};

/// One pair on one venue.
struct Instrument {
  VenueId venue;
  AssetId base;
  AssetId quote;
  std::string venue_symbol;  ///< in the venue's own spelling
};

}  // namespace tickspan::core
