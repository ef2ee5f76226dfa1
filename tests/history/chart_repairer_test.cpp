// Holes of an aggregator, and what its charts make of them.

#include "history/chart_repairer.hpp"

#include <gtest/gtest.h>

#include "repair_fixture.hpp"

namespace tickspan::history {
namespace {

using namespace std::chrono_literals;
using core::GapState;
using core::Timestamp;
using test::eventually;
using test::kStart;

/// A point every five minutes, 64 at a time.
std::vector<core::MarketPoint> chart(Timestamp end) {
  std::vector<core::MarketPoint> points;
  const Timestamp last = end.floor_to(5min);
  for (int i = 63; i >= 0; --i) points.push_back({last - 5min * i, 2.5, 1e9, 1e6});
  return points;
}

class FakeCharts final : public feeds::ChartSource {
 public:
  explicit FakeCharts(runtime::EventLoop& loop) : loop_(loop) {}
  void fetch_chart(std::string asset, int days, Done done) override {
    loop_.post([this, asset, days, done] {
      asked.push_back(asset);
      asked_days = days;
      done(answer(asset));
    });
  }
  std::function<core::Result<std::vector<core::MarketPoint>>(const std::string&)> answer;
  std::vector<std::string> asked;  // of the loop
  int asked_days = 0;

 private:
  runtime::EventLoop& loop_;
};

class ChartRepairerTest : public test::RepairTest {
 protected:
  ChartRepairerTest() {
    core::Catalogue names = *catalogue_;
    gecko_ = names.upsert_venue({"coingecko", "CoinGecko", true, "", ""});
    coin_ = names.upsert_asset({"lone-coin", "lone", "Lone coin", core::AssetKind::coin, 3});
    catalogue_ = std::make_shared<const core::Catalogue>(std::move(names));
    market_ = std::make_shared<core::MarketSnapshot>();
    market_->catalogue = catalogue_;
    market_->usd = catalogue_->find_id("usd");
    core::SourceRow source;
    source.venue = gecko_;
    source.feed = core::FeedState::live;
    market_->sources = std::make_shared<const std::vector<core::SourceRow>>(std::vector{source});
    auto block = std::make_shared<core::AssetBlock>();
    for (const auto id : {catalogue_->find_id("bitcoin"), coin_}) {
      (*block)[id.index()].asset = id;
      if (id == coin_) (*block)[id.index()].source = gecko_;
    }
    market_->blocks = {block};
    market_->by_rank =
        std::make_shared<const std::vector<core::AssetId>>(std::vector{catalogue_->find_id("bitcoin"), coin_});
    clock_.set(kStart + 30min);
    charts_.answer = [this](const std::string&) { return chart(clock_.now()); };
    options_.tick = 5ms;
    options_.look_every = 0s;
    options_.first_retry = 0s;
  }
  ~ChartRepairerTest() override {
    loop_.run([this] { repairer_.reset(); });
  }
  void start(Timestamp from, Timestamp to) {
    core::WriteBatch batch;
    batch.catalogue = catalogue_;
    batch.gaps = {{"coingecko", "", from, to}};
    ASSERT_EQ(store_.push(batch), runtime::PushResult::ok);
    store_.flush();
    loop_.run([this] {
      repairer_ = std::make_unique<ChartRepairer>(
          loop_.get(), store_, clock_, metrics_, [this]() -> core::SnapshotPtr { return market_; }, "coingecko",
          charts_, options_);
      repairer_->start();
    });
  }
  std::vector<core::Gap> over() {
    std::vector<core::Gap> rows;
    EXPECT_TRUE(eventually([&] {
      rows = ask<std::vector<core::Gap>>(
          [](storage::StoreReader& reader) { return reader.gaps("coingecko", {}, kStart + 24h, 100); });
      return !rows.empty() && rows.front().state != GapState::open;
    }));
    store_.flush();
    return rows;
  }
  std::vector<core::Candle> minutes() {
    return ask<std::vector<core::Candle>>([](storage::StoreReader& reader) {
      return reader.candles({.base = "lone-coin", .quote = "usd", .start = kStart - 1h, .end = kStart + 1h});
    });
  }

