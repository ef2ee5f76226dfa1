#pragma once

#include <map>

#include "storage/postgres/batch_plan.hpp"
#include "storage/postgres/connection.hpp"
#include "storage/postgres/wire.hpp"

namespace tickspan::storage::postgres {

/// The hours and days of the minutes of one transaction.
/// **Ownership**: points into the series' book. **Threading**: one thread.
class RollupBatch {
 public:
  /// What is to be done for one series.
  struct Work {
    RollupTracker::Output output;
    std::map<core::Timestamp, Rollup> counted;  // may have a row already
  };
  using Todo = std::map<Series*, Work>;

  /// Sorted by series and time. Asks nothing of the server: there is time for it while the minutes are being written.
  explicit RollupBatch(const std::vector<MinuteRow>& minutes);
  /// Brings hours and days up to date, in the transaction that has written the minutes.
  core::Status write(Connection& connection, CopyStream& stream);

 private:
  const std::vector<MinuteRow>& minutes_;
  Todo hours_;
};

}  // namespace tickspan::storage::postgres
