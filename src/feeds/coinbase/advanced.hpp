#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/market_data.hpp"
#include "core/result.hpp"

namespace tickspan::feeds::coinbase {

/// Messages of the Advanced Trade protocol: channels `market_trades`, `ticker` and `heartbeats`, one channel a message.
/// `type`: `subscribe` or `unsubscribe`. Heartbeats, which belong to no product and keep the channels open, are asked
/// for only.
std::vector<std::string> advanced_messages(std::string_view type, std::span<const std::string> symbols,
                                           std::size_t per_message);

/// `/api/v3/brokerage/market/products`: every spot product with both currencies. One that is another name of the same
/// book (BTC-USDC of BTC-USD) counts as not trading: its data carry the other name.
core::Result<std::vector<core::ListedPair>> decode_advanced_products(std::string_view body);

}  // namespace tickspan::feeds::coinbase
