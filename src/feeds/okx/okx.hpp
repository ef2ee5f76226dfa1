#pragma once

#include <memory>

#include "feeds/venue_protocol.hpp"

namespace tickspan::feeds {

/// OKX v5, the public channels `trades` and `tickers` of spot pairs.
std::unique_ptr<VenueProtocol> make_okx();

}  // namespace tickspan::feeds
