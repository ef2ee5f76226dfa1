#pragma once

#include <string_view>
#include <vector>

#include "core/market_data.hpp"
#include "core/result.hpp"

namespace tickspan::feeds::kraken {

/// `AssetPairs`: every currency pair that has a WebSocket name, spelled as v2 does (`BTC/USD`, `DOGE/EUR`); trading
/// where its status is `online` or, in older answers, not given.
core::Result<std::vector<core::ListedPair>> decode_asset_pairs(std::string_view body);

}  // namespace tickspan::feeds::kraken
