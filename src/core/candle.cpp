#include "core/candle.hpp"

namespace tickspan::core {

std::string_view to_string(Interval interval) noexcept {
  switch (interval) {
    case Interval::m1:
      return "1m";
    case Interval::m5:
      return "5m";
    case Interval::m15:
      return "15m";
    case Interval::h1:
      return "1h";
    case Interval::h4:
      return "4h";
    case Interval::d1:
      return "1d";
  }
  return "1m";
}

std::optional<Interval> parse_interval(std::string_view text) noexcept {
  for (const Interval interval : kIntervals) {
    if (to_string(interval) == text) return interval;
  }
  return {};
}

Duration width(Interval interval) noexcept {
  using namespace std::chrono_literals;
  switch (interval) {
    case Interval::m1:
      return 1min;
    case Interval::m5:
      return 5min;
    case Interval::m15:
      return 15min;
    case Interval::h1:
      return 1h;
    case Interval::h4:
      return 4h;
    case Interval::d1:
      return 24h;
  }
  return 1min;
}

}  // namespace tickspan::core
