#pragma once

#include <memory>

#include "feeds/venue_history.hpp"

namespace tickspan::feeds {

/// `ohlc`; of trades only the last hour can be had (`transactions`; a day of a busy pair would be megabytes).
std::unique_ptr<VenueHistory> make_bitstamp_history();

}  // namespace tickspan::feeds
