#include "net/upstream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/log.hpp"

namespace tickspan::net {
namespace {

using namespace std::chrono_literals;
using core::ErrorCode;
using runtime::ManualClock;
using testing::HasSubstr;
using testing::Not;

const std::string kUrl = "https://api.example.org";

class UpstreamTest : public testing::Test {
 protected:
  core::Result<HttpResponse> status(int code, std::initializer_list<std::pair<const char*, const char*>> headers = {}) {
    HttpResponse response;
    response.status = code;
    for (const auto& [name, value] : headers) response.headers.add(name, value);
    return response;
  }
  core::Result<HttpResponse> no_connection(ErrorCode code = ErrorCode::unavailable) {
    return core::fail(code, "cannot connect to api.example.org: refused", true);
  }
  void fail(Upstream& upstream, int times) {
    for (int i = 0; i < times; ++i) {
      ASSERT_TRUE(upstream.admit());
      upstream.answered(no_connection());
    }
  }
  UpstreamView view(std::size_t i = 0) { return desk_.views().at(i); }

  ManualClock clock_;
  runtime::Metrics metrics_;
  UpstreamDesk desk_{clock_, {{3, 5s, 20s}, 30min, 1, 1}, &metrics_};
};

TEST(UpstreamHost, IsTheAddressWithoutSchemeQueryOrSecrets) {
  EXPECT_EQ(upstream_host("https://api.kraken.com"), "api.kraken.com");
  EXPECT_EQ(upstream_host("https://api.kraken.com:443/"), "api.kraken.com");
  EXPECT_EQ(upstream_host("wss://stream.binance.com:9443"), "stream.binance.com:9443");
  EXPECT_EQ(upstream_host("http://127.0.0.1:8100/kraken/"), "127.0.0.1:8100/kraken");
  EXPECT_EQ(upstream_host("https://a.example/v1?apikey=secret"), "a.example/v1");
  EXPECT_THAT(upstream_host("https://user:secret@a.example/v1"), Not(HasSubstr("secret")));
  EXPECT_THAT(upstream_host("secret"), Not(HasSubstr("secret")));
}

TEST_F(UpstreamTest, OneForEachAddressAndKey) {
  Upstream& one = desk_.rest("venue", kUrl);
  EXPECT_EQ(&one, &desk_.rest("venue", kUrl + "/"));
  EXPECT_NE(&one, &desk_.rest("venue", kUrl, {}, "key"));
  EXPECT_NE(&one, &desk_.rest("venue", "https://b.example.org"));
  EXPECT_NE(&one, &desk_.stream("venue", "wss://api.example.org"));
  EXPECT_EQ(desk_.views().size(), 4U);
}

TEST_F(UpstreamTest, AllUsersOfAHostShareItsBreakerWhateverTheirKeys) {
  Upstream& polls = desk_.rest("venue", kUrl);
  Upstream& charts = desk_.rest("venue", kUrl, {}, "key");
  fail(polls, 3);
  const auto refused = charts.admit(CallClass::chart);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_TRUE(refused.error().retryable);
  EXPECT_EQ(refused.error().retry_after_ms, 5000);
  EXPECT_THAT(refused.error().context, HasSubstr("api.example.org failed 3 times in a row"));
  EXPECT_TRUE(desk_.rest("venue", "https://b.example.org").admit()) << "another host is another matter";
}

TEST_F(UpstreamTest, GoesFromClosedOverOpenAndHalfOpenBackToClosed) {
  Upstream& upstream = desk_.rest("venue", kUrl);
  EXPECT_EQ(view().breaker, BreakerState::closed);
  const core::Timestamp opened = clock_.now();
  fail(upstream, 3);
  EXPECT_EQ(view().breaker, BreakerState::open);
  EXPECT_EQ(view().since, opened);
  EXPECT_EQ(view().failures, 3U);
  EXPECT_EQ(view().retry_at, opened + 5s);
  EXPECT_THAT(view().reason, HasSubstr("refused"));
  clock_.advance(5s);
  ASSERT_TRUE(upstream.admit());
  EXPECT_EQ(view().breaker, BreakerState::half_open);
  EXPECT_FALSE(upstream.admit()) << "one trial at a time";
  upstream.answered(status(200));
  EXPECT_EQ(view().breaker, BreakerState::closed);
  EXPECT_EQ(view().failures, 0U);
  EXPECT_EQ(view().reason, "");
  EXPECT_FALSE(view().retry_at.is_set());
  EXPECT_TRUE(upstream.admit());
}

TEST_F(UpstreamTest, TrialsThatFailComeLessAndLessOften) {
  Upstream& upstream = desk_.rest("venue", kUrl);
  fail(upstream, 3);
  for (const auto pause : {5s, 10s, 20s, 20s}) {
    EXPECT_EQ(upstream.wait(), pause);
    clock_.advance(pause);
    fail(upstream, 1);
  }
  clock_.advance(20s);
  ASSERT_TRUE(upstream.admit());
  upstream.answered(status(204));
  fail(upstream, 3);
  EXPECT_EQ(upstream.wait(), 5s) << "all over again";
}

TEST_F(UpstreamTest, CallsThatWereUnderWayDoNotMakeThePauseLonger) {
  Upstream& upstream = desk_.rest("venue", kUrl);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(upstream.admit());
  for (int i = 0; i < 10; ++i) upstream.answered(no_connection());
  EXPECT_EQ(upstream.wait(), 5s);
}

TEST_F(UpstreamTest, ATrialThatIsCancelledLeavesItsPlaceToTheNext) {
  Upstream& upstream = desk_.rest("venue", kUrl);
  fail(upstream, 3);
  clock_.advance(5s);
  ASSERT_TRUE(upstream.admit());
  upstream.answered(no_connection(ErrorCode::cancelled));
  EXPECT_EQ(view().breaker, BreakerState::open);
  EXPECT_TRUE(upstream.admit());
}

TEST_F(UpstreamTest, OnlyOutagesCount) {
  Upstream& upstream = desk_.rest("venue", kUrl);
  for (const int code : {200, 304, 400, 401, 404, 429, 550}) {
    clock_.advance(5min);
    fail(upstream, 2);
    ASSERT_TRUE(upstream.admit());
    upstream.answered(status(code));
    EXPECT_EQ(view().failures, 0U) << code;
  }
  for (const int code : {500, 502, 503, 504, 408}) {
    ASSERT_TRUE(upstream.admit());
    upstream.answered(status(code));
    EXPECT_EQ(view().failures, 1U) << code;
    upstream.answered(status(200));
  }
}

TEST_F(UpstreamTest, ARefusalOpensAtOnceAndForLong) {
  for (const int code : {403, 451}) {
    Upstream& upstream = desk_.rest("venue", "https://refuses-" + std::to_string(code));
    ASSERT_TRUE(upstream.admit());
    EXPECT_EQ(upstream.answered(status(code)), 0s);
    EXPECT_FALSE(upstream.admit());
    EXPECT_EQ(upstream.wait(), 30min);
    clock_.advance(30min);
    ASSERT_TRUE(upstream.admit());
    upstream.answered(no_connection());
    EXPECT_GE(upstream.wait(), 5s) << "a trial that fails opens again, however few failures there were";
    clock_.advance(20s);
    ASSERT_TRUE(upstream.admit());
    upstream.answered(status(200));
    EXPECT_TRUE(upstream.admit());
  }
}

TEST_F(UpstreamTest, ThrottlingPausesAllUsersOfTheKeyAndNotTheHost) {
  Upstream& upstream = desk_.rest("venue", kUrl, {}, "key");
  Upstream& other = desk_.rest("venue", kUrl, {}, "other");
  EXPECT_EQ(upstream.answered(status(429, {{"Retry-After", "17"}})), 17s);
  const auto refused = desk_.rest("venue", kUrl, {}, "key").admit();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::rate_limited);
  EXPECT_EQ(refused.error().retry_after_ms, 17'000);
  EXPECT_EQ(view().breaker, BreakerState::closed);
  EXPECT_EQ(view().budget->paused_until, clock_.now() + 17s);
  EXPECT_TRUE(other.admit());
  clock_.advance(17s);
  EXPECT_TRUE(upstream.admit());
}

TEST_F(UpstreamTest, ThrottlingWithoutAWordIsAnsweredByLongerAndLongerPauses) {
  UpstreamRules rules;
  rules.throttle = {10s, 90s, 30s};
  Upstream& upstream = desk_.rest("venue", kUrl, rules);
  core::Duration longest{};
  for (int i = 0; i < 20; ++i) {
    const core::Duration pause = upstream.answered(status(418, {{"Retry-After", "0"}}));
    EXPECT_GE(pause, 10s);
    EXPECT_LE(pause, 90s);
    longest = std::max(longest, pause);
    EXPECT_EQ(upstream.wait(), pause);
    clock_.advance(pause);
  }
  EXPECT_GT(longest, 30s);
  upstream.answered(status(200));
  EXPECT_LE(upstream.throttled({}), 20s) << "an answer starts them over";
  EXPECT_EQ(upstream.throttled(100s), 100s);
}

TEST_F(UpstreamTest, AnEndOfTheWindowIsObeyedForAnHourAtMostARetryAfterInFull) {
  Upstream& upstream = desk_.rest("venue", kUrl);
  const std::string tomorrow = core::to_rfc3339(clock_.now() + 24h);
  EXPECT_EQ(upstream.answered(status(429, {{"X-RateLimit-Reset", tomorrow.c_str()}})), 1h);
  EXPECT_EQ(upstream.answered(status(418, {{"Retry-After", "86400"}})), 24h);
}

TEST_F(UpstreamTest, AnOutageThatNamesItsEndPausesToo) {
  Upstream& upstream = desk_.rest("venue", kUrl);
  EXPECT_EQ(upstream.answered(status(503, {{"Retry-After", "60"}})), 60s);
  EXPECT_EQ(view().failures, 1U);
  EXPECT_EQ(upstream.wait(), 60s);
}

TEST_F(UpstreamTest, ForbiddenMayMeanThrottled) {
  UpstreamRules rules;
  rules.forbidden_is_throttling = true;
  Upstream& upstream = desk_.rest("venue", kUrl, rules);
  EXPECT_EQ(upstream.answered(status(403)), 5min);
  EXPECT_EQ(view().breaker, BreakerState::closed);
}

TEST_F(UpstreamTest, WhatIsLeftIsHeardFromEveryAnswer) {
  UpstreamRules rules;
  rules.quota.weight_per_minute = 6000;
  Upstream& upstream = desk_.rest("venue", kUrl, rules);
  upstream.answered(status(200, {{"X-MBX-USED-WEIGHT-1M", "3600"}}));
  EXPECT_EQ(view().budget->quota->remaining, 2400);
  EXPECT_FALSE(upstream.admit(CallClass::backfill)) << "more than half is used";
  EXPECT_TRUE(upstream.admit(CallClass::repair));
  EXPECT_EQ(view().budget->delayed[3], 1U);
  EXPECT_EQ(view().budget->calls[2], 1U);
}

TEST_F(UpstreamTest, AHandshakeThatFailsCountsForTheStream) {
  Upstream& upstream = desk_.stream("venue", "wss://ws.example.org");
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(upstream.admit());
    upstream.broken({ErrorCode::unavailable, "refused", true, 0}, 0);
  }
  EXPECT_EQ(view().breaker, BreakerState::open);
  EXPECT_EQ(upstream.closed_for(), 5s);
  EXPECT_FALSE(view().budget);
  clock_.advance(5s);
  ASSERT_TRUE(upstream.admit());
  upstream.connected();
  EXPECT_EQ(view().breaker, BreakerState::closed);
  upstream.broken({ErrorCode::forbidden, "451", false, 0}, 451);
  EXPECT_EQ(upstream.closed_for(), 30min);
}

TEST_F(UpstreamTest, EachChangeIsToldToTheLogOnce) {
  Upstream& upstream = desk_.rest("venue", kUrl, {}, "key");
  runtime::configure_log(runtime::LogLevel::info);
  testing::internal::CaptureStderr();
  fail(upstream, 3);
  clock_.advance(5s);
  fail(upstream, 1);
  clock_.advance(10s);
  fail(upstream, 1);
  clock_.advance(20s);
  ASSERT_TRUE(upstream.admit());
  upstream.answered(status(200));
  for (int i = 0; i < 3; ++i) upstream.answered(status(200));
  const std::string log = testing::internal::GetCapturedStderr();
  runtime::configure_log(runtime::LogLevel::warn);
  const auto count = [&](std::string_view what) {
    int found = 0;
    for (auto at = log.find(what); at != std::string::npos; at = log.find(what, at + 1)) ++found;
    return found;
  };
  EXPECT_EQ(count("breaker open for 5.0 s after 3 in a row: cannot connect"), 1) << log;
  EXPECT_EQ(count("breaker half-open"), 1) << log;
  EXPECT_EQ(count("breaker closed"), 1) << log;
  EXPECT_EQ(count("\n"), 3) << log;
}

TEST_F(UpstreamTest, MetricsTellBreakersAndBudgetsAndNoKey) {
  UpstreamRules rules;
  rules.rate = RateLimit{60, 5};
  Upstream& upstream = desk_.rest("venue", kUrl, rules, "my-secret-key");
  desk_.rest("venue", kUrl, rules, "my-other-key");
  fail(upstream, 3);
  const std::string text = metrics_.serialize();
  EXPECT_THAT(text, HasSubstr("tickspan_net_breaker_state{host=\"api.example.org\",service=\"rest\"} 2"));
  EXPECT_THAT(text, HasSubstr("tickspan_net_breaker_opened_total{host=\"api.example.org\",service=\"rest\"} 1"));
  EXPECT_THAT(text, HasSubstr("tickspan_net_budget_available{host=\"api.example.org\",key=\"1\"} 2"));
  EXPECT_THAT(text, HasSubstr("tickspan_net_budget_available{host=\"api.example.org\",key=\"2\"} 5"));
  EXPECT_THAT(text, HasSubstr("tickspan_net_calls_total{class=\"live\",host=\"api.example.org\",key=\"1\"} 3"));
  EXPECT_THAT(text, Not(HasSubstr("secret")));
  EXPECT_THAT(text, Not(HasSubstr("other-key")));
  EXPECT_TRUE(view().budget->keyed);
}

TEST_F(UpstreamTest, AScrapeMayOutliveTheDesk) {
  auto desk = std::make_unique<UpstreamDesk>(clock_, UpstreamOptions{}, &metrics_);
  desk->rest("venue", "https://gone.example.org");
  EXPECT_THAT(metrics_.serialize(), HasSubstr("gone.example.org"));
  desk.reset();
  EXPECT_THAT(metrics_.serialize(), Not(HasSubstr("gone.example.org")));
}

}  // namespace
}  // namespace tickspan::net
