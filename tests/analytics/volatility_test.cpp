#include "analytics/volatility.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace tickspan::analytics {
namespace {

using core::AssetId;
using core::MinuteHistory;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
using Closes = std::array<double, MinuteHistory::kMinutes>;

// The definition read off the page, in long double, with none of the code's shortcuts.
std::optional<Volatility> slow_oracle(const std::vector<double>& closes) {
  std::vector<long double> r;
  for (std::size_t i = 1; i < closes.size(); ++i) {
    if (closes[i] > 0 && closes[i - 1] > 0)
      r.push_back(std::log(static_cast<long double>(closes[i])) - std::log(static_cast<long double>(closes[i - 1])));
  }
  if (r.size() < 30) return {};
  long double mean = 0;
  for (const auto v : r) mean += v / static_cast<long double>(r.size());
  long double sum = 0;
  for (const auto v : r) sum += (v - mean) * (v - mean);
  return Volatility{static_cast<double>(std::sqrt(sum / static_cast<long double>(r.size() - 1))),
                    static_cast<std::uint32_t>(r.size())};
}

std::vector<double> random_walk(unsigned seed, double start, double step, double missing) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> move(0, step);
  std::uniform_real_distribution<double> chance(0, 1);
  std::vector<double> out;
  double price = start;
  for (std::size_t i = 0; i < MinuteHistory::kMinutes; ++i) {
    price *= std::exp(move(random));
    out.push_back(chance(random) < missing ? kNone : price);
  }
  return out;
}

TEST(Volatility, VectorOfTheReference) {
  // Closes 100 + ((37 i) mod 23) - 11 + 0.5 i for i = 0..59; the figure of the last 30 log returns is given.
  std::vector<double> closes;
  for (int i = 29; i < 60; ++i) closes.push_back(100 + (37 * i) % 23 - 11 + 0.5 * i);
  const auto v = volatility(closes);
  ASSERT_TRUE(v);
  EXPECT_EQ(v->returns, 30u);
  EXPECT_NEAR(v->value, 0.0940271198, 1e-10);
  EXPECT_NEAR(v->value * std::sqrt(365.0), 1.7963856024, 1e-9);
}

TEST(Volatility, FewerThanThirtyReturnsAreNoFigure) {
  std::vector<double> closes;
  for (int i = 30; i < 60; ++i) closes.push_back(100 + i % 7);
  EXPECT_FALSE(volatility(closes));
  closes.push_back(105);
  EXPECT_TRUE(volatility(closes));
}

TEST(Volatility, AgreesWithTheSlowOracleOnRandomWalks) {
  unsigned seed = 1;
  for (const double start : {1e-9, 0.37, 65'000.0, 2.5e12}) {
    for (const double step : {1e-7, 4e-4, 0.05}) {
      for (const double missing : {0.0, 0.02, 0.5}) {
        const auto closes = random_walk(seed++, start, step, missing);
        const auto fast = volatility(closes);
        const auto slow = slow_oracle(closes);
        ASSERT_TRUE(fast && slow);
        EXPECT_EQ(fast->returns, slow->returns);
        EXPECT_NEAR(fast->value / slow->value, 1, 1e-9) << "start " << start << " step " << step;
      }
    }
  }
}

TEST(Volatility, NoReturnIsTakenAcrossAMissingMinute) {
  std::vector<double> closes(200, 10.0);
  for (std::size_t i = 100; i < 200; ++i) closes[i] = 1000;  // a jump of 100 times
  closes[100] = kNone;                                       // hidden in a hole
  const auto v = volatility(closes);
  ASSERT_TRUE(v);
  EXPECT_EQ(v->returns, 197u);
  EXPECT_EQ(v->value, 0);
}

TEST(Volatility, ALargeCommonDriftDoesNotSwampASmallSpread) {
  // Returns of 0.01 +- 1e-9: the mean of squares less the square of the mean would be rounding noise.
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) values.push_back(1e6 + (i % 2 == 0 ? 1e-4 : -1e-4));
  EXPECT_NEAR(*sample_deviation(values), 1e-4 * std::sqrt(1000.0 / 999), 1e-9);
}

class Ranking : public testing::Test {
 protected:
  void put(std::uint32_t asset, const std::vector<double>& closes) {
    auto array = std::make_shared<Closes>();
    std::copy(closes.begin(), closes.end(), array->begin());
    if (minutes_.closes.size() <= asset) minutes_.closes.resize(asset + 1);
    minutes_.closes[asset] = std::move(array);
  }
  MinuteHistory minutes_;
  const AssetId usd_{0};
};

TEST_F(Ranking, MostVolatileFirstAndWithoutAFigureNotAtAll) {
  put(1, random_walk(1, 100, 1e-4, 0));
  put(2, random_walk(2, 100, 1e-2, 0.3));
  put(3, random_walk(3, 100, 1e-3, 0));
  put(4, std::vector<double>(MinuteHistory::kMinutes, kNone));
  const std::vector<AssetId> assets{{1}, {2}, {3}, {4}, {5}};
  const auto ranks = volatility_ranking(minutes_, assets, usd_, usd_);
  ASSERT_EQ(ranks.size(), 3u);
  EXPECT_EQ(ranks[0].asset, AssetId{2});
  EXPECT_EQ(ranks[0].rank, 1u);
  EXPECT_FALSE(ranks[0].complete);
  EXPECT_EQ(ranks[1].asset, AssetId{3});
  EXPECT_EQ(ranks[2].asset, AssetId{1});
  EXPECT_EQ(ranks[2].rank, 3u);
  EXPECT_TRUE(ranks[2].complete);
  EXPECT_EQ(ranks[2].returns, MinuteHistory::kMinutes - 1);
}

TEST_F(Ranking, AnotherQuoteDividesMinuteByMinute) {
  const auto base = random_walk(7, 60'000, 1e-3, 0.01);
  const auto unit = random_walk(8, 1.1, 2e-3, 0.01);
  put(1, base);
  put(2, unit);
  std::vector<double> quoted;
  for (std::size_t i = 0; i < base.size(); ++i) quoted.push_back(base[i] / unit[i]);
  const auto v = volatility(minutes_, {1}, {2}, usd_);
  const auto expected = slow_oracle(quoted);
  ASSERT_TRUE(v && expected);
  EXPECT_EQ(v->returns, expected->returns);
  EXPECT_NEAR(v->value / expected->value, 1, 1e-9);
  EXPECT_FALSE(volatility(minutes_, {1}, {9}, usd_)) << "a quote without minutes";
  EXPECT_FALSE(volatility(minutes_, {1}, {1}, usd_)) << "a thing in itself";
}

}  // namespace
}  // namespace tickspan::analytics
