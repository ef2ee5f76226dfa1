#include "history/backfiller.hpp"

#include <gtest/gtest.h>

#include "repair_fixture.hpp"

namespace tickspan::history {
namespace {

using namespace std::chrono_literals;
using core::Timestamp;
using test::eventually;
using test::kStart;

class BackfillerTest : public test::RepairTest {
 protected:
  BackfillerTest() {
    options_.tick = 5ms;
    options_.settle = 0s;
    options_.first_retry = 0s;
    options_.minutes = 10min;
    options_.hours = 5h;
    past_.answer = [](const feeds::HistoryQuery& query) { return test::candles_page(query); };
  }
  ~BackfillerTest() override {
    loop_.run([this] { backfiller_.reset(); });
  }
  void start() {
    loop_.run([this] {
      backfiller_ = std::make_unique<Backfiller>(
          loop_.get(), store_, clock_, metrics_, [this] { return snapshot(); },
          [this](const std::string&, const std::string&, core::Interval interval, Timestamp, Timestamp) {
            ++(interval == core::Interval::m1 ? told_minutes_ : told_hours_);
          },
          options_);
      backfiller_->add_source("kraken", past_);
      backfiller_->set_symbols("kraken", symbols_);
      backfiller_->start();
    });
  }
  bool done() {
    return eventually([&] { return told_minutes_ + told_hours_ >= 4; });
  }

