#include "history/past_filler.hpp"

#include <gtest/gtest.h>

#include "history_fixture.hpp"
#include "repair_fixture.hpp"

namespace tickspan::history {
namespace {

using namespace std::chrono_literals;
using core::Interval;
using core::Timestamp;

constexpr Timestamp kNow = Timestamp::from_s(1'780'272'000);  // a midnight

class PastFillerTest : public testing::Test {
 protected:
  core::Result<PastResult> run(Timestamp from, Timestamp to, bool minutes = false) {
    PastFiller filler(
        *place_.reader, [this](core::WriteBatch batch) { return write(std::move(batch)); },
        [this](const feeds::HistoryQuery& query) { return fetch(query); }, limits_, place_.series,
        [this](const PastProgress& p) { told_.push_back(p); });
    return filler.run({"XRP/ETH", from, to, minutes, trading_}, kNow);
  }
  core::Status write(core::WriteBatch batch) {
    if (writes_left_ == 0) return core::fail(core::ErrorCode::cancelled, "interrupted");
    --writes_left_;
    EXPECT_FALSE(batch.heard_until.is_set()) << "the past says nothing of until when the program listened";
    return place_.writer->write({std::move(batch)});
  }
  core::Result<feeds::HistoryPage> fetch(const feeds::HistoryQuery& query) {
    if (asked_.empty()) told_before_ = told_.size();
    asked_.push_back(query);
    auto page = query.kind == feeds::HistoryKind::trades ? test::trades_page(query) : test::candles_page(query);
    std::erase_if(page.candles, [&](const core::Candle& c) { return silent(c.start); });
    std::erase_if(page.trades, [&](const feeds::HistoryTrade& t) { return silent(t.at); });
    return page;
  }
  bool silent(Timestamp at) const { return at >= silent_from_ && at < silent_to_; }
  void store(Interval interval, Timestamp from, Timestamp to, core::Candle candle) {
    core::WriteBatch batch;
    batch.catalogue = place_.series.catalogue;
    batch.catalogue_changed = true;
    for (candle.start = from; candle.start < to; candle.start = candle.start + core::width(interval))
      batch.candles.push_back({place_.series.key, interval, candle});
    ASSERT_TRUE(place_.writer->write({batch}));
  }
  std::vector<core::Candle> stored(Interval interval, Timestamp from, Timestamp to) {
    return *place_.reader->candles({.base = place_.series.name.base,
                                    .quote = place_.series.name.quote,
                                    .venue = place_.series.name.venue,
                                    .interval = interval,
                                    .start = from,
                                    .end = to,
                                    .stored_only = true});
  }

  test::Place place_;
  feeds::HistoryLimits limits_;
  std::vector<feeds::HistoryQuery> asked_;
  std::vector<PastProgress> told_;
  std::size_t told_before_ = 0;  // the first request
  int writes_left_ = 1'000'000;
  Timestamp silent_from_, silent_to_;
  bool trading_ = false;
};

TEST_F(PastFillerTest, WhatIsStoredWholeStaysAlsoBetweenWhatIsNot) {
  core::Candle live;
  live.open = live.high = live.low = live.close = {5, 0};
  live.volume = {3, 0};
  live.trades = 57;
  live.final = true;
  for (const bool of_trades : {false, true}) {
    if (of_trades) limits_.newest_candles = 10;
    const Timestamp from = of_trades ? kNow - 144h : kNow - 48h;
    store(Interval::m1, from + 1h, from + 2h, live);
    auto part = live;
    part.incomplete = true;
    part.volume = {1, 0};
    store(Interval::m1, from + 90min, from + 91min, part);
    part.volume = {1000, 0};
    store(Interval::m1, from + 95min, from + 96min, part);
    ASSERT_TRUE(run(from, from + 6h, true));
    const auto minutes = stored(Interval::m1, from, from + 6h);
    ASSERT_EQ(minutes.size(), 360u);
    EXPECT_EQ(minutes[60].trades, 57u);
    EXPECT_EQ(minutes[119].close, core::Decimal(5, 0));
    EXPECT_FALSE(minutes[90].incomplete) << "a part of a minute gives way";
    EXPECT_EQ(minutes[95].volume, core::Decimal(1000, 0)) << "not where it knows of more";
    EXPECT_NE(minutes[120].trades, 57u);
  }
}

TEST_F(PastFillerTest, WhatComesAfterTheLastTradeIsNoSilenceUnlessItLives) {
  for (const bool of_trades : {true, false}) {
    limits_.newest_candles = of_trades ? 10 : 0;
    const Timestamp from = of_trades ? kNow - 480h : kNow - 96h, to = from + 72h;
    silent_from_ = from + 30h;
    silent_to_ = kNow;  // it is gone
    ASSERT_TRUE(run(from, to, true));
    EXPECT_EQ(stored(Interval::m1, from, to).back().start, silent_from_ - 1min) << of_trades;
    EXPECT_EQ(stored(Interval::h1, from, to).back().start, silent_from_ - 1h) << of_trades;
    EXPECT_FALSE(stored(Interval::h1, from, to).back().incomplete);
    ASSERT_TRUE(run(from, to, true));
    EXPECT_EQ(stored(Interval::m1, from, to).size(), 30u * 60) << "nor in a second run";
    silent_to_ = from + 60h;  // it was silent for more than a day
    ASSERT_TRUE(run(from, to, true));
    const auto minutes = stored(Interval::m1, from, to);
    ASSERT_EQ(minutes.size(), 72u * 60) << of_trades;
    EXPECT_TRUE(minutes[31 * 60].flat && minutes[59 * 60].flat && !minutes[60 * 60].flat);
    EXPECT_EQ(stored(Interval::h1, from, to).size(), 72u);
    for (const auto& day : stored(Interval::d1, from, to)) EXPECT_FALSE(day.incomplete);
  }
}

TEST_F(PastFillerTest, SilenceUpToTheEndIsSilenceWhereTheVenueTradesItOrTheStoreWentOn) {
  silent_from_ = kNow - 30h;
  silent_to_ = kNow;
  trading_ = true;
  ASSERT_TRUE(run(kNow - 48h, kNow - 24h, true));
  EXPECT_EQ(stored(Interval::m1, kNow - 48h, kNow).size(), 24u * 60);
  trading_ = false;
  silent_from_ = kNow - 100h;
  ASSERT_TRUE(run(kNow - 120h, kNow - 96h, true));
  EXPECT_EQ(stored(Interval::m1, kNow - 120h, kNow - 96h).size(), 24u * 60) << "the store has trades of later";
}

TEST_F(PastFillerTest, HowMuchThereIsToDoIsToldBeforeTheFirstRequest) {
  for (const bool of_trades : {false, true}) {
    limits_.newest_candles = of_trades ? 10 : 0;
    asked_.clear();
    told_.clear();
    ASSERT_TRUE(run(kNow - 72h, kNow - 48h, true));
    ASSERT_EQ(told_before_, 1u);
    EXPECT_EQ(told_.front().share, 0);
    EXPECT_EQ(told_.front().level, of_trades ? "trades" : "1h");
  }
}

TEST_F(PastFillerTest, DaysAreStoredWholeAboveTheirHours) {
  const auto result = run(kNow - 72h, kNow - 24h);
  ASSERT_TRUE(result) << result.error().context;
  EXPECT_EQ(result->written, 50u);
  const auto days = stored(Interval::d1, kNow - 72h, kNow);
  ASSERT_EQ(days.size(), 2u);
  for (const core::Candle& day : days) {
    EXPECT_TRUE(day.final);
    EXPECT_FALSE(day.incomplete);
    EXPECT_EQ(day.volume, core::Decimal(24, 0));
    EXPECT_EQ(day.trades, 24u);
  }
}

TEST_F(PastFillerTest, ADayOfWhichAPartWasAskedForSaysSo) {
  ASSERT_TRUE(run(kNow - 60h, kNow - 24h));
  const auto days = stored(Interval::d1, kNow - 72h, kNow);
  ASSERT_EQ(days.size(), 2u);
  EXPECT_TRUE(days[0].incomplete);
  EXPECT_EQ(days[0].volume, core::Decimal(12, 0));
  EXPECT_FALSE(days[1].incomplete);
  const auto again = run(kNow - 60h, kNow - 24h);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->written, 0u);
  ASSERT_TRUE(run(kNow - 72h, kNow - 24h));  // and is whole once the rest of it is there
  EXPECT_FALSE(stored(Interval::d1, kNow - 72h, kNow).front().incomplete);
}

TEST_F(PastFillerTest, ARunThatEndedBeforeTheSumsLeavesThemToTheNext) {
  for (const bool of_trades : {false, true}) {
    if (of_trades) limits_.newest_candles = 10;
    const Timestamp from = of_trades ? kNow - 144h : kNow - 72h, to = from + 48h;
    writes_left_ = 1;
    ASSERT_FALSE(run(from, to, of_trades));
    EXPECT_TRUE(stored(Interval::d1, from, to).empty());
    writes_left_ = 1'000'000;
    const auto asked = asked_.size();
    ASSERT_TRUE(run(from, to, of_trades));
    if (!of_trades) {
      EXPECT_EQ(asked_.size(), asked) << "the hours were there";
    }
    EXPECT_EQ(stored(Interval::h1, from, to).size(), 48u);
    const auto days = stored(Interval::d1, from, to);
    ASSERT_EQ(days.size(), 2u);
    EXPECT_FALSE(days[0].incomplete || days[1].incomplete);
  }
}

TEST_F(PastFillerTest, TellsHowFarItIs) {
  limits_.requests_per_minute = 30;
  limits_.candles_per_page = 300;
  ASSERT_TRUE(run(kNow - 72h, kNow - 24h, true));
  ASSERT_EQ(told_.size(), 5u);  // a piece of hours, two of minutes, and the beginning of each level
  EXPECT_EQ(told_[0].share, 0);
  EXPECT_EQ(told_[1].level, "1h");
  EXPECT_EQ(told_[1].share, 1);
  EXPECT_EQ(told_[1].candles, 50u);
  EXPECT_EQ(told_[2].requests_left, 10);  // two days of 1,440 minutes by 300
  EXPECT_EQ(told_[3].level, "1m");
  EXPECT_EQ(told_[3].share, 0.5);
  EXPECT_EQ(told_[3].at, kNow - 48h);
  EXPECT_EQ(told_[3].requests_left, 5);
  EXPECT_EQ(told_[3].at_least_left, 10s);
  EXPECT_EQ(told_[4].requests_left, 0);
  EXPECT_EQ(told_[4].candles, 50u + 2 * 1440);
}

}  // namespace
}  // namespace tickspan::history
