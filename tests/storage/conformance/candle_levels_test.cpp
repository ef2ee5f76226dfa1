#include "conformance.hpp"
#include "storage/recent_series.hpp"

// Candles of longer intervals: stored, added up, and both together.

namespace tickspan::storage::test {
namespace {

using testing::ElementsAre;

class CandleLevelsConformance : public HistoryStoreConformance {};
INSTANTIATE_TEST_SUITE_P(Backends, CandleLevelsConformance, testing::ValuesIn(backends()),
                         [](const auto& backend) { return backend.param.name; });

TEST_P(CandleLevelsConformance, LongerIntervalsAreAggregatedExactly) {
  std::vector<core::Candle> written = {
      flat(minute(0), "9"),  // a flat minute in front does not lend its price to the open
      candle(minute(1), "10", "12", "9.5", "11", "0.1", 2),
      candle(minute(2), "11", "11.5", "8", "8.5", "0.2", 3),
      flat(minute(3), "8.5"),
      candle(minute(4), "8.6", "9", "8.6", "8.9", "1000000.00000001", 1),
      candle(minute(5), "20", "21", "19", "20.5", "1", 1),
  };
  written[2].incomplete = true;
  put(world_.composite(world_.btc), written);
  auto first = candle(minute(0), "10", "12", "8", "8.9", "1000000.30000001", 6);
  first.incomplete = true;
  auto second = candle(minute(5), "20", "21", "19", "20.5", "1", 1);
  second.final = false;  // four minutes are to come
  EXPECT_THAT(get(btc_usd(Interval::m5, minute(0), minute(10))), ElementsAre(show(first), show(second)));
  // The range is over starts: a bucket that starts in it is whole, one that starts before it is not there.
  EXPECT_THAT(get(btc_usd(Interval::m5, minute(0), minute(1))), ElementsAre(show(first)));
  EXPECT_THAT(get(btc_usd(Interval::m5, minute(1), minute(6))), ElementsAre(show(second)));
  EXPECT_THAT(get(btc_usd(Interval::m5, minute(0), minute(10), 1)), ElementsAre(show(second)));
}

TEST_P(CandleLevelsConformance, AnAggregatedCandleIsFinalWhenAllOfItIs) {
  std::vector<core::Candle> written;
  for (int i = 0; i < 5; ++i) written.push_back(candle(minute(i), "1", "1", "1", "1"));
  put(world_.composite(world_.btc), written);
  EXPECT_TRUE(reader_->candles(btc_usd(Interval::m5, minute(0), minute(5)))->at(0).final);
  written[4].final = false;
  put(world_.composite(world_.btc), {written[4]});
  EXPECT_FALSE(reader_->candles(btc_usd(Interval::m5, minute(0), minute(5)))->at(0).final);
  // Its last minute is missing, but a later one tells that it is over, although the query does not ask for that.
  put(world_.composite(world_.eth), {candle(minute(0), "1", "1", "1", "1"), candle(minute(7), "1", "1", "1", "1")});
  const auto found = reader_->candles({"ethereum", "usd", "", Interval::m5, minute(0), minute(5)});
  ASSERT_EQ(found->size(), 1u);
  EXPECT_TRUE(found->at(0).final);
}

TEST_P(CandleLevelsConformance, EveryIntervalAggregates) {
  std::vector<core::Candle> written;
  const Timestamp midnight = kNoon.floor_to(hours(24));
  for (int i = 0; i < 1440 * 2; ++i) written.push_back(candle(midnight + minutes(i), "1", "2", "1", "1", "0.1", 1));
  put(world_.composite(world_.btc), written);
  for (const Interval interval : core::kIntervals) {
    const auto found = reader_->candles(btc_usd(interval, midnight, midnight + hours(48), 100'000));
    const auto per_bucket = static_cast<std::size_t>(core::width(interval) / minutes(1));
    ASSERT_EQ(found->size(), written.size() / per_bucket) << core::to_string(interval);
    core::DecimalSum volume;
    for (std::size_t i = 0; i < per_bucket; ++i) volume.add(dec("0.1"));
    EXPECT_EQ(found->front().start, midnight);
    for (const auto& c : *found) {
      EXPECT_EQ(c.volume, volume.total());
      EXPECT_EQ(c.trades, per_bucket);
      EXPECT_TRUE(c.final);
    }
  }
}

TEST_P(CandleLevelsConformance, AStoredLongCandlePrecedesTheAggregatedOne) {
  put(world_.composite(world_.btc), {candle(minute(0), "1", "1", "1", "1"), candle(minute(5), "2", "2", "2", "2"),
                                     candle(minute(9), "2", "2", "2", "2")});
  const auto stored = candle(minute(0), "7", "7", "7", "7", "3", 30);
  put(world_.composite(world_.btc), {stored}, Interval::m5);
  EXPECT_THAT(get(btc_usd(Interval::m5, minute(0), minute(10))),
              ElementsAre(show(stored), show(candle(minute(5), "2", "2", "2", "2", "0", 2)) + " incomplete"));
}

TEST_P(CandleLevelsConformance, AnAggregatedCandleSaysThatMinutesAreMissing) {
  std::vector<core::Candle> written;
  for (int i = 0; i < 12; ++i) {
    if (i != 7) written.push_back(i % 2 == 0 ? flat(minute(i), "1") : candle(minute(i), "1", "1", "1", "1"));
  }
  put(world_.composite(world_.btc), written);
  const auto found = reader_->candles(btc_usd(Interval::m5, minute(0), minute(15)));
  ASSERT_EQ(found->size(), 3u);
  EXPECT_FALSE(found->at(0).incomplete) << "flat minutes are there";
  EXPECT_TRUE(found->at(1).incomplete);
  EXPECT_FALSE(found->at(2).incomplete) << "what is to come is not missing";
  EXPECT_TRUE(reader_->candles(btc_usd(Interval::h1, minute(0), minute(15)))->at(0).incomplete);
}

TEST_P(CandleLevelsConformance, StoredHoursAndMinutesMakeLongerCandlesTogether) {
  const Timestamp day = kNoon.floor_to(hours(24));
  std::vector<core::Candle> whole_hours;
  for (int h = 0; h < 22; ++h) whole_hours.push_back(candle(day + hours(h), "5", "7", "4", "6", "60", 60));
  put(world_.composite(world_.btc), whole_hours, Interval::h1);
  std::vector<core::Candle> minutes_of_the_rest;
  for (int m = 22 * 60; m < 24 * 60; ++m)
    minutes_of_the_rest.push_back(candle(day + minutes(m), "6", "9", "3", "8", "1", 1));
  put(world_.composite(world_.btc), minutes_of_the_rest);
  const auto days = reader_->candles(btc_usd(Interval::d1, day, day + hours(24)));
  ASSERT_EQ(days->size(), 1u);
  EXPECT_EQ(show(days->at(0)), show(candle(day, "5", "9", "3", "8", "1440", 1440)));
  const auto fours = reader_->candles(btc_usd(Interval::h4, day, day + hours(24)));
  ASSERT_EQ(fours->size(), 6u);
  EXPECT_EQ(show(fours->at(5)), show(candle(day + hours(20), "5", "9", "3", "8", "240", 240)));
  EXPECT_EQ(reader_->candles(btc_usd(Interval::h1, day, day + hours(24)))->size(), 24u);
}

TEST_P(CandleLevelsConformance, ARepairedMinuteShowsInTheHourThatWasIncomplete) {
  const Timestamp hour = kNoon.floor_to(hours(1));
  std::vector<core::Candle> all;
  for (int m = 0; m < 61; ++m) all.push_back(candle(hour + minutes(m), "1", "1", "1", "1", "1", 1));
  auto stored = candle(hour, "1", "1", "1", "1", "59", 59);
  stored.incomplete = true;
  put(world_.composite(world_.btc), {stored}, Interval::h1);
  put(world_.composite(world_.btc), all);
  const auto found = reader_->candles(btc_usd(Interval::h1, hour, hour + hours(1)));
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(show(found->at(0)), show(candle(hour, "1", "1", "1", "1", "60", 60)));
}

TEST_P(CandleLevelsConformance, WhatWasRebuiltSaysSoAtEveryLevelAndAfterAStart) {
  const Timestamp day = kNoon.floor_to(hours(24));
  std::vector<core::Candle> minutes;
  for (int i = 0; i < 120; ++i) {
    minutes.push_back(candle(day + std::chrono::minutes(i), "1", "1", "1", "1", "1", 1));
    minutes.back().rebuilt = i == 70;
  }
  put(world_.composite(world_.btc), minutes);
  auto hour = candle(day + hours(3), "1", "1", "1", "1", "1", 1);
  hour.rebuilt = true;
  put(world_.composite(world_.btc), {hour}, Interval::h1);
  const auto made = reader_->candles(btc_usd(Interval::h1, day, day + hours(4)));
  ASSERT_TRUE(made);
  ASSERT_EQ(made->size(), 3u);
  EXPECT_FALSE((*made)[0].rebuilt);
  EXPECT_TRUE((*made)[1].rebuilt) << "one of its minutes is";
  EXPECT_TRUE((*made)[2].rebuilt);
  EXPECT_TRUE(reader_->candles(btc_usd(Interval::d1, day, day + hours(24)))->at(0).rebuilt);
  const auto state = store_->restore(day);
  ASSERT_TRUE(state);
  ASSERT_EQ(state->minutes.size(), 1u);
  const auto& kept = state->minutes[0].candles;
  EXPECT_EQ(std::count_if(kept.begin(), kept.end(), [](const auto& c) { return c.rebuilt; }), 1);
  // Whoever tells it again, whole, takes the mark away.
  minutes[70].rebuilt = false;
  put(world_.composite(world_.btc), {minutes[70]});
  EXPECT_FALSE(reader_->candles(btc_usd(Interval::h1, day, day + hours(2)))->at(1).rebuilt);
}

TEST_P(CandleLevelsConformance, AStartGetsTheHoursOfCompositesAndTheOpenCandlesOfPairs) {
  const Timestamp now = kNoon.floor_to(hours(24)) + hours(5) + minutes(30);
  const auto hour = [&](int h) { return candle(now.floor_to(hours(1)) + hours(h), "1", "1", "1", "1", "60", 60); };
  put(world_.composite(world_.btc), {hour(-700), hour(-2), hour(-800)}, Interval::h1);
  put(core::SeriesKey{world_.btc, world_.usd, world_.kraken}, {hour(-700), hour(-2)}, Interval::h1);
  put(core::SeriesKey{world_.btc, world_.usd, world_.kraken},
      {candle(now - minutes(90), "2", "2", "2", "2", "1", 1), candle(now - minutes(1), "2", "2", "2", "2", "1", 1)});
  core::RestoredState state;
  ASSERT_TRUE(add_recent_series(*reader_, now, state));
  ASSERT_EQ(state.minutes.size(), 2u);
  EXPECT_EQ(state.minutes[0].asset_id, "bitcoin");
  EXPECT_EQ(state.minutes[0].venue, "");
  EXPECT_EQ(show(state.minutes[0].hours), show(std::vector{hour(-700), hour(-2)})) << "of 31 days";
  EXPECT_EQ(state.minutes[1].venue, "kraken");
  EXPECT_EQ(state.minutes[1].quote, "usd");
  ASSERT_EQ(state.minutes[1].hours.size(), 2u) << "the one whose minutes only are stored, too";
  EXPECT_EQ(state.minutes[1].hours[1].volume, dec("1"));
  EXPECT_TRUE(state.minutes[1].hours[1].incomplete);
  ASSERT_EQ(state.minutes[1].candles.size(), 1u) << "of this hour";
}

TEST_P(CandleLevelsConformance, SeriesAreListed) {
  EXPECT_TRUE(reader_->series()->empty());
  put(world_.composite(world_.btc), {candle(minute(0), "1", "1", "1", "1")});
  const auto all = reader_->series();
  ASSERT_EQ(all->size(), 1u);
  EXPECT_EQ(all->at(0), (SeriesName{"bitcoin", "usd", ""}));
}

}  // namespace
}  // namespace tickspan::storage::test
