#pragma once

#include <memory>

#include "feeds/venue_protocol.hpp"

namespace tickspan::feeds {

/// Coinbase: its Exchange protocol (channels `matches`, `ticker` and `heartbeat`) at the first host, the Advanced Trade
/// protocol (`market_trades`, `ticker`, `heartbeats`; dialect `advanced`) at the second.
std::unique_ptr<VenueProtocol> make_coinbase();

}  // namespace tickspan::feeds
