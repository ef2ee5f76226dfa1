#include "market/candle_series.hpp"

#include <gtest/gtest.h>

#include "candle_fixture.hpp"

namespace tickspan::market {
namespace {

using namespace std::chrono_literals;
using core::Candle;
using core::Interval;
using core::Timestamp;

constexpr Timestamp kNoon = Timestamp::from_s(1'699'963'200);  // 12:00 UTC, a boundary of every level but the day
static_assert(kNoon.floor_to(4h) == kNoon && kNoon.floor_to(24h) + 12h == kNoon);

struct Collected {
  std::vector<std::pair<Interval, Candle>> told;

  void from(CandleSeries& series) {
    series.collect([&](Interval interval, const Candle& c) { told.emplace_back(interval, c); });
  }
  std::vector<Candle> of(Interval interval) const {
    std::vector<Candle> out;
    for (const auto& [i, c] : told) {
      if (i == interval) out.push_back(c);
    }
    return out;
  }
};

Candle minute_at(Timestamp start, std::string_view price, std::string_view volume = "1") {
  Candle c{.start = start, .volume = number(volume), .trades = 1, .final = true};
  c.open = c.high = c.low = c.close = number(price);
  return c;
}

void trade(CandleSeries& series, Timestamp at, std::string_view price, std::string_view amount, std::uint64_t id) {
  series.minutes.add_trade(at, number(price), number(amount), id);
}

std::map<Interval, ByStart> built_from(const std::vector<RawTrade>& trades, Timestamp end) {
  CandleSeries series;
  std::map<Interval, ByStart> out;
  const auto collect = [&] {
    series.collect([&](Interval interval, const Candle& c) {
      EXPECT_TRUE(c.final);
      EXPECT_TRUE(out[interval].emplace(c.start, c).second) << "given out twice";
    });
  };
  for (const RawTrade& t : trades) {
    series.minutes.add_trade(t.at, t.price, t.amount, t.id);
    if (series.has_finished()) collect();
  }
  series.minutes.advance(end + CandleBuilder::kLateness, true);
  collect();
  return out;
}

TEST(CandleSeries, RecordedTradesGiveExactlyTheVenuesOwnCandles) {
  const auto dir = test::recordings_dir();
  if (!dir) GTEST_SKIP() << "the recordings are not here";
  const auto trades = recorded_trades(*dir + "/binance/trades_XRPETH_20191011.csv.gz");
  const std::map<Interval, ByStart> venues_own = {
      {Interval::m1, recorded_candles(*dir + "/binance/ohlcv_XRPETH_1m_20191011.csv")},
      {Interval::m5, recorded_candles(*dir + "/binance/ohlcv_XRPETH_5m_20191011.csv")}};
  const Timestamp end = venues_own.at(Interval::m1).rbegin()->first + 1min;
  auto built = built_from(trades, end);
  int traded = 0, flat = 0;
  for (const auto& [interval, expected] : venues_own) {
    ASSERT_EQ(built[interval].size(), expected.size());
    for (const auto& [start, c] : built[interval]) {
      ASSERT_TRUE(expected.contains(start)) << core::to_rfc3339(start);
      EXPECT_TRUE(same_prices_and_volume(c, expected.at(start))) << figures(c);
      EXPECT_EQ(c.flat, expected.at(start).volume.is_zero());
      EXPECT_FALSE(c.incomplete);
      (c.flat ? flat : traded) += 1;
    }
  }
  EXPECT_EQ(traded, 2469 + 706);
  EXPECT_EQ(flat, 1091 + 6);
  // The venue's tables of the longer levels are not there; the trades themselves are.
  for (const Interval interval : core::kIntervals) {
    const auto expected = recount(trades, interval, end);
    ASSERT_EQ(built[interval].size(), expected.size()) << core::to_string(interval);
    for (const auto& [start, c] : expected) EXPECT_EQ(figures(built[interval].at(start)), figures(c));
  }
}

TEST(CandleSeries, RecordedMinutesGiveExactlyTheRecordedFiveMinutes) {
  const auto dir = test::recordings_dir();
  if (!dir) GTEST_SKIP() << "the recordings are not here";
  const auto minutes = recorded_candles(*dir + "/binance/ohlcv_ETHBTC_1m_201801.csv.gz");
  const auto expected = recorded_candles(*dir + "/binance/ohlcv_ETHBTC_5m_201801.csv.gz");
  CandleLevels levels;
  std::vector<CandleLevels::Finished> out;
  for (const auto& [start, c] : minutes) levels.add(c, out);
  int whole = 0;
  std::map<Interval, int> count;
  for (const auto& [interval, c] : out) {
    ++count[interval];
    std::vector<Candle> inside;
    core::DecimalSum volume;
    for (auto it = minutes.lower_bound(c.start); it != minutes.end() && it->first < c.start + core::width(interval);
         ++it) {
      inside.push_back(it->second);
      volume.add(it->second.volume);
    }
    const bool is_whole = inside.size() == static_cast<std::size_t>(core::width(interval) / 1min);
    EXPECT_EQ(c.incomplete, !is_whole) << core::to_string(interval) << ' ' << figures(c);
    EXPECT_EQ(c.volume, volume.total());
    if (interval != Interval::m5 || !is_whole) continue;
    ++whole;
    EXPECT_TRUE(same_prices_and_volume(c, expected.at(c.start))) << figures(c);
  }
  EXPECT_EQ(whole, 2878);
  EXPECT_EQ(count[Interval::d1], 10);
}

TEST(CandleSeries, ALateTradeRepairsEveryLevelThatIsOver) {
  CandleSeries series;
  Collected first;
  // The last minutes of a day.
  const Timestamp midnight = kNoon + 12h;
  for (int m = 3; m >= 1; --m) trade(series, midnight - m * 1min, "10", "1", static_cast<std::uint64_t>(10 - m));
  series.minutes.advance(midnight + 1min + 2s, true);
  first.from(series);
  for (const Interval interval : CandleLevels::kLevels) {
    ASSERT_EQ(first.of(interval).size(), 1u) << core::to_string(interval);
    EXPECT_TRUE(first.of(interval)[0].final);
    EXPECT_EQ(first.of(interval)[0].volume, number("3"));
  }
  trade(series, midnight - 90s, "25", "0.5", 1);
  Collected repaired;
  repaired.from(series);
  for (const Interval interval : CandleLevels::kLevels) {
    ASSERT_EQ(repaired.of(interval).size(), 1u) << core::to_string(interval);
    EXPECT_EQ(repaired.of(interval)[0].volume, number("3.5"));
    EXPECT_EQ(repaired.of(interval)[0].high, number("25"));
    EXPECT_EQ(repaired.of(interval)[0].close, number("10"));
    EXPECT_EQ(repaired.of(interval)[0].start, first.of(interval)[0].start);
    EXPECT_TRUE(repaired.of(interval)[0].final);
  }
}

TEST(CandleSeries, ALevelIsFinalWhenTimeHasPassedThoughItsLastMinutesAreMissing) {
  CandleSeries series;
  Collected told;
  for (int m = 0; m < 3; ++m) trade(series, kNoon + m * 1min, "10", "1", static_cast<std::uint64_t>(m + 1));
  series.minutes.advance(kNoon + 3min + 2s, true);
  series.minutes.advance(kNoon + 5min + 1s, false);
  told.from(series);
  EXPECT_TRUE(told.of(Interval::m5).empty()) << "the lateness of its last minute counts for it, too";
  series.minutes.advance(kNoon + 5min + 2s, false);
  EXPECT_TRUE(series.has_finished()) << "although no minute was";
  told.from(series);
  ASSERT_EQ(told.of(Interval::m5).size(), 1u);
  EXPECT_TRUE(told.of(Interval::m5)[0].incomplete);
  EXPECT_TRUE(told.of(Interval::m5)[0].final);
  EXPECT_FALSE(series.has_finished());
}

TEST(CandleSeries, TheOpenCandleHoldsAllMinutesThatAreNotFinal) {
  CandleSeries series;
  Collected told;
  trade(series, kNoon, "10", "1", 1);
  trade(series, kNoon + 59s, "12", "1", 2);
  trade(series, kNoon + 61s, "11", "1", 3);
  told.from(series);
  EXPECT_TRUE(told.told.empty());
  Candle hour;
  ASSERT_TRUE(series.open_candle(Interval::h1, hour));
  EXPECT_EQ(figures(hour), core::to_rfc3339(kNoon) + " 10 12 10 11 3 t3");
  EXPECT_FALSE(hour.final);
  EXPECT_FALSE(hour.incomplete) << "what is to come is not missing";
  series.minutes.advance(kNoon + 62s, true);
  told.from(series);
  ASSERT_TRUE(series.open_candle(Interval::d1, hour));
  EXPECT_EQ(figures(hour), core::to_rfc3339(kNoon - 12h) + " 10 12 10 11 3 t3");
  EXPECT_TRUE(hour.incomplete) << "half the day was before the start";
}

TEST(CandleSeries, FlatMinutesCountAsPresentButSayNothingAboutPrices) {
  CandleLevels levels;
  std::vector<CandleLevels::Finished> out;
  for (int m = 0; m < 5; ++m) {
    Candle c = minute_at(kNoon + m * 1min, m == 2 ? "8" : "9", m == 2 ? "1" : "0");
    c.flat = m != 2;
    c.trades = c.flat ? 0 : 1;
    levels.add(c, out);
  }
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(figures(out[0].candle), core::to_rfc3339(kNoon) + " 8 8 8 8 1 t1");
  EXPECT_FALSE(out[0].candle.incomplete);
}

TEST(CandleSeries, AnHourFromTheStoreStandsInTheDayInPlaceOfItsMinutes) {
  CandleSeries series;
  const Timestamp midnight = kNoon - 12h;
  core::RestoredState::Minutes past{"bitcoin", {}};
  for (int h = 0; h < 12; ++h) past.hours.push_back(minute_at(midnight + h * 1h, "10", "2"));
  for (int m = 0; m < 30; ++m) past.candles.push_back(minute_at(kNoon + m * 1min, "11", "1"));
  const Timestamp now = kNoon + 30min + 1s;
  series.restore(past, now - 1s, now, now);
  Collected told;
  told.from(series);
  EXPECT_TRUE(told.told.empty()) << "the store has it already";
  trade(series, kNoon + 30min + 20s, "12", "0.5", 1);
  Candle day;
  ASSERT_TRUE(series.open_candle(Interval::d1, day));
  EXPECT_EQ(figures(day), core::to_rfc3339(midnight) + " 10 12 10 12 54.5 t43");
  EXPECT_TRUE(day.incomplete) << "the minute of the restart";
  ASSERT_TRUE(series.open_candle(Interval::h1, day));
  EXPECT_EQ(day.volume, number("30.5"));
  // Repaired in the store: the open day follows.
  series.put_hour(minute_at(midnight + 3h, "40", "3"));
  ASSERT_TRUE(series.open_candle(Interval::d1, day));
  EXPECT_EQ(day.volume, number("55.5"));
  EXPECT_EQ(day.high, number("40"));
}

}  // namespace
}  // namespace tickspan::market
