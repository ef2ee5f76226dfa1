#include "stream/events_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "stream/shard.hpp"
#include "wire/messages.hpp"

namespace tickspan::stream {

EventsClient::EventsClient(std::shared_ptr<ShardImpl> shard, std::vector<wire::Topic> topics,
                           std::shared_ptr<net::HttpServer::ResponseStream> stream)
    : Client(std::move(shard)), topics_(std::move(topics)), stream_(std::move(stream)) {}

void EventsClient::start(std::string_view last_event_id) {
  const auto snapshot = shard().snapshot();
  if (!snapshot) return stream_->close();
  stream_->on_close = [self = shared_from_this()] { self->gone(); };
  stream_->on_drained = [this] {
    shard().update_now();
    set_lagging(false);
    shard().flush(*this);
    if (flush_parked()) shard().watch_rate(*this);
  };
  shard().update_now();
  shard().add(*this);
  for (const wire::Topic& topic : topics_) names_.push_back(wire::topic_name(topic, *snapshot->catalogue));
  epoch_ = snapshot->epoch;
  if (!last_event_id.empty()) {
    // Only who has seen the present position can be told that nothing is missing.
    const bool recovered = last_event_id == fmt::format("{}:{}", epoch_, snapshot->position);
    send(fmt::format("event: resumed\ndata: {{\"recovered\":{}}}\n\n", recovered));
  }
  subscribe_all();
}

void EventsClient::subscribe_all() {
  SubscriptionSet set;
  for (const wire::Topic& topic : topics_) add_subscribed(set, {topic, 0});
  shard().subscribe(*this, set);
  const auto present = shard().snapshot();  // not from before: the engine did not know of these channels then
  position_ = std::max(position_, present->position);
  for (const Subscribed& s : set) shard().push_fresh(*this, s.topic, present);
}

void EventsClient::gone() {
  if (std::exchange(closed_, true)) return;
  shard().remove(*this);
}

void EventsClient::on_pipeline(const core::SnapshotPtr& snapshot, std::span<const NamedSubscription>) {
  if (closed_) return;
  epoch_ = snapshot->epoch;
  position_ = snapshot->position;
  topics_.clear();
  for (const std::string& name : names_) {
    const auto data = fmt::format("{{\"origin\":\"{}\"}}", core::to_string(snapshot->origin));
    if (const auto topic = wire::parse_topic(name, *snapshot->catalogue, shard().options().bench_channels))
      topics_.push_back(*topic);
    std::string event;
    append(event, {}, "status", position_, wire::stream_message(name, "status", position_, epoch_, data));
    send(std::move(event));
  }
  subscribe_all();
}

void EventsClient::append(std::string& out, const wire::Topic& topic, std::string_view type, std::uint64_t seq,
                          std::string_view json) {
  // A lossless channel counts its own messages; the position is the engine's.
  if (wire::keeps_latest_only(topic.kind)) position_ = std::max(position_, seq);
  fmt::format_to(std::back_inserter(out), "id: {}:{}\nevent: {}\ndata: {}\n\n", epoch_, position_, type, json);
}

void EventsClient::push(const wire::Topic& topic, std::string_view type, std::uint64_t seq, std::string_view json) {
  std::string out;
  append(out, topic, type, seq, json);
  send(std::move(out));
}

void EventsClient::write(Batch& batch, std::span<const std::uint32_t> frames) {
  std::string out;
  for (const std::uint32_t index : frames) {
    append(out, batch[index].topic, "update", batch[index].seq, *batch[index].json);
  }
  send(std::move(out));
}

void EventsClient::write(std::span<const wire::Frame> frames) {
  std::string out;
  for (const wire::Frame& frame : frames) append(out, frame.topic, "update", frame.seq, *frame.json);
  send(std::move(out));
}

void EventsClient::send(std::string bytes) {
  if (closed_) return;
  stream_->write(std::make_shared<const std::string>(std::move(bytes)));
  last_sent_ = shard().now();
  const std::size_t queued = stream_->queued_bytes();
  set_lagging(queued > 0);
  if (queued <= shard().options().max_queued_bytes) return;
  shard().counters().closed_slow.add();
  stream_->close();
}

void EventsClient::on_tick() {
  const auto& options = shard().options();
  if (closed_ || lagging() || shard().now() - last_sent_ + options.timer_step * 5 < options.heartbeat) return;
  send(": heartbeat\n\n");
}

}  // namespace tickspan::stream
