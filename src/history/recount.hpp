#pragma once

#include <functional>

#include "core/result.hpp"
#include "storage/batch_rows.hpp"
#include "storage/history_store.hpp"

namespace tickspan::history {

/// Builds the 1 m candles of [start, end) from the trades that are stored, as they are built live: a minute without a
/// trade between two with one is a flat candle. The bounds are whole minutes; candles come ascending and final.
core::Status recount_minutes(storage::StoreReader& reader, const storage::SeriesName& series, core::Timestamp start,
                             core::Timestamp end, const std::function<core::Status(const core::Candle&)>& visit);

/// Equal in value: 1.50 is 1.5. The flags are not compared.
bool same_numbers(const core::Candle& a, const core::Candle& b);

}  // namespace tickspan::history
