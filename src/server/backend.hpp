#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/feed_event.hpp"
#include "core/snapshot.hpp"
#include "net/upstream.hpp"
#include "runtime/metrics.hpp"
#include "storage/history_service.hpp"

namespace tickspan::server {

/// One running pipeline (feeds, engine, store) as the server sees it. The app swaps the whole of it when it goes over
/// from the simulated market to the real one, so a handler takes it once per request.
/// **Threading**: every member may be called from any thread.
struct Backend {
  core::Origin origin = core::Origin::real;
  std::function<core::SnapshotPtr()> snapshot;
  storage::HistoryService* history = nullptr;
  storage::StoreInfo store_info;
  /// The pipeline's own metrics; /metrics answers the server's and these.
  const runtime::Metrics* metrics = nullptr;
  /// Past points from the aggregator; empty where there is none. `done` may run on any thread.
  std::function<void(std::string asset_id, int days,
                     std::function<void(core::Result<std::vector<core::MarketPoint>>)> done)>
      fetch_chart;
  core::VenueId chart_source;  ///< whose points those are
  struct FeedInfo {
    core::VenueId venue;
    const core::FeedCounters* counters = nullptr;
  };
  std::vector<FeedInfo> feeds;
  /// The hosts that sources use, their breakers and budgets; empty where there are none.
  std::function<std::vector<net::UpstreamView>()> upstreams;
  /// Why the simulated market is served, empty otherwise. Shown by the dashboard's banner.
  std::string notice;
  /// Keeps everything above alive.
  std::shared_ptr<void> owner;
};
using BackendPtr = std::shared_ptr<const Backend>;

}  // namespace tickspan::server
