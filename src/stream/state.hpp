#pragma once

#include <span>
#include <string>

#include "core/snapshot.hpp"
#include "wire/frame.hpp"

namespace tickspan::stream {

/// The `data` of a snapshot of a latest-value channel: the row, `null` where it has no price, an array for a wildcard.
std::string state_data(const wire::Topic& topic, const core::MarketSnapshot& snapshot);

/// The `data` of a snapshot of a lossless channel: an array of the newest messages' data; of candles the newest only.
std::string recent_data(const wire::Topic& topic, std::span<const wire::Frame> frames);

/// The `data` part of a stream message, as it stands in its text.
std::string_view data_of(std::string_view message);

}  // namespace tickspan::stream
