#pragma once

#include <functional>
#include <memory>

#include "runtime/clock.hpp"
#include "runtime/metrics.hpp"
#include "server/chart_fetcher.hpp"
#include "server/ui_bundle.hpp"
#include "server/volatility_board.hpp"
#include "server/web_loop.hpp"
#include "stream/hub.hpp"

namespace tickspan::server {

/// What handlers may use besides the request and its snapshot. One per web thread.
struct Services {
  const runtime::Clock& clock;
  const runtime::Metrics& metrics;
  std::shared_ptr<WebLoop> loop;
  std::shared_ptr<ChartFetcher> charts;
  std::shared_ptr<VolatilityBoard> volatility;
  const UiBundle& ui;
  std::function<stream::StreamFigures()> stream;
  std::function<core::Status(const net::HttpRequest&)>
      check_events;  ///< what is wrong with a request for server-sent events
  core::Timestamp started_at;
  bool serve_ui = true;
};

}  // namespace tickspan::server
