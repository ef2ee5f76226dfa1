#pragma once

#include <chrono>
#include <cstddef>

#include "core/time.hpp"

namespace tickspan::storage {

/// What may be deleted, in days; 0 keeps it forever. Candles are small and the point of the whole; ticks are not.
struct Retention {
  int minute_days = 0;  ///< candles of less than an hour
  int hour_days = 0;    ///< of 1 h and 4 h
  int day_days = 0;
  int point_days = 400;
  int tick_days = 7;                                ///< trades, and composite prices
  std::size_t step_rows = 2'000;                    ///< deleted in one transaction at most
  core::Duration interval = std::chrono::hours(1);  ///< between two sweeps
};

}  // namespace tickspan::storage
