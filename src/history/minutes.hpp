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

}  // namespace tickspan::history
