#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/time.hpp"
#include "net/http_message.hpp"

namespace tickspan::net {

/// The time an HTTP server means: IMF-fixdate (`Sun, 06 Nov 1994 08:49:37 GMT`), RFC 3339, or `2026-03-09 03:28:00
/// +0000`.
std::optional<core::Timestamp> parse_http_date(std::string_view text);

/// How long the peer wants us to wait: the longest of Retry-After (seconds or a date) and x-ratelimit-reset (a date or
/// Unix seconds). Milliseconds, at most a week; 0 when it says nothing or the time has passed.
std::int64_t retry_after_ms(const Headers& headers, core::Timestamp now);

/// What a status that isn't a success means to a caller: 429 and 418 rate_limited, 401, 403 and 451 forbidden, 404
/// not_found, other 4xx invalid_argument, the rest unavailable; with the wait that the peer asked for.
core::Error error_of_status(int status, const Headers& headers, std::string context, core::Timestamp now);

}  // namespace tickspan::net
