#include "storage/sqlite/trade_reader.hpp"

#include <algorithm>
#include <limits>

#include "storage/sqlite/old_trades.hpp"
#include "storage/sqlite/trade_codec.hpp"

namespace tickspan::storage::sqlite {
namespace {

constexpr std::string_view kBlocks =
    "SELECT at, trade, rows FROM trade_blocks WHERE series = ? AND at < ? ORDER BY at DESC, trade DESC";
constexpr std::string_view kOld =
    "SELECT at, received, price, price_exp, amount, amount_exp, trade, side FROM trades "
    "WHERE series = ? AND at >= ? AND at < ? ORDER BY at DESC, trade DESC LIMIT ?";

std::uint64_t id_of(std::int64_t key) {
  return key > 0 ? static_cast<std::uint64_t>(key) : 0;
}

}  // namespace

core::Result<std::vector<StoredTrade>> TradeReader::read(std::int64_t series, const TradeQuery& query) {
  std::vector<StoredTrade> out, old;
  if (query.end <= query.start || query.limit == 0) return out;
  if (auto read = read_blocks(series, query, out); !read) return tl::unexpected(read.error());
  if (auto read = read_old(series, query, old); !read) return tl::unexpected(read.error());
  // Both newest first.
  if (!old.empty()) {
    const auto middle = static_cast<std::ptrdiff_t>(out.size());
    out.insert(out.end(), old.begin(), old.end());
    std::inplace_merge(out.begin(), out.begin() + middle, out.end(), [](const StoredTrade& a, const StoredTrade& b) {
      return a.at != b.at ? a.at > b.at : a.trade_id > b.trade_id;
    });
    out.resize(std::min(out.size(), query.limit));
  }
  std::reverse(out.begin(), out.end());
  return out;
}

/// Blocks do not overlap: the first that starts before the range is the last that can reach into it.
core::Status TradeReader::read_blocks(std::int64_t series, const TradeQuery& query, std::vector<StoredTrade>& out) {
  std::vector<TradeRow> rows;
  return statements_.each(
      kBlocks, [&](Statement& s) { s.integer(1, series).integer(2, query.end.ns); },
      [&](const Statement& block) -> core::Result<bool> {
        rows.clear();
        if (!decode_trades(block.integer(0), block.integer(1), block.blob(2), rows))
          return tl::unexpected(damaged("block of trades"));
        for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
          if (row->at >= query.end.ns) continue;
          if (row->at < query.start.ns || out.size() >= query.limit) return false;
          out.push_back({{row->at}, {row->received}, row->price, row->amount, id_of(row->key), row->side});
        }
        return block.integer(0) >= query.start.ns;
      });
}

core::Status TradeReader::read_old(std::int64_t series, const TradeQuery& query, std::vector<StoredTrade>& out) {
  if (no_old_) return {};
  const auto there = has_old_trades(statements_.connection());
  if (!there) return tl::unexpected(there.error());
  no_old_ = !*there;
  if (no_old_) return {};
  const auto limit = std::min<std::size_t>(query.limit, std::numeric_limits<std::int64_t>::max());
  return statements_.each(
      kOld,
      [&](Statement& s) {
        s.integer(1, series).integer(2, query.start.ns).integer(3, query.end.ns);
        s.integer(4, static_cast<std::int64_t>(limit));
      },
      [&](const Statement& row) -> core::Result<bool> {
        const auto price = decimal_at(row, 2, "trade");
        const auto amount = decimal_at(row, 4, "trade");
        if (!price || !amount || row.integer(7) < 0 || row.integer(7) > 2) return tl::unexpected(damaged("trade"));
        const core::Timestamp at{row.integer(0)};
        out.push_back({at,
                       {at.ns + row.integer(1)},
                       *price,
                       *amount,
                       id_of(row.integer(6)),
                       static_cast<core::Side>(row.integer(7))});
        return true;
      });
}

}  // namespace tickspan::storage::sqlite
