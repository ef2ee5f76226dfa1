#include "storage/sqlite/trade_blocks.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <unordered_set>
#include <utility>

namespace tickspan::storage::sqlite {
namespace {

constexpr std::string_view kPut = "INSERT OR REPLACE INTO trade_blocks(series, at, trade, rows) VALUES(?,?,?,?)";
constexpr std::string_view kDelete = "DELETE FROM trade_blocks WHERE series = ? AND at = ? AND trade = ?";
constexpr std::string_view kNewest =
    "SELECT at, trade, rows FROM trade_blocks WHERE series = ? AND at <= ? ORDER BY at DESC, trade DESC";
constexpr std::string_view kOldest =
    "SELECT at, trade, rows FROM trade_blocks WHERE series = ? AND at < ? ORDER BY at, trade LIMIT 1";
constexpr std::string_view kNext = "SELECT min(at) FROM trade_blocks WHERE series = ? AND at > ?";

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

std::int64_t later(std::int64_t at, std::int64_t by) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(at, by, &sum) ? kNever : sum;
}

}  // namespace

core::Status TradeBlocks::prepare() {
  const std::array<std::pair<Statement*, std::string_view>, 5> statements = {
      {{&put_, kPut}, {&delete_, kDelete}, {&newest_, kNewest}, {&oldest_, kOldest}, {&next_, kNext}}};
  for (const auto& [statement, sql] : statements) {
    auto prepared = connection_.prepare(sql);
    if (!prepared) return tl::unexpected(prepared.error());
    *statement = std::move(*prepared);
  }
  return {};
}

/// Above all that are there, so that it cannot be there. A hash holds the time: it is only ever found at that.
bool TradeBlocks::Tail::takes(const TradeRow& trade) const {
  if (block.empty()) return true;
  return block.last() < trade && (trade.key < 0 || trade.key > highest);
}

bool TradeBlocks::put(std::int64_t series, const TradeRow& trade) {
  Tail* tail = nullptr;
  if (!load_tail(series, tail)) return false;
  if (tail->takes(trade)) return append(series, *tail, trade);
  late_[series].push_back(trade);
  return true;
}

bool TradeBlocks::append(std::int64_t series, Tail& tail, const TradeRow& trade) {
  tail.highest = std::max(tail.highest, trade.key);
  const bool first = tail.block.empty();
  if (first || !tail.block.append(trade, kMaxBlockBytes)) {
    if (!first && !flush_tail(series, tail)) return false;
    tail.at = trade.at;
    tail.key = trade.key;
    tail.block = TradeEncoder(trade.at, trade.key);
    if (!tail.block.append(trade, kMaxBlockBytes)) return false;
  }
  if (!std::exchange(tail.changed, true)) changed_.push_back(series);
  return true;
}

bool TradeBlocks::flush_tail(std::int64_t series, Tail& tail) {
  if (!std::exchange(tail.changed, false)) return true;
  return put_block(series, tail.at, tail.key, tail.block.bytes());
}

bool TradeBlocks::flush() {
  for (const std::int64_t series : changed_) {
    if (!flush_tail(series, tails_[series])) return false;
  }
  changed_.clear();
  for (auto& [series, trades] : late_) {
    if (!merge(series, trades)) return false;
    tails_.erase(series);
  }
  late_.clear();
  return true;
}

void TradeBlocks::forget() {
  tails_.clear();
  late_.clear();
  changed_.clear();
}

bool TradeBlocks::load_tail(std::int64_t series, Tail*& tail) {
  const auto [known, fresh] = tails_.try_emplace(series);
  tail = &known->second;
  if (!fresh) return true;
  const ResetOnExit reset(newest_);
  newest_.integer(1, series).integer(2, kNever);
  std::vector<TradeRow> trades;
  Step step = Step::row;
  while ((step = newest_.step()) == Step::row) {
    const std::int64_t at = newest_.integer(0), key = newest_.integer(1);
    trades.clear();
    if (!decode_trades(at, key, newest_.blob(2), trades)) continue;
    if (tail->block.empty()) {
      tail->at = at;
      tail->key = key;
      tail->block = TradeEncoder(newest_.blob(2), trades.back());
    }
    for (const TradeRow& trade : trades) tail->highest = std::max(tail->highest, trade.key);
    if (later(at, kSameTradeNs) < tail->block.last().at) return true;
  }
  if (step == Step::failed) tails_.erase(known);
  return step == Step::done;
}

/// The blocks that hold trades of [from, to], and the one before: it may have room.
bool TradeBlocks::load(std::int64_t series, std::int64_t from, std::int64_t to, std::vector<Block>& blocks,
                       std::vector<TradeRow>& trades) {
  const ResetOnExit reset(newest_);
  newest_.integer(1, series).integer(2, to);
  Step step = Step::row;
  while ((step = newest_.step()) == Step::row) {
    Block block{newest_.integer(0), newest_.integer(1), std::string(newest_.blob(2))};
    const bool last = block.at < from;
    const std::size_t before = trades.size();
    if (decode_trades(block.at, block.key, block.bytes, trades)) {
      blocks.push_back(std::move(block));
    } else {
      trades.resize(before);
    }
    if (last) return true;
  }
  return step == Step::done;
}

