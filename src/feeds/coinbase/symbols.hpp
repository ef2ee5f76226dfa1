#pragma once

#include <string_view>
#include <vector>

#include "core/market_data.hpp"
#include "core/result.hpp"

namespace tickspan::feeds::coinbase {

/// `/products`: every product with both currencies; trading where it is online and matches orders.
core::Result<std::vector<core::ListedPair>> decode_products(std::string_view body);

}  // namespace tickspan::feeds::coinbase
