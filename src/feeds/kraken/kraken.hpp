#pragma once

#include <memory>

#include "feeds/venue_protocol.hpp"

namespace tickspan::feeds {

/// Kraken v2: channels `trade` and `ticker`; frames of v1 are refused by name.
std::unique_ptr<VenueProtocol> make_kraken();

}  // namespace tickspan::feeds
