#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "core/time.hpp"

namespace tickspan::storage {

struct Retention;
struct StoreInfo;

/// What the store is going to be, as far as its growth so far tells.
struct SizeForecast {
  std::int64_t measured_s = 0;                      ///< over how long growth was measured
  std::optional<std::int64_t> bytes_per_day;        ///< not known in the first minutes
  std::optional<std::uint64_t> bytes_in_30_days;    ///< single prices beyond their retention are gone by then
  std::optional<std::uint64_t> bytes_at_retention;  ///< where it ends; not set where something is kept forever
  std::optional<std::int64_t> days_until_full;      ///< not set where the disk is not ours to see, or suffices
};

/// Rows that were written and stay until their retention.
struct RowCounts {
  std::uint64_t ticks = 0;
  std::uint64_t others = 0;  ///< candles that are final, points
};

/// How large the store was, at most one look every ten minutes and a week of them.
/// **Threading**: none of its own.
class SizeHistory {
 public:
  void add(core::Timestamp at, std::uint64_t used_bytes);
  /// `rows` since the first look: how growth divides between what has a short retention and the rest.
  SizeForecast forecast(const StoreInfo& now, const RowCounts& rows, const Retention& keep) const;

 private:
  struct Look {
    core::Timestamp at;
    std::uint64_t bytes = 0;
  };
  std::deque<Look> looks_;
  Look newest_;
};

}  // namespace tickspan::storage
