#pragma once

#include <array>
#include <string_view>

#include "feeds/json_rows.hpp"

namespace tickspan::feeds::okx {

/// `{"code":"0","msg":"","data":[…]}`, with HTTP status 200 whatever the code.
inline constexpr std::array<std::string_view, 1> kPath = {"data"};

inline core::ErrorCode meaning_of(std::string_view code) {
  if (code == "50011" || code == "50061") return core::ErrorCode::rate_limited;
  if (code == "51001") return core::ErrorCode::not_found;  // no such instrument
  return core::ErrorCode::unavailable;
}

inline constexpr RowPlace kAnswer{kPath, "code", "msg", "0", meaning_of};

}  // namespace tickspan::feeds::okx
