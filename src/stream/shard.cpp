#include "stream/shard.hpp"

#include <algorithm>

#include "runtime/log.hpp"
#include "stream/state.hpp"
#include "wire/messages.hpp"

namespace tickspan::stream {
namespace {

constexpr runtime::Log kLog{"stream"};
constexpr std::size_t kClientsPerTurn = 256;  // 10,000 in one go would hold up reads and accepts for 50 ms
constexpr std::size_t kSlices = 10;
constexpr std::size_t kAhead = 6;  // how many listeners before its turn a group is fetched into the cache
constexpr std::chrono::milliseconds kRateStep{20};

std::unique_ptr<net::SendBatch> make_sender(net::SendMethod& method) {
  auto sender = net::make_send_batch(method);
  if (sender) return std::move(*sender);
  kLog.warn("{}; writing directly", sender.error().context);
  method = net::SendMethod::direct;
  return std::move(*net::make_send_batch(method));
}

}  // namespace

ShardImpl::ShardImpl(std::shared_ptr<HubCore> core, runtime::EventLoop& loop)
    : core_(std::move(core)), loop_(loop), inbox_(core_->options.inbox_frames), batch_(deflater_) {
  timer_.emplace(loop.context());
  rate_timer_.emplace(loop.context());
}

void ShardImpl::start() {
  loop_.post([self = shared_from_this()] {
    if (self->stopped_) return;
    net::SendMethod method = self->options().send_method;
    self->sender_ = make_sender(method);
    self->writes_directly_ = method == net::SendMethod::direct;
    self->tick();
  });
}

void ShardImpl::stop() {
  inbox_.close();
  loop_.run_and_wait([this] {
    stopped_ = true;
    timer_.reset();
    rate_timer_.reset();
    pipeline_ = nullptr;
  });
}

void ShardImpl::wake() {
  loop_.post([self = shared_from_this()] {
    if (!self->stopped_) self->turn();
  });
}

// ---- one turn ----

void ShardImpl::turn() {
  if (next_round_ < rounds_.size()) {  // the turn before is still being written out; its end looks again
    turn_pending_ = true;
    return;
  }
  turn_pending_ = false;
  update_now();
  auto content = inbox_.take();
  if (content.pipeline) {
    pipeline_ = std::move(content.pipeline);
    generation_ = content.generation;
    pipeline_waiting_ = true;
  }
  if (pipeline_waiting_) take_pipeline();
  if (pipeline_waiting_) return;  // nothing published yet: nobody can have subscribed to these frames
  // Of a pipeline that is over already, even if the news of the next one is yet to come: who has subscribed since then
  // was not told a beginning that these could follow.
  if (!core_->history.serves(generation_)) content = {};
  batch_.start(std::move(content.frames));
  distribute();
  catch_up(content.missed);
  // As they were made, so mostly as their sockets were: what lies together in memory is walked through together.
  std::sort(rounds_.begin(), rounds_.end());
  flush_some();
}

void ShardImpl::take_pipeline() {
  const auto snapshot = pipeline_();
  if (!snapshot || !snapshot->catalogue) return;
  pipeline_waiting_ = false;
  epoch_ = snapshot->epoch;
  position_ = 0;
  wildcard_snapshots_.clear();
  const auto old_groups = groups_.take_all();
  const auto old_channels = std::exchange(channels_, {});
  unused_.clear();
  behind_.clear();
  std::vector<Client*> without;
  for (Client* client : clients_) {
    if (client->group() == nullptr) without.push_back(client);
  }
  for (const auto& group : old_groups) {
    std::vector<NamedSubscription> names;
    for (const Subscribed& s : group->set) names.push_back({old_channels.at(s.topic.key()).name, s.rate_ms});
    core_->subscriptions.fetch_sub(group->set.size() * group->members().size(), std::memory_order_relaxed);
    for (Client* client : group->members()) {
      client->leave_group();
      client->forget_all();
      client->on_pipeline(snapshot, names);
    }
  }
  for (Client* client : without) client->on_pipeline(snapshot, {});
  // Last, so that the engine does not see channels vanish that are listened to on.
  for (const auto& [key, channel] : old_channels) {
    core_->interest.remove(channel.topic);
    if (!wire::keeps_latest_only(channel.topic.kind)) core_->history.release(key, channel.hold);
  }
}

// Encodes what somebody listens to and notes with each group what is its.
void ShardImpl::distribute() {
  for (std::uint32_t i = 0; i < batch_.size(); ++i) offer(i);
}

void ShardImpl::offer(std::uint32_t index) {
  const wire::Frame& frame = batch_[index];
  const bool latest = wire::keeps_latest_only(frame.topic.kind);
  if (latest) position_ = std::max(position_, frame.seq);
  const auto exact = channels_.find(frame.topic.key());
  const auto wild = latest ? channels_.find(frame.topic.wildcard().key()) : channels_.end();
  if (exact != channels_.end() && !latest && !follows(exact->second, frame)) return;
  const bool wanted = (exact != channels_.end() && !exact->second.listeners.empty()) || wild != channels_.end();
  if (!wanted) return;
  batch_.encode(index);
  if (exact != channels_.end()) note(exact->second, index);
  if (wild != channels_.end()) note(wild->second, index);
}

// False: it is known already.
bool ShardImpl::follows(Channel& channel, const wire::Frame& frame) {
  if (frame.seq <= channel.last) return false;
  if (channel.behind > 0) {  // comes by catch_up(), after what is before it
    channel.behind = std::max(channel.behind, frame.seq);
    return false;
  }
  if (frame.seq != channel.last + 1) tell_listeners(channel, frame.seq - 1);
  channel.last = frame.seq;
  channel.certain = true;
  return true;
}

void ShardImpl::note(const Channel& channel, std::uint32_t index) {
  const auto& listeners = channel.listeners;
  const std::size_t count = listeners.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (i + 2 * kAhead < count) listeners[i + 2 * kAhead]->expect();
    if (i + kAhead < count) listeners[i + kAhead]->expect_soon();
    Group* const group = listeners[i];
    if (!group->take(index) || group->listed) continue;
    group->listed = true;
    rounds_.push_back(group);
  }
}

