#pragma once

#include <functional>
#include <set>
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

/// What a venue means by a symbol, said by the operator: before everything that is built in.
struct SymbolOverride {
  std::string venue;   ///< id; empty: every venue
  std::string symbol;  ///< the venue's code of the asset, lower case
  std::string asset;   ///< text id; `none`: no pair with it is listened to
};
/// What is known of a symbol at a venue.
struct SymbolMeaning {
  core::AssetId asset;     ///< not valid: not known, not wanted or ambiguous
  bool ambiguous = false;  ///< several coins have it, and none of them is far ahead of the others
};

/// Most pairs per asset and venue: more of them say the same again.
inline constexpr std::size_t kPairsPerAsset = 3;

/// The place of an asset in the order of conversion: usd 0, usdt 1, usdc 2, eur 3, gbp 4, fdusd 5, every other 100. A
/// pair may price its base only when its quote stands before it, so that no price rests on itself.
int conversion_level(const core::Asset& asset);

/// The asset a venue means by `symbol` (lower case): a table of the venues' own names first, then the catalogue, where
/// of several coins with one symbol the best rank wins.
core::AssetId resolve_venue_symbol(const core::Catalogue& catalogue, const std::string& symbol);

/// The asset that `venue` means by `symbol` (lower case): the overrides, then the table of the venues' own names, then
/// the catalogue. There of several coins with one symbol only a currency, or a coin whose rank is four times as good
/// as the next one's, is taken for meant: a price of the wrong coin is worse than none.
SymbolMeaning meaning_of(const core::Catalogue& catalogue, const std::string& venue, const std::string& symbol,
                         const std::vector<SymbolOverride>& overrides);

/// Which pairs of a venue's list to listen to: base tracked (or itself a currency that prices are converted by), quote
/// one of usd, usdt, usdc, eur, gbp, fdusd, the first three of these per base. Delisted, unknown and repeated pairs are
/// left out; `ambiguous` is told the symbols that were left out for several coins have them. Sorted by (base,
/// preference), whatever the order of the list.
std::vector<PairChoice> choose_pairs(const core::Catalogue& catalogue, const core::SymbolList& list,
                                     const std::function<bool(core::AssetId)>& tracked,
                                     const std::vector<SymbolOverride>& overrides = {},
                                     std::set<std::string>* ambiguous = nullptr);

}  // namespace tickspan::market
