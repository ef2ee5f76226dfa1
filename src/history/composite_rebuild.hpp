#pragma once

#include <vector>

#include "core/write_batch.hpp"
#include "storage/history_store.hpp"

namespace tickspan::history {

/// Composite minutes of [from, to) that nobody told when they were, or not whole: made afterwards out of the stored
/// minutes of the pairs, by market::composite_minute(). A minute that was whole when it was told is never touched; one
/// that was rebuilt already is again, for a further venue's past may have come. Units are to stand before what is
/// quoted in them. Minutes that end after `until` are left out.
/// **Threading**: a reader's. **Limits**: of each pair the minutes of the range, and of half an hour before for the
/// weights.
struct CompositeQuery {
  core::CataloguePtr catalogue;
  std::vector<core::AssetId> assets;
  core::Timestamp from, to, until;
  double outlier = 0.03;  ///< as market::CompositeContext has it
  /// `h1`: hours out of the pairs' hours, by the same rule, where nobody has the minutes.
  core::Interval interval = core::Interval::m1;
};
/// What differs from what is stored, by asset; hours in `hours`.
core::Result<std::vector<core::RepairedCandles>> rebuild_composites(storage::StoreReader& reader,
                                                                    const CompositeQuery& query);

}  // namespace tickspan::history
