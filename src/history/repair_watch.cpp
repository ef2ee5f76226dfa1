#include "history/repair_watch.hpp"

#include <algorithm>
#include <utility>

namespace tickspan::history {
namespace {

using core::Timestamp;

constexpr core::Duration kWritten = std::chrono::seconds(10);  // by then what was handed to the store can be read
constexpr core::Duration kLate = std::chrono::seconds(390);    // five minutes, the minute itself, and the writing
constexpr core::Duration kAgain = std::chrono::minutes(5);
constexpr core::Duration kSilence = std::chrono::hours(24);  // for so long flat minutes are followed

bool same(const core::Candle& a, const core::Candle& b) {
  return a.open == b.open && a.high == b.high && a.low == b.low && a.close == b.close && a.volume == b.volume &&
         a.trades == b.trades && a.final == b.final && a.incomplete == b.incomplete && a.flat == b.flat;
}

}  // namespace

void RepairWatch::add(ChangedCandles what, core::SeriesKey series, Timestamp now) {
  if (what.candles.size() > kMostKept)
    what.candles.erase(what.candles.begin(), what.candles.end() - static_cast<std::ptrdiff_t>(kMostKept));
  const Timestamp due = now + kWritten;
  items_.emplace(due, Item{std::move(what), series, due});
}

std::vector<RepairWatch::Item> RepairWatch::take_due(Timestamp now, std::size_t most) {
  std::vector<Item> out;
  while (!items_.empty() && items_.begin()->first <= now && out.size() < most) {
    out.push_back(std::move(items_.begin()->second));
    items_.erase(items_.begin());
  }
  return out;
}

void RepairWatch::put_back(Item item, Timestamp now) {
  item.due = now + kWritten;
  const Timestamp due = item.due;
  items_.emplace(due, std::move(item));
}

void RepairWatch::looked_at(Item item, bool changed, Timestamp now) {
  if (item.what.candles.empty()) return;
  const Timestamp settled = item.what.to + kLate;
  if (now < settled)
    item.due = settled;
  else if (changed && now < item.what.to + kSilence)
    item.due = now + kAgain;
  else
    return;
  const Timestamp due = item.due;
  items_.emplace(due, std::move(item));
}

core::Result<std::vector<core::Candle>> RepairWatch::corrections(storage::StoreReader& reader, const Item& item,
                                                                 Timestamp now) {
  std::vector<core::Candle> out;
  const ChangedCandles& what = item.what;
  if (what.candles.empty()) return out;
  const auto stored = reader.candles({.base = what.base,
                                      .quote = what.quote,
                                      .venue = what.venue,
                                      .interval = what.interval,
                                      .start = what.candles.front().start,
                                      .end = std::min(now, what.to + kSilence)});
  if (!stored) return tl::unexpected(stored.error());
  auto next = stored->begin();
  for (const core::Candle& made : what.candles) {
    while (next != stored->end() && next->start < made.start) ++next;
    const bool there = next != stored->end() && next->start == made.start;
    if (!there || !same(*next, made)) out.push_back(made);
  }
  const core::Decimal& close = what.candles.back().close;
  for (; next != stored->end(); ++next) {
    if (next->start < what.to) continue;
    if (!next->flat || !next->final) break;
    if (next->close == close) continue;
    core::Candle flat = *next;
    flat.open = flat.high = flat.low = flat.close = close;
    out.push_back(flat);
  }
  return out;
}

}  // namespace tickspan::history
