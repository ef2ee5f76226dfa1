#pragma once

#include <array>
#include <string_view>

#include "feeds/json_rows.hpp"

namespace tickspan::feeds::bybit {

/// `{"retCode":0,"retMsg":"OK","result":{"list":[…]}}`, with HTTP status 200 whatever the code.
inline constexpr std::array<std::string_view, 2> kPath = {"result", "list"};

inline core::ErrorCode meaning_of(std::string_view code) {
  if (code == "10006" || code == "10018") return core::ErrorCode::rate_limited;
  if (code == "10001") return core::ErrorCode::not_found;  // a parameter, which of ours can only be the symbol
  return core::ErrorCode::unavailable;
}

inline constexpr RowPlace kAnswer{kPath, "retCode", "retMsg", "0", meaning_of};

/// The id of a trade: a number on spot, a UUID on contracts. Of a UUID the halves are folded into 63 bits: enough to
/// tell trades of one pair apart. False when it is neither.
bool read_trade_id(std::string_view text, std::uint64_t& out);

}  // namespace tickspan::feeds::bybit
