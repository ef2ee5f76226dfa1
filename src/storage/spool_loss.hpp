#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/write_batch.hpp"

namespace tickspan::storage {

/// Tells of what a damaged spool lost: the rows that come after it say of which time they are, so what lies between the
/// last ones that are in the store and them is a gap of every exchange, with cause `restart`.
/// **Threading**: one thread.
class SpoolLoss {
 public:
  /// `written_until`: the newest heard_until in the store.
  explicit SpoolLoss(core::Timestamp written_until) : written_until_(written_until) {}

  void know(const std::string& venue) { venues_.insert(venue); }
  void know(const core::Catalogue& catalogue);
  /// `damaged` is Spool::damaged(). Where it has grown, gaps are added to the first of the batches that tells its time.
  void tell(std::uint64_t damaged, std::vector<core::WriteBatch>& next);
  /// These are in the store.
  void written(const std::vector<core::WriteBatch>& batches);

 private:
  core::Timestamp written_until_;
  std::set<std::string> venues_;
  std::uint64_t seen_ = 0;
  bool pending_ = false;
};

}  // namespace tickspan::storage
