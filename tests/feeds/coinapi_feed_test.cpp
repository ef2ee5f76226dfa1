#include "feeds/coinapi/coinapi_feed.hpp"

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
using Points = core::Result<std::vector<core::MarketPoint>>;

constexpr const char* kKey = "11111111-2222-3333-4444-555555555555";
constexpr const char* kList =
    R"([{"asset_id":"BTC","name":"Bitcoin","type_is_crypto":1},{"asset_id":"ETH","name":"Ethereum","type_is_crypto":1}])";

/// CoinAPI played by a script; delays run a hundred times as fast.
class CoinApiFeedTest : public testing::Test {
 protected:
  CoinApiFeedTest() {
    options_.time_scale = 0.01;
    options_.seed = 3;
    options_.key = kKey;
    options_.assets = {{"BTC", "bitcoin"}, {"ETH", "ethereum"}};
  }
  ~CoinApiFeedTest() override { finish(); }
  void finish() {
    feed_.reset();
    server_.reset();
  }
  /// Declared after what a test's scripts use, so that they end before it does.
  struct Finish {
    CoinApiFeedTest& test;
    ~Finish() { test.finish(); }
  };
  std::string rates(core::Duration eth_age = {}) const {
    const auto row = [](const char* symbol, const char* rate, core::Timestamp at) {
      return std::string(R"({"time":")") + core::to_rfc3339(at) + R"(","asset_id_quote":")" + symbol + R"(","rate":)" +
             rate + "}";
    };
    const core::Timestamp now = clock_.now();
    return R"({"asset_id_base":"USD","rates":[)" + row("BTC", "64321.501234567", now) + "," +
           row("ETH", "3000", now - eth_age) + "]}";
  }
  void answer_well(Peer& peer, core::Duration eth_age = {}) const {
    const bool list = peer.call().target.find("/v1/assets") != std::string::npos;
    peer.answer(200, list ? kList : rates(eth_age));
  }
  void start(std::function<void(Peer&)> script) {
    server_ = std::make_unique<ScriptedServer>([this, script](Peer& peer) {
      {
        const std::lock_guard lock(mutex_);
        calls_.push_back(peer.call());
      }
      script(peer);
    });
    options_.base_url = server_->url("http");
    desk_ = std::make_unique<net::UpstreamDesk>(clock_, net::UpstreamOptions{.seed = 1, .time_scale = 0.01});
    feed_ = make_coinapi({core::VenueId{9}, loop_.get(), port_, clock_, *desk_}, options_);
    feed_->start();
  }
  bool until(const std::function<bool()>& condition) {
    return eventually([&] {
      seen_.drain(port_);
      return condition();
    });
  }
  std::vector<test::HttpCall> calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  std::size_t count(std::string_view part) {
    const auto all = calls();
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [&](const auto& call) { return call.target.find(part) != std::string::npos; }));
  }
  Points chart(const std::string& asset, int days) {
    std::promise<Points> promise;
    auto future = promise.get_future();
    feed_->fetch_chart(asset, days, [&](Points points) { promise.set_value(std::move(points)); });
    if (future.wait_for(20s) != std::future_status::ready) return core::fail(ErrorCode::internal, "no answer");
    return future.get();
  }

  runtime::SystemClock clock_;
  runtime::FeedPort port_{4096, [] {}};
  test::RunningLoop loop_;
  CoinApiOptions options_;
  std::unique_ptr<net::UpstreamDesk> desk_;
  std::unique_ptr<ScriptedServer> server_;
  std::unique_ptr<PolledFeed> feed_;
  Collected seen_;
  std::mutex mutex_;
  std::vector<test::HttpCall> calls_;
};

TEST_F(CoinApiFeedTest, AsksForAllItsAssetsInOneCallAPeriod) {
  start([this](Peer& peer) { answer_well(peer); });
  ASSERT_TRUE(until([&] { return seen_.rows.size() >= 3; }));
  EXPECT_TRUE(seen_.saw(FeedState::live));
  const core::AggregatorRows& event = seen_.rows[0];
  ASSERT_EQ(event.rows.size(), 2u);
  EXPECT_EQ(event.rows[0].asset_id, "bitcoin");
  EXPECT_EQ(event.rows[0].symbol, "btc");
  EXPECT_EQ(event.rows[0].name, "Bitcoin");
  EXPECT_EQ(event.rows[0].rank, 0);
  EXPECT_EQ(event.rows[0].price->to_string(), "64321.501234567");
  EXPECT_EQ(event.rows[0].received_at, event.received_at);
  EXPECT_GE(event.period, 50ms);
  const auto all = calls();
  EXPECT_EQ(all[0].target, "/v1/assets?filter_asset_id=BTC,ETH");
  EXPECT_EQ(all[1].target, "/v1/exchangerate/USD?invert=true&filter_asset_id=BTC,ETH");
  EXPECT_EQ(count("/v1/assets"), 1u) << "once a day";
  for (const auto& call : all) {
    EXPECT_EQ(call.header("x-coinapi-key"), kKey);
    EXPECT_EQ(call.target.find(kKey), std::string::npos) << "never in an address";
  }
}

TEST_F(CoinApiFeedTest, ARateIsAsOldAsTheServiceSays) {
  start([this](Peer& peer) { answer_well(peer, 2h); });
  ASSERT_TRUE(until([&] { return !seen_.rows.empty(); }));
  const core::AggregatorRows& event = seen_.rows[0];
  EXPECT_EQ(event.rows[0].received_at, event.received_at);
  EXPECT_EQ(event.rows[1].received_at, event.rows[1].updated_at);
  EXPECT_GE(event.received_at - event.rows[1].received_at, 2h - 1s);
}

