#include "feeds/coingecko/coingecko_feed.hpp"

#include <gtest/gtest.h>

#include "../net/loop_fixture.hpp"
#include "fake_venue.hpp"

namespace tickspan::feeds {
namespace {

using namespace std::chrono_literals;
using core::ErrorCode;
using core::FeedState;
using test::eventually;
using test::Peer;
using test::ScriptedServer;
using Clock = std::chrono::steady_clock;
using Points = core::Result<std::vector<core::MarketPoint>>;

std::string market_rows(std::size_t first, std::size_t count) {
  std::string text = "[";
  for (std::size_t i = 0; i < count; ++i) {
    const std::string n = std::to_string(first + i);
    text += (i == 0 ? "" : ",") + std::string(R"({"id":"coin-)") + n + R"(","symbol":"c)" + n + R"(","name":"Coin )" +
            n + R"(","current_price":)" + n + R"(.5,"market_cap":1000,"market_cap_rank":)" + n +
            R"(,"last_updated":"2026-06-01T12:00:00.000Z"})";
  }
  return text + "]";
}
constexpr const char* kRates = R"({"rates":{"usd":{"name":"US Dollar","unit":"$","value":64000,"type":"fiat"}}})";
constexpr const char* kChart =
    R"({"prices":[[1780000000000,1.5],[1780000300000,2.5]],"market_caps":[],"total_volumes":[]})";

/// CoinGecko played by a script; delays run a hundred times as fast.
class CoinGeckoFeedTest : public testing::Test {
 protected:
  CoinGeckoFeedTest() {
    options_.time_scale = 0.01;
    options_.seed = 3;
    options_.calls_per_minute = 1000;
  }
  ~CoinGeckoFeedTest() override { finish(); }
  void finish() {
    feed_.reset();
    server_.reset();
  }
  /// Declared after what a test's scripts use, so that they end before it does.
  struct Finish {
    CoinGeckoFeedTest& test;
    ~Finish() { test.finish(); }
  };

  void start(std::function<void(Peer&)> script) {
    server_ = std::make_unique<ScriptedServer>([this, script](Peer& peer) {
      {
        const std::lock_guard lock(mutex_);
        calls_.push_back(peer.call());
        called_at_.push_back(Clock::now());
      }
      script(peer);
    });
    if (options_.base_url.empty()) options_.base_url = server_->url("http") + "/api/v3";
    desk_ =
        std::make_unique<net::UpstreamDesk>(clock_, net::UpstreamOptions{.seed = 3, .time_scale = options_.time_scale});
    feed_ = make_coingecko({core::VenueId{9}, loop_.get(), port_, clock_, *desk_}, options_);
    feed_->start();
  }
  static void answer_well(Peer& peer) {
    const std::string& target = peer.call().target;
    if (target.find("/coins/markets") != std::string::npos) {
      peer.answer(200, target.find("page=1&") != std::string::npos ? market_rows(1, 250) : market_rows(250, 250));
    } else if (target.find("/exchange_rates") != std::string::npos) {
      peer.answer(200, kRates);
    } else {
      peer.answer(200, kChart);
    }
  }
  bool until(const std::function<bool()>& condition) {
    return eventually([&] {
      seen_.drain(port_);
      return condition();
    });
  }
  int calls(const std::string& part) {
    const std::lock_guard lock(mutex_);
    int n = 0;
    for (const auto& call : calls_) n += call.target.find(part) != std::string::npos ? 1 : 0;
    return n;
  }
  /// The answer to one chart request, waited for.
  Points chart(const std::string& id, int days) {
    std::promise<Points> promise;
    feed_->fetch_chart(id, days, [&](Points points) { promise.set_value(std::move(points)); });
    return promise.get_future().get();
  }

