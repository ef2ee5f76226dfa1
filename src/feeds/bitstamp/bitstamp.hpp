#pragma once

#include <memory>

#include "feeds/venue_protocol.hpp"

namespace tickspan::feeds {

/// Bitstamp v2: `live_trades`, and the best prices of `order_book` (there is no ticker channel).
std::unique_ptr<VenueProtocol> make_bitstamp();

}  // namespace tickspan::feeds
