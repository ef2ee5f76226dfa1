#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/decimal.hpp"
#include "core/tick.hpp"

namespace tickspan::storage::sqlite {

/// A trade as it is stored, exact to the representation: 1.50 comes back as 1.50.
struct TradeRow {
  std::int64_t at = 0;        ///< ns: the venue's time, or ours where it sends none
  std::int64_t received = 0;  ///< ns: our time
  std::int64_t key = 0;       ///< storage::trade_key: the venue's id, or a negative hash
  core::Decimal price, amount;
  core::Side side = core::Side::unknown;

  /// The order of a series' trades.
  friend bool operator<(const TradeRow& a, const TradeRow& b) { return a.at != b.at ? a.at < b.at : a.key < b.key; }
  /// Of the representation: 1.50 is not 1.5.
  bool same_as(const TradeRow& other) const;
};

inline constexpr std::size_t kMaxTradeBytes = 1 + 4 * 10 + 2 + 10;

/// Appends trades of one series to a block of bytes: each as what differs from the one before it. A byte says which
/// parts follow, in this order; a number is a varint, its sign in the lowest bit.
///   bits 0-1: the taker's side
///   bits 2-3: 0 to 2: the time since the one before, in ns, us or ms; 3: the same time
///   bits 4-5: 0: the key is the one before plus one; 1: a number to add to the one before; 2: the key in eight bytes
///   bit 6: the powers of ten of price and amount, a byte each, where they are not the ones before
///   bit 7: received together with the one before; else: by how much longer it took to arrive, in ns
///   the price less the one before, the amount
/// The first one's time and key stand outside of the block.
class TradeEncoder {
 public:
  TradeEncoder() = default;
  TradeEncoder(std::int64_t first_at, std::int64_t first_key);
  /// Goes on behind a block's last trade.
  TradeEncoder(std::string_view block, const TradeRow& last) : bytes_(block), last_(last) {}
  /// False, and nothing happened, where the block would become longer than `max_bytes`. A first trade always fits in
  /// kMaxTradeBytes.
  [[nodiscard]] bool append(const TradeRow& row, std::size_t max_bytes);
  bool empty() const { return bytes_.empty(); }
  const std::string& bytes() const { return bytes_; }
  const TradeRow& last() const { return last_; }

 private:
  void put(const TradeRow& row);
  void number(std::int64_t value);
  std::string bytes_;
  TradeRow last_;
};

/// Adds the block's trades to `out`. False when it cannot have come from a TradeEncoder: the file is damaged.
[[nodiscard]] bool decode_trades(std::int64_t first_at, std::int64_t first_key, std::string_view block,
                                 std::vector<TradeRow>& out);

}  // namespace tickspan::storage::sqlite
