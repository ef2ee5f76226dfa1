#include "stream/history.hpp"

#include <algorithm>

namespace tickspan::stream {

History::Channel& History::channel(std::uint64_t key) {
  auto& slot = channels_[key];
  if (!slot) slot = std::make_unique<Channel>();
  return *slot;
}

bool History::serves(std::uint64_t generation) const {
  const std::lock_guard lock(mutex_);
  return generation == generation_;
}

std::uint64_t History::hold(std::uint64_t key, std::uint64_t generation) {
  const std::lock_guard lock(mutex_);
  if (generation != generation_) return generation;
  ++channel(key).holders;
  return generation_;
}

void History::release(std::uint64_t key, std::uint64_t hold) {
  const std::lock_guard lock(mutex_);
  if (hold != generation_) return;
  const auto it = channels_.find(key);
  if (it == channels_.end() || it->second->holders == 0) return;
  if (--it->second->holders == 0) it->second->lapsed = true;
}

void History::append(const wire::Frame& frame, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  Channel& kept = channel(frame.topic.key());
  kept.last_seq = frame.seq;
  kept.lapsed = false;
  kept.frames.push_back(frame);
  order_.push_back({frame.topic.key(), frame.json->size(), now});
  bytes_ += frame.json->size();
  drop_old(now);
}

void History::drop_old(SteadyTime now) {
  while (!order_.empty() && (bytes_ > max_bytes_ || now - order_.front().at > max_age_)) {
    // A channel's frames are kept in the same order as all frames are, so its oldest is the one meant.
    channels_[order_.front().key]->frames.pop_front();
    bytes_ -= order_.front().bytes;
    order_.pop_front();
  }
}

std::uint64_t History::clear() {
  const std::lock_guard lock(mutex_);
  channels_.clear();
  order_.clear();
  bytes_ = 0;
  return ++generation_;
}

std::optional<History::Place> History::place(std::uint64_t key, std::uint64_t generation) const {
  const std::lock_guard lock(mutex_);
  if (generation != generation_) return {};
  const auto it = channels_.find(key);
  if (it == channels_.end()) return Place{};
  return Place{it->second->last_seq, !it->second->lapsed};
}

std::optional<std::vector<wire::Frame>> History::after(std::uint64_t key, std::uint64_t seq,
                                                       std::uint64_t generation) const {
  const std::lock_guard lock(mutex_);
  if (generation != generation_) return {};
  const auto it = channels_.find(key);
  if (it == channels_.end() || it->second->lapsed || seq > it->second->last_seq) return {};
  const auto& frames = it->second->frames;
  const auto first = std::partition_point(frames.begin(), frames.end(), [&](const auto& f) { return f.seq <= seq; });
  std::uint64_t expected = seq;
  for (auto f = first; f != frames.end(); ++f) {
    if (f->seq != ++expected) return {};
  }
  if (expected != it->second->last_seq) return {};
  return std::vector<wire::Frame>(first, frames.end());
}

std::vector<wire::Frame> History::recent(std::uint64_t key, std::uint64_t seq, std::size_t count,
                                         std::uint64_t generation) const {
  const std::lock_guard lock(mutex_);
  if (generation != generation_) return {};
  const auto it = channels_.find(key);
  if (it == channels_.end()) return {};
  const auto& frames = it->second->frames;
  const auto end = std::partition_point(frames.begin(), frames.end(), [&](const auto& f) { return f.seq <= seq; });
  auto begin = end;
  while (begin != frames.begin() && static_cast<std::size_t>(end - begin) < count) {
    if (begin != end && std::prev(begin)->seq + 1 != begin->seq) break;
    --begin;
  }
  return {begin, end};
}

std::size_t History::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace tickspan::stream
