#include "server/chart_fetcher.hpp"

#include <gtest/gtest.h>

#include "../support/support.hpp"

namespace tickspan::server {
namespace {

using namespace std::chrono_literals;
using Points = std::vector<core::MarketPoint>;

class ChartFetcherTest : public ::testing::Test {
 protected:
  ChartFetcherTest() {
    loop.start();
    backend.fetch_chart = [this](const std::string&, int, std::function<void(core::Result<Points>)> done) {
      const std::lock_guard lock(mutex);
      asked.push_back(std::move(done));
    };
  }
  ~ChartFetcherTest() override {
    handle->detach();
    loop.stop();
  }
  void fetch(const std::string& asset = "bitcoin", std::chrono::milliseconds patience = 60s) {
    fetcher->fetch(backend, asset, 1, patience, handle, [this](const ChartFetcher::Points& points) {
      EXPECT_TRUE(loop.running_in_this_thread());
      (points ? with_points : without) += 1;
    });
  }
  void reply(std::size_t index, core::Result<Points> result) { asked.at(index)(std::move(result)); }

  runtime::ManualClock clock;
  runtime::EventLoop loop{"test-loop"};
  std::shared_ptr<WebLoop> handle = std::make_shared<WebLoop>(loop);
  std::shared_ptr<ChartFetcher> fetcher = std::make_shared<ChartFetcher>(clock);
  Backend backend;
  std::mutex mutex;
  std::vector<std::function<void(core::Result<Points>)>> asked;
  std::atomic<int> with_points{0}, without{0};
};

TEST_F(ChartFetcherTest, AsksOnceForAllWhoWait) {
  fetch();
  fetch();
  fetch("ethereum");
  EXPECT_EQ(asked.size(), 2U);
  reply(0, Points{{}});
  ASSERT_TRUE(test::eventually([&] { return with_points == 2; }));
  fetch();  // kept for a while
  ASSERT_TRUE(test::eventually([&] { return with_points == 3; }));
  EXPECT_EQ(asked.size(), 2U);
  clock.advance(ChartFetcher::kKeep + 1s);
  fetch();
  EXPECT_EQ(asked.size(), 3U);
}

TEST_F(ChartFetcherTest, ARefusalIsKeptForAMoment) {
  fetch();
  reply(0, core::fail(core::ErrorCode::rate_limited, "budget"));
  ASSERT_TRUE(test::eventually([&] { return without == 1; }));
  fetch();
  ASSERT_TRUE(test::eventually([&] { return without == 2; }));
  EXPECT_EQ(asked.size(), 1U);
  clock.advance(ChartFetcher::kKeepRefusal + 1s);
  fetch();
  EXPECT_EQ(asked.size(), 2U);
}

TEST_F(ChartFetcherTest, PatienceEndsAndALateAnswerIsNotTakenTwice) {
  fetch("bitcoin", 1ms);
  ASSERT_TRUE(test::eventually([&] { return without == 1; }));
  reply(0, Points{{}});
  fetch();
  ASSERT_TRUE(test::eventually([&] { return with_points == 1; }));  // the second's; the first was answered
  EXPECT_EQ(without, 1);
}

TEST_F(ChartFetcherTest, ClearingForgetsAnotherMarketsCharts) {
  fetch();
  reply(0, Points{{}});
  ASSERT_TRUE(test::eventually([&] { return with_points == 1; }));
  fetcher->clear();
  fetch();
  EXPECT_EQ(asked.size(), 2U);
}

TEST_F(ChartFetcherTest, ARequestThatIsNeverAnsweredIsGivenUp) {
  fetch("bitcoin", 1ms);
  ASSERT_TRUE(test::eventually([&] { return without == 1; }));
  clock.advance(ChartFetcher::kLost + 1s);
  fetch();
  EXPECT_EQ(asked.size(), 2U);
}

TEST_F(ChartFetcherTest, NoAggregatorNoCharts) {
  backend.fetch_chart = nullptr;
  fetch();
  EXPECT_TRUE(test::eventually([&] { return without == 1; }));
}

TEST_F(ChartFetcherTest, AnAnswerAfterTheEndIsDropped) {
  fetch();
  fetcher.reset();
  reply(0, Points{{}});  // must not touch what is gone
  EXPECT_EQ(with_points, 0);
}

}  // namespace
}  // namespace tickspan::server
