#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/pair_market.hpp"

namespace tickspan::sim {

/// Which pairs each exchange trades, and how briskly: shares of `trades_per_second` by volume (big coins trade more,
/// but not in full proportion). Venues that are no exchange get no entry; hosts of
/// the same venue have the same books, trade for trade.
std::map<std::string, std::vector<PairMarket>> list_pairs(const MarketModel& model,
                                                          const std::vector<std::string>& venues,
                                                          double trades_per_second);

}  // namespace tickspan::sim
