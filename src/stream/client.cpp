#include "stream/client.hpp"

#include <algorithm>

#include "stream/shard.hpp"

namespace tickspan::stream {

void Client::enqueue(std::uint32_t index) {
  if (pending_.empty()) shard_->mark_dirty(*this);
  if (!pending_.empty() && pending_.back().end == index) {
    ++pending_.back().end;
  } else {
    pending_.push_back({index, index + 1});
  }
}

void Client::offer_latest(const Batch& batch, std::uint32_t index, std::uint32_t rate_ms) {
  if (!lagging_ && rate_ms == 0 && !parked_) return enqueue(index);
  const wire::Frame& frame = batch.frames[index];
  if (!parked_) parked_ = std::make_unique<std::unordered_map<std::uint64_t, Parked>>();
  const auto it = parked_->find(frame.topic.key());
  const bool waits = it != parked_->end() && shard_->now() < it->second.due;
  if (!lagging_ && !waits) {
    enqueue(index);
    if (rate_ms > 0) {
      (*parked_)[frame.topic.key()] = {
          {frame.topic, 0, nullptr}, shard_->now() + std::chrono::milliseconds(rate_ms), rate_ms};
    } else if (it != parked_->end()) {
      parked_->erase(it);
    }
    return;
  }
  Parked& parked = (*parked_)[frame.topic.key()];
  if (parked.frame.json) shard_->counters().conflated.add();
  parked.frame = frame;
  parked.rate_ms = rate_ms;
  if (waits) shard_->watch_rate(*this);
}

void Client::flush(const Batch& batch) {
  if (pending_.empty()) return;
  std::uint64_t count = 0;
  for (const Run& run : pending_) count += run.end - run.begin;
  shard_->counters().deliveries.add(count);
  write(batch, pending_);
  if (pending_.capacity() > 64)
    pending_ = {};
  else
    pending_.clear();
}

bool Client::flush_parked() {
  if (!parked_ || lagging_) return false;
  std::vector<wire::Frame> due;
  bool waiting = false;
  for (auto it = parked_->begin(); it != parked_->end();) {
    Parked& parked = it->second;
    const bool is_due = shard_->now() >= parked.due;
    waiting = waiting || (!is_due && parked.frame.json);
    if (!is_due) {
      ++it;
      continue;
    }
    if (!parked.frame.json) {
      it = parked_->erase(it);
      continue;
    }
    due.push_back(std::move(parked.frame));
    parked.frame = {due.back().topic, 0, nullptr};
    parked.due = shard_->now() + std::chrono::milliseconds(parked.rate_ms);
    it = parked.rate_ms > 0 ? std::next(it) : parked_->erase(it);
  }
  if (parked_->empty()) parked_.reset();
  if (due.empty()) return waiting;
  // In the order the engine sent them: positions grow over all channels.
  std::sort(due.begin(), due.end(), [](const wire::Frame& a, const wire::Frame& b) { return a.seq < b.seq; });
  shard_->counters().deliveries.add(due.size());
  write(due);
  return waiting;
}

void Client::forget_parked(const wire::Topic& topic) {
  if (!parked_) return;
  std::erase_if(*parked_, [&](const auto& entry) {
    const wire::Topic& parked = entry.second.frame.topic;
    return parked == topic || (topic.is_wildcard() && parked.wildcard() == topic);
  });
}

}  // namespace tickspan::stream
