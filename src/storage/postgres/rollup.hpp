#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/candle.hpp"
#include "core/decimal.hpp"

namespace tickspan::storage::postgres {

/// A candle made of shorter ones. Its `final` says that every minute it has is: whether the interval is over is for the
/// reader to judge, by the series' newest minute.
struct Rollup {
  core::Candle candle;
  std::uint32_t minutes = 1;  ///< how many it is made of
  bool inexact = false;       ///< the volume has more digits than a decimal: sums of it would not be exact
};

/// Adds candles up in ascending order, by the rules of storage::MinuteAggregator: flat ones say nothing about prices
/// where there are others, volumes are exact.
class RollupSum {
 public:
  explicit RollupSum(core::Timestamp start);
  void add(const Rollup& part);
  Rollup total() const;

 private:
  Rollup sum_;
  core::DecimalSum volume_;
  bool empty_ = true;
};

/// Watches one series at one level: which of its buckets are over, and what they hold. The newest bucket is kept as a
/// running sum, so that a live series is never read back; an older one that changes has to be counted again.
///
/// The invariant it serves: every bucket before the one of the series' newest minute has its row.
/// **Threading**: one thread. **Limits**: two candles.
class RollupTracker {
 public:
  /// What has to be stored: the sums of buckets that are over and have no row yet, and the starts of those that must be
  /// counted from what is stored.
  struct Output {
    std::map<core::Timestamp, Rollup> closed;
    std::set<core::Timestamp> recount;
  };
  /// `newest` is the series' newest minute, nothing where it has none.
  RollupTracker(core::Duration width, std::optional<core::Timestamp> newest);

  /// A part that is new or has changed.
  void feed(const Rollup& part, Output& out);
  /// The series has reached `time`: buckets before it are over.
  void advance(core::Timestamp time, Output& out);

 private:
  void forget();

  core::Duration width_;
  std::optional<core::Timestamp> bucket_;  // the newest
  bool known_ = true;                      // prefix_ and last_ hold all of it
  std::optional<RollupSum> prefix_;        // all parts but the last
  std::optional<Rollup> last_;
};

}  // namespace tickspan::storage::postgres
