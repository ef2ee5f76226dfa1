#pragma once

#include <cstdint>
#include <vector>

#include "storage/history_store.hpp"
#include "storage/sqlite/statements.hpp"

namespace tickspan::storage::sqlite {

/// Of one series, as StoreReader::candles() has them. The caller holds one view of the data.
core::Result<std::vector<core::Candle>> read_candles(Statements& statements, std::int64_t series,
                                                     const CandleQuery& query);
/// What is stored of its minutes that start at `since` or later, ascending.
core::Result<std::vector<core::Candle>> minutes_since(Statements& statements, std::int64_t series,
                                                      core::Timestamp since);

}  // namespace tickspan::storage::sqlite
