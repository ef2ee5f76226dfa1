#include "stream/client.hpp"

#include <algorithm>

#include "stream/shard.hpp"

namespace tickspan::stream {

void Client::enter(Group& group, std::uint32_t place) {
  group_ = &group;
  member_slot_ = place;
  round_ = group.round();  // a round under way is not for who comes in the middle of it
}

void Client::deliver(Batch& batch, Group& group) {
  round_ = group.round();
  if (!held_ && !lagging_ && !group.paced) {
    shard_->count_deliveries(group.frames().size());
    return write_round(batch, group);
  }
  pick(batch, group);
}

// The long way, frame by frame, for who has something of its own: a beginning, a rate, a full socket.
void Client::pick(Batch& batch, const Group& group) {
  std::vector<std::uint32_t> picked;
  for (const std::uint32_t index : group.frames()) {
    const wire::Frame& frame = batch[index];
    const bool latest = wire::keeps_latest_only(frame.topic.kind);
    if (latest ? wants_latest(frame, group) : wants_lossless(batch, index, picked)) picked.push_back(index);
  }
  if (held_) {
    // Once a later position has been seen no earlier one can come any more.
    std::erase_if(held_->beginnings, [&](const Beginning& b) {
      return wire::keeps_latest_only(b.topic.kind) && b.seq < shard_->position();
    });
    drop_held_if_empty();
  }
  if (picked.empty()) return;
  shard_->count_deliveries(picked.size());
  write(batch, picked);
}

bool Client::wants_lossless(Batch& batch, std::uint32_t index, std::vector<std::uint32_t>& picked) {
  const wire::Frame& frame = batch[index];
  const Beginning* const begun = beginning_of(frame.topic);
  if (begun == nullptr) return true;
  if (frame.seq <= begun->seq) return false;
  const Beginning from = *begun;
  std::erase_if(held_->beginnings, [&](const Beginning& b) { return b.topic == frame.topic; });
  if (frame.seq == from.seq + 1) return true;
  if (!picked.empty()) write(batch, picked);
  picked.clear();
  shard_->tell_hole(*this, frame.topic, frame.seq - 1, from.certain);
  return true;
}

bool Client::wants_latest(const wire::Frame& frame, const Group& group) {
  const std::uint64_t key = frame.topic.key();
  for (const wire::Topic& topic : {frame.topic, frame.topic.wildcard()}) {
    const Beginning* const begun = beginning_of(topic);
    if (begun != nullptr && frame.seq <= begun->seq) return false;
  }
  const Subscribed* subscribed = nullptr;
  if (group.paced) {
    subscribed = find_subscribed(group.set, key);
    if (subscribed == nullptr) subscribed = find_subscribed(group.set, frame.topic.wildcard().key());
  }
  const std::uint32_t rate_ms = subscribed != nullptr ? subscribed->rate_ms : 0;
  if (!lagging_ && rate_ms == 0 && (!held_ || held_->parked.empty())) return true;
  auto& parked = held().parked;
  const auto it = parked.find(key);
  const bool waits = it != parked.end() && shard_->now() < it->second.due;
  if (!lagging_ && !waits) {
    if (rate_ms > 0)
      parked[key] = {{frame.topic, 0, nullptr}, shard_->now() + std::chrono::milliseconds(rate_ms), rate_ms};
    else if (it != parked.end())
      parked.erase(it);
    return true;
  }
  Parked& place = parked[key];
  if (place.frame.json) shard_->counters().conflated.add();
  place.frame = frame;
  place.rate_ms = rate_ms;
  if (waits) shard_->watch_rate(*this);
  return false;
}

bool Client::flush_parked() {
  if (!held_ || held_->parked.empty() || lagging_) return false;
  std::vector<wire::Frame> due;
  bool waiting = false;
  auto& parked_frames = held_->parked;
  for (auto it = parked_frames.begin(); it != parked_frames.end();) {
    Parked& parked = it->second;
    const bool is_due = shard_->now() >= parked.due;
    waiting = waiting || (!is_due && parked.frame.json);
    if (!is_due) {
      ++it;
      continue;
    }
    if (!parked.frame.json) {
      it = parked_frames.erase(it);
      continue;
    }
    due.push_back(std::move(parked.frame));
    parked.frame = {due.back().topic, 0, nullptr};
    parked.due = shard_->now() + std::chrono::milliseconds(parked.rate_ms);
    it = parked.rate_ms > 0 ? std::next(it) : parked_frames.erase(it);
  }
  drop_held_if_empty();
  if (due.empty()) return waiting;
  // In the order the engine sent them: positions grow over all channels.
  std::sort(due.begin(), due.end(), [](const wire::Frame& a, const wire::Frame& b) { return a.seq < b.seq; });
  shard_->count_deliveries(due.size());
  write(due);
  return waiting;
}

Client::Held& Client::held() {
  if (!held_) held_ = std::make_unique<Held>();
  return *held_;
}

void Client::drop_held_if_empty() {
  if (held_->parked.empty() && held_->beginnings.empty()) held_.reset();
}

Client::Beginning* Client::beginning_of(const wire::Topic& topic) {
  if (!held_) return nullptr;
  const auto it = std::find_if(held_->beginnings.begin(), held_->beginnings.end(),
                               [&](const Beginning& b) { return b.topic == topic; });
  return it == held_->beginnings.end() ? nullptr : &*it;
}

void Client::begin_after(const wire::Topic& topic, std::uint64_t seq, bool certain) {
  if (Beginning* const known = beginning_of(topic))
    *known = {topic, seq, certain};
  else
    held().beginnings.push_back({topic, seq, certain});
}

bool Client::lacks(const wire::Topic& topic, std::uint64_t seq) {
  const Beginning* const begun = beginning_of(topic);
  if (begun == nullptr) return true;
  if (seq <= begun->seq) return false;
  std::erase_if(held_->beginnings, [&](const Beginning& b) { return b.topic == topic; });
  drop_held_if_empty();
  return true;
}

void Client::forget(const wire::Topic& topic) {
  if (!held_) return;
  std::erase_if(held_->beginnings, [&](const Beginning& b) { return b.topic == topic; });
  std::erase_if(held_->parked, [&](const auto& entry) {
    const wire::Topic& parked = entry.second.frame.topic;
    return parked == topic || (topic.is_wildcard() && parked.wildcard() == topic);
  });
  drop_held_if_empty();
}

void Client::forget_unwanted() {
  if (!held_) return;
  if (group_ == nullptr) return forget_all();
  std::erase_if(held_->beginnings, [&](const Beginning& b) { return !listens_to_any_of(b.topic); });
  std::erase_if(held_->parked, [&](const auto& entry) { return !listens_to_any_of(entry.second.frame.topic); });
  drop_held_if_empty();
}

// What was told under a wildcard holds for its channels, and the other way round: both reach a client on either way.
bool Client::listens_to_any_of(const wire::Topic& topic) const {
  return std::any_of(group_->set.begin(), group_->set.end(), [&](const Subscribed& s) {
    if (s.topic == topic) return true;
    if (!wire::keeps_latest_only(topic.kind)) return false;
    return s.topic == topic.wildcard() || (topic.is_wildcard() && s.topic.wildcard() == topic);
  });
}

}  // namespace tickspan::stream
