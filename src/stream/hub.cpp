#include "stream/hub.hpp"

#include <fmt/format.h>

#include "stream/events_client.hpp"
#include "stream/parameters.hpp"
#include "stream/prices_session.hpp"
#include "stream/session.hpp"
#include "stream/shard.hpp"
#include "stream/ticks_session.hpp"

namespace tickspan::stream {
namespace {

constexpr std::size_t kEnvelope = 256;  // channel, type, seq and epoch stand within this much of a message's start

std::string tag_of(const core::SnapshotPtr& snapshot) {
  return snapshot ? fmt::format("\"epoch\":\"{}\"", snapshot->epoch) : std::string();
}

core::Result<std::vector<wire::Topic>> read_events(const net::HttpRequest& request,
                                                   const core::MarketSnapshot& snapshot, const StreamOptions& options) {
  return read_events_parameters(request, *snapshot.catalogue, options.max_subscriptions, options.bench_channels);
}

core::Result<core::SnapshotPtr> present(const ShardImpl& shard) {
  auto snapshot = shard.awaits_pipeline() ? nullptr : shard.snapshot();
  if (snapshot) return snapshot;
  return core::fail(core::ErrorCode::unavailable, "starting: no market yet", true);
}

}  // namespace

StreamCounters::StreamCounters(runtime::Metrics& m)
    : frames(m.counter("tickspan_stream_frames_total", "Messages taken from the engine")),
      deliveries(m.counter("tickspan_stream_deliveries_total", "Messages written to clients")),
      conflated(m.counter("tickspan_stream_conflated_total", "Latest-value messages replaced by a newer one")),
      overflowed(m.counter("tickspan_stream_inbox_overflow_total", "Messages that found a shard's inbox full")),
      caught_up(m.counter("tickspan_stream_caught_up_total",
                          "Messages that found an inbox full and were taken from the history")),
      gaps(m.counter("tickspan_stream_gaps_total", "Gaps told to clients")),
      recovered(m.counter("tickspan_stream_recovered_total", "Subscriptions resumed without a loss")),
      closed_slow(m.counter("tickspan_stream_closed_total", "Clients closed by the server", {{"reason", "slow"}})),
      closed_no_pong(
          m.counter("tickspan_stream_closed_total", "Clients closed by the server", {{"reason", "no_pong"}})),
      closed_limit(m.counter("tickspan_stream_closed_total", "Clients closed by the server", {{"reason", "limit"}})),
      closed_idle(m.counter("tickspan_stream_closed_total", "Clients closed by the server", {{"reason", "idle"}})),
      closed_bad(
          m.counter("tickspan_stream_closed_total", "Clients closed by the server", {{"reason", "bad_request"}})),
      refused_subscriptions(m.counter("tickspan_stream_refused_total", "Subscriptions refused at a limit",
                                      {{"reason", "subscriptions"}})),
      foreign(m.counter("tickspan_stream_foreign_frames_total", "Messages of another pipeline than the one served")) {}

HubCore::HubCore(StreamOptions o, const runtime::Clock& c, runtime::Metrics& m)
    : options(o), clock(c), history(o.history_bytes, o.history_age), counters(m) {}

Hub::Hub(StreamOptions options, const runtime::Clock& clock, runtime::Metrics& metrics)
    : core_(std::make_shared<HubCore>(options, clock, metrics)) {
  const auto gauge = [&](const char* name, const char* help, std::atomic<std::uint64_t>& value) {
    core_->registrations.push_back(metrics.observe(
        name, help, {}, false, [&value] { return static_cast<double>(value.load(std::memory_order_relaxed)); }));
  };
  gauge("tickspan_stream_clients", "Clients of all streams", core_->clients);
  gauge("tickspan_stream_subscriptions", "Channels listened to, over all clients", core_->subscriptions);
}

Hub::~Hub() {
  stop();
  // The shards hold what they share, which holds them.
  core_->faces.clear();
  core_->shards.clear();
}

Shard& Hub::add_shard(runtime::EventLoop& loop) {
  auto impl = std::make_shared<ShardImpl>(core_, loop);
  impl->start();
  core_->shards.push_back(impl);
  core_->faces.push_back(std::make_unique<Shard>(std::move(impl)));
  return *core_->faces.back();
}

void Hub::publish(std::span<const wire::Frame> frames) {
  std::vector<wire::Frame> own;
  {
    const std::lock_guard lock(core_->mutex);
    if (core_->epoch_tag.empty() && core_->pipeline) core_->epoch_tag = tag_of(core_->pipeline());
    if (core_->epoch_tag.empty()) return core_->counters.foreign.add(frames.size());
    const auto now = std::chrono::steady_clock::now();
    own.reserve(frames.size());
    for (const wire::Frame& frame : frames) {
      if (std::string_view(*frame.json).substr(0, kEnvelope).find(core_->epoch_tag) == std::string_view::npos) continue;
      if (!wire::keeps_latest_only(frame.topic.kind)) core_->history.append(frame, now);
      own.push_back(frame);
    }
    // Under the lock, so that no frame of an old pipeline gets behind the news of a new one.
    for (const auto& shard : core_->shards) {
      const auto overflowed = shard->inbox().put(own, [&] { shard->wake(); });
      if (overflowed > 0) core_->counters.overflowed.add(overflowed);
    }
  }
  core_->counters.frames.add(own.size());
  if (own.size() < frames.size()) core_->counters.foreign.add(frames.size() - own.size());
}

wire::InterestTable& Hub::interest() {
  return core_->interest;
}

void Hub::reset(std::function<core::SnapshotPtr()> snapshot) {
  const std::lock_guard lock(core_->mutex);
  core_->pipeline = snapshot;
  core_->epoch_tag = tag_of(snapshot());
  const std::uint64_t generation = core_->history.clear();
  for (const auto& shard : core_->shards) shard->inbox().reset(snapshot, generation, [&] { shard->wake(); });
}

StreamFigures Hub::figures() const {
  return {core_->clients.load(std::memory_order_relaxed), core_->subscriptions.load(std::memory_order_relaxed)};
}

void Hub::stop() {
  if (std::exchange(core_->stopped, true)) return;  // the loops may be gone by now
  for (const auto& shard : core_->shards) shard->stop();
  core_->registrations.clear();
  const std::lock_guard lock(core_->mutex);
  core_->pipeline = nullptr;
}

Shard::Shard(std::shared_ptr<ShardImpl> impl) : impl_(std::move(impl)) {}
Shard::~Shard() = default;

std::shared_ptr<net::WebSocketHandler> Shard::make_stream_session(const net::HttpRequest&) {
  return std::make_shared<Session>(impl_);
}

core::Result<std::shared_ptr<net::WebSocketHandler>> Shard::make_prices_session(const net::HttpRequest& request) {
  const auto snapshot = present(*impl_);
  if (!snapshot) return tl::unexpected(snapshot.error());
  auto parameters = read_prices_parameters(request, *(*snapshot)->catalogue);
  if (!parameters) return tl::unexpected(parameters.error());
  return std::make_shared<PricesSession>(impl_, std::move(*parameters));
}

core::Result<std::shared_ptr<net::WebSocketHandler>> Shard::make_ticks_session(const net::HttpRequest& request) {
  const auto snapshot = present(*impl_);
  if (!snapshot) return tl::unexpected(snapshot.error());
  const auto assets = read_ticks_parameters(request, *(*snapshot)->catalogue);
  if (!assets) return tl::unexpected(assets.error());
  return std::make_shared<TicksSession>(impl_, *(*snapshot)->catalogue, *assets);
}

core::Status Shard::check_events(const net::HttpRequest& request) const {
  const auto snapshot = present(*impl_);
  if (!snapshot) return tl::unexpected(snapshot.error());
  const auto topics = read_events(request, **snapshot, impl_->options());
  if (!topics) return tl::unexpected(topics.error());
  return {};
}

void Shard::open_events(const net::HttpRequest& request, std::shared_ptr<net::HttpServer::ResponseStream> stream) {
  const auto snapshot = present(*impl_);
  if (!snapshot) return stream->close();
  auto topics = read_events(request, **snapshot, impl_->options());
  if (!topics) return stream->close();
  const auto client = std::make_shared<EventsClient>(impl_, std::move(*topics), std::move(stream));
  client->start(request.headers.find("Last-Event-ID").value_or(""));
}

}  // namespace tickspan::stream
