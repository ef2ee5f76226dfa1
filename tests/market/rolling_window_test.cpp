#include "market/rolling_window.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <random>

namespace tickspan::market {
namespace {

using core::Candle;
using core::Decimal;
using core::Timestamp;

constexpr std::int64_t kFirst = 28'333'333;  // minutes since 1970

Candle minute(std::int64_t number, double high, double low, double close) {
  Candle c;
  c.start = Timestamp::from_s(number * 60);
  c.open = *Decimal::from_double((high + low) / 2);
  c.volume = *Decimal::from_double(static_cast<double>(number % 97) / 8);
  c.high = *Decimal::from_double(high);
  c.low = *Decimal::from_double(low);
  c.close = *Decimal::from_double(close);
  return c;
}

TEST(RollingWindow, AgreesWithASlowScanAtEveryMinute) {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> chance(0, 1);
  RollingWindow window;
  std::map<std::int64_t, Candle> all;
  double price = 100;
  int told = 0;
  for (std::int64_t m = kFirst; m < kFirst + 6000; ++m) {
    price *= 1 + (chance(random) - 0.5) * 0.01;
    // A few missing minutes now and then, many of them in one stretch.
    const bool missing = chance(random) < (m > kFirst + 3500 && m < kFirst + 3700 ? 0.8 : 0.02);
    if (!missing) window.add(all[m] = minute(m, price * 1.001, price * 0.999, price));
    window.expire(Timestamp::from_s((m + 1) * 60));
    std::size_t present = 0;
    double open = NAN, high = price, low = price;
    for (auto it = all.lower_bound(m + 1 - 1440); it != all.end(); ++it, ++present) {
      if (std::isnan(open)) open = it->second.open.to_double();
      high = std::max(high, it->second.high.to_double());
      low = std::min(low, it->second.low.to_double());
    }
    ASSERT_EQ(window.present(), present);
    const auto figures = window.figures(price);
    ASSERT_EQ(figures.has_value(), present >= 1368) << m - kFirst;
    if (!figures) continue;
    ++told;
    ASSERT_EQ(figures->open, open);
    ASSERT_EQ(figures->high, high);
    ASSERT_EQ(figures->low, low);
  }
  EXPECT_GT(told, 1000);
  EXPECT_LT(told, 5000) << "the stretch with most minutes missing tells nothing";
}

// What the store has; hours of it are whole candles.
struct Store {
  std::map<std::int64_t, Candle> minutes;

