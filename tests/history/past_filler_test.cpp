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
    return filler.run({"XRP/ETH", from, to, minutes}, kNow);
  }
  core::Status write(core::WriteBatch batch) {
    if (writes_left_ == 0) return core::fail(core::ErrorCode::cancelled, "interrupted");
    --writes_left_;
    EXPECT_FALSE(batch.heard_until.is_set()) << "the past says nothing of until when the program listened";
    return place_.writer->write({std::move(batch)});
  }
  core::Result<feeds::HistoryPage> fetch(const feeds::HistoryQuery& query) {
    asked_.push_back(query);
    return query.kind == feeds::HistoryKind::trades ? test::trades_page(query) : test::candles_page(query);
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
  int writes_left_ = 1'000'000;
};

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
  ASSERT_EQ(told_.size(), 3u);  // a piece of hours, two of minutes
  EXPECT_EQ(told_[0].level, "1h");
  EXPECT_EQ(told_[0].share, 1);
  EXPECT_EQ(told_[0].candles, 50u);
  EXPECT_EQ(told_[1].level, "1m");
  EXPECT_EQ(told_[1].share, 0.5);
  EXPECT_EQ(told_[1].at, kNow - 48h);
  EXPECT_EQ(told_[1].requests_left, 5);  // 1,440 minutes by 300
  EXPECT_EQ(told_[1].at_least_left, 10s);
  EXPECT_EQ(told_[2].requests_left, 0);
  EXPECT_EQ(told_[2].candles, 50u + 2 * 1440);
}

}  // namespace
}  // namespace tickspan::history
