#pragma once

#include <cstdint>

/// Of the streams. 4000-4499: come back; 4500-4999: do not. 4000 `shutdown` and 4501 `unauthorized` are the server's.
namespace tickspan::stream::close_code {
inline constexpr std::uint16_t kSlow = 4008, kNoPong = 4009, kBadRequest = 4500, kLimit = 4502;
}  // namespace tickspan::stream::close_code
