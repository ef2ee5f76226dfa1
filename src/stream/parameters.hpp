#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/snapshot.hpp"
#include "net/http_message.hpp"
#include "wire/topic.hpp"

namespace tickspan::stream {

/// `/ws/prices?currency=usd&limit=20&interval=5`
struct PricesParameters {
  std::string currency = "usd";
  std::size_t limit = 20;  ///< 1..250
  int interval_s = 5;      ///< 1..60
};
core::Result<PricesParameters> read_prices_parameters(const net::HttpRequest& request,
                                                      const core::Catalogue& catalogue);

/// `/ws?assets=BTC,ETH`: the assets, each once.
core::Result<std::vector<core::AssetId>> read_ticks_parameters(const net::HttpRequest& request,
                                                               const core::Catalogue& catalogue);

/// `/api/v1/events?channels=price:btc/usd,ticker:*`
core::Result<std::vector<wire::Topic>> read_events_parameters(const net::HttpRequest& request,
                                                              const core::Catalogue& catalogue,
                                                              std::size_t max_channels,
                                                              std::uint32_t bench_channels = 0);

}  // namespace tickspan::stream
