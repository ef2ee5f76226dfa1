#include "net/quota.hpp"

#include <gtest/gtest.h>

namespace tickspan::net {
namespace {

using namespace std::chrono_literals;

const core::Timestamp kNow = *core::parse_rfc3339("2026-06-01T12:00:10Z");

std::optional<Quota> read(std::initializer_list<std::pair<const char*, const char*>> fields, QuotaRules rules = {}) {
  Headers headers;
  for (const auto& [name, value] : fields) headers.add(name, value);
  return parse_quota(headers, kNow, rules);
}

TEST(Quota, NothingIsSaidByOtherHeaders) {
  EXPECT_FALSE(read({}));
  EXPECT_FALSE(read({{"Retry-After", "7"}, {"X-RateLimit-Limit", "100"}, {"X-MBX-USED-WEIGHT-1M", "17"}}));
}

TEST(Quota, TheCommonThreeInTheirManySpellings) {
  for (const char* reset : {"30", "1780315240", "1780315240000", "2026-06-01T12:00:40Z", "2026-06-01T12:00:40.0000000Z",
                            "2026-06-01 12:00:40 +0000", "Mon, 01 Jun 2026 12:00:40 GMT"}) {
    const auto quota =
        read({{"x-ratelimit-limit", "100"}, {"X-RateLimit-Remaining", "7"}, {"x-ratelimit-reset", reset}});
    ASSERT_TRUE(quota) << reset;
    EXPECT_EQ(quota->limit, 100);
    EXPECT_EQ(quota->remaining, 7);
    EXPECT_EQ(quota->reset_at, kNow + 30s) << reset;
  }
  const auto bare = read({{"RateLimit-Remaining", " 3 "}});
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->remaining, 3);
  EXPECT_EQ(bare->limit, 0);
  EXPECT_FALSE(bare->reset_at.is_set());
  EXPECT_EQ(read({{"RateLimit-Limit", "100, 100;w=60"}, {"RateLimit-Remaining", "1"}})->limit, 100);
}

TEST(Quota, TheOneFieldOfTheDrafts) {
  const auto old = read({{"RateLimit", "limit=100, remaining=50, reset=5"}});
  ASSERT_TRUE(old);
  EXPECT_EQ(old->remaining, 50);
  EXPECT_EQ(old->limit, 100);
  EXPECT_EQ(old->reset_at, kNow + 5s);
  const auto young = read({{"RateLimit", "\"default\";r=20;t=9"}, {"RateLimit-Policy", "\"default\";q=60;w=60"}});
  ASSERT_TRUE(young);
  EXPECT_EQ(young->remaining, 20);
  EXPECT_EQ(young->limit, 60);
  EXPECT_EQ(young->reset_at, kNow + 9s);
}

TEST(Quota, TheScarcestOfSeveralCounts) {
  EXPECT_EQ(read({{"X-RateLimit-Remaining", "90"}, {"X-RateLimit-Quota-Remaining", "4"}})->remaining, 4);
  EXPECT_EQ(read({{"X-RateLimit-Remaining", "3"}, {"X-RateLimit-Quota-Remaining", "400"}})->remaining, 3);
  EXPECT_EQ(read({{"X-RateLimit-Remaining", "90"},
                  {"X-RateLimit-Quota-Remaining", "0"},
                  {"X-RateLimit-Quota-Overage", "ENABLED"}})
                ->remaining,
            90);
}

TEST(Quota, WeightsAreCountedByTheMinuteOfTheClock) {
  const auto quota = read({{"X-MBX-USED-WEIGHT-1M", "5400"}}, {6000});
  ASSERT_TRUE(quota);
  EXPECT_EQ(quota->remaining, 600);
  EXPECT_EQ(quota->limit, 6000);
  EXPECT_EQ(quota->reset_at, kNow + 50s);
  EXPECT_EQ(read({{"x-mbx-used-weight-1m", "7000"}}, {6000})->remaining, 0) << "never less than nothing";
}

TEST(Quota, WhatMakesNoSenseIsNotHeard) {
  for (const char* value : {"", " ", "-1", "many", "1e300", "nan", "inf", "0x10", "99999999999999999999", "7 apples"}) {
    EXPECT_FALSE(read({{"X-RateLimit-Remaining", value}})) << value;
    EXPECT_FALSE(read({{"X-MBX-USED-WEIGHT-1M", value}}, {6000})) << value;
  }
  for (const char* value : {"", "r", "r=", "=5", ";;;,,,", "remaining=x", "\"r=5", "r=-1"})
    EXPECT_FALSE(read({{"RateLimit", value}})) << value;
  for (const char* reset : {"soon", "-5", "2026-13-01T00:00:00Z", ""}) {
    const auto quota = read({{"X-RateLimit-Remaining", "5"}, {"X-RateLimit-Reset", reset}});
    ASSERT_TRUE(quota);
    EXPECT_FALSE(quota->reset_at.is_set()) << reset;
  }
  const auto far = read({{"X-RateLimit-Remaining", "5"}, {"X-RateLimit-Reset", "999999999"}});
  EXPECT_LE(far->reset_at - kNow, 31 * 24h) << "no longer than a month";
  EXPECT_EQ(read({{"X-RateLimit-Remaining", "5"}, {"X-RateLimit-Reset", "1700000000"}})->reset_at, kNow) << "past";
}

}  // namespace
}  // namespace tickspan::net
