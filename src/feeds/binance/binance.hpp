#pragma once

#include <memory>

#include "feeds/venue_protocol.hpp"

namespace tickspan::feeds {

/// Binance spot: combined streams of `trade` and `bookTicker`.
std::unique_ptr<VenueProtocol> make_binance();
/// Binance.US: the same protocol at hosts of its own. A market of its own, too (other books, other trade ids, pairs in
/// USD), so it is a venue and not an alternate host of the first.
std::unique_ptr<VenueProtocol> make_binance_us();

}  // namespace tickspan::feeds
