#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "core/result.hpp"
#include "core/snapshot.hpp"
#include "net/http_server.hpp"
#include "net/send_batch.hpp"
#include "runtime/clock.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/metrics.hpp"
#include "wire/frame.hpp"

namespace tickspan::stream {

/// Every bound of the fan-out. Those a client must know are stated in `hello`.
struct StreamOptions {
  std::size_t inbox_frames = 4096;             ///< waiting between the engine and one web thread
  std::size_t max_subscriptions = 200;         ///< per client
  std::size_t max_message_bytes = 64 * 1024;   ///< inbound; hand the same figure to HttpServerOptions
  std::size_t messages_per_second = 20;        ///< inbound, with a burst of twice that; more closes with 4502
  std::size_t max_offences = 5;                ///< requests that cannot be taken; then 4500
  std::size_t max_queued_bytes = 1024 * 1024;  ///< per client; more closes with 4008
  std::chrono::milliseconds heartbeat{5'000};  ///< sent after this long without data
  std::chrono::milliseconds ping_interval{25'000};
  std::chrono::milliseconds pong_timeout{10'000};         ///< then 4009
  std::chrono::milliseconds idle{60'000};                 ///< without a subscription and a message; then 4502; 0: never
  std::chrono::milliseconds history_age{60'000};          ///< lossless messages kept for resuming
  std::size_t history_bytes = 16 * 1024 * 1024;           ///< of all channels together
  net::SendMethod send_method = net::SendMethod::direct;  ///< how a turn's writes reach the sockets
  std::uint32_t bench_channels = 0;                       ///< `bench:0`... of a load test; 0: there are none
  std::chrono::milliseconds timer_step{100};  ///< how fine the clients' timers are; each is looked at every 10 steps
};

struct StreamFigures {
  std::uint64_t clients = 0;
  std::uint64_t subscriptions = 0;
};

class ShardImpl;
struct HubCore;

/// The part of the fan-out that lives on one web thread: its clients, who listens to what, their timers.
/// **Threading**: everything on the thread of the loop it was made for.
/// **Ownership**: the hub's; sessions made here are the HTTP server's and die before the hub.
class Shard {
 public:
  explicit Shard(std::shared_ptr<ShardImpl> impl);
  ~Shard();
  /// `WS /api/v1/stream`.
  std::shared_ptr<net::WebSocketHandler> make_stream_session(const net::HttpRequest& request);
  /// `WS /ws/prices?currency=usd&limit=20&interval=5`. invalid_argument names the parameter, not_found the currency.
  core::Result<std::shared_ptr<net::WebSocketHandler>> make_prices_session(const net::HttpRequest& request);
  /// `WS /ws?assets=BTC,ETH`. Errors as above; unavailable until there is a pipeline.
  core::Result<std::shared_ptr<net::WebSocketHandler>> make_ticks_session(const net::HttpRequest& request);
  /// `GET /api/v1/events?channels=…`: what is wrong with the request, if anything. Look before the stream is opened.
  core::Status check_events(const net::HttpRequest& request) const;
  void open_events(const net::HttpRequest& request, std::shared_ptr<net::HttpServer::ResponseStream> stream);

 private:
  std::shared_ptr<ShardImpl> impl_;
};

/// The fan-out: takes the engine's frames once and hands each to the clients that asked for its channel.
///
/// Construct, add_shard() for every web thread, reset() with a pipeline; stop() once the HTTP servers have stopped and
/// before the loops do.
/// **Threading**: publish() on the engine's thread; add_shard(), reset() and stop() on the owner's; figures() on any.
/// **Limits**: `inbox_frames` per shard. When a shard's inbox is full the newest frame of each latest-value topic is
/// parked; clients of a lossless topic get `gap` and a fresh snapshot.
class Hub final : public wire::FrameSink {
 public:
  Hub(StreamOptions options, const runtime::Clock& clock, runtime::Metrics& metrics);
  ~Hub() override;

  /// Before the first publish(). The reference lives as long as the hub.
  Shard& add_shard(runtime::EventLoop& loop);
  void publish(std::span<const wire::Frame> frames) override;
  /// What the engine is to encode.
  wire::InterestTable& interest();
  /// Another pipeline: `snapshot` gives its market, its `epoch` names it. Frames of any other epoch are dropped from
  /// here on; channels are resolved anew, clients get `status` and a fresh snapshot. `snapshot` may return null while
  /// the engine has published nothing: clients then wait for its first one.
  void reset(std::function<core::SnapshotPtr()> snapshot);
  StreamFigures figures() const;
  void stop();

 private:
  std::shared_ptr<HubCore> core_;
};

}  // namespace tickspan::stream
