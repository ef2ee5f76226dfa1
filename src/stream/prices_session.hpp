#pragma once

#include "stream/parameters.hpp"
#include "stream/socket_client.hpp"

namespace tickspan::stream {

/// A client of `WS /ws/prices`: the list of the top coins at once, then every few seconds.
class PricesSession final : public SocketClient {
 public:
  PricesSession(std::shared_ptr<ShardImpl> shard, PricesParameters parameters)
      : SocketClient(std::move(shard)), parameters_(std::move(parameters)) {}

  void push(const wire::Topic&, std::string_view, std::uint64_t, std::string_view) override {}
  void on_pipeline(const core::SnapshotPtr& snapshot, std::span<const NamedSubscription> old) override;

 private:
  void greet() override;
  void handle_tick() override;
  void send_list(const core::MarketSnapshot& snapshot);

  PricesParameters parameters_;
  SteadyTime due_{};
};

}  // namespace tickspan::stream