  BackfillerOptions options_;
  std::atomic<int> told_minutes_{0}, told_hours_{0};
  std::unique_ptr<Backfiller> backfiller_;
};

TEST_F(BackfillerTest, EachPairGetsMinutesThenHours) {
  start();
  ASSERT_TRUE(done());
  store_.flush();
  const auto asked = past_.asked();
  ASSERT_EQ(asked.size(), 4u);
  EXPECT_EQ(asked[0].symbol, "BTC/USD");
  EXPECT_EQ(asked[0].kind, feeds::HistoryKind::minutes);
  EXPECT_EQ(asked[1].kind, feeds::HistoryKind::minutes);
  EXPECT_EQ(asked[2].kind, feeds::HistoryKind::hours);
  const Timestamp now = clock_.now();
  for (const char* base : {"bitcoin", "ethereum"}) {
    const auto minutes = candles(base, core::Interval::m1, now - 24h, now);
    ASSERT_EQ(minutes.size(), 10u) << base;
    EXPECT_EQ(minutes.back().start, (now - 15s).floor_to(1min) - 1min);
    EXPECT_TRUE(minutes.front().final);
    EXPECT_EQ(candles(base, core::Interval::h1, now.floor_to(1h) - 24h, now.floor_to(1h)).size(), 5u) << base;
  }
}

TEST_F(BackfillerTest, WhatTheStoreHasIsNotAskedForAndWhatIsIncompleteIs) {
  core::WriteBatch batch;
  batch.catalogue = catalogue_;
  const Timestamp end = (clock_.now() - 15s).floor_to(1min);
  for (int i = 1; i <= 10; ++i) {
    core::Candle c;
    c.start = end - 1min * i;
    c.open = c.high = c.low = c.close = {5, 0};
    c.final = true;
    c.incomplete = i == 4 || i == 6;
    batch.candles.push_back({series("BTC/USD"), core::Interval::m1, c});
    c.incomplete = false;
    batch.candles.push_back({series("ETH/USD"), core::Interval::m1, c});
  }
  ASSERT_EQ(store_.push(batch), runtime::PushResult::ok);
  store_.flush();
  start();
  ASSERT_TRUE(eventually([&] { return told_hours_ == 2; }));
  const auto asked = past_.asked();
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_EQ(asked[0].symbol, "BTC/USD");
  EXPECT_EQ(asked[0].from, end - 6min);
  EXPECT_EQ(asked[0].to, end - 3min);
  EXPECT_EQ(asked[1].kind, feeds::HistoryKind::hours);
  store_.flush();
  const auto stored = candles("bitcoin", core::Interval::m1, end - 6min, end - 3min);
  ASSERT_EQ(stored.size(), 3u);
  EXPECT_EQ(stored[0].close, core::Decimal(7, 0));
  EXPECT_EQ(stored[1].close, core::Decimal(5, 0)) << "what is whole stays, also between what is not";
  EXPECT_EQ(stored[2].close, core::Decimal(7, 0));
  EXPECT_EQ(told_minutes_, 2) << "one for each run of minutes that was written";
}

TEST_F(BackfillerTest, AMinuteThatWasNeverClosedIsAskedForAgain) {
  const Timestamp end = (clock_.now() - 15s).floor_to(1min);
  core::WriteBatch batch;
  batch.catalogue = catalogue_;
  for (int i = 1; i <= 10; ++i) {
    core::Candle c;
    c.start = end - 1min * i;
    c.open = c.high = c.low = c.close = {5, 0};
    c.final = i != 7;
    batch.candles.push_back({series("BTC/USD"), core::Interval::m1, c});
  }
  ASSERT_EQ(store_.push(batch), runtime::PushResult::ok);
  store_.flush();
  start();
  ASSERT_TRUE(eventually([&] { return told_hours_ == 2; }));
  EXPECT_EQ(past_.asked()[0].from, end - 7min);
  EXPECT_EQ(past_.asked()[0].to, end - 6min);
  store_.flush();
  EXPECT_TRUE(candles("bitcoin", core::Interval::m1, end - 7min, end - 6min).at(0).final);
}

TEST_F(BackfillerTest, ACandleThatTheVenueDoesNotTellOfYetIsNotSilence) {
  const Timestamp end = (clock_.now() - 15s).floor_to(1min);
  past_.answer = [&](const feeds::HistoryQuery& query) {
    auto page = test::candles_page(query);
    if (query.kind == feeds::HistoryKind::minutes)
      std::erase_if(page.candles, [&](const core::Candle& c) { return c.start >= end - 5min; });
    return page;
  };
  start();
  ASSERT_TRUE(done());
  store_.flush();
  const auto stored = candles("bitcoin", core::Interval::m1, end - 10min, end);
  ASSERT_FALSE(stored.empty());
  EXPECT_TRUE(stored.back().flat);
  EXPECT_LE(stored.back().start + 1min, clock_.now() - 2min) << "of long ago it is";
  EXPECT_EQ(stored.size(), 9u);
}

TEST_F(BackfillerTest, TheSilenceUpToAFirstLiveTradeFollows) {
  const Timestamp end = (clock_.now() - 15s).floor_to(1min), live = end + 6min;
  past_.answer = [&](const feeds::HistoryQuery& query) {
    auto page = test::candles_page(query);
    std::erase_if(page.candles, [&](const core::Candle& c) { return c.start >= end - 5min; });
    return page;
  };
  start();
  ASSERT_TRUE(done());
  core::WriteBatch batch;
  batch.catalogue = catalogue_;
  core::Candle traded;
  traded.open = traded.high = traded.low = traded.close = {8, 0};
  traded.volume = {1, 0};
  traded.trades = 1;
  traded.final = true;
  for (traded.start = live; traded.start < end + 30min; traded.start = traded.start + 1min)
    batch.candles.push_back({series("BTC/USD"), core::Interval::m1, traded});
  ASSERT_EQ(store_.push(batch), runtime::PushResult::ok);
  store_.flush();
  const auto asked = past_.asked().size();
  clock_.advance(9min);
  loop_.run([] {});
  EXPECT_EQ(past_.asked().size(), asked) << "not yet";
  clock_.advance(2min);
  const auto whole = [&] {
    store_.flush();
    return candles("bitcoin", core::Interval::m1, end - 10min, live).size() == 16u;
  };
  ASSERT_TRUE(eventually(whole));
  const auto minutes = candles("bitcoin", core::Interval::m1, end - 5min, live);
  ASSERT_EQ(minutes.size(), 11u);
  for (const core::Candle& minute : minutes) {
    EXPECT_TRUE(minute.flat && minute.final);
    EXPECT_EQ(minute.close, core::Decimal(7, 0));
  }
  EXPECT_EQ(candles("bitcoin", core::Interval::m1, live, live + 1min).at(0).close, core::Decimal(8, 0));
}

TEST_F(BackfillerTest, FailuresAreTriedAgainAndAVenueThatIsAwayIsNotAsked) {
  std::atomic<int> failures{0};
  past_.answer = [&](const feeds::HistoryQuery& query) -> core::Result<feeds::HistoryPage> {
    if (failures.fetch_add(1) < 2) return core::fail(core::ErrorCode::unavailable, "not now", true);
    return test::candles_page(query);
  };
  set_feed(core::FeedState::backing_off, kStart);
  start();
  loop_.run([] {});
  EXPECT_TRUE(past_.asked().empty());
  set_feed(core::FeedState::live, kStart);
  ASSERT_TRUE(done());
  EXPECT_EQ(past_.asked().size(), 6u);
}

}  // namespace
}  // namespace tickspan::history
