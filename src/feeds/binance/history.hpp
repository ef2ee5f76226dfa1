#pragma once

#include <memory>

#include "feeds/venue_history.hpp"

namespace tickspan::feeds {

/// `aggTrades` by time, then by id; `klines`.
std::unique_ptr<VenueHistory> make_binance_history();
std::unique_ptr<VenueHistory> make_binance_us_history();

}  // namespace tickspan::feeds
