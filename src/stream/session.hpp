#pragma once

#include "stream/request.hpp"
#include "stream/socket_client.hpp"

namespace tickspan::stream {

/// A client of `WS /api/v1/stream`.
class Session final : public SocketClient {
 public:
  explicit Session(std::shared_ptr<ShardImpl> shard) : SocketClient(std::move(shard)) {}

  void push(const wire::Topic& topic, std::string_view type, std::uint64_t seq, std::string_view json) override;
  void push_shared(const wire::Topic& topic, std::uint64_t seq, SharedMessage& message) override;
  void on_pipeline(const core::SnapshotPtr& snapshot, std::span<const NamedSubscription> old) override;

 private:
  struct Asked;

  void greet() override;
  void handle_message(std::string_view text) override;
  void handle_tick() override;
  std::string heartbeat() const override;
  void offence(const Request& request);
  void refuse(const Request& request, std::string_view code, std::string_view message);
  void subscribe(const Request& request);
  void answer_subscribe(const Request& request, const core::MarketSnapshot& snapshot, std::vector<Asked>& asked);
  void unsubscribe(const Request& request);

  std::size_t offences_ = 0;
  SteadyTime quiet_since_{};  // no message, and no subscription, after this
};

}  // namespace tickspan::stream
