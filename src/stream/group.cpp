#include "stream/group.hpp"

#include <algorithm>

#include "stream/client.hpp"

namespace tickspan::stream {
namespace {

template <typename Set>
auto place_of(Set& set, std::uint64_t key) {
  return std::lower_bound(set.begin(), set.end(), key,
                          [](const Subscribed& s, std::uint64_t k) { return s.topic.key() < k; });
}

}  // namespace

const Subscribed* find_subscribed(const SubscriptionSet& set, std::uint64_t key) {
  const auto it = place_of(set, key);
  return it != set.end() && it->topic.key() == key ? &*it : nullptr;
}

void add_subscribed(SubscriptionSet& set, const Subscribed& added) {
  const auto it = place_of(set, added.topic.key());
  if (it != set.end() && it->topic == added.topic)
    *it = added;
  else
    set.insert(it, added);
}

bool remove_subscribed(SubscriptionSet& set, std::uint64_t key) {
  const auto it = place_of(set, key);
  if (it == set.end() || it->topic.key() != key) return false;
  set.erase(it);
  return true;
}

Group::Group(SubscriptionSet wanted)
    : paced(std::any_of(wanted.begin(), wanted.end(), [](const auto& s) { return s.rate_ms > 0; })),
      set(std::move(wanted)) {}

void Group::add(Client& client) {
  client.enter(*this, static_cast<std::uint32_t>(members_.size()));
  members_.push_back(&client);
}

// During a round places are kept, so that nobody is moved past the one whose turn it is.
void Group::remove(Client& client) {
  const std::size_t slot = client.member_slot();
  if (!frames_.empty()) {
    members_[slot] = nullptr;
    ++left_;
    return;
  }
  members_[slot] = members_.back();
  members_.pop_back();
  if (slot < members_.size()) members_[slot]->move_to(static_cast<std::uint32_t>(slot));
}

Client* Group::next_waiting() {
  while (!frames_.empty() && next_ < members_.size()) {
    Client* const client = members_[next_++];
    if (client != nullptr && client->round() != round_) return client;
  }
  return nullptr;
}

std::string_view Group::bytes(const Batch& batch, Arena& arena) {
  if (!bytes_.empty()) return bytes_;
  bytes_ = batch.whole(frames_);
  if (bytes_.empty()) {
    const std::size_t size = batch.bytes_of(frames_);
    char* const gathered = arena.take(size);
    batch.copy(gathered, frames_);
    bytes_ = {gathered, size};
  }
  return bytes_;
}

std::string_view Group::deflated(Batch& batch) {
  if (deflated_.empty()) batch.append_deflated(deflated_, frames_);
  return deflated_;
}

void Group::finish() {
  constexpr std::size_t kKeepFrames = 64;
  if (frames_.capacity() > kKeepFrames) frames_ = {};
  frames_.clear();
  bytes_ = {};
  if (!deflated_.empty()) deflated_ = {};
  next_ = 0;
  if (left_ == 0) return;
  std::erase(members_, nullptr);
  left_ = 0;
  for (std::size_t i = 0; i < members_.size(); ++i) members_[i]->move_to(static_cast<std::uint32_t>(i));
}

std::size_t GroupTable::Hash::operator()(const SubscriptionSet& set) const {
  std::uint64_t hash = 0x9E3779B97F4A7C15ULL + set.size();
  for (const Subscribed& s : set) {
    hash ^= s.topic.key() + (static_cast<std::uint64_t>(s.rate_ms) << 32);
    hash *= 0xFF51AFD7ED558CCDULL;
    hash ^= hash >> 32;
  }
  return static_cast<std::size_t>(hash);
}

Group& GroupTable::find_or_create(SubscriptionSet set, bool& created) {
  if (const auto it = groups_.find(set); it != groups_.end()) {
    created = false;
    return **it;
  }
  created = true;
  return **groups_.insert(std::make_unique<Group>(std::move(set))).first;
}

void GroupTable::erase(Group& group) {
  if (const auto it = groups_.find(group.set); it != groups_.end()) groups_.erase(it);
}

std::vector<std::unique_ptr<Group>> GroupTable::take_all() {
  std::vector<std::unique_ptr<Group>> all;
  all.reserve(groups_.size());
  while (!groups_.empty()) all.push_back(std::move(groups_.extract(groups_.begin()).value()));
  return all;
}

}  // namespace tickspan::stream
