#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/decimal.hpp"
#include "core/time.hpp"

namespace tickspan::core {

enum class Interval : std::uint8_t { m1, m5, m15, h1, h4, d1 };
inline constexpr std::array kIntervals = {Interval::m1, Interval::m5, Interval::m15,
                                          Interval::h1, Interval::h4, Interval::d1};

std::string_view to_string(Interval interval) noexcept;  ///< `1m` `5m` `15m` `1h` `4h` `1d`
std::optional<Interval> parse_interval(std::string_view) noexcept;
Duration width(Interval interval) noexcept;

/// Open, high, low, close and volume of [start, start + width). Starts are aligned to the epoch, UTC.
struct Candle {
  Timestamp start;
  Decimal open, high, low, close;
  Decimal volume;            ///< in the base asset; 0 for composite candles that no trade fed
  std::uint32_t trades = 0;  ///< trades in it; for a composite candle the number of price updates
  bool final = false;        ///< the interval is over and the lateness allowance has passed
  bool incomplete = false;   ///< input was missed while it was open: see the gaps
  bool flat = false;         ///< nothing happened; open = high = low = close = the previous close
  bool rebuilt = false;      ///< a composite, or a part of one, made afterwards out of what the venues had kept
};

}  // namespace tickspan::core