  std::vector<Candle> range(std::int64_t first, std::int64_t end) const {
    std::vector<Candle> out;
    for (auto it = minutes.lower_bound(first); it != minutes.end() && it->first < end; ++it) out.push_back(it->second);
    return out;
  }
  std::optional<Candle> hour(std::int64_t number) const {
    const auto inside = range(number * 60, number * 60 + 60);
    if (inside.empty()) return {};
    Candle c = inside.front();
    c.start = Timestamp::from_s(number * 3600);
    core::DecimalSum volume;
    for (const Candle& m : inside) {
      c.high = std::max(c.high, m.high);
      c.low = std::min(c.low, m.low);
      c.close = m.close;
      volume.add(m.volume);
    }
    c.volume = volume.total();
    c.incomplete = inside.size() < 60;
    return c;
  }
  core::WindowFigures count(std::int64_t end, std::int64_t span) const {
    const auto inside = range(end - span, end);
    if (inside.empty()) return {};
    core::WindowFigures f{inside.front().open.to_double(), 0, 1e18, 0};
    for (const Candle& m : inside) {
      f.high = std::max(f.high, m.high.to_double());
      f.low = std::min(f.low, m.low.to_double());
      f.volume += m.volume.to_double();
    }
    return f;
  }
};

void answer(RollingWindow& window, const Store& store) {
  for (auto hour = window.wanted_hour(); hour; hour = window.wanted_hour()) {
    const std::int64_t first = hour->seconds() / 60;
    window.add_old_minutes(*hour, store.range(first, first + 60));
  }
}

RollingWindow restored(const Store& store, std::int64_t end) {
  RollingWindow window;
  for (std::int64_t h = end / 60 - 744; h <= end / 60; ++h) {
    if (const auto hour = store.hour(h); hour && h * 60 + 60 <= end) window.add_hour(*hour);
  }
  for (const Candle& m : store.range(end - 1442, end)) window.add(m);
  window.expire(Timestamp::from_s(end * 60));
  return window;
}

void expect_recount(const RollingWindow& window, const Store& store, std::int64_t end, const char* label) {
  constexpr std::array<std::int64_t, 4> kSpans = {60, 1440, 10'080, 43'200};
  for (std::size_t i = 0; i < kSpans.size(); ++i) {
    const core::WindowFigures found = window.windows()[i];
    const core::WindowFigures expected = store.count(end, kSpans[i]);
    ASSERT_TRUE(found.known()) << label << ", window " << i;
    ASSERT_EQ(found.open, expected.open) << label << ", window " << i << ", minute " << end;
    ASSERT_EQ(found.high, expected.high) << label << ", window " << i;
    ASSERT_EQ(found.low, expected.low) << label << ", window " << i;
    ASSERT_NEAR(found.volume, expected.volume, 1e-9 * expected.volume) << label << ", window " << i;
  }
}

class RollingWindowProperty : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(Seeds, RollingWindowProperty, testing::Range(0u, 4u));

TEST_P(RollingWindowProperty, AllWindowsAreARecountOfTheStoredMinutesAtAnyMoment) {
  std::mt19937_64 random(GetParam());
  std::uniform_real_distribution<double> chance(0, 1);
  Store store;
  RollingWindow window;
  double price = 100;
  for (std::int64_t m = kFirst; m < kFirst + 46'000; ++m) {
    price *= 1 + (chance(random) - 0.5) * 0.004;
    if (chance(random) > 0.01) window.add(store.minutes[m] = minute(m, price * 1.001, price * 0.999, price));
    window.expire(Timestamp::from_s((m + 1) * 60));
    if (chance(random) < 0.02) {  // a late trade of one of the last five minutes
      const auto late = store.minutes.find(m - static_cast<std::int64_t>(random() % 5));
      if (late != store.minutes.end()) {
        late->second.high = *Decimal::from_double(late->second.high.to_double() * 1.01);
        window.add(late->second);
      }
    }
    if (m < kFirst + 43'300 || chance(random) > 0.004) continue;
    answer(window, store);
    expect_recount(window, store, m + 1, "live");
    RollingWindow again = restored(store, m + 1);
    answer(again, store);
    expect_recount(again, store, m + 1, "restored");
  }
}

TEST(RollingWindow, ALongWindowIsNotKnownBeforeItsFirstHoursMinutesAre) {
  Store store;
  for (std::int64_t m = 0; m < 43'300; ++m) store.minutes[kFirst + m] = minute(kFirst + m, 10, 9, 9.5);
  const std::int64_t end = (kFirst + 43'300) / 60 * 60 - 30;
  RollingWindow window = restored(store, end);
  const auto known = [&](core::WindowSpan span) { return window.windows()[static_cast<std::size_t>(span)].known(); };
  EXPECT_TRUE(known(core::WindowSpan::h24));
  EXPECT_FALSE(known(core::WindowSpan::d7));
  EXPECT_FALSE(known(core::WindowSpan::d30));
  answer(window, store);
  EXPECT_TRUE(known(core::WindowSpan::d7));
  EXPECT_TRUE(known(core::WindowSpan::d30));
  // Hours that were never stored in minutes count whole.
  RollingWindow of_hours = restored(store, end);
  while (const auto hour = of_hours.wanted_hour()) of_hours.add_old_minutes(*hour, {});
  EXPECT_TRUE(of_hours.windows()[3].known());
}

TEST(RollingWindow, ClosesStandAtTheirMinuteWithNoneBetween) {
  RollingWindow window;
  EXPECT_EQ(window.closes(), nullptr);
  window.add(minute(kFirst, 1, 1, 1));
  window.add(minute(kFirst + 2, 3, 3, 3));
  window.expire(Timestamp::from_s((kFirst + 4) * 60));
  const auto closes = window.closes();
  ASSERT_NE(closes, nullptr);
  EXPECT_EQ((*closes)[1436], 1);
  EXPECT_TRUE(std::isnan((*closes)[1437]));
  EXPECT_EQ((*closes)[1438], 3);
  EXPECT_TRUE(std::isnan((*closes)[1439]));
  window.expire(Timestamp::from_s((kFirst + 1500) * 60));
  EXPECT_EQ(window.present(), 0u);
  EXPECT_EQ(window.closes(), nullptr);
}

TEST(RollingWindow, ThePresentPriceCanBeTheExtreme) {
  RollingWindow window;
  for (std::int64_t m = 0; m < 1440; ++m) window.add(minute(kFirst + m, 10, 9, 9.5));
  const auto f = window.figures(12);
  ASSERT_TRUE(f);
  EXPECT_EQ(f->high, 12);
  EXPECT_EQ(f->low, 9);
  EXPECT_EQ(f->open, 9.5);
}

}  // namespace
}  // namespace tickspan::market