// What found the inbox full is in the history still, most likely: it makes this turn and the next ones larger, each by
// no more than a client's queue takes well. Only what is gone from the history, too, is told as a gap.
void ShardImpl::catch_up(const std::vector<Inbox::Missed>& missed) {
  for (const auto& [topic, seq] : missed) {
    Channel* const found = channel(topic);
    if (found == nullptr || found->last >= seq) continue;
    if (found->behind == 0) behind_.push_back(topic);
    found->behind = std::max(found->behind, seq);
  }
  std::size_t room = options().max_queued_bytes / 2;
  std::erase_if(behind_, [&](const wire::Topic& topic) {
    Channel* const found = channel(topic);
    if (found == nullptr) return true;
    if (room > 0) hand_out_missed(*found, room);
    if (found->last < found->behind) return false;
    found->behind = 0;
    return true;
  });
  turn_pending_ = turn_pending_ || !behind_.empty();
}

void ShardImpl::hand_out_missed(Channel& channel, std::size_t& room) {
  auto frames = core_->history.after(channel.topic.key(), channel.last, generation_);
  if (!frames || frames->empty()) {
    if (!core_->history.serves(generation_)) return;  // the news of another pipeline is on its way, and is told instead
    channel.certain = true;
    tell_listeners(channel, channel.behind);
    channel.last = channel.behind;
    return;
  }
  for (wire::Frame& frame : *frames) {
    if (room == 0) return;
    room -= std::min(room, frame.json->size());
    counters().caught_up.add();
    channel.last = frame.seq;
    const std::uint32_t index = batch_.add(std::move(frame));
    if (channel.listeners.empty()) continue;
    batch_.encode(index);
    note(channel, index);
  }
}

// Messages up to `seq` did not reach this shard.
void ShardImpl::tell_listeners(Channel& channel, std::uint64_t seq) {
  auto hole = describe_hole(channel, seq, channel.certain);
  for (Group* const group : channel.listeners) {
    flush_group(*group);
    for (Client* const client : group->members()) {
      if (client != nullptr && client->lacks(channel.topic, seq)) tell_hole(*client, channel.topic, hole);
    }
  }
}

ShardImpl::Hole ShardImpl::describe_hole(const Channel& channel, std::uint64_t seq, bool missed) const {
  Hole hole{seq, {}, {recent_message(channel, seq), {}}};
  if (missed) hole.gap = wire::stream_message(channel.name, "gap", seq, epoch_, "null");
  return hole;
}

void ShardImpl::tell_hole(Client& client, const wire::Topic& topic, Hole& hole) {
  if (!hole.gap.empty()) {
    counters().gaps.add();
    client.push(topic, "gap", hole.seq, hole.gap);
  }
  client.push_shared(topic, hole.seq, hole.recent);
}