  runtime::SystemClock clock_;
  runtime::FeedPort port_{1024, [] {}};
  test::RunningLoop loop_;
  CoinGeckoOptions options_;
  std::unique_ptr<net::UpstreamDesk> desk_;
  std::unique_ptr<ScriptedServer> server_;
  std::unique_ptr<PolledFeed> feed_;
  Collected seen_;
  std::mutex mutex_;
  std::vector<test::HttpCall> calls_;
  std::vector<Clock::time_point> called_at_;
};

TEST(CoinGeckoPlan, KnowsTheThreePlansByName) {
  EXPECT_EQ(parse_coingecko_plan("keyless"), CoinGeckoPlan::keyless);
  EXPECT_EQ(parse_coingecko_plan("demo"), CoinGeckoPlan::demo);
  EXPECT_EQ(parse_coingecko_plan("pro"), CoinGeckoPlan::pro);
  EXPECT_FALSE(parse_coingecko_plan("enterprise"));
}

TEST_F(CoinGeckoFeedTest, RefreshesTheTrackedSetInPagesOfUsdAndTheRatesLessOften) {
  start(answer_well);
  ASSERT_TRUE(until([&] { return seen_.rows.size() >= 3; }));
  EXPECT_EQ(seen_.rows[0].rows.size(), 300U) << "the coin that moved from page to page counts once";
  EXPECT_EQ(seen_.rows[0].rows[299].asset_id, "coin-300");
  EXPECT_EQ(seen_.rows[0].venue, core::VenueId{9});
  EXPECT_EQ(seen_.rows[0].period, 600ms);
  EXPECT_GE(seen_.rows[2].received_at - seen_.rows[0].received_at, 800ms)
      << "once a minute at most, 600 ms at a hundredth";
  ASSERT_EQ(seen_.rates.size(), 1U) << "every five minutes";
  EXPECT_EQ(seen_.rates[0].rates.at(0).code, "usd");
  EXPECT_TRUE(seen_.saw(FeedState::live));
  EXPECT_EQ(calls("vs_currency=usd"), calls("/coins/markets"));
  const std::lock_guard lock(mutex_);
  EXPECT_TRUE(calls_[0].target.starts_with("/api/v3/coins/markets?"));
  EXPECT_TRUE(calls_[0].header("x-cg-demo-api-key").empty());
}

TEST_F(CoinGeckoFeedTest, TheKeyTravelsInAHeaderAndNowhereElse) {
  options_.plan = CoinGeckoPlan::demo;
  options_.key = "CG-secret";
  std::mutex tape_mutex;
  std::string taped;
  const Finish finish_first{*this};
  options_.tap = [&](core::Timestamp, std::string_view, std::string_view, std::string_view payload) {
    const std::lock_guard lock(tape_mutex);
    taped.append(payload);
  };
  start([](Peer& peer) {
    if (peer.call().target.find("/exchange_rates") == std::string::npos) return answer_well(peer);
    peer.answer(401, R"({"status":{"error_code":10002,"error_message":"key CG-secret is wrong"}})");
  });
  ASSERT_TRUE(until([&] { return seen_.saw(FeedState::live) && !seen_.states.back().detail.empty(); }));
  {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(calls_[0].header("x-cg-demo-api-key"), "CG-secret");
    EXPECT_EQ(calls_[0].target.find("secret"), std::string::npos);
  }
  EXPECT_NE(seen_.states.back().detail.find("key *** is wrong"), std::string::npos) << seen_.states.back().detail;
  feed_.reset();
  EXPECT_EQ(taped.find("secret"), std::string::npos);
  EXPECT_NE(taped.find("/coins/markets"), std::string::npos);
}

TEST_F(CoinGeckoFeedTest, ObeysA429AndThenGoesOnWithTheSamePage) {
  std::atomic<bool> refused{false};
  const Finish finish_first{*this};
  start([&](Peer& peer) {
    if (peer.call().target.find("&page=2") != std::string::npos && !refused.exchange(true)) {
      peer.answer(429, R"({"status":{"error_code":429,"error_message":"You've exceeded the Rate Limit"}})",
                  {"Retry-After: 60"});
    } else {
      answer_well(peer);
    }
  });
  ASSERT_TRUE(until([&] { return seen_.rows.size() >= 1; }));
  EXPECT_EQ(seen_.rows[0].rows.size(), 300U);
  const auto told = [](const core::FeedStatus& s) {
    return s.state == FeedState::backing_off && s.detail.find("exceeded the Rate Limit") != std::string::npos;
  };
  EXPECT_TRUE(std::any_of(seen_.states.begin(), seen_.states.end(), told));
  EXPECT_EQ(feed_->counters().rate_limited, 1U);
  const std::lock_guard lock(mutex_);
  EXPECT_GE(called_at_[2] - called_at_[1], 590ms) << "60 s at a hundredth";
}

TEST_F(CoinGeckoFeedTest, A403IsAThrottleWithALongPause) {
  std::atomic<bool> refused{false};
  const Finish finish_first{*this};
  start([&](Peer& peer) {
    if (!refused.exchange(true))
      peer.answer(403, "<html>error 1020</html>");
    else
      answer_well(peer);
  });
  ASSERT_TRUE(until([&] { return seen_.rows.size() >= 1; }));
  const std::lock_guard lock(mutex_);
  EXPECT_GE(called_at_[1] - called_at_[0], 890ms) << "five minutes at three thousandths";
}

TEST_F(CoinGeckoFeedTest, ARefusedKeyIsTriedAgainMuchLater) {
  options_.plan = CoinGeckoPlan::pro;
  options_.key = "CG-secret";
  start([](Peer& peer) { peer.answer(401, R"({"status":{"error_code":10002,"error_message":"wrong key"}})"); });
  ASSERT_TRUE(until([&] { return seen_.saw(FeedState::stopped); }));
  EXPECT_NE(seen_.states.back().detail.find("wrong key"), std::string::npos) << seen_.states.back().detail;
  feed_->stop();
  EXPECT_EQ(calls("/coins/markets"), 1) << "the next one comes in half an hour";
}

TEST_F(CoinGeckoFeedTest, WhatIsNoListIsReportedAndAskedForAgain) {
  std::atomic<int> asked{0};
  const Finish finish_first{*this};
  start([&](Peer& peer) {
    const int number = ++asked;
    if (number == 1)
      peer.answer(200, "<html>maintenance</html>");
    else if (number == 2)
      peer.answer(503, "");
    else
      answer_well(peer);
  });
  ASSERT_TRUE(until([&] { return seen_.rows.size() >= 1; }));
  EXPECT_GE(seen_.count(FeedState::backing_off), 2);
  EXPECT_EQ(feed_->counters().undecodable, 1U);
}

TEST_F(CoinGeckoFeedTest, EqualChartRequestsShareOneCallAndItsAnswerIsKept) {
  start([](Peer& peer) { answer_well(peer); });
  ASSERT_TRUE(until([&] { return seen_.rates.size() >= 1; }));
  std::atomic<int> good{0};
  const Finish finish_first{*this};
  for (int i = 0; i < 5; ++i) {
    feed_->fetch_chart("bitcoin", 30, [&](Points points) { good += points && points->size() == 2 ? 1 : 0; });
  }
  ASSERT_TRUE(until([&] { return good == 5; }));
  EXPECT_EQ(calls("market_chart"), 1);
  EXPECT_TRUE(chart("bitcoin", 30)) << "from memory";
  EXPECT_EQ(calls("market_chart"), 1);
  EXPECT_TRUE(chart("bitcoin", 7));
  EXPECT_EQ(calls("market_chart"), 2);
  ASSERT_TRUE(until([&] { return seen_.charts.size() >= 2; }));
  EXPECT_EQ(seen_.charts[0].asset_id, "bitcoin");
  EXPECT_EQ(seen_.charts[0].points.size(), 2U);
  EXPECT_EQ(calls("/api/v3/coins/bitcoin/market_chart?vs_currency=usd&days=30"), 1);
}

TEST_F(CoinGeckoFeedTest, ChartsTakeWhatWillHaveFilledUpBeforeTheNextRefresh) {
  options_.calls_per_minute = 5;
  options_.time_scale = 1;  // no refill to speak of during the test
  start([](Peer& peer) { answer_well(peer); });
  ASSERT_TRUE(until([&] { return seen_.rates.size() >= 1; }));
  EXPECT_TRUE(chart("bitcoin", 30)) << "three of five calls are spent, and a minute brings five";
  EXPECT_TRUE(chart("ethereum", 30));
  const auto refused = chart("tether", 30);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::rate_limited);
  EXPECT_TRUE(refused.error().retryable);
  EXPECT_GT(refused.error().retry_after_ms, 1000);
  EXPECT_EQ(calls("market_chart"), 2);
}