  core::VenueId gecko_;
  core::AssetId coin_;
  std::shared_ptr<core::MarketSnapshot> market_;
  FakeCharts charts_{loop_.get()};
  ChartRepairerOptions options_;
  std::unique_ptr<ChartRepairer> repairer_;
};

TEST_F(ChartRepairerTest, WhatItAloneKnowsIsFilledWithSamplesThatSaySo) {
  start(kStart, kStart + 16min);
  const auto rows = over();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].state, GapState::repaired);
  EXPECT_EQ(rows[0].recovered, 3);
  EXPECT_EQ(rows[0].expected, core::Gap::kUnknown);
  loop_.run([this] {
    EXPECT_EQ(charts_.asked, std::vector<std::string>{"lone-coin"});
    EXPECT_EQ(charts_.asked_days, 1);
  });
  const auto made = minutes();
  ASSERT_EQ(made.size(), 3u);
  for (const auto& minute : made) {
    EXPECT_TRUE(minute.incomplete && minute.final);
    EXPECT_EQ(minute.close, (core::Decimal{25, -1}));
  }
}

TEST_F(ChartRepairerTest, AMinuteThatWasHeardStays) {
  core::WriteBatch batch;
  batch.catalogue = catalogue_;
  core::Candle heard;
  heard.start = (kStart + 5min).floor_to(5min);
  heard.open = heard.high = heard.low = heard.close = {9, 0};
  heard.final = true;
  batch.candles.push_back({{coin_, market_->usd, {}}, core::Interval::m1, heard});
  ASSERT_EQ(store_.push(batch), runtime::PushResult::ok);
  start(kStart, kStart + 16min);
  EXPECT_EQ(over()[0].state, GapState::repaired);
  const auto made = minutes();
  ASSERT_EQ(made.size(), 3u);
  EXPECT_EQ(made[0].close, (core::Decimal{9, 0}));
  EXPECT_FALSE(made[0].incomplete);
}

TEST_F(ChartRepairerTest, AHoleBetweenTwoPointsIsLost) {
  const Timestamp grid = kStart.floor_to(5min);
  start(grid + 1min, grid + 4min);
  const auto rows = over();
  EXPECT_EQ(rows[0].state, GapState::lost);
  EXPECT_TRUE(minutes().empty());
}

TEST_F(ChartRepairerTest, ASpentBudgetIsWaitedForAndWhatIsUnknownIsLost) {
  std::atomic<int> calls{0};
  charts_.answer = [&](const std::string&) -> core::Result<std::vector<core::MarketPoint>> {
    if (calls.fetch_add(1) < 10) return core::fail(core::ErrorCode::rate_limited, "spent", true);
    return core::fail(core::ErrorCode::not_found, "coin not found");
  };
  start(kStart, kStart + 16min);
  ASSERT_TRUE(eventually([&] {
    clock_.advance(1s);
    return calls >= 11;
  }));
  EXPECT_EQ(over()[0].state, GapState::lost);
}

TEST_F(ChartRepairerTest, AnAnswerFromBeforeTheEndIsAskedForAgain) {
  std::atomic<int> calls{0};
  charts_.answer = [&](const std::string&) { return chart(calls.fetch_add(1) == 0 ? kStart + 5min : clock_.now()); };
  start(kStart, kStart + 16min);
  EXPECT_EQ(over()[0].recovered, 3);
  EXPECT_EQ(calls, 2);
}

TEST_F(ChartRepairerTest, AStoreThatCannotBeReadIsAskedAgain) {
  refusals_.of = [](const storage::CandleQuery& query) { return query.base == "lone-coin"; };
  refusals_.left = 1;
  start(kStart, kStart + 16min);
  EXPECT_EQ(over()[0].state, GapState::repaired);
  EXPECT_EQ(minutes().size(), 3u);
}

TEST_F(ChartRepairerTest, WhereEveryCoinHasAVenueNothingWasMissed) {
  market_->by_rank = std::make_shared<const std::vector<core::AssetId>>(std::vector{catalogue_->find_id("bitcoin")});
  start(kStart, kStart + 16min);
  const auto rows = over();
  EXPECT_EQ(rows[0].state, GapState::repaired);
  EXPECT_EQ(rows[0].expected, 0);
}

}  // namespace
}  // namespace tickspan::history
