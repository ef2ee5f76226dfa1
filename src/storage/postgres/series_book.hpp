#pragma once

#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "storage/batch_rows.hpp"
#include "storage/postgres/connection.hpp"
#include "storage/postgres/rollup.hpp"

namespace tickspan::storage::postgres {

/// What the writer knows of a series.
struct Series {
  std::int64_t id = 0;
  std::optional<core::Timestamp> newest_minute;
  std::int64_t newest_trade = 0;  ///< the highest id; those above it cannot be stored yet
  RollupTracker hours, days;
};

/// The series that were written to, by name. Valid while no other program writes.
/// **Threading**: one thread. **Limits**: about 700 bytes a series.
class SeriesBook {
 public:
  /// Null where it is not known yet.
  Series* find(const SeriesName& name);
  /// Reads what the server knows of them, adding those it does not.
  core::Status learn(Connection& connection, const std::set<SeriesName>& names);
  void forget() { known_.clear(); }

 private:
  core::Status read(Connection& connection, const std::vector<std::vector<std::string>>& columns);
  struct Hash {
    std::size_t operator()(const SeriesName& name) const noexcept {
      const std::hash<std::string> hash;
      return (hash(name.base) * 31 + hash(name.quote)) * 31 + hash(name.venue);
    }
  };
  std::unordered_map<SeriesName, std::unique_ptr<Series>, Hash> known_;
};

}  // namespace tickspan::storage::postgres
