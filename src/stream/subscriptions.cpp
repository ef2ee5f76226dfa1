// The shard's books: clients, their groups, channels and what a subscription begins with.

#include <algorithm>

#include "stream/shard.hpp"
#include "stream/state.hpp"
#include "wire/messages.hpp"

namespace tickspan::stream {
namespace {

constexpr std::size_t kRecent = 50;

}  // namespace

void ShardImpl::add(Client& client) {
  client.slot = static_cast<std::uint32_t>(clients_.size());
  clients_.push_back(&client);
  core_->clients.fetch_add(1, std::memory_order_relaxed);
}

void ShardImpl::remove(Client& client) {
  if (client.slot >= clients_.size() || clients_[client.slot] != &client) return;
  clients_.back()->slot = client.slot;
  std::swap(clients_[client.slot], clients_.back());
  clients_.pop_back();
  core_->clients.fetch_sub(1, std::memory_order_relaxed);
  client.forget_all();
  if (Group* const group = client.group()) {
    core_->subscriptions.fetch_sub(group->set.size(), std::memory_order_relaxed);
    group->remove(client);
    client.leave_group();
    if (group->empty() && !group->listed) drop_group(*group);
  }
  if (client.in_rate_list)
    std::replace(rate_waiting_.begin(), rate_waiting_.end(), &client, static_cast<Client*>(nullptr));
}

const Subscribed* ShardImpl::find(const Client& client, const wire::Topic& topic) {
  return client.group() == nullptr ? nullptr : find_subscribed(client.group()->set, topic.key());
}

void ShardImpl::subscribe(Client& client, std::span<const Subscribed> added) {
  const auto current = snapshot();
  if (!current || added.empty()) return;
  flush(client);
  auto set = client.group() ? client.group()->set : SubscriptionSet();
  for (const Subscribed& s : added) {
    add_subscribed(set, s);
    client.forget(s.topic);
  }
  move(client, std::move(set), *current->catalogue);
}

bool ShardImpl::unsubscribe(Client& client, const wire::Topic& topic) {
  const auto current = snapshot();
  if (!current || find(client, topic) == nullptr) return false;
  flush(client);
  auto set = client.group()->set;
  remove_subscribed(set, topic.key());
  move(client, std::move(set), *current->catalogue);
  client.forget_unwanted();
  return true;
}

// The new group first: channels in both keep their listeners.
void ShardImpl::move(Client& client, SubscriptionSet set, const core::Catalogue& catalogue) {
  Group* const old = client.group();
  if (old != nullptr && old->set == set) return;
  core_->subscriptions.fetch_add(set.size(), std::memory_order_relaxed);
  Group* target = nullptr;
  if (!set.empty()) {
    bool created = false;
    target = &groups_.find_or_create(std::move(set), created);
    if (created) listen(*target, catalogue);
  }
  if (old != nullptr) {
    core_->subscriptions.fetch_sub(old->set.size(), std::memory_order_relaxed);
    old->remove(client);
    client.leave_group();
  }
  if (target != nullptr) target->add(client);
  if (old != nullptr && old->empty() && !old->listed) drop_group(*old);
}

void ShardImpl::listen(Group& group, const core::Catalogue& catalogue) {
  for (const Subscribed& s : group.set) {
    const auto [it, created] = channels_.try_emplace(s.topic.key());
    Channel& channel = it->second;
    channel.listeners.push_back(&group);
    if (!created) continue;
    channel.topic = s.topic;
    channel.name = wire::topic_name(s.topic, catalogue);
    core_->interest.add(s.topic);
    if (wire::keeps_latest_only(s.topic.kind)) continue;
    channel.hold = core_->history.hold(s.topic.key(), generation_);
    if (const auto place = core_->history.place(s.topic.key(), generation_)) {
      channel.last = place->seq;
      channel.certain = place->certain;
    }
  }
}

void ShardImpl::drop_group(Group& group) {
  for (const Subscribed& s : group.set) unlisten(group, s.topic);
  groups_.erase(group);
}

void ShardImpl::unlisten(Group& group, const wire::Topic& topic) {
  Channel* const found = channel(topic);
  if (found == nullptr) return;
  auto& listeners = found->listeners;
  const auto it = std::find(listeners.begin(), listeners.end(), &group);
  if (it == listeners.end()) return;
  *it = listeners.back();
  listeners.pop_back();
  if (!listeners.empty()) return;
  if (wire::keeps_latest_only(topic.kind)) return drop_channel(topic.key());
  found->unused_since = now_;
  unused_.push_back(topic.key());
}

ShardImpl::Channel* ShardImpl::channel(const wire::Topic& topic) {
  const auto it = channels_.find(topic.key());
  return it == channels_.end() ? nullptr : &it->second;
}

void ShardImpl::drop_channel(std::uint64_t key) {
  const auto it = channels_.find(key);
  if (it == channels_.end()) return;
  core_->interest.remove(it->second.topic);
  if (!wire::keeps_latest_only(it->second.topic.kind)) core_->history.release(key, it->second.hold);
  channels_.erase(it);
}

// ---- what a subscription begins with ----

void ShardImpl::begin_after(Client& client, const wire::Topic& topic, const core::MarketSnapshot& snapshot) {
  // Once a later position has been handed out, none up to the snapshot's can come any more.
  if (position_ <= snapshot.position) client.begin_after(topic, snapshot.position, true);
}

void ShardImpl::push_fresh(Client& client, const wire::Topic& topic, const core::SnapshotPtr& snapshot) {
  const Channel* const found = channel(topic);
  if (found == nullptr) return;
  if (wire::keeps_latest_only(topic.kind)) {
    begin_after(client, topic, *snapshot);
    return push_state(client, *found, *snapshot);
  }
  // The engine may be further than what has been handed out here: those messages are in the inbox still.
  const auto place = core_->history.place(topic.key(), generation_);
  if (!place) return;  // another pipeline is about to be told of, and its state with it
  if (place->seq > found->last) client.begin_after(topic, place->seq, place->certain);
  push_recent(client, *found, std::max(place->seq, found->last));
}

void ShardImpl::push_missed(Client& client, const wire::Topic& topic, std::uint64_t seq,
                            std::span<const wire::Frame> missed) {
  const Channel* const found = channel(topic);
  const std::uint64_t newest = seq + missed.size();
  if (found != nullptr && newest > found->last) client.begin_after(topic, newest, true);
  for (const wire::Frame& frame : missed) client.push(topic, "update", frame.seq, *frame.json);
  counters().recovered.add();
}

void ShardImpl::push_recent(Client& client, const Channel& channel, std::uint64_t seq) {
  client.push(channel.topic, "snapshot", seq, recent_message(channel, seq));
}

std::string ShardImpl::recent_message(const Channel& channel, std::uint64_t seq) const {
  const auto frames = core_->history.recent(channel.topic.key(), seq, kRecent, generation_);
  return wire::stream_message(channel.name, "snapshot", seq, epoch_, recent_data(channel.topic, frames));
}

// A wildcard's state is the same for everybody who asks at the same position: a crowd that comes back is served one.
void ShardImpl::push_state(Client& client, const Channel& channel, const core::MarketSnapshot& snapshot) {
  const auto encode = [&] {
    return wire::stream_message(channel.name, "snapshot", snapshot.position, snapshot.epoch,
                                state_data(channel.topic, snapshot));
  };
  if (!channel.topic.is_wildcard()) return client.push(channel.topic, "snapshot", snapshot.position, encode());
  WildcardSnapshot& kept = wildcard_snapshots_[channel.topic.key()];
  if (!kept.message || kept.position != snapshot.position)
    kept = {snapshot.position, std::make_shared<SharedMessage>(SharedMessage{encode(), {}})};
  const auto message = kept.message;
  client.push_shared(channel.topic, snapshot.position, *message);
}

}  // namespace tickspan::stream
