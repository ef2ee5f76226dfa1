#pragma once

#include <memory>

#include "feeds/venue_history.hpp"

namespace tickspan::feeds {

/// `trades` back from the newest; `candles` in windows of 300.
std::unique_ptr<VenueHistory> make_coinbase_history();

}  // namespace tickspan::feeds
