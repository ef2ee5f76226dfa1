#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "core/snapshot.hpp"
#include "server/responder.hpp"

namespace tickspan::server {

/// Encoded answers of one snapshot, so that what many ask at the same time is encoded and compressed once.
/// **Threading**: one web thread. **Limits**: kMaxEntries answers, kMaxBytes of bodies; a new snapshot empties it.
class AnswerCache {
 public:
  /// Null when `target` has not been answered from this snapshot.
  std::shared_ptr<EncodedAnswer> find(const core::SnapshotPtr& snapshot, const std::string& target);
  void put(const core::SnapshotPtr& snapshot, const std::string& target, std::shared_ptr<EncodedAnswer> answer);

  static constexpr std::size_t kMaxEntries = 256;
  static constexpr std::size_t kMaxBytes = 8 << 20;

 private:
  void use(const core::SnapshotPtr& snapshot);

  core::SnapshotPtr snapshot_;
  std::unordered_map<std::string, std::shared_ptr<EncodedAnswer>> answers_;  // by target
  std::size_t bytes_ = 0;
};

}  // namespace tickspan::server
