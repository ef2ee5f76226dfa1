#include <gtest/gtest.h>

#include "net/backoff.hpp"
#include "net/circuit_breaker.hpp"

namespace tickspan::net {
namespace {

using namespace std::chrono_literals;
using runtime::ManualClock;

TEST(Backoff, GrowsUpToTheCeilingWithFullJitter) {
  for (std::uint64_t seed = 1; seed < 200; ++seed) {
    Backoff backoff({}, seed);
    core::Duration limit = 1s;
    for (int i = 0; i < 12; ++i) {
      limit = std::min<core::Duration>(limit * 2, 60s);
      const auto delay = backoff.next();
      EXPECT_GE(delay, 1s);
      EXPECT_LE(delay, limit);
    }
  }
}

TEST(Backoff, SpreadsClientsOverTheWholeRange) {
  int early = 0, late = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Backoff backoff({}, seed);
    core::Duration delay{};
    for (int i = 0; i < 10; ++i) delay = backoff.next();
    if (delay < 20s) ++early;
    if (delay > 40s) ++late;
  }
  EXPECT_GT(early, 80);
  EXPECT_GT(late, 80);
}

TEST(Backoff, StartsOverOnlyAfterALastingFlow) {
  ManualClock clock;
  Backoff backoff({}, 7);
  for (int i = 0; i < 8; ++i) backoff.next();
  backoff.on_data(clock.now());
  clock.advance(29s);
  backoff.on_data(clock.now());
  EXPECT_EQ(backoff.attempts(), 8U) << "29 s are not enough";
  backoff.on_break();
  clock.advance(10s);
  backoff.on_data(clock.now());
  EXPECT_EQ(backoff.attempts(), 8U) << "the flow before the break does not count";
  clock.advance(30s);
  backoff.on_data(clock.now());
  EXPECT_EQ(backoff.attempts(), 0U);
}

TEST(Backoff, SameSeedSameDelays) {
  Backoff a({}, 42), b({}, 42);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(a.next(), b.next());
}

TEST(CircuitBreaker, OpensAfterFailuresInARowAndLetsOneTrialThrough) {
  ManualClock clock;
  CircuitBreaker breaker(clock, {3, 30s});
  breaker.failure();
  breaker.failure();
  breaker.success();
  breaker.failure();
  breaker.failure();
  EXPECT_TRUE(breaker.allow()) << "not in a row";
  breaker.failure();
  EXPECT_FALSE(breaker.allow());
  EXPECT_EQ(breaker.wait(), 30s);
  clock.advance(30s);
  EXPECT_TRUE(breaker.allow());
  EXPECT_FALSE(breaker.allow()) << "one trial only";
  breaker.failure();
  EXPECT_FALSE(breaker.allow());
  clock.advance(30s);
  EXPECT_TRUE(breaker.allow());
  breaker.success();
  EXPECT_TRUE(breaker.allow());
  EXPECT_TRUE(breaker.allow());
}

}  // namespace
}  // namespace tickspan::net
