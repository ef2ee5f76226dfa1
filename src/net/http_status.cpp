#include "net/http_status.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace tickspan::net {
namespace {

constexpr std::int64_t kLongestWaitMs = std::int64_t{7} * 24 * 3600 * 1000;
// Anything above is a point in time, not a number of seconds to wait.
constexpr std::int64_t kUnixSecondsFrom = 1'000'000'000;

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return {};
  return value;
}

std::optional<int> month_of(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto it = std::find(kMonths.begin(), kMonths.end(), name);
  if (it == kMonths.end()) return {};
  return static_cast<int>(it - kMonths.begin()) + 1;
}

// `Sun, 06 Nov 1994 08:49:37 GMT`, by way of RFC 3339.
std::optional<core::Timestamp> parse_fixdate(std::string_view text) {
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT" || text[7] != ' ' || text[11] != ' ')
    return {};
  const auto month = month_of(text.substr(8, 3));
  if (!month) return {};
  std::string iso(text.substr(12, 4));
  iso.append(*month < 10 ? "-0" : "-").append(std::to_string(*month)).append("-").append(text.substr(5, 2));
  iso.append("T").append(text.substr(17, 8)).append("Z");
  return core::parse_rfc3339(iso);
}

// `2026-03-09 03:28:00 +0000`
std::optional<core::Timestamp> parse_spaced_date(std::string_view text) {
  if (text.size() != 25 || text[19] != ' ') return {};
  std::string iso(text.substr(0, 19));
  iso.append(text.substr(20, 3)).append(":").append(text.substr(23));
  return core::parse_rfc3339(iso);
}

std::int64_t wait_of(std::string_view value, core::Timestamp now) {
  if (const auto number = whole_number(value)) {
    if (*number < kUnixSecondsFrom) return std::min(*number * 1000, kLongestWaitMs);
    if (*number > 100 * kUnixSecondsFrom) return 0;
    return std::clamp<std::int64_t>(*number * 1000 - now.ms(), 0, kLongestWaitMs);
  }
  const auto date = parse_http_date(value);
  return date ? std::clamp<std::int64_t>(date->ms() - now.ms(), 0, kLongestWaitMs) : 0;
}

}  // namespace

std::optional<core::Timestamp> parse_http_date(std::string_view text) {
  if (const auto date = parse_fixdate(text)) return date;
  if (const auto date = parse_spaced_date(text)) return date;
  return core::parse_rfc3339(text);
}

std::int64_t retry_after_ms(const Headers& headers, core::Timestamp now) {
  std::int64_t wait = 0;
  for (const char* name : {"Retry-After", "x-ratelimit-reset"}) {
    if (const auto value = headers.find(name)) wait = std::max(wait, wait_of(*value, now));
  }
  return wait;
}

core::Error error_of_status(int status, const Headers& headers, std::string context, core::Timestamp now) {
  core::Error error;
  error.context = std::move(context);
  error.context.append(": HTTP ").append(std::to_string(status)).append(" ").append(reason_phrase(status));
  error.retry_after_ms = retry_after_ms(headers, now);
  if (status == 429 || status == 418)
    error.code = core::ErrorCode::rate_limited;
  else if (status == 401 || status == 403 || status == 451)
    error.code = core::ErrorCode::forbidden;
  else if (status == 404)
    error.code = core::ErrorCode::not_found;
  else if (status >= 400 && status < 500 && status != 408)
    error.code = core::ErrorCode::invalid_argument;
  else
    error.code = core::ErrorCode::unavailable;
  error.retryable = error.code == core::ErrorCode::rate_limited || error.code == core::ErrorCode::unavailable;
  return error;
}

}  // namespace tickspan::net
