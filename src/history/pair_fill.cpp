#include "history/pair_fill.hpp"

#include <algorithm>
#include <map>

#include "history/minutes.hpp"

namespace tickspan::history {
namespace {

using core::Candle;
using core::Timestamp;

constexpr core::Duration kMinute = std::chrono::minutes(1);
constexpr core::Duration kSameTrade = std::chrono::seconds(1);   // so far the store looks for a trade's id
constexpr core::Duration kPublished = std::chrono::seconds(30);  // by then a venue tells of a candle that is over

/// What trades make of a minute is what the venue says of it. Not every venue counts the trades of its candles.
bool agree(const Candle& made, const Candle& told) {
  return made.start == told.start && made.open == told.open && made.high == told.high && made.low == told.low &&
         made.close == told.close && made.volume == told.volume && (told.trades == 0 || told.trades == made.trades);
}

/// Of minutes in which nothing was traded they need not know the same: the price before may not be known here.
std::vector<Candle> traded(std::vector<Candle> minutes) {
  std::erase_if(minutes, [](const Candle& c) { return c.volume.mantissa == 0; });
  return minutes;
}

bool agree(const std::vector<Candle>& made, const std::vector<Candle>& told) {
  return std::equal(made.begin(), made.end(), told.begin(), told.end(),
                    [](const Candle& a, const Candle& b) { return agree(a, b); });
}

bool lies_in(const core::Gap& gap, Timestamp at) {
  return at >= gap.start && at < gap.end;
}

}  // namespace

bool proven_by_ids(const PairTask& task, const std::vector<feeds::HistoryTrade>& trades) {
  return count_trades(trades, task.query.from, task.query.to).whole() && encloses(trades, task.from, task.to);
}

PairFill fill_pair(const PairTask& task, feeds::HistoryPage page, core::Decimal last_close) {
  PairFill fill;
  if (task.query.kind == feeds::HistoryKind::trades) {
    fill.minutes = minutes_of_trades(page.trades, task.from, task.to, last_close);
    fill.whole = count_trades(page.trades, task.query.from, task.query.to).whole();
    fill.counted = proven_by_ids(task, page.trades);
    fill.trades = std::move(page.trades);
    for (Candle& minute : fill.minutes) minute.incomplete = !fill.whole;
    return fill;
  }
  fill.minutes = whole_candles(page.candles, core::Interval::m1, task.from, task.to, last_close);
  if (!task.unproven || !count_trades(*task.unproven, task.from, task.to).whole()) return fill;
  const auto made = traded(minutes_of_trades(*task.unproven, task.from, task.to, last_close));
  if (!agree(made, traded(fill.minutes))) return fill;
  for (Candle& minute : fill.minutes) {
    const auto same_start = [&](const Candle& c) { return c.start == minute.start; };
    const auto counted = std::find_if(made.begin(), made.end(), same_start);
    if (counted != made.end()) minute.trades = counted->trades;
  }
  fill.trades = *task.unproven;
  fill.counted = true;
  return fill;
}

bool trust_candles(PairFill& fill, const std::vector<Candle>& stored, Timestamp now) {
  if (fill.counted || !fill.trades.empty()) return true;
  bool known = !drop_silence(fill.minutes, now - kPublished - kMinute);
  auto next = stored.begin();
  std::erase_if(fill.minutes, [&](const Candle& made) {
    while (next != stored.end() && next->start < made.start) ++next;
    if (next == stored.end() || next->start != made.start) return false;
    if (is_whole(*next)) return !next->flat && !has_more(made, *next);
    known = known && !has_more(*next, made);
    return false;
  });
  return known;
}

void note_dates(PairFill& fill, const std::vector<storage::StoredTrade>& stored) {
  std::map<std::uint64_t, Timestamp> times;
  for (const storage::StoredTrade& trade : stored) {
    if (trade.trade_id != 0) times.emplace(trade.trade_id, trade.at);
  }
  for (const feeds::HistoryTrade& trade : fill.trades) {
    const auto heard = times.find(trade.first_id);
    if (heard != times.end() && std::chrono::abs(heard->second - trade.at) > kSameTrade)
      fill.dated_otherwise.insert(trade.first_id);
  }
}

std::int64_t count_fill(Hole& hole, const PairFill& fill) {
  const bool by_trades = fill.counted || !fill.trades.empty();
  std::int64_t recovered = 0;
  for (Hole::Part& part : hole.parts) {
    const core::Gap& gap = part.gap;
    part.counted = part.counted && fill.counted;
    if (by_trades) {
      const TradeCount count = count_trades(fill.trades, gap.start, gap.end);
      part.expected += count.expected;
      part.recovered += count.recovered;
      recovered += count.recovered;
      continue;
    }
    part.recovered += std::count_if(fill.minutes.begin(), fill.minutes.end(), [&](const Candle& c) {
      return !c.flat && c.start < gap.end && c.start + kMinute > gap.start;
    });
  }
  return recovered;
}

std::optional<feeds::HistoryTrade> last_trade(const Hole& hole, const PairTask& task, const PairFill& fill) {
  const bool restart = std::any_of(hole.parts.begin(), hole.parts.end(),
                                   [](const Hole::Part& part) { return part.gap.cause == core::GapCause::restart; });
  if (!restart || !fill.counted) return {};
  const auto after = std::find_if(fill.trades.begin(), fill.trades.end(),
                                  [&](const feeds::HistoryTrade& trade) { return trade.at >= task.to; });
  if (after == fill.trades.begin()) return {};
  return *std::prev(after);
}

std::vector<core::Tick> ticks_of(const Hole& hole, const PairTask& task, const PairFill& fill, Timestamp now) {
  std::vector<core::Tick> out;
  for (const feeds::HistoryTrade& t : fill.trades) {
    if (fill.dated_otherwise.contains(t.first_id)) continue;
    const bool missed = std::any_of(hole.parts.begin(), hole.parts.end(),
                                    [&](const Hole::Part& part) { return lies_in(part.gap, t.at); });
    if (missed) out.emplace_back(core::Tick::Trade{task.instrument, now, t.at, t.price, t.amount, t.first_id, t.side});
  }
  return out;
}

}  // namespace tickspan::history
