#pragma once

#include "storage/history_store.hpp"

namespace tickspan::storage {

/// Adds to what HistoryStore::restore() gave what the open candles and the long windows need: of each composite the
/// hours of 31 days; of each pair the hours of this day and the minutes of this hour. Few rows: whole hours stand in
/// for their minutes.
core::Status add_recent_series(StoreReader& reader, core::Timestamp now, core::RestoredState& state);

/// The minutes of these composites in [hour, hour + 1 h). Those that cannot be read are left out.
core::OldMinutes read_old_minutes(StoreReader& reader, core::Timestamp hour,
                                  const std::vector<std::pair<core::AssetId, std::string>>& of);

}  // namespace tickspan::storage
