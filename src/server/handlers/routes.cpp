#include "server/handlers/routes.hpp"

namespace tickspan::server {

std::vector<Route> all_routes() {
  return {coin_price_route(), coin_history_route(), top_coins_route(), pair_current_route(), pair_history_route(),
          cryptos_route(),    assets_route(),       asset_route(),     prices_route(),       markets_route(),
          pairs_route(),      candles_route(),      gaps_route(),      takeovers_route(),    volatility_route(),
          sources_route(),    status_route(),       events_route(),    livez_route(),        readyz_route(),
          healthz_route(),    metrics_route(),      openapi_route(),   docs_route(),         redoc_route()};
}

}  // namespace tickspan::server
