#pragma once

#include <vector>

#include "storage/history_store.hpp"
#include "storage/postgres/connection.hpp"

namespace tickspan::storage::postgres {

inline constexpr const char* kBeginRead = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
inline constexpr const char* kEndRead = "COMMIT";
/// What opens and ends one view for the statements between; nothing where a transaction is open already.
inline Prepared begin_read(const Connection& connection) {
  return {connection.in_transaction() ? "SELECT 1" : kBeginRead, {}};
}
inline Prepared end_read(const Connection& connection) {
  return {connection.in_transaction() ? "SELECT 2" : kEndRead, {}};
}

/// Rows that this program cannot have written.
core::Error damaged(std::string_view what);
/// A LIMIT; "all" fits.
std::int64_t sql_limit(std::size_t limit, std::size_t each = 1);

core::Result<std::vector<core::Candle>> read_candles(Connection& connection, const CandleQuery& query);

}  // namespace tickspan::storage::postgres
