#pragma once

#include <memory>

#include "feeds/venue_history.hpp"

namespace tickspan::feeds {

/// `history-trades` backwards from the end of the range, by time and then by id; `history-candles`.
std::unique_ptr<VenueHistory> make_okx_history();

}  // namespace tickspan::feeds
