#pragma once

#include "stream/socket_client.hpp"

namespace tickspan::stream {

/// A client of `WS /ws`: one small message per asset and change, at least every heartbeat.
class TicksSession final : public SocketClient {
 public:
  TicksSession(std::shared_ptr<ShardImpl> shard, const core::Catalogue& catalogue,
               const std::vector<core::AssetId>& assets);

  void push(const wire::Topic&, std::string_view, std::uint64_t, std::string_view) override {}
  void on_pipeline(const core::SnapshotPtr& snapshot, std::span<const NamedSubscription> old) override;

 private:
  struct Asset {
    std::string text_id;  ///< names it in the next pipeline, too
    std::string label;    ///< `BTC`
    core::AssetId id;
    SteadyTime sent_at{};
  };
  void greet() override;
  void handle_tick() override;
  void write(Batch& batch, std::span<const std::uint32_t> frames) override;
  void write(std::span<const wire::Frame> frames) override;
  void write_round(Batch& batch, Group& group) override { write(batch, group.frames()); }
  void listen(const core::MarketSnapshot& snapshot);
  void send_asset(Asset& asset, const core::MarketSnapshot& snapshot);
  void send_frame(const wire::Frame& frame, const core::MarketSnapshot& snapshot);

  std::vector<Asset> assets_;
  core::AssetId usd_;
};

}  // namespace tickspan::stream