bool TradeBlocks::next_start(std::int64_t series, std::int64_t after, std::int64_t& at) {
  const ResetOnExit reset(next_);
  if (next_.integer(1, series).integer(2, after).step() != Step::row) return false;
  at = next_.is_null(0) ? kNever : next_.integer(0);
  return true;
}

/// Goes by stretches: what touches the same blocks, and all that lies before the next block.
bool TradeBlocks::merge(std::int64_t series, std::vector<TradeRow>& late) {
  std::stable_sort(late.begin(), late.end());
  for (auto first = late.begin(); first != late.end();) {
    auto end = first + 1;
    while (end != late.end() && end->at - (end - 1)->at <= 2 * kSameTradeNs) ++end;
    const std::int64_t to = later((end - 1)->at, kSameTradeNs);
    std::int64_t next = kNever;
    if (!next_start(series, to, next)) return false;
    while (end != late.end() && later(end->at, kSameTradeNs) < next) ++end;

    std::vector<Block> old;
    std::vector<TradeRow> there, trades;
    if (!load(series, first->at - kSameTradeNs, to, old, there)) return false;
    std::unordered_set<std::int64_t> replaced;
    for (auto trade = std::make_reverse_iterator(end); trade != std::make_reverse_iterator(first); ++trade) {
      if (replaced.insert(trade->key).second) trades.push_back(*trade);  // the last of the same key
    }
    for (const TradeRow& trade : there) {
      if (replaced.count(trade.key) == 0) trades.push_back(trade);
    }
    std::sort(trades.begin(), trades.end());
    if (!replace(series, old, encode(trades, next == kNever))) return false;
    first = end;
  }
  return true;
}

/// To the brim where appending goes on; else evenly, so that there is room for what comes late.
std::vector<TradeBlocks::Block> TradeBlocks::encode(const std::vector<TradeRow>& trades, bool to_the_brim) {
  std::size_t limit = kMaxBlockBytes;
  if (!to_the_brim) {
    TradeEncoder all(trades.front().at, trades.front().key);
    for (const TradeRow& trade : trades) {
      if (!all.append(trade, std::numeric_limits<std::size_t>::max())) break;
    }
    const std::size_t count = all.bytes().size() / kMaxBlockBytes + 1;
    limit = std::min(kMaxBlockBytes, all.bytes().size() / count + kMaxTradeBytes);
  }
  std::vector<Block> blocks;
  TradeEncoder open;
  for (const TradeRow& trade : trades) {
    if (!blocks.empty() && open.append(trade, limit)) continue;
    if (!blocks.empty()) blocks.back().bytes = open.bytes();
    blocks.push_back({trade.at, trade.key, {}});
    open = TradeEncoder(trade.at, trade.key);
    static_cast<void>(open.append(trade, kMaxBlockBytes));  // a first one always fits
  }
  blocks.back().bytes = open.bytes();
  return blocks;
}

bool TradeBlocks::replace(std::int64_t series, const std::vector<Block>& old, const std::vector<Block>& fresh) {
  const auto place = [](const Block& block) { return std::pair(block.at, block.key); };
  const auto find = [&](const std::vector<Block>& blocks, const Block& wanted) {
    return std::find_if(blocks.begin(), blocks.end(), [&](const Block& b) { return place(b) == place(wanted); });
  };
  for (const Block& block : old) {
    if (find(fresh, block) == fresh.end() && !delete_block(series, block.at, block.key)) return false;
  }
  for (const Block& block : fresh) {
    const auto same = find(old, block);
    if (same != old.end() && same->bytes == block.bytes) continue;
    if (!put_block(series, block.at, block.key, block.bytes)) return false;
  }
  return true;
}

bool TradeBlocks::put_block(std::int64_t series, std::int64_t at, std::int64_t key, std::string_view bytes) {
  return put_.integer(1, series).integer(2, at).integer(3, key).blob(4, bytes).run();
}

bool TradeBlocks::delete_block(std::int64_t series, std::int64_t at, std::int64_t key) {
  return delete_.integer(1, series).integer(2, at).integer(3, key).run();
}

bool TradeBlocks::expire(std::int64_t series, std::int64_t bound, std::size_t& room) {
  while (room > 0) {
    Block block;
    std::vector<TradeRow> trades;
    {
      const ResetOnExit reset(oldest_);
      const Step step = oldest_.integer(1, series).integer(2, bound).step();
      if (step != Step::row) return step == Step::done;
      block.at = oldest_.integer(0);
      block.key = oldest_.integer(1);
      if (!decode_trades(block.at, block.key, oldest_.blob(2), trades)) trades.resize(1);
    }
    tails_.erase(series);
    std::size_t gone = 0;
    while (gone < trades.size() && gone < room && trades[gone].at < bound) ++gone;
    if (!delete_block(series, block.at, block.key)) return false;
    room -= gone;
    if (gone == trades.size()) continue;
    trades.erase(trades.begin(), trades.begin() + static_cast<std::ptrdiff_t>(gone));
    if (!replace(series, {}, encode(trades, true))) return false;
  }
  return true;
}

}  // namespace tickspan::storage::sqlite
