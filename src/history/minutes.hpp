#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/candle.hpp"
#include "feeds/venue_history.hpp"

namespace tickspan::history {

// Candles out of a venue's past, as the live ones are made: open and close by (time, id), volumes summed exactly,
// a minute without trades flat at the close before it. Ranges [from, to) begin and end on a candle. `last_close`: of
// the candle before `from`; not positive where there is none: then the series begins with its first trade.

/// `trades` ascend by (time, id). Trades reported as one count as many as they are.
std::vector<core::Candle> minutes_of_trades(std::span<const feeds::HistoryTrade> trades, core::Timestamp from,
                                            core::Timestamp to, core::Decimal last_close);
/// The venue's own candles, ascending, made final; those it left out are flat.
std::vector<core::Candle> whole_candles(std::span<const core::Candle> candles, core::Interval interval,
                                        core::Timestamp from, core::Timestamp to, core::Decimal last_close);

struct TradeCount {
  std::int64_t expected = 0;   ///< by the ids: they go up by one
  std::int64_t recovered = 0;  ///< there
  bool whole() const { return expected == recovered; }
};
/// Of the trades in [from, to).
TradeCount count_trades(std::span<const feeds::HistoryTrade> trades, core::Timestamp from, core::Timestamp to);

/// Whether there is a trade before `from` and one at `to` or later: with all ids between them there, none can be
/// missing in [from, to).
bool encloses(std::span<const feeds::HistoryTrade> trades, core::Timestamp from, core::Timestamp to);

/// The longer candle that starts at `start` out of its shorter ones, ascending: minutes of an hour, hours of a day.
/// Incomplete where one of them is, or is missing. Nothing where there are none.
std::optional<core::Candle> sum_up(std::span<const core::Candle> parts, core::Interval interval,
                                   core::Interval part_interval, core::Timestamp start);

/// Equal in all that is stored of them.
bool same(const core::Candle& a, const core::Candle& b);

/// It is over, and nothing of it was missed.
inline bool is_whole(const core::Candle& candle) {
  return candle.final && !candle.incomplete;
}
/// `stored` was built with trades that `made` knows nothing of. Not told by what rounding can make of a sum.
bool has_more(const core::Candle& stored, const core::Candle& made);

/// The range from the first candle of [start, end) that is not there whole to the last one. `stored` ascends. Nothing
/// where all are there.
std::optional<std::pair<core::Timestamp, core::Timestamp>> missing_range(std::span<const core::Candle> stored,
                                                                         core::Interval interval, core::Timestamp start,
                                                                         core::Timestamp end);
/// Takes those out of `made` that the store has better: whole, or with more in them. Both ascend.
void keep_stored(std::vector<core::Candle>& made, std::span<const core::Candle> stored);
/// Takes the flat ones at the end of `made` out that begin after `last`: nothing tells yet that they are silence. Tells
/// where the first of them began.
std::optional<core::Timestamp> drop_silence(std::vector<core::Candle>& made, core::Timestamp last);

}  // namespace tickspan::history
