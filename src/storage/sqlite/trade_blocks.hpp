#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/result.hpp"
#include "storage/sqlite/connection.hpp"
#include "storage/sqlite/trade_codec.hpp"

namespace tickspan::storage::sqlite {

/// A block's bytes: four of them and their keys fill a page of SQLite's, and none spills over.
inline constexpr std::size_t kMaxBlockBytes = 960;

/// A trade that comes with another time than it had is looked for this far around it (a venue's REST and stream round
/// differently).
inline constexpr std::int64_t kSameTradeNs = 1'000'000'000;

/// The trades of a database as its writer puts them there: per series, blocks in ascending order that do not overlap.
/// The newest block of a series is kept open in memory: a trade above all that are there is appended to it and
/// needs no look at the file. Any other is merged into the blocks around its time. A block that is damaged is left
/// alone by all but expire(): readers tell of it, and writing goes on.
/// Functions that return false: the database failed, the connection knows why; roll back and forget().
/// **Threading**: that of the connection. **Ownership**: must not outlive the connection.
class TradeBlocks {
 public:
  explicit TradeBlocks(Connection& connection) : connection_(connection) {}
  core::Status prepare();

  /// Takes its place in the file at the latest with flush(), which the transaction must end with. Replaces the trade
  /// of the same key.
  [[nodiscard]] bool put(std::int64_t series, const TradeRow& trade);
  [[nodiscard]] bool flush();
  /// What is in memory is no longer what is in the file.
  void forget();

  /// Deletes trades before `bound`, oldest first, at most `room` of them, and counts `room` down.
  [[nodiscard]] bool expire(std::int64_t series, std::int64_t bound, std::size_t& room);

 private:
  struct Block {
    std::int64_t at = 0, key = 0;
    std::string bytes;
  };
  struct Tail {
    std::int64_t at = 0, key = 0;  // of the block's first trade
    TradeEncoder block;
    std::int64_t highest = 0;  // the highest id among the newest trades
    bool changed = false;
    bool takes(const TradeRow& trade) const;
  };

  bool load_tail(std::int64_t series, Tail*& tail);
  bool append(std::int64_t series, Tail& tail, const TradeRow& trade);
  bool flush_tail(std::int64_t series, Tail& tail);
  bool merge(std::int64_t series, std::vector<TradeRow>& late);
  bool load(std::int64_t series, std::int64_t from, std::int64_t to, std::vector<Block>& blocks,
            std::vector<TradeRow>& trades);
  bool next_start(std::int64_t series, std::int64_t after, std::int64_t& at);
  bool replace(std::int64_t series, const std::vector<Block>& old, const std::vector<Block>& fresh);
  bool put_block(std::int64_t series, std::int64_t at, std::int64_t key, std::string_view bytes);
  bool delete_block(std::int64_t series, std::int64_t at, std::int64_t key);
  static std::vector<Block> encode(const std::vector<TradeRow>& trades, bool to_the_brim);

  Connection& connection_;
  Statement put_, delete_, newest_, oldest_, next_;
  std::unordered_map<std::int64_t, Tail> tails_;
  std::unordered_map<std::int64_t, std::vector<TradeRow>> late_;
  std::vector<std::int64_t> changed_;  // series whose tail is newer than the file's
};

}  // namespace tickspan::storage::sqlite
