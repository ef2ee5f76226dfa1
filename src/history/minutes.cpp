#include "history/minutes.hpp"

#include <algorithm>
#include <tuple>

#include "storage/candle_aggregate.hpp"

namespace tickspan::history {
namespace {

constexpr core::Duration kMinute = std::chrono::minutes(1);
constexpr double kRounding = 1e-6;  // of a venue's own sums

core::Candle flat_candle(core::Timestamp start, const core::Decimal& close) {
  core::Candle c;
  c.start = start;
  c.open = c.high = c.low = c.close = close;
  c.final = c.flat = true;
  return c;
}

std::int64_t count_of(const feeds::HistoryTrade& trade) {
  return static_cast<std::int64_t>(trade.last_id - trade.first_id) + 1;
}

}  // namespace

std::vector<core::Candle> minutes_of_trades(std::span<const feeds::HistoryTrade> trades, core::Timestamp from,
                                            core::Timestamp to, core::Decimal last_close) {
  std::vector<core::Candle> out;
  std::size_t next = 0;
  while (next < trades.size() && trades[next].at < from) ++next;
  for (core::Timestamp start = from; start < to; start = start + kMinute) {
    core::Candle c = flat_candle(start, last_close);
    core::DecimalSum volume;
    for (; next < trades.size() && trades[next].at < start + kMinute; ++next) {
      const feeds::HistoryTrade& trade = trades[next];
      if (c.trades == 0) c.open = c.high = c.low = trade.price;
      c.high = std::max(c.high, trade.price);
      c.low = std::min(c.low, trade.price);
      c.close = trade.price;
      c.trades += static_cast<std::uint32_t>(count_of(trade));
      c.flat = false;
      volume.add(trade.amount);
    }
    c.volume = volume.total();
    if (!c.close.is_positive()) continue;
    last_close = c.close;
    out.push_back(c);
  }
  return out;
}

std::vector<core::Candle> whole_candles(std::span<const core::Candle> candles, core::Interval interval,
                                        core::Timestamp from, core::Timestamp to, core::Decimal last_close) {
  std::vector<core::Candle> out;
  std::size_t next = 0;
  while (next < candles.size() && candles[next].start < from) ++next;
  for (core::Timestamp start = from; start < to; start = start + core::width(interval)) {
    core::Candle c = flat_candle(start, last_close);
    if (next < candles.size() && candles[next].start == start) {
      c = candles[next++];
      c.final = true;
    }
    if (!c.close.is_positive()) continue;
    last_close = c.close;
    out.push_back(c);
  }
  return out;
}

TradeCount count_trades(std::span<const feeds::HistoryTrade> trades, core::Timestamp from, core::Timestamp to) {
  TradeCount count;
  std::uint64_t first = UINT64_MAX;
  std::uint64_t last = 0;
  for (const feeds::HistoryTrade& trade : trades) {
    if (trade.at < from || trade.at >= to) continue;
    count.recovered += count_of(trade);
    first = std::min(first, trade.first_id);
    last = std::max(last, trade.last_id);
  }
  if (count.recovered > 0) count.expected = static_cast<std::int64_t>(last - first) + 1;
  return count;
}

bool encloses(std::span<const feeds::HistoryTrade> trades, core::Timestamp from, core::Timestamp to) {
  return !trades.empty() && trades.front().at < from && trades.back().at >= to;
}

std::optional<core::Candle> sum_up(std::span<const core::Candle> parts, core::Interval interval,
                                   core::Interval part_interval, core::Timestamp start) {
  if (parts.empty()) return {};
  storage::MinuteAggregator aggregator(interval, start + core::width(interval), 1);
  const auto minutes = static_cast<std::uint32_t>(core::width(part_interval) / kMinute);
  for (auto it = parts.rbegin(); it != parts.rend(); ++it) {
    if (!aggregator.add(*it, minutes)) break;
  }
  const auto sums = aggregator.take();
  if (sums.empty() || sums.front().start != start) return {};
  return sums.front();
}

bool same(const core::Candle& a, const core::Candle& b) {
  return std::tie(a.start, a.open, a.high, a.low, a.close, a.volume, a.trades, a.final, a.incomplete, a.flat,
                  a.rebuilt) == std::tie(b.start, b.open, b.high, b.low, b.close, b.volume, b.trades, b.final,
                                         b.incomplete, b.flat, b.rebuilt);
}

bool has_more(const core::Candle& stored, const core::Candle& made) {
  return stored.volume.to_double() > made.volume.to_double() * (1 + kRounding);
}

std::optional<std::pair<core::Timestamp, core::Timestamp>> missing_range(std::span<const core::Candle> stored,
                                                                         core::Interval interval, core::Timestamp start,
                                                                         core::Timestamp end) {
  const core::Duration width = core::width(interval);
  std::optional<std::pair<core::Timestamp, core::Timestamp>> out;
  auto next = stored.begin();
  for (core::Timestamp at = start; at < end; at = at + width) {
    while (next != stored.end() && next->start < at) ++next;
    if (next != stored.end() && next->start == at && is_whole(*next)) continue;
    out = {out ? out->first : at, at + width};
  }
  return out;
}

void keep_stored(std::vector<core::Candle>& made, std::span<const core::Candle> stored) {
  auto next = stored.begin();
  std::erase_if(made, [&](const core::Candle& candle) {
    while (next != stored.end() && next->start < candle.start) ++next;
    return next != stored.end() && next->start == candle.start && (is_whole(*next) || has_more(*next, candle));
  });
}

std::optional<core::Timestamp> drop_silence(std::vector<core::Candle>& made, core::Timestamp last) {
  std::optional<core::Timestamp> begin;
  for (; !made.empty() && made.back().flat && made.back().start > last; made.pop_back()) begin = made.back().start;
  return begin;
}

}  // namespace tickspan::history
