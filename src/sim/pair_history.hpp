#pragma once

#include <vector>

#include "sim/pair_market.hpp"

namespace tickspan::sim {

/// A candle of one pair, with what venues add to it. Amounts are in units of the pair's last place.
struct SimCandle {
  core::Timestamp start;
  core::Decimal open, high, low, close;
  std::int64_t volume = 0;
  std::int64_t taker_buy_volume = 0;
  double quote_volume = 0;  ///< in the quote asset
  double taker_buy_quote_volume = 0;
  std::uint64_t first_id = 0;  ///< of the next trade, when there was none
  std::uint64_t trades = 0;
};

/// The candle of [start, start + width), as far as it has come by `now`. Without trades it is flat at the price before.
/// One minute, and whatever holds up to 2000 trades, is the exact sum of its trades; of longer ones open, close and
/// count are exact, high and low come from sixty samples and the volume is the expected one with its proper scatter.
SimCandle make_candle(const PairMarket& pair, core::Timestamp start, core::Duration width, core::Timestamp now);

/// All that begin in [from, to) and not after `now`, oldest first, at most `limit`.
std::vector<SimCandle> make_candles(const PairMarket& pair, core::Timestamp from, core::Timestamp to,
                                    core::Duration width, core::Timestamp now, std::size_t limit);

/// Rolling 24 h figures.
struct SimStats {
  core::Timestamp at;
  core::Decimal open, high, low, last;
  double volume = 0;  ///< base
  double quote_volume = 0;
  std::uint64_t first_id = 0;
  std::uint64_t last_id = 0;
};
SimStats make_stats(const PairMarket& pair, core::Timestamp now);

/// Stats of many pairs, each computed at most once a minute; high and low are kept up with the last price in between.
/// **Threading**: one thread.
class StatsCache {
 public:
  const SimStats& get(std::size_t index, const PairMarket& pair, core::Timestamp now);

 private:
  std::vector<SimStats> stats_;
};

}  // namespace tickspan::sim
