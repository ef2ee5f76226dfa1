#pragma once

#include <memory>

#include "storage/history_store.hpp"
#include "storage/sqlite/connection.hpp"

namespace tickspan::storage::sqlite {

/// How an interval is named in the file. Stored: never renumber.
constexpr std::int64_t interval_code(core::Interval interval) {
  return static_cast<std::int64_t>(interval);
}
static_assert(interval_code(core::Interval::m1) == 0 && interval_code(core::Interval::m5) == 1 &&
              interval_code(core::Interval::m15) == 2 && interval_code(core::Interval::h1) == 3 &&
              interval_code(core::Interval::h4) == 4 && interval_code(core::Interval::d1) == 5);
static_assert(static_cast<int>(core::Side::buy) == 1 && static_cast<int>(core::Side::sell) == 2);
static_assert(static_cast<int>(core::AssetKind::commodity) == 3);

inline constexpr std::string_view kLastWriteKey = "last_write";
/// Another number after each commit of another connection, whoever has it; asking reads nothing of the file.
inline constexpr std::string_view kDataVersion = "PRAGMA data_version";
/// How many transactions were written beside a server: see StoreReader::foreign_writes().
inline constexpr std::string_view kWritesBesideKey = "writes_beside";
inline constexpr std::string_view kPutCandle =
    "INSERT OR REPLACE INTO candles(series, interval, start, open, high, low, close, scale, volume, volume_exp, "
    "trades, flags) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)";
/// Of kPutCandle; returns it to be run.
Statement& bind_candle(Statement& put, std::int64_t series, core::Interval interval, const core::Candle& candle);

/// The one write side of the file. Its connection belongs to the store, so that a second writer can follow a first.
/// `reader` looks at the same file: what only it adds up is written before its parts are deleted. `beside`: another
/// program may have the file, and brings it into its newest form.
core::Result<std::unique_ptr<StoreWriter>> make_writer(std::shared_ptr<Connection> connection,
                                                       std::unique_ptr<StoreReader> reader, bool beside);
/// Many writes in one transaction of the connection, which nobody else uses meanwhile.
core::Result<std::unique_ptr<StoreTransaction>> make_transaction(const std::string& path,
                                                                 std::shared_ptr<Connection> connection, bool beside);

}  // namespace tickspan::storage::sqlite
