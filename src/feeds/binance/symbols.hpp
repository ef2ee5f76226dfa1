#pragma once

#include <string_view>
#include <vector>

#include "core/market_data.hpp"
#include "core/result.hpp"

namespace tickspan::feeds::binance {

/// `exchangeInfo`: every symbol with both assets; trading where its status says so and spot trading is allowed.
core::Result<std::vector<core::ListedPair>> decode_exchange_info(std::string_view body);

}  // namespace tickspan::feeds::binance
