#pragma once

#include "history/series.hpp"
#include "storage/history_store.hpp"

namespace tickspan::history {

/// Which candles the days are summed up from.
enum class LevelSource : std::uint8_t { minutes, hours };

/// Sums up the stored candles of the days that touch [start, end) into hours (of minutes) and days, and stores those
/// that are over at `now`. An hour whose minutes are not all there (some were deleted with age) stays as it is stored
/// where that one counts more volume.
core::Status rebuild_levels(storage::StoreReader& reader, storage::StoreWriter& writer, const Series& series,
                            core::Timestamp start, core::Timestamp end, LevelSource source, core::Timestamp now);

}  // namespace tickspan::history
