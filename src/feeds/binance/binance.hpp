#pragma once

#include <memory>

#include "feeds/venue_protocol.hpp"

namespace tickspan::feeds {

/// Binance spot: combined streams of `trade` and `bookTicker`.
std::unique_ptr<VenueProtocol> make_binance();

}  // namespace tickspan::feeds
