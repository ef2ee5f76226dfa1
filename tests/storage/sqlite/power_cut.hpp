#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace tickspan::storage::test {

/// Everything SQLite does to its files while this exists, in order: the default VFS with a log beside it. Of any moment
/// it can say what a disk may hold that lost its power then: all that was synced, and of what was written since any
/// part, sector by sector, torn anywhere.
class PowerCut {
 public:
  PowerCut();
  ~PowerCut();
  PowerCut(const PowerCut&) = delete;
  PowerCut& operator=(const PowerCut&) = delete;

  /// Moments are counted in operations.
  std::size_t now() const;
  /// Moments right after a sync: where an unordered write would hurt most.
  std::vector<std::size_t> syncs() const;
  using Files = std::map<std::string, std::string>;  // content by path
  Files disk_at(std::size_t moment, std::mt19937& random) const;

  struct Log;

 private:
  std::shared_ptr<Log> log_;
};

}  // namespace tickspan::storage::test
