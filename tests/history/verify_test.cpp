#include "history/verify.hpp"

#include <gmock/gmock.h>

#include "history_fixture.hpp"

namespace tickspan::history {
namespace {

using core::Candle;
using core::Interval;
using test::Place;
using testing::ElementsAre;
using testing::HasSubstr;

struct Found {
  VerifyResult result;
  std::vector<std::string> lines;
};
Found check(Place& place, VerifyRequest request = {}) {
  Found out;
  VerifyOutput output;
  output.finding = [&](const std::string& line) { out.lines.push_back(line); };
  const auto result = verify_series(*place.reader, place.series.name, request, output);
  EXPECT_TRUE(result) << result.error().context;
  out.result = *result;
  return out;
}

class Verify : public testing::Test {
 protected:
  /// Two trades a minute for ten hours.
  void SetUp() override {
    std::string text = "ts_ms,trade_id,side,price,amount\n";
    for (int i = 0; i < 1200; ++i) {
      text += std::to_string(1'600'000'200'000 + i * 30'000LL) + "," + std::to_string(i + 1) + ",buy,1" +
              std::to_string(i % 10) + ".5,0.25\n";
    }
    ASSERT_TRUE(place.import(test::put_file(dir.file("t.csv"), text), TableKind::trades));
  }
  void change(Interval interval, std::size_t index, void (*how)(Candle&)) {
    core::WriteBatch batch;
    batch.catalogue = place.series.catalogue;
    Candle candle = place.candles(interval).at(index);
    how(candle);
    batch.candles.push_back({place.series.key, interval, candle});
    ASSERT_TRUE(place.writer->write({batch}));
  }

  const tickspan::test::TempDir dir;
  Place place;
};

TEST_F(Verify, WhatWasBuiltIsRight) {
  const Found found = check(place);
  EXPECT_THAT(found.lines, ElementsAre());
  EXPECT_EQ(found.result.minutes, 600U);
  EXPECT_EQ(found.result.recounted, 600U);
  EXPECT_GT(found.result.summed, 150U);
  EXPECT_EQ(found.result.differences, 0U);
  EXPECT_EQ(found.result.missing_minutes, 0U);
}

TEST_F(Verify, ATamperedMinuteIsListedFieldByField) {
  change(Interval::m1, 100, [](Candle& c) {
    c.high = core::Decimal{99, 0};
    c.volume = core::Decimal{6, -1};
    c.trades = 3;
  });
  const Found found = check(place);
  EXPECT_GE(found.result.differences, 1U);
  EXPECT_THAT(found.lines, testing::Contains(AllOf(HasSubstr("1m 2020-09-13T14:10:00.000Z: high is 99, should be 1"),
                                                   HasSubstr("volume is 0.6, should be 0.5"),
                                                   HasSubstr("trades is 3, should be 2"))));
}

TEST_F(Verify, AMinuteThatARepairMadeOfCandlesTellsOfMoreThanItsTrades) {
  const auto fuller = [](Candle& c) {
    c.high = core::Decimal{99, 0};
    c.volume = core::Decimal{6, -1};
  };
  change(Interval::m1, 599, fuller);  // the last minute, of no longer candle that is over
  EXPECT_EQ(check(place).result.differences, 1U) << "no gap explains it";
  core::WriteBatch batch;
  const core::Timestamp minute = place.candles(Interval::m1).at(599).start;
  batch.gaps = {{"binance", "", minute - std::chrono::seconds(90), minute + std::chrono::seconds(1),
                 core::GapCause::restart, core::GapState::repaired}};
  ASSERT_TRUE(place.writer->write({batch}));
  const Found found = check(place);
  EXPECT_THAT(found.lines, ElementsAre());
  EXPECT_EQ(found.result.differences, 0U);
  EXPECT_EQ(found.result.fuller, 1U);
  change(Interval::m1, 599, [](Candle& c) { c.volume = core::Decimal{1, -1}; });
  EXPECT_EQ(check(place).result.differences, 1U) << "less than its trades explains nothing";
}

TEST_F(Verify, ATamperedHourIsListed) {
  change(Interval::h1, 3, [](Candle& c) { c.close = core::Decimal{11, 0}; });
  const Found found = check(place);
  EXPECT_EQ(found.result.differences, 1U);
  ASSERT_EQ(found.lines.size(), 1U);
  EXPECT_THAT(found.lines[0],
              HasSubstr("ripple/ethereum@binance: 1h 2020-09-13T15:00:00.000Z: close is 11, should be"));
}

TEST_F(Verify, TheRangeAndTheListAreBounded) {
  for (std::size_t i = 10; i < 20; ++i) change(Interval::m1, i, [](Candle& c) { c.trades = 77; });
  EXPECT_EQ(check(place, {core::Timestamp::from_s(1'600'000'200 + 15 * 60), {}, 100}).result.differences, 5U + 0U);
  EXPECT_EQ(check(place, {{}, core::Timestamp::from_s(1'600'000'200 + 15 * 60), 100}).result.differences, 5U + 0U);
  const Found bounded = check(place, {{}, {}, 3});
  EXPECT_GE(bounded.result.differences, 10U);
  ASSERT_EQ(bounded.lines.size(), 4U);
  EXPECT_THAT(bounded.lines[3], HasSubstr("more that differ"));
}

TEST_F(Verify, CompositePricesAreNoTradesToRecount) {
  core::WriteBatch batch;
  batch.catalogue = place.series.catalogue;
  core::SeriesKey composite = place.series.key;
  composite.venue = {};
  Candle candle;
  candle.start = core::Timestamp::from_s(1'600'000'200);
  candle.open = candle.high = candle.low = candle.close = candle.volume = {7, 0};
  candle.trades = 40;
  candle.final = true;
  batch.candles.push_back({composite, Interval::m1, candle});
  batch.composites.push_back({composite, core::composite_tick(candle.start, {6, 0})});
  ASSERT_TRUE(place.writer->write({batch}));
  Place& here = place;
  storage::SeriesName name = here.series.name;
  here.series.name.venue.clear();
  const Found found = check(here);
  here.series.name = name;
  EXPECT_EQ(found.result.recounted, 0U);
  EXPECT_EQ(found.result.differences, 0U);
}

TEST(VerifyHoles, SaysWhichNobodyExplains) {
  const tickspan::test::TempDir dir;
  Place place;
  ASSERT_TRUE(place.import(test::put_file(dir.file("t.csv"),
                                          "ts_ms,open,high,low,close,volume\n1570752000000,1,1,1,1,1\n"
                                          "1570752180000,1,1,1,1,1\n1570752360000,1,1,1,1,1\n"),
                           TableKind::candles));
  core::WriteBatch batch;
  core::Gap gap;
  gap.venue = "binance";
  gap.start = core::Timestamp::from_s(1'570'752'060);
  gap.end = core::Timestamp::from_s(1'570'752'170);
  batch.gaps.push_back(gap);
  ASSERT_TRUE(place.writer->write({batch}));
  const Found found = check(place);
  EXPECT_EQ(found.result.missing_minutes, 4U);
  EXPECT_EQ(found.result.unexplained, 2U);
  EXPECT_EQ(found.result.gaps, 1U);
  ASSERT_EQ(found.lines.size(), 2U);
  EXPECT_THAT(found.lines[0], HasSubstr("(2 min), gap recorded: disconnect"));
  EXPECT_THAT(found.lines[1], HasSubstr("no gap recorded"));
}

TEST_F(Verify, TheMinuteInWhichStoringTradesBeganIsNotJudged) {
  change(Interval::m1, 0, [](Candle& c) {
    c.volume = core::Decimal{5, 0};
    c.trades = 20;
  });
  storage::Expiry older;
  older.ticks = core::Timestamp::from_s(1'600'000'200 + 30);
  ASSERT_EQ(*place.writer->expire(older, 100), 1U);
  const Found found = check(place);
  EXPECT_EQ(found.result.recounted, 599U);
  EXPECT_THAT(found.lines, testing::Not(testing::Contains(HasSubstr("1m "))));
}

TEST(VerifyMissing, TradesWithoutTheirCandleAreFound) {
  const tickspan::test::TempDir dir;
  Place place;
  core::WriteBatch batch;
  batch.catalogue = place.series.catalogue;
  core::Tick::Trade trade;
  trade.instrument = place.series.instrument;
  trade.price = trade.amount = {1, 0};
  for (int i = 0; i < 3; ++i) {
    trade.event_time = trade.received_at = core::Timestamp::from_s(1'570'752'000 + i * 60);
    trade.trade_id = static_cast<std::uint64_t>(i) + 1;
    batch.ticks.emplace_back(trade);
    if (i == 1) continue;
    Candle candle;
    candle.start = trade.event_time;
    candle.open = candle.high = candle.low = candle.close = candle.volume = {1, 0};
    candle.trades = 1;
    candle.final = true;
    batch.candles.push_back({place.series.key, Interval::m1, candle});
  }
  ASSERT_TRUE(place.writer->write({batch}));
  const Found found = check(place);
  EXPECT_EQ(found.result.differences, 1U);
  EXPECT_THAT(found.lines, testing::Contains(HasSubstr("1m 2019-10-11T00:01:00.000Z: not there, 1 trades are")));
}

}  // namespace
}  // namespace tickspan::history
