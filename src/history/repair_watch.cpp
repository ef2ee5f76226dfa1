#include "history/repair_watch.hpp"

#include <algorithm>
#include <utility>

#include "history/minutes.hpp"

namespace tickspan::history {
namespace {

using core::Timestamp;

constexpr core::Duration kWritten = std::chrono::seconds(10);  // by then what was handed to the store can be read
constexpr core::Duration kLate = std::chrono::seconds(390);    // five minutes, the minute itself, and the writing
constexpr core::Duration kAgain = std::chrono::minutes(5);
constexpr core::Duration kSilence = std::chrono::hours(24);  // for so long flat minutes are followed

}  // namespace

void RepairWatch::add(ChangedCandles what, core::SeriesKey series, Timestamp now) {
  take({series, what.interval, what.from, what.to});
  if (what.candles.empty()) return;
  if (what.candles.size() > kMostKept)
    what.candles.erase(what.candles.begin(), what.candles.end() - static_cast<std::ptrdiff_t>(kMostKept));
  keep({std::move(what), series, {}}, now + kWritten);
}

// Where the end of its range is gone, so is what follows it: that leans on the other's close.
void RepairWatch::cut(Item& item, const Taken& taken) {
  ChangedCandles& what = item.what;
  if (!(item.series == taken.series) || what.interval != taken.interval) return;
  std::erase_if(what.candles, [&](const core::Candle& c) { return c.start >= taken.from && c.start < taken.to; });
  if (taken.from < what.to && taken.to >= what.to) what.to = std::max(what.from, taken.from);
}

void RepairWatch::take(const Taken& taken) {
  if (out_ > 0) taken_.push_back(taken);
  for (auto& entry : items_) cut(entry.second, taken);
  std::erase_if(items_, [](const auto& entry) { return entry.second.what.candles.empty(); });
}

void RepairWatch::keep(Item item, Timestamp due) {
  if (item.what.candles.empty()) return;
  item.due = due;
  items_.emplace(due, std::move(item));
}

std::vector<RepairWatch::Item> RepairWatch::take_due(Timestamp now, std::size_t most) {
  std::vector<Item> out;
  taken_.clear();
  while (!items_.empty() && items_.begin()->first <= now && out.size() < most) {
    out.push_back(std::move(items_.begin()->second));
    items_.erase(items_.begin());
  }
  out_ = out.size();
  return out;
}

// What it corrects behind its own range may be another's, of before or of the same look.
std::vector<core::Candle> RepairWatch::to_correct(Item& item, std::vector<core::Candle> wrong) {
  const Timestamp end = item.what.to;
  for (const Taken& taken : taken_) {
    cut(item, taken);
    if (!(item.series == taken.series) || item.what.interval != taken.interval) continue;
    std::erase_if(wrong, [&](const core::Candle& c) {
      return c.start >= taken.from && (c.start < taken.to || c.start >= end);  // it leans on the other's close now
    });
  }
  for (const core::Candle& candle : wrong)
    take({item.series, item.what.interval, candle.start, candle.start + core::width(item.what.interval)});
  return wrong;
}

void RepairWatch::put_back(Item item, Timestamp now) {
  for (const Taken& taken : taken_) cut(item, taken);
  --out_;
  keep(std::move(item), now + kWritten);
}

void RepairWatch::looked_at(Item item, bool changed, Timestamp now) {
  --out_;
  const Timestamp settled = item.what.to + kLate;
  if (now < settled)
    keep(std::move(item), settled);
  else if (changed && now < item.what.to + kSilence)
    keep(std::move(item), now + kAgain);
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
  core::Decimal close = what.candles.back().close;
  for (const core::Candle& made : what.candles) {
    while (next != stored->end() && next->start < made.start) ++next;
    const bool there = next != stored->end() && next->start == made.start;
    const bool better = there && is_whole(*next) && has_more(*next, made);  // the venue told too early
    if (!better && !(there && same(*next, made))) out.push_back(made);
    if (&made == &what.candles.back() && better) close = next->close;
  }
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
