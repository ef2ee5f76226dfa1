#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/catalogue.hpp"
#include "core/feed_event.hpp"

namespace tickspan::market {

/// One pair worth listening to.
struct PairChoice {
  std::string venue_symbol;
  core::AssetId base, quote;
};

/// Most pairs per asset and venue: more of them say the same again.
inline constexpr std::size_t kPairsPerAsset = 3;

/// The place of an asset in the order of conversion: usd 0, usdt 1, usdc 2, eur 3, gbp 4, fdusd 5, every other 100. A
/// pair may price its base only when its quote stands before it, so that no price rests on itself.
int conversion_level(const core::Asset& asset);

/// The asset a venue means by `symbol` (lower case): a table of the venues' own names first, then the catalogue, where
/// of several coins with one symbol the best rank wins.
core::AssetId resolve_venue_symbol(const core::Catalogue& catalogue, const std::string& symbol);

/// Which pairs of a venue's list to listen to: base tracked (or itself a currency that prices are converted by), quote
/// one of usd, usdt, usdc, eur, gbp, fdusd, the first three of these per base. Delisted, unknown and repeated pairs are
/// left out. Sorted by (base, preference), whatever the order of the list.
std::vector<PairChoice> choose_pairs(const core::Catalogue& catalogue, const core::SymbolList& list,
                                     const std::function<bool(core::AssetId)>& tracked);

}  // namespace tickspan::market
