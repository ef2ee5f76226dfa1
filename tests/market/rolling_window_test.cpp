#include "market/rolling_window.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
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
      if (std::isnan(open)) open = it->second.close.to_double();
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
