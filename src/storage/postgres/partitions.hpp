#pragma once

#include <set>
#include <string>

#include "core/result.hpp"
#include "core/time.hpp"
#include "storage/postgres/connection.hpp"

namespace tickspan::storage::postgres {

/// The tables that are cut by time: minutes by month, longer candles by year, trades by day.
enum class Table { minutes, candles, trades };
std::string_view name_of(Table table) noexcept;

/// One piece of a table: [start, end).
struct Piece {
  std::string name;  ///< `minutes_p2026_06`, `candles_p2026`, `trades_p2026_06_01`
  core::Timestamp start, end;
};
Piece piece_of(Table table, core::Timestamp time);

/// Makes the pieces that rows need, and the next one ahead of them, and drops those that are past their time. Each is
/// made beside the table and then attached, which does not stop its readers.
/// **Threading**: one thread. **Limits**: two names a piece.
class Partitions {
 public:
  /// Rows of `table` at these times are about to be written. Each call that makes one is a transaction of its own.
  core::Status ensure(Connection& connection, Table table, const std::set<core::Timestamp>& times);
  /// Drops every piece that ends before `cutoff`; how many rows went, as the server estimates them.
  core::Result<std::size_t> drop_before(Connection& connection, Table table, core::Timestamp cutoff);
  /// What is known about the server may be wrong: ask again.
  void forget() { known_.clear(); }

 private:
  core::Status make(Connection& connection, Table table, const Piece& piece);
  std::set<std::string> known_;
};

}  // namespace tickspan::storage::postgres
