#pragma once

#include <vector>

#include "storage/history_store.hpp"
#include "storage/sqlite/statements.hpp"

namespace tickspan::storage::sqlite {

/// The trades of one series, from its blocks and, as long as it is there, from the table of older versions.
/// **Threading**: that of the statements' connection.
class TradeReader {
 public:
  explicit TradeReader(Statements& statements) : statements_(statements) {}
  /// Of [query.start, query.end), ascending, the newest `query.limit`. The caller holds one view of the data.
  core::Result<std::vector<StoredTrade>> read(std::int64_t series, const TradeQuery& query);

 private:
  core::Status read_blocks(std::int64_t series, const TradeQuery& query, std::vector<StoredTrade>& out);
  core::Status read_old(std::int64_t series, const TradeQuery& query, std::vector<StoredTrade>& out);

  Statements& statements_;
  bool no_old_ = false;
};

}  // namespace tickspan::storage::sqlite
