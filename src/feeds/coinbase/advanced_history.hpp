#pragma once

#include <memory>

#include "feeds/venue_history.hpp"

namespace tickspan::feeds::coinbase {

/// The public REST service of Advanced Trade: `ticker` (trades, newest first, by time), `candles` in windows of 300.
std::unique_ptr<VenueHistory> make_advanced_history();

}  // namespace tickspan::feeds::coinbase
