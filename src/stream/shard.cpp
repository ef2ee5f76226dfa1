#include "stream/shard.hpp"

#include <algorithm>

#include "net/ws_codec.hpp"
#include "stream/state.hpp"
#include "wire/messages.hpp"

namespace tickspan::stream {
namespace {

constexpr std::size_t kClientsPerTurn = 256;  // 10,000 in one go would hold up reads and accepts for 50 ms
constexpr std::size_t kSlices = 10;
constexpr std::size_t kRecent = 50;
constexpr std::chrono::milliseconds kRateStep{20};

}  // namespace

ShardImpl::ShardImpl(std::shared_ptr<HubCore> core, runtime::EventLoop& loop)
    : core_(std::move(core)), loop_(loop), inbox_(core_->options.inbox_frames) {
  timer_.emplace(loop.context());
  rate_timer_.emplace(loop.context());
}

void ShardImpl::start() {
  loop_.post([self = shared_from_this()] {
    if (!self->stopped_) self->tick();
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
  if (dirty_next_ < dirty_.size()) {  // the turn before is still being written out; its end looks again
    turn_pending_ = true;
    return;
  }
  turn_pending_ = false;
  update_now();
  auto content = inbox_.take();
  if (content.pipeline) {
    pipeline_ = std::move(content.pipeline);
    pipeline_waiting_ = true;
  }
  if (pipeline_waiting_) take_pipeline();
  if (pipeline_waiting_) return;  // nothing published yet: nobody can have subscribed to these frames
  batch_.frames = std::move(content.frames);
  distribute();
  tell_missed(content.missed);
  flush_some();
}

void ShardImpl::take_pipeline() {
  const auto snapshot = pipeline_();
  if (!snapshot || !snapshot->catalogue) return;
  pipeline_waiting_ = false;
  epoch_ = snapshot->epoch;
  wildcard_snapshots_.clear();
  auto old = std::exchange(channels_, {});
  unused_.clear();
  for (const auto& [key, channel] : old) {
    core_->interest.remove(channel.topic);
    if (!wire::keeps_latest_only(channel.topic.kind)) core_->history.release(key, channel.hold);
    core_->subscriptions.fetch_sub(channel.listeners.size(), std::memory_order_relaxed);
  }
  const auto all = clients_;
  for (Client* client : all) client->on_pipeline(snapshot);
}

// Encodes what somebody listens to and notes for each listener what is its.
void ShardImpl::distribute() {
  batch_.log.clear();
  batch_.offsets.clear();
  for (std::uint32_t i = 0; i < batch_.frames.size(); ++i) {
    batch_.offsets.push_back(batch_.log.size());
    offer(batch_.frames[i], i);
  }
  batch_.offsets.push_back(batch_.log.size());
}

void ShardImpl::offer(const wire::Frame& frame, std::uint32_t index) {
  ++frame_serial_;
  const auto exact = channels_.find(frame.topic.key());
  const bool latest = wire::keeps_latest_only(frame.topic.kind);
  const auto wild = latest ? channels_.find(frame.topic.wildcard().key()) : channels_.end();
  const bool wanted = (exact != channels_.end() && !exact->second.listeners.empty()) || wild != channels_.end();
  if (!wanted) return;
  net::append_text_frame(batch_.log, *frame.json);
  // Nobody leaves a list while it is walked: a client that is closed here detaches when the socket's end is reported.
  if (exact != channels_.end()) {
    for (Listener& listener : exact->second.listeners) {
      if (frame.seq <= listener.seen) continue;
      if (!latest) {
        offer_lossless(exact->second, listener, frame, index);
        continue;
      }
      listener.seen = frame.seq;
      listener.client->last_offered = frame_serial_;
      listener.client->offer_latest(batch_, index, listener.rate_ms);
    }
  }
  if (wild == channels_.end()) return;
  for (Listener& listener : wild->second.listeners) {
    if (frame.seq <= listener.seen || listener.client->last_offered == frame_serial_) continue;
    listener.client->offer_latest(batch_, index, listener.rate_ms);
  }
}

void ShardImpl::offer_lossless(Channel& channel, Listener& listener, const wire::Frame& frame, std::uint32_t index) {
  if (frame.seq != listener.seen + 1) {
    if (listener.certain) {
      tell_gap(channel, listener, frame.seq - 1);
    } else {
      // Nobody listened for a while and a number was left out: the state is told anew, nothing was missed.
      push_recent(*listener.client, channel, frame.seq - 1);
    }
  }
  listener.seen = frame.seq;
  listener.certain = true;
  listener.client->offer_lossless(index);
}

void ShardImpl::tell_missed(const std::vector<Inbox::Missed>& missed) {
  for (const auto& [topic, seq] : missed) {
    const auto it = channels_.find(topic.key());
    if (it == channels_.end()) continue;
    for (Listener& listener : it->second.listeners) {
      if (listener.seen >= seq) continue;
      tell_gap(it->second, listener, seq);
      listener.seen = seq;
      listener.certain = true;
    }
  }
}

// Messages up to `seq` did not reach this listener.
void ShardImpl::tell_gap(Channel& channel, Listener& listener, std::uint64_t seq) {
  counters().gaps.add();
  flush(*listener.client);
  listener.client->push(channel.topic, "gap", seq, wire::stream_message(channel.name, "gap", seq, epoch_, "null"));
  push_recent(*listener.client, channel, seq);
}

void ShardImpl::push_recent(Client& client, const Channel& channel, std::uint64_t seq) {
  flush(client);
  const auto frames = core_->history.recent(channel.topic.key(), seq, kRecent);
  client.push(channel.topic, "snapshot", seq,
              wire::stream_message(channel.name, "snapshot", seq, epoch_, recent_data(channel.topic, frames)));
}

void ShardImpl::mark_dirty(Client& client) {
  client.dirty_slot = dirty_.size();
  dirty_.push_back(&client);
}

void ShardImpl::flush(Client& client) {
  if (!client.pending()) return;
  dirty_[client.dirty_slot] = nullptr;
  client.flush(batch_);
}

void ShardImpl::flush_some() {
  for (std::size_t i = 0; i < kClientsPerTurn && dirty_next_ < dirty_.size(); ++i) {
    Client* const client = std::exchange(dirty_[dirty_next_++], nullptr);
    if (client != nullptr) client->flush(batch_);
  }
  if (dirty_next_ < dirty_.size()) {
    loop_.post([self = shared_from_this()] {
      if (self->stopped_) return;
      self->update_now();
      self->flush_some();
    });
    return;
  }
  dirty_.clear();
  dirty_next_ = 0;
  batch_.frames.clear();
  if (turn_pending_) wake();
}

// ---- clients and channels ----

void ShardImpl::add(Client& client) {
  client.slot = clients_.size();
  clients_.push_back(&client);
  core_->clients.fetch_add(1, std::memory_order_relaxed);
}

void ShardImpl::remove(Client& client) {
  if (client.slot >= clients_.size() || clients_[client.slot] != &client) return;
  clients_.back()->slot = client.slot;
  std::swap(clients_[client.slot], clients_.back());
  clients_.pop_back();
  core_->clients.fetch_sub(1, std::memory_order_relaxed);
  if (client.pending()) dirty_[client.dirty_slot] = nullptr;
  if (client.in_rate_list)
    std::replace(rate_waiting_.begin(), rate_waiting_.end(), &client, static_cast<Client*>(nullptr));
}

ShardImpl::Channel& ShardImpl::channel_of(const wire::Topic& topic, const core::Catalogue& catalogue) {
  const auto [it, created] = channels_.try_emplace(topic.key());
  Channel& channel = it->second;
  if (created) {
    channel.topic = topic;
    channel.name = wire::topic_name(topic, catalogue);
    if (!wire::keeps_latest_only(topic.kind)) channel.hold = core_->history.hold(topic.key());
    core_->interest.add(topic);
  }
  return channel;
}

void ShardImpl::attach(Client& client, const wire::Topic& topic, std::uint64_t seen, std::uint32_t rate_ms,
                       bool certain) {
  const auto current = snapshot();
  if (!current) return;
  Channel& channel = channel_of(topic, *current->catalogue);
  auto& listeners = channel.listeners;
  const auto it =
      std::find_if(listeners.begin(), listeners.end(), [&](const Listener& l) { return l.client == &client; });
  if (it != listeners.end()) {
    *it = {&client, seen, rate_ms, certain};
    return;
  }
  listeners.push_back({&client, seen, rate_ms, certain});
  core_->subscriptions.fetch_add(1, std::memory_order_relaxed);
}

bool ShardImpl::detach(Client& client, const wire::Topic& topic) {
  const auto it = channels_.find(topic.key());
  if (it == channels_.end()) return false;
  auto& listeners = it->second.listeners;
  const auto found =
      std::find_if(listeners.begin(), listeners.end(), [&](const Listener& l) { return l.client == &client; });
  if (found == listeners.end()) return false;
  std::swap(*found, listeners.back());
  listeners.pop_back();
  core_->subscriptions.fetch_sub(1, std::memory_order_relaxed);
  client.forget_parked(topic);
  if (!listeners.empty()) return true;
  if (wire::keeps_latest_only(topic.kind)) {
    drop_channel(topic.key());
  } else {
    it->second.unused_since = now_;
    unused_.push_back(topic.key());
  }
  return true;
}

void ShardImpl::drop_channel(std::uint64_t key) {
  const auto it = channels_.find(key);
  if (it == channels_.end()) return;
  core_->interest.remove(it->second.topic);
  if (!wire::keeps_latest_only(it->second.topic.kind)) core_->history.release(key, it->second.hold);
  channels_.erase(it);
}

void ShardImpl::subscribe_fresh(Client& client, const wire::Topic& topic, std::uint32_t rate_ms,
                                const core::SnapshotPtr& snapshot) {
  if (wire::keeps_latest_only(topic.kind)) {
    attach(client, topic, snapshot->position, rate_ms);
    client.forget_parked(topic);
    const auto it = channels_.find(topic.key());
    if (it == channels_.end()) return;
    client.push(topic, "snapshot", snapshot->position, *state_message(it->second, *snapshot));
    return;
  }
  attach(client, topic, 0, 0);
  const auto it = channels_.find(topic.key());
  if (it == channels_.end()) return;
  const auto place = core_->history.place(topic.key());
  attach(client, topic, place.seq, 0, place.certain);
  push_recent(client, it->second, place.seq);
}

void ShardImpl::subscribe_since(Client& client, const wire::Topic& topic, std::uint64_t seq,
                                std::span<const wire::Frame> missed) {
  attach(client, topic, seq + missed.size(), 0);
  for (const wire::Frame& frame : missed) client.push(topic, "update", frame.seq, *frame.json);
  counters().recovered.add();
}

std::string& ShardImpl::scratch() {
  constexpr std::size_t kKeep = 1024 * 1024;
  if (scratch_.capacity() > kKeep) scratch_ = {};
  scratch_.clear();
  return scratch_;
}

// The same for everybody who asks at the same position: a crowd that comes back is served one encoding.
std::shared_ptr<const std::string> ShardImpl::state_message(const Channel& channel,
                                                            const core::MarketSnapshot& snapshot) {
  const auto encode = [&] {
    return std::make_shared<const std::string>(wire::stream_message(
        channel.name, "snapshot", snapshot.position, snapshot.epoch, state_data(channel.topic, snapshot)));
  };
  if (!channel.topic.is_wildcard()) return encode();
  WildcardSnapshot& kept = wildcard_snapshots_[channel.topic.key()];
  if (!kept.json || kept.position != snapshot.position) kept = {snapshot.position, encode()};
  return kept.json;
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
}

}  // namespace tickspan::stream
