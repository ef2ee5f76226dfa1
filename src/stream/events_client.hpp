#pragma once

#include <memory>

#include "net/http_server.hpp"
#include "stream/client.hpp"

namespace tickspan::stream {

/// A client of `GET /api/v1/events` (server-sent events). Every event's id is `epoch:position`, the newest position
/// sent on it. A client that comes back with `Last-Event-ID` gets fresh snapshots, and first an event `resumed` that
/// says whether anything can have been missed.
/// **Ownership**: the stream's callbacks, until the connection is gone.
class EventsClient final : public Client, public std::enable_shared_from_this<EventsClient> {
 public:
  EventsClient(std::shared_ptr<ShardImpl> shard, std::vector<wire::Topic> topics,
               std::shared_ptr<net::HttpServer::ResponseStream> stream);

  void start(std::string_view last_event_id);
  void push(const wire::Topic& topic, std::string_view type, std::uint64_t seq, std::string_view json) override;
  void on_tick() override;
  void on_pipeline(const core::SnapshotPtr& snapshot, std::span<const NamedSubscription> old) override;

 private:
  void write(Batch& batch, std::span<const std::uint32_t> frames) override;
  void write(std::span<const wire::Frame> frames) override;
  void append(std::string& out, const wire::Topic& topic, std::string_view type, std::uint64_t seq,
              std::string_view json);
  void send(std::string bytes);
  void subscribe_all();
  void gone();

  std::vector<wire::Topic> topics_;
  std::vector<std::string> names_;
  std::shared_ptr<net::HttpServer::ResponseStream> stream_;
  std::string epoch_;
  std::uint64_t position_ = 0;
  SteadyTime last_sent_{};
  bool closed_ = false;
};

}  // namespace tickspan::stream
