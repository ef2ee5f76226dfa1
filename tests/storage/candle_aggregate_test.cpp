#include "storage/candle_aggregate.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "fixtures.hpp"

namespace tickspan::storage::test {
namespace {

using core::Candle;
using core::Interval;

// The same thing said plainly: buckets of ascending minutes.
std::vector<Candle> by_the_book(const std::vector<Candle>& minutes, Interval interval) {
  std::map<core::Timestamp, std::vector<Candle>> buckets;
  for (const auto& m : minutes) buckets[m.start.floor_to(core::width(interval))].push_back(m);
  std::vector<Candle> out;
  for (const auto& [start, all] : buckets) {
    std::vector<Candle> moved;
    for (const auto& m : all) {
      if (!m.flat) moved.push_back(m);
    }
    const std::vector<Candle>& shown = moved.empty() ? all : moved;
    Candle c;
    c.start = start;
    c.open = shown.front().open;
    c.close = shown.back().close;
    c.high = c.low = shown.front().high;
    c.low = shown.front().low;
    for (const auto& m : shown) {
      c.high = std::max(c.high, m.high);
      c.low = std::min(c.low, m.low);
    }
    core::DecimalSum volume;
    const core::Timestamp newest = minutes.back().start;
    const auto over = std::min(start + core::width(interval), newest + std::chrono::minutes(1)) - start;
    c.incomplete = static_cast<std::int64_t>(all.size()) < over / std::chrono::minutes(1);
    c.final = minutes.back().start + std::chrono::minutes(1) >= start + core::width(interval);
    for (const auto& m : all) {
      volume.add(m.volume);
      c.trades += m.trades;
      c.final = c.final && m.final;
      const bool never_closed = !m.final && m.start + std::chrono::minutes(2) <= newest;
      c.incomplete = c.incomplete || m.incomplete || never_closed;
    }
    c.flat = moved.empty();
    c.volume = volume.total();
    out.push_back(c);
  }
  return out;
}

std::vector<Candle> random_minutes(std::mt19937_64& random) {
  std::vector<Candle> out;
  std::int64_t price = 6'400'000;
  for (int i = 0; i < 600; ++i) {
    if (random() % 7 == 0) continue;  // a hole
    Candle c;
    c.start = minute(i);
    c.final = random() % 50 != 0;
    c.incomplete = random() % 40 == 0;
    c.flat = random() % 4 == 0;
    c.open = {price, -2};
    if (!c.flat) price += static_cast<std::int64_t>(random() % 2001) - 1000;
    c.close = {price, -2};
    const auto spread = c.flat ? 0 : static_cast<std::int64_t>(random() % 500);
    c.high = {std::max(c.open, c.close).mantissa + spread, -2};
    c.low = {std::min(c.open, c.close).mantissa - spread, -2};
    c.trades = c.flat ? 0 : static_cast<std::uint32_t>(random() % 100);
    if (!c.flat)
      c.volume = {static_cast<std::int64_t>(random() % 1'000'000'000),
                  static_cast<std::int8_t>(-8 + static_cast<int>(random() % 4))};
    out.push_back(c);
  }
  return out;
}

TEST(CandleAggregate, AgreesWithThePlainDefinitionOnRandomSeries) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937_64 random(seed);
    const auto minutes = random_minutes(random);
    for (const Interval interval : core::kIntervals) {
      const auto expected = by_the_book(minutes, interval);
      for (const std::size_t limit : {std::size_t{1}, std::size_t{3}, expected.size(), std::size_t{100'000}}) {
        MinuteAggregator aggregator(interval, minutes.back().start, limit);
        for (auto it = minutes.rbegin(); it != minutes.rend() && aggregator.add(*it); ++it) {
        }
        const auto all = show(expected);
        const std::vector<std::string> newest(all.end() - static_cast<std::ptrdiff_t>(std::min(limit, all.size())),
                                              all.end());
        EXPECT_EQ(show(aggregator.take()), newest)
            << "seed " << seed << ", " << core::to_string(interval) << ", limit " << limit;
      }
    }
  }
}

TEST(CandleAggregate, ReadsNoMoreThanTheLimitNeeds) {
  MinuteAggregator aggregator(Interval::m5, minute(14), 2);
  int taken = 0;
  for (int i = 14; i >= 0 && aggregator.add(candle(minute(i), "1", "1", "1", "1")); --i) ++taken;
  EXPECT_EQ(taken, 10);
}

TEST(CandleAggregate, TradesDoNotWrapAround) {
  MinuteAggregator aggregator(Interval::m5, minute(1), 1);
  EXPECT_TRUE(aggregator.add(candle(minute(1), "1", "1", "1", "1", "0", 4'000'000'000u)));
  EXPECT_TRUE(aggregator.add(candle(minute(0), "1", "1", "1", "1", "0", 4'000'000'000u)));
  EXPECT_EQ(aggregator.take().at(0).trades, 4'294'967'295u);
}

TEST(CandleAggregate, MergeKeepsTheNewest) {
  const auto a = [](int i) { return candle(minute(i), "1", "1", "1", "1"); };
  const auto b = [](int i) { return candle(minute(i), "2", "2", "2", "2"); };
  EXPECT_EQ(show(merge_newest({a(1), a(3)}, {b(0), b(1), b(2)}, 3)), show(std::vector{a(1), b(2), a(3)}));
  EXPECT_EQ(show(merge_newest({}, {b(0), b(1)}, 1)), show(std::vector{b(1)}));
  EXPECT_EQ(show(merge_newest({a(0), a(1)}, {}, 1)), show(std::vector{a(1)}));
}

TEST(CandleAggregate, AStoredCandleThatIsNotWholeYieldsToItsRepairedMinutes) {
  const auto stored = [](bool incomplete, std::uint32_t trades) {
    Candle c = candle(minute(0), "1", "1", "1", "1", "1", trades);
    c.incomplete = incomplete;
    return c;
  };
  const auto sum = [](bool incomplete, std::uint32_t trades) {
    Candle c = candle(minute(0), "2", "2", "2", "2", "1", trades);
    c.incomplete = incomplete;
    return c;
  };
  const auto winner = [](const Candle& s, const Candle& a) { return merge_newest({s}, {a}, 1).at(0).close; };
  EXPECT_EQ(winner(stored(false, 5), sum(false, 9)), dec("1"));
  EXPECT_EQ(winner(stored(true, 9), sum(false, 5)), dec("2"));
  EXPECT_EQ(winner(stored(true, 5), sum(true, 9)), dec("2"));
  EXPECT_EQ(winner(stored(true, 9), sum(true, 5)), dec("1")) << "its minutes have expired";
}

TEST(CandleAggregate, OnlyWhatIsNotStoredWholeIsAddedUp) {
  const auto at = [](int i, bool incomplete = false) {
    Candle c = candle(minute(i), "1", "1", "1", "1");
    c.incomplete = incomplete;
    return c;
  };
  CandleQuery query{.interval = Interval::m5, .start = minute(0), .end = minute(30), .limit = 100};
  const auto runs = [&](const std::vector<Candle>& stored) {
    std::vector<std::pair<std::int64_t, std::int64_t>> out;
    for (const SecondRange& r : to_aggregate(query, stored))
      out.emplace_back((r.begin - minute(0).seconds()) / 60, (r.end - minute(0).seconds()) / 60);
    return out;
  };
  using Runs = std::vector<std::pair<std::int64_t, std::int64_t>>;
  EXPECT_EQ(runs({}), (Runs{{0, 30}}));
  EXPECT_EQ(runs({at(0), at(5), at(10), at(15), at(20), at(25)}), Runs{});
  EXPECT_EQ(runs({at(0), at(10), at(15, true), at(20)}), (Runs{{25, 30}, {15, 20}, {5, 10}}));
  query.limit = 2;
  EXPECT_EQ(runs({at(15), at(20)}), (Runs{{25, 30}})) << "older ones are not among the newest two";
}

TEST(CandleAggregate, RangesRoundUpToWholeUnits) {
  const auto range = [](std::int64_t start_ns, std::int64_t end_ns, std::int64_t align) {
    const SecondRange r = second_range({start_ns}, {end_ns}, align);
    return std::pair{r.begin, r.end};
  };
  EXPECT_EQ(range(0, 1, 1), (std::pair<std::int64_t, std::int64_t>{0, 1}));
  EXPECT_EQ(range(1'000'000'001, 300'000'000'000, 300), (std::pair<std::int64_t, std::int64_t>{300, 300}));
  EXPECT_EQ(range(-1, -300'000'000'001, 300), (std::pair<std::int64_t, std::int64_t>{0, -300}));
}

}  // namespace
}  // namespace tickspan::storage::test
