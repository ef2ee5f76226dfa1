#pragma once

#include <memory>

#include "feeds/venue_history.hpp"

namespace tickspan::feeds {

/// `kline`; of trades only the newest 60 can be had (`recent-trade`).
std::unique_ptr<VenueHistory> make_bybit_history();

}  // namespace tickspan::feeds
