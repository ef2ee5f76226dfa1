#pragma once

#include <memory>

#include "feeds/venue_protocol.hpp"

namespace tickspan::feeds {

/// Bybit v5 spot: `publicTrade` and `orderbook.1`. Reads `tickers` of contracts, too, whose updates hold only what
/// changed.
std::unique_ptr<VenueProtocol> make_bybit();

}  // namespace tickspan::feeds