TEST_F(CoinGeckoFeedTest, ChartsLeaveTheCallsOfARefreshThatIsDueSoon) {
  options_.calls_per_minute = 5;
  options_.time_scale = 1;
  options_.period = 3s;
  start([](Peer& peer) { answer_well(peer); });
  ASSERT_TRUE(until([&] { return seen_.rates.size() >= 1; }));
  EXPECT_EQ(chart("bitcoin", 30).error().code, ErrorCode::rate_limited)
      << "two calls are left, and the refresh needs three";
  EXPECT_EQ(calls("market_chart"), 0);
}

TEST_F(CoinGeckoFeedTest, AnUnknownCoinIsNotFoundAndNotAskedForAgain) {
  start([](Peer& peer) {
    if (peer.call().target.find("market_chart") != std::string::npos)
      peer.answer(404, R"({"error":"coin not found"})");
    else
      answer_well(peer);
  });
  EXPECT_EQ(chart("a/../b", 30).error().code, ErrorCode::not_found);
  EXPECT_EQ(chart("a/../b", 30).error().code, ErrorCode::not_found);
  EXPECT_EQ(calls("/coins/a%2F..%2Fb/market_chart"), 1);
  EXPECT_EQ(chart("", 30).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(chart("bitcoin", 0).error().code, ErrorCode::invalid_argument);
}

TEST_F(CoinGeckoFeedTest, FreePlansAreAskedForAYearAtMost) {
  start([](Peer& peer) { answer_well(peer); });
  EXPECT_TRUE(chart("bitcoin", 3000));
  EXPECT_EQ(calls("days=365"), 1);
}

TEST_F(CoinGeckoFeedTest, AServiceThatFailsEveryTimeIsLeftAloneForAWhile) {
  options_.time_scale = 1;
  start([](Peer& peer) {
    if (peer.call().target.find("market_chart") != std::string::npos)
      peer.answer(500, "");
    else
      answer_well(peer);
  });
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(chart("coin-" + std::to_string(i), 1).error().code, ErrorCode::unavailable);
  const auto refused = chart("bitcoin", 1);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_GT(refused.error().retry_after_ms, 20'000);
  EXPECT_EQ(calls("market_chart"), 5);
}

TEST_F(CoinGeckoFeedTest, StopEndsChartsUnderWayExactlyOnce) {
  start([](Peer& peer) {
    if (peer.call().target.find("market_chart") != std::string::npos)
      peer.hold();
    else
      answer_well(peer);
  });
  std::atomic<int> cancelled{0};
  const Finish finish_first{*this};
  for (int i = 0; i < 3; ++i) {
    feed_->fetch_chart("bitcoin", 1 + i / 2, [&](Points points) {
      cancelled += !points && points.error().code == ErrorCode::cancelled ? 1 : 0;
    });
  }
  ASSERT_TRUE(eventually([&] { return calls("market_chart") == 2; }));
  feed_->stop();
  EXPECT_EQ(cancelled, 3);
  EXPECT_EQ(chart("bitcoin", 1).error().code, ErrorCode::unavailable);
  seen_.drain(port_);
  EXPECT_EQ(seen_.states.back().state, FeedState::stopped);
}

}  // namespace
}  // namespace tickspan::feeds
