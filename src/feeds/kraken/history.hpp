#pragma once

#include <memory>

#include "feeds/venue_history.hpp"

namespace tickspan::feeds {

/// `Trades` by time, of any age; `OHLC`, of which there are the newest 720 only.
std::unique_ptr<VenueHistory> make_kraken_history();

}  // namespace tickspan::feeds
