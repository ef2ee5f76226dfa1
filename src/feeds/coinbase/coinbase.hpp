#pragma once

#include <memory>

#include "feeds/venue_protocol.hpp"

namespace tickspan::feeds {

/// Coinbase Exchange: channels `matches`, `ticker` and `heartbeat`.
std::unique_ptr<VenueProtocol> make_coinbase();

}  // namespace tickspan::feeds