TEST_F(CoinApiFeedTest, WhatIsNotListedIsNamedAndNotAskedForAgain) {
  options_.assets.push_back({"NOPE", "nope"});
  start([this](Peer& peer) { answer_well(peer); });
  ASSERT_TRUE(until([&] { return seen_.rows.size() >= 3; }));
  EXPECT_EQ(seen_.states.back().state, FeedState::live);
  EXPECT_EQ(seen_.states.back().detail, "not listed, so not asked for: NOPE");
  EXPECT_EQ(count("NOPE"), 1u) << "in the question for the list alone";
}

TEST_F(CoinApiFeedTest, ARefusedKeyIsTriedAgainMuchLaterAndNeverShown) {
  start([](Peer& peer) { peer.answer(401, std::string(R"({"error":"key )") + kKey + R"( is wrong"})"); });
  ASSERT_TRUE(until([&] { return seen_.saw(FeedState::stopped); }));
  EXPECT_EQ(calls().size(), 1u) << "the next one comes in half an hour";
  const std::string& detail = seen_.states.back().detail;
  EXPECT_NE(detail.find("key *** is wrong"), std::string::npos) << detail;
  for (const auto& state : seen_.states) EXPECT_EQ(state.detail.find(kKey), std::string::npos) << state.detail;
  for (const auto& view : desk_->views()) {
    EXPECT_EQ(view.host.find(kKey), std::string::npos);
    EXPECT_EQ(view.reason.find(kKey), std::string::npos);
  }
}

TEST_F(CoinApiFeedTest, AShortQuotaStretchesThePeriodAndSaysSo) {
  options_.time_scale = 1;
  options_.period = 1s;
  start([this](Peer& peer) {
    const bool list = peer.call().target.find("/v1/assets") != std::string::npos;
    peer.answer(200, list ? kList : rates(), {"X-RateLimit-Limit: 100", "X-RateLimit-Remaining: 0"});
  });
  ASSERT_TRUE(until(
      [&] { return seen_.saw(FeedState::backing_off) || (!seen_.rows.empty() && seen_.rows.back().period > 60s); }));
  EXPECT_LE(calls().size(), 2u) << "nothing is left to ask with";
}

TEST_F(CoinApiFeedTest, ObeysRetryAfterAndGoesOn) {
  std::atomic<int> asked{0};
  const Finish finish_first{*this};
  start([&](Peer& peer) {
    if (++asked == 1) return (void)peer.answer(429, R"({"message":"slow down"})", {"Retry-After: 1"});
    answer_well(peer);
  });
  ASSERT_TRUE(until([&] { return seen_.saw(FeedState::live); }));
  EXPECT_TRUE(seen_.saw(FeedState::backing_off));
  EXPECT_EQ(feed_->counters().rate_limited, 1u);
}

TEST_F(CoinApiFeedTest, ABrokenAnswerIsCountedAndTriedAgain) {
  std::atomic<int> asked{0};
  const Finish finish_first{*this};
  start([&](Peer& peer) {
    if (++asked <= 2) return (void)peer.answer(200, asked == 1 ? "[{" : "<html>");
    answer_well(peer);
  });
  ASSERT_TRUE(until([&] { return seen_.saw(FeedState::live); }));
  EXPECT_EQ(feed_->counters().undecodable, 2u);
}

TEST_F(CoinApiFeedTest, ClosesOfItsOwnAssetsForHoles) {
  start([this](Peer& peer) {
    if (peer.call().target.find("/v1/ohlcv/") == std::string::npos) return answer_well(peer);
    if (peer.call().target.find("_ETH_") != std::string::npos) return (void)peer.answer(550, R"({"error":"no data"})");
    peer.answer(200, R"([{"time_close":"2026-05-28T20:26:40.0000000Z","price_close":2.5}])");
  });
  ASSERT_TRUE(until([&] { return seen_.saw(FeedState::live); }));
  const Points points = chart("bitcoin", 1);
  ASSERT_TRUE(points) << points.error().context;
  ASSERT_EQ(points->size(), 1u);
  EXPECT_EQ(points->at(0).price, 2.5);
  EXPECT_EQ(count("/v1/ohlcv/COINBASE_SPOT_BTC_USD/history?period_id=5MIN&time_start="), 1u);
  EXPECT_FALSE(chart("ethereum", 30));
  EXPECT_EQ(count("period_id=1HRS"), 1u);
  EXPECT_EQ(chart("dogecoin", 1).error().code, ErrorCode::not_found);
  EXPECT_EQ(chart("bitcoin", 0).error().code, ErrorCode::invalid_argument);
  ASSERT_TRUE(until([&] { return !seen_.charts.empty(); }));
  EXPECT_EQ(seen_.charts[0].asset_id, "bitcoin");
  feed_->stop();
  EXPECT_EQ(chart("bitcoin", 1).error().code, ErrorCode::unavailable);
}

TEST(CoinApiAssets, AreNamedOrSayWhatTheyMean) {
  EXPECT_EQ(coinapi_default_assets().size(), 10u);
  EXPECT_EQ(parse_coinapi_asset("BTC")->asset_id, "bitcoin");
  EXPECT_EQ(parse_coinapi_asset("DOGE=dogecoin")->asset_id, "dogecoin");
  EXPECT_EQ(parse_coinapi_asset("DOGE=dogecoin")->symbol, "DOGE");
  for (const char* text : {"", "DOGE", "btc", "DOGE=", "=dogecoin", "DO GE=dogecoin", "DOGE=Doge", "DOGE,BTC=a"})
    EXPECT_FALSE(parse_coinapi_asset(text)) << text;
}

}  // namespace
}  // namespace tickspan::feeds
