#pragma once

// Every path of the API. To add one: write its file beside this one, declare it here, name it in routes.cpp, and
// describe it in api/openapi.yaml; a test fails until all of that is done.

#include <vector>

#include "server/route.hpp"

namespace tickspan::server {

// The seed endpoints.
Route coin_price_route();
Route coin_history_route();
Route top_coins_route();
Route pair_current_route();
Route pair_history_route();
Route cryptos_route();

// /api/v1
Route assets_route();
Route asset_route();
Route prices_route();
Route markets_route();
Route pairs_route();
Route candles_route();
Route gaps_route();
Route takeovers_route();
Route volatility_route();
Route sources_route();
Route status_route();
Route events_route();

// For operators and for people who read.
Route livez_route();
Route readyz_route();
Route healthz_route();
Route metrics_route();
Route openapi_route();
Route docs_route();
Route redoc_route();

std::vector<Route> all_routes();

}  // namespace tickspan::server
