#pragma once

#include <string>
#include <vector>

#include "core/market_data.hpp"

namespace tickspan::history {

/// A gap and what was done about it so far.
struct Hole {
  core::Gap gap;
  bool begun = false;
  bool done = false;
  std::vector<std::string> todo, failed, lost;  ///< the venue's symbols; `todo` from the back
  int rounds = 0;
  core::Timestamp not_before;  ///< when those that failed are tried again
  std::size_t repaired = 0;
  bool counted = true;  ///< `expected` is known of every pair
  std::int64_t expected = 0;
  std::int64_t recovered = 0;

  /// The minutes to be made anew: [from, to). Clocks differ by a little, and pairs come back one after the other.
  core::Timestamp from() const;
  core::Timestamp to() const;
  /// One round is over, `todo` is empty: what failed is tried again later, or after `most` rounds is lost. True when
  /// all is done.
  bool end_round(core::Timestamp now, int most, core::Duration first_retry);
  /// The rows that say what became of it.
  std::vector<core::Gap> result() const;
};

}  // namespace tickspan::history
