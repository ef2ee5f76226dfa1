#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/catalogue.hpp"
#include "storage/history_store.hpp"

namespace tickspan::storage {

/// Whose gap it is, where it is one pair's.
struct GapPair {
  core::AssetId base, quote;
  core::InstrumentId instrument;  ///< not valid: the venue lists the pair no more
};
/// `symbol` is the venue's spelling; or of a pair that was not listed any more when the gap was found, for nobody keeps
/// its spelling, unlisted_symbol(). Such a pair may be listed again. Nothing where neither is known.
std::optional<GapPair> pair_of_gap(const core::Catalogue& names, std::string_view venue, std::string_view symbol);

/// `bitcoin/usd`: the text ids.
std::string unlisted_symbol(const SeriesName& name);

}  // namespace tickspan::storage
