#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/candle.hpp"
#include "storage/history_store.hpp"

namespace tickspan::history {

/// Hours and days of pairs whose minutes were made anew: to be summed up again when they are over, and the live ones
/// can't be written any more.
/// **Threading**: one thread. **Limits**: an entry per pair and hour.
class LevelRepair {
 public:
  struct Task {
    std::string base, quote, venue;  ///< text ids
    core::Interval interval = core::Interval::h1;
    core::Timestamp start;
    friend auto operator<=>(const Task&, const Task&) = default;
  };

  /// Minutes in [from, to) are other ones by `now`.
  void changed(const std::string& base, const std::string& quote, const std::string& venue, core::Timestamp from,
               core::Timestamp to, core::Timestamp now);
  /// Hours in [from, to) are: days alone.
  void hours_changed(const std::string& base, const std::string& quote, const std::string& venue, core::Timestamp from,
                     core::Timestamp to, core::Timestamp now);
  /// Up to `most` that are due, taken out.
  std::vector<Task> take_due(core::Timestamp now, std::size_t most);
  void put_back(const Task& task, core::Timestamp now);
  std::size_t size() const { return due_.size(); }

  /// On a reader's thread. Nothing where the store has nothing to sum up.
  static core::Result<std::optional<core::Candle>> sum(storage::StoreReader& reader, const Task& task);

  /// Which sums are to be made: of what was written just now, or those that the store lacks, or has not whole.
  enum class Which : std::uint8_t { changed, missing };
  /// The sums that touch [from, to) and end by `until`, as far as what is stored differs. On a reader's thread.
  static core::Result<std::vector<core::Candle>> sums(storage::StoreReader& reader, const storage::SeriesName& series,
                                                      core::Interval interval, core::Timestamp from, core::Timestamp to,
                                                      core::Timestamp until, Which which);

 private:
  void add(const Task& task, core::Timestamp to, core::Duration after_end, core::Timestamp not_before);

  std::map<Task, core::Timestamp> due_;
};

}  // namespace tickspan::history
