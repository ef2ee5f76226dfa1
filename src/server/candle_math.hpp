#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "core/candle.hpp"
#include "core/decimal.hpp"

namespace tickspan::server {

/// Candles in USD counted in another quote.
struct ConvertedCandles {
  std::vector<core::Candle> candles;
  bool own_rates = false;      ///< some took the quote's own candle of that time
  bool present_rates = false;  ///< some had to take the rate of now
};

/// Divides each candle by the quote's USD candle of the same start: open by open, close by close, the extremes by the
/// close, widened to hold open and close. `present_usd` is what one unit of the quote costs now, for the rest.
ConvertedCandles convert_candles(std::span<const core::Candle> usd, std::span<const core::Candle> quote_usd,
                                 double present_usd);

/// Candles of a longer interval from shorter ones in ascending order. Flat ones say nothing about prices where there
/// are others. A candle is final when its interval is over and all that went in was.
std::vector<core::Candle> aggregate_candles(std::span<const core::Candle> candles, core::Interval interval,
                                            core::Timestamp now);

}  // namespace tickspan::server