void ShardImpl::tell_hole(Client& client, const wire::Topic& topic, std::uint64_t seq, bool missed) {
  const Channel* const found = channel(topic);
  if (found == nullptr) return;
  auto hole = describe_hole(*found, seq, missed);
  tell_hole(client, topic, hole);
}

void ShardImpl::flush(Client& client) {
  Group* const group = client.group();
  if (group == nullptr || group->frames().empty() || client.round() == group->round()) return;
  client.deliver(batch_, *group);
  write_chunk();
}

// In the middle of a turn: what the group has so far goes out first.
void ShardImpl::flush_group(Group& group) {
  if (group.frames().empty()) return;
  while (Client* const client = group.next_waiting()) client->deliver(batch_, group);
  write_chunk();
  group.finish();
}

void ShardImpl::flush_some() {
  std::size_t clients = 0;
  while (next_round_ < rounds_.size() && clients < kClientsPerTurn) {
    if (next_round_ + 2 * kAhead < rounds_.size()) rounds_[next_round_ + 2 * kAhead]->expect();
    if (next_round_ + kAhead < rounds_.size()) rounds_[next_round_ + kAhead]->expect_members();
    Client* const client = rounds_[next_round_]->next_waiting();
    if (client == nullptr) {
      ++next_round_;
      continue;
    }
    client->deliver(batch_, *rounds_[next_round_]);
    ++clients;
  }
  write_chunk();
  for (; first_unwritten_ < next_round_; ++first_unwritten_) finish(*rounds_[first_unwritten_]);
  // The next groups' bytes go where these were, which is in the cache.
  if (next_round_ == rounds_.size() || !rounds_[next_round_]->half_done()) arena_.reset();
  if (next_round_ < rounds_.size()) {
    loop_.post([self = shared_from_this()] {
      if (self->stopped_) return;
      self->update_now();
      self->flush_some();
    });
    return;
  }
  rounds_.clear();
  next_round_ = first_unwritten_ = 0;
  batch_.start({});
  if (turn_pending_) wake();
}

void ShardImpl::write_later(Client& client, net::WebSocketPeer& peer, std::string_view bytes) {
  sender_->add(peer, bytes);
  written_.push_back(&client);
}

void ShardImpl::write_chunk() {
  sender_->submit();
  for (Client* const client : written_) client->after_write();
  written_.clear();
  counters().deliveries.add(std::exchange(deliveries_, 0));
}

void ShardImpl::finish(Group& group) {
  group.finish();
  group.listed = false;
  if (group.empty()) drop_group(group);
}

std::string& ShardImpl::scratch() {
  constexpr std::size_t kKeep = 1024 * 1024;
  if (scratch_.capacity() > kKeep) scratch_ = {};
  scratch_.clear();
  return scratch_;
}

// ---- timers ----

void ShardImpl::tick() {
  timer_->expires_after(options().timer_step);
  timer_->async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error || self->stopped_) return;
    self->update_now();
    if (self->pipeline_waiting_) self->turn();
    auto& clients = self->clients_;
    const std::size_t slice = clients.size() / kSlices + 1;
    for (std::size_t i = 0; i < slice && !clients.empty(); ++i) {
      if (self->tick_cursor_ >= clients.size()) self->tick_cursor_ = 0;
      clients[self->tick_cursor_++]->on_tick();
    }
    self->expire_unused();
    self->tick();
  });
}

void ShardImpl::expire_unused() {
  std::erase_if(unused_, [&](std::uint64_t key) {
    const auto it = channels_.find(key);
    if (it == channels_.end() || !it->second.listeners.empty()) return true;
    if (now_ - it->second.unused_since < options().history_age) return false;
    drop_channel(key);
    return true;
  });
}

void ShardImpl::watch_rate(Client& client) {
  if (!client.in_rate_list) {
    client.in_rate_list = true;
    rate_waiting_.push_back(&client);
  }
  if (rate_timer_armed_) return;
  rate_timer_armed_ = true;
  rate_timer_->expires_after(kRateStep);
  rate_timer_->async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error && !self->stopped_) self->rate_tick();
  });
}

void ShardImpl::rate_tick() {
  update_now();
  rate_timer_armed_ = false;
  const auto waiting = std::exchange(rate_waiting_, {});
  for (Client* client : waiting) {
    if (client == nullptr) continue;
    client->in_rate_list = false;
    flush(*client);
    if (client->flush_parked()) watch_rate(*client);
  }
  counters().deliveries.add(std::exchange(deliveries_, 0));
}

}  // namespace tickspan::stream
