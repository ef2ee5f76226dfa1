#include "stream/inbox.hpp"

#include <utility>

namespace tickspan::stream {

// Once something is parked, room comes only by take(), which takes all: so a parked frame is always the newest.
bool Inbox::add(const wire::Frame& frame) {
  if (frames_.size() < capacity_) {
    frames_.push_back(frame);
    return true;
  }
  if (wire::keeps_latest_only(frame.topic.kind)) {
    parked_.insert_or_assign(frame.topic.key(), frame);
  } else {
    missed_.insert_or_assign(frame.topic.key(), Missed{frame.topic, frame.seq});
  }
  return false;
}

Inbox::Content Inbox::take() {
  const std::lock_guard lock(mutex_);
  woken_ = false;
  Content content;
  content.pipeline = std::exchange(pipeline_, nullptr);
  content.generation = generation_;
  content.frames = std::exchange(frames_, {});
  for (auto& [key, frame] : parked_) content.frames.push_back(std::move(frame));
  for (auto& [key, missed] : missed_) content.missed.push_back(missed);
  parked_.clear();
  missed_.clear();
  return content;
}

void Inbox::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  frames_.clear();
  parked_.clear();
  missed_.clear();
  pipeline_ = nullptr;
}

}  // namespace tickspan::stream
