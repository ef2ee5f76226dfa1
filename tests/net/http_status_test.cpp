#include "net/http_status.hpp"

#include <gtest/gtest.h>

namespace tickspan::net {
namespace {

const core::Timestamp kNow = *core::parse_rfc3339("2026-03-09T03:27:30Z");

Headers with(std::string name, std::string value) {
  Headers headers;
  headers.add(std::move(name), std::move(value));
  return headers;
}

TEST(HttpStatus, ReadsDatesOfEveryForm) {
  EXPECT_EQ(parse_http_date("Mon, 09 Mar 2026 03:28:00 GMT"), core::parse_rfc3339("2026-03-09T03:28:00Z"));
  EXPECT_EQ(parse_http_date("2026-03-09 03:28:00 +0000"), core::parse_rfc3339("2026-03-09T03:28:00Z"));
  EXPECT_EQ(parse_http_date("2026-03-09T03:28:00Z"), core::parse_rfc3339("2026-03-09T03:28:00Z"));
  for (const char* bad : {"", "soon", "Mon, 09 Foo 2026 03:28:00 GMT", "Mon, 99 Mar 2026 03:28:00 GMT"})
    EXPECT_FALSE(parse_http_date(bad)) << bad;
}

TEST(HttpStatus, RetryAfterInSecondsAndAsDate) {
  EXPECT_EQ(retry_after_ms(with("retry-after", "7"), kNow), 7000);
  EXPECT_EQ(retry_after_ms(with("Retry-After", "Mon, 09 Mar 2026 03:28:00 GMT"), kNow), 30'000);
  EXPECT_EQ(retry_after_ms(with("Retry-After", "Mon, 09 Mar 2026 03:00:00 GMT"), kNow), 0);
  EXPECT_EQ(retry_after_ms(with("Retry-After", "-5"), kNow), 0);
  EXPECT_EQ(retry_after_ms(with("Retry-After", "99999999"), kNow), 7 * 86'400'000LL) << "no longer than a week";
  EXPECT_EQ(retry_after_ms({}, kNow), 0);
}

TEST(HttpStatus, TheLongestWaitCounts) {
  Headers headers = with("Retry-After", "0");
  headers.add("x-ratelimit-reset", "2026-03-09 03:28:00 +0000");
  EXPECT_EQ(retry_after_ms(headers, kNow), 30'000);
  EXPECT_EQ(retry_after_ms(with("x-ratelimit-reset", std::to_string(kNow.seconds() + 12)), kNow), 12'000);
}

TEST(HttpStatus, SaysWhatAStatusMeans) {
  const auto code = [](int status) { return error_of_status(status, {}, "x", kNow).code; };
  EXPECT_EQ(code(429), core::ErrorCode::rate_limited);
  EXPECT_EQ(code(418), core::ErrorCode::rate_limited);
  EXPECT_EQ(code(451), core::ErrorCode::forbidden);
  EXPECT_EQ(code(403), core::ErrorCode::forbidden);
  EXPECT_EQ(code(404), core::ErrorCode::not_found);
  EXPECT_EQ(code(400), core::ErrorCode::invalid_argument);
  EXPECT_EQ(code(503), core::ErrorCode::unavailable);
  const auto error = error_of_status(429, with("Retry-After", "3"), "list", kNow);
  EXPECT_EQ(error.retry_after_ms, 3000);
  EXPECT_TRUE(error.retryable);
  EXPECT_EQ(error.context, "list: HTTP 429 Too Many Requests");
  EXPECT_FALSE(error_of_status(451, {}, "x", kNow).retryable);
}

}  // namespace
}  // namespace tickspan::net
