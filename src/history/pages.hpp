#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"

namespace tickspan::history {

/// Before any data, and after all of it.
inline constexpr core::Timestamp kBeginOfTime{0};
inline constexpr core::Timestamp kEndOfTime = core::Timestamp::from_s(4'102'444'800);  // 2100

inline constexpr std::size_t kPageRows = 4096;

/// Visits the rows of [start, end) in ascending order with about kPageRows of them in memory. The store's contract
/// gives the newest rows of a range, so the range is cut into windows that grow and shrink with the density of the
/// data; `window` is the first. `query(start, end, limit) -> Result<vector<Row>>`, `visit(const Row&) -> Status`.
template <typename Query, typename Visit>
core::Status for_each_row(core::Timestamp start, core::Timestamp end, Query query, Visit visit,
                          core::Duration window = std::chrono::hours(1)) {
  constexpr core::Duration kWidest = std::chrono::hours(24 * 365 * 50);
  for (core::Timestamp at = start; at < end;) {
    const core::Timestamp to = end - at <= window ? end : at + window;
    const bool narrow = to - at <= core::Duration(1);
    const auto rows = query(at, to, narrow ? std::numeric_limits<std::size_t>::max() : kPageRows + 1);
    if (!rows) return tl::unexpected(rows.error());
    if (rows->size() > kPageRows && !narrow) {
      window = std::max<core::Duration>((to - at) / 2, core::Duration(1));
      continue;
    }
    for (const auto& row : *rows) {
      if (auto visited = visit(row); !visited) return visited;
    }
    at = to;
    if (rows->size() < kPageRows / 4) window = std::min(kWidest, window * 2);
  }
  return {};
}

}  // namespace tickspan::history
