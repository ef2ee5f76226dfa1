#include "server/answer_cache.hpp"

namespace tickspan::server {

void AnswerCache::use(const core::SnapshotPtr& snapshot) {
  if (snapshot_ == snapshot) return;
  snapshot_ = snapshot;
  answers_.clear();
  bytes_ = 0;
}

std::shared_ptr<EncodedAnswer> AnswerCache::find(const core::SnapshotPtr& snapshot, const std::string& target) {
  use(snapshot);
  const auto it = answers_.find(target);
  return it == answers_.end() ? nullptr : it->second;
}

void AnswerCache::put(const core::SnapshotPtr& snapshot, const std::string& target,
                      std::shared_ptr<EncodedAnswer> answer) {
  use(snapshot);
  const std::size_t size = answer->plain->size();
  if (answers_.size() >= kMaxEntries || bytes_ + size > kMaxBytes) return;
  bytes_ += size;
  answers_.insert_or_assign(target, std::move(answer));
}

}  // namespace tickspan::server
