#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "storage/sqlite/connection.hpp"
#include "storage/sqlite/trade_codec.hpp"

namespace tickspan::storage::sqlite {

/// Whether the table of versions 2 and 3, a row a trade, is still there. False once means for ever.
core::Result<bool> has_old_trades(Connection& connection);
/// A file that has nothing in it has no use for it.
core::Status drop_empty_old_trades(Connection& connection);

/// That table while it is being emptied, a piece in each transaction of its own: the newest lie in the blocks already,
/// readers look into both. No trade is in both.
/// Functions that return bool: false where the database failed.
/// **Threading**: that of the connection. **Ownership**: must not outlive the connection.
class OldTrades {
 public:
  explicit OldTrades(Connection& connection) : connection_(connection) {}
  core::Status prepare();
  bool empty() const { return !there_; }

  /// The trade is in the blocks now.
  [[nodiscard]] bool erase(std::int64_t series, std::int64_t key);
  /// Takes at most `max_rows` trades of one series out, the oldest first. None are left: the table goes.
  [[nodiscard]] bool take(std::size_t max_rows, std::int64_t& series, std::vector<TradeRow>& out);
  [[nodiscard]] bool expire(std::int64_t series, std::int64_t bound, std::size_t& room);
  /// The table is gone for good: the transaction that dropped it is written.
  void settle() { there_ = there_ && !dropped_; }
  /// A transaction was undone. Perhaps because the table is gone: another program may have moved the last of it.
  void forget();

 private:
  Connection& connection_;
  Statement erase_, first_, oldest_, expire_;
  bool there_ = false, dropped_ = false;
};

}  // namespace tickspan::storage::sqlite
