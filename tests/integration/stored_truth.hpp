#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/market_data.hpp"
#include "served.hpp"
#include "storage/history_store.hpp"

namespace tickspan::test {

/// What the simulated venues traded beside what a store holds of it.
class StoredTruth {
 public:
  struct Trade {
    core::Timestamp at;
    core::Decimal price, amount;
  };
  using Trades = std::map<std::uint64_t, Trade>;  // by the venue's number

  StoredTruth(const SimulatedVenues& venues, storage::HistoryStore& store);

  /// Every trade that is stored happened, as it is stored; every one that happened before `until`, of a pair that
  /// anything is stored of and from its first stored one on, is stored or lies in a recorded gap of its venue or of
  /// that pair: another pair's excuses nothing. Fails the test else. Returns how many are stored, and how many are not
  /// and lie in gaps.
  struct Counts {
    std::size_t stored = 0, in_gaps = 0, excused = 0;
  };
  /// What of a venue, at a time, cannot be held to the truth; empty: nothing.
  struct Excuses {
    std::function<bool(const std::string& venue)> lost;                           ///< no gap could tell of it
    std::function<bool(const std::string& venue, core::Timestamp at)> distorted;  ///< it was told otherwise
  };
  Counts check(core::Timestamp until, const Excuses& excuses = {});
  /// Minutes that claim to be whole are the sums of what happened in them. How many there were.
  std::size_t check_minutes(core::Timestamp until);
  const std::vector<core::Gap>& gaps() const { return gaps_; }

 private:
  bool in_gap(const storage::SeriesName& series, core::Timestamp at) const;
  bool names(const std::string& symbol, const storage::SeriesName& series) const;
  Trades truth(const storage::SeriesName& series, core::Timestamp from, core::Timestamp to) const;

  const SimulatedVenues& venues_;
  std::unique_ptr<storage::StoreReader> reader_;
  std::map<std::string, std::string> symbols_;  // by asset id, upper case
  std::vector<storage::SeriesName> series_;
  std::vector<core::Gap> gaps_;
};

}  // namespace tickspan::test
