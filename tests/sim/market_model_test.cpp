#include "sim/market_model.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include "sim/coins.hpp"
#include "sim/noise.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;
constexpr auto kNow = core::Timestamp::from_s(1'795'000'000);
constexpr double kYear = 365.25 * 86'400;

std::vector<double> log_returns(const MarketModel& model, std::size_t asset, core::Timestamp from, core::Duration step,
                                int count) {
  std::vector<double> returns;
  double before = model.true_price(asset, from);
  for (int i = 1; i <= count; ++i) {
    const double price = model.true_price(asset, from + step * i);
    returns.push_back(std::log(price / before));
    before = price;
  }
  return returns;
}

double mean_product(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum / static_cast<double>(a.size());
}

TEST(Noise, NormalHasTheMomentsOfANormal) {
  double sum = 0, squares = 0, fourth = 0;
  constexpr int kCount = 200'000;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    const double x = to_normal(hash(99, i));
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
  }
  EXPECT_NEAR(sum / kCount, 0, 0.01);
  EXPECT_NEAR(squares / kCount, 1, 0.02);
  EXPECT_NEAR(fourth / kCount, 3, 0.15);
}

TEST(Noise, BrownianVarianceGrowsWithTime) {
  for (const double step : {1.0, 60.0, 3600.0, 86'400.0}) {
    double squares = 0;
    constexpr int kCount = 4000;
    for (int i = 0; i < kCount; ++i) {
      const double t = i * 91'234.5;
      const double d = brownian(5, t + step) - brownian(5, t);
      squares += d * d;
    }
    EXPECT_NEAR(squares / kCount / step, 1, 0.12) << step;
  }
}

TEST(Noise, BrownianIsContinuousWhereStretchesMeet) {
  for (int i = 1; i < 50; ++i) {
    const double t = i * kBridgeSeconds;
    EXPECT_NEAR(brownian(3, t - 1e-6), brownian(3, t + 1e-6), 0.01);
  }
}

TEST(MarketModel, SameSeedSameMarketOtherSeedAnother) {
  const MarketModel a(1, 1, 100), b(1, 1, 100), c(2, 1, 100);
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(a.true_price(i, kNow), b.true_price(i, kNow));
    EXPECT_NE(a.true_price(i, kNow), c.true_price(i, kNow)) << a.asset(i).id;
  }
}

TEST(MarketModel, ThePriceOfAMomentDoesNotDependOnHowManyCoinsAreListed) {
  const MarketModel few(1, 1, 5), many(1, 1, 300);
  EXPECT_EQ(few.true_price(*few.find_id("cardano"), kNow), many.true_price(*many.find_id("cardano"), kNow));
  EXPECT_EQ(many.coin_count(), 300U);
  EXPECT_EQ(many.asset(299).id, "sample-coin-300");
}

TEST(MarketModel, ListsRealCoinsByMarketCapitalisation) {
  const MarketModel model(1, 1, 100);
  EXPECT_GE(coin_table().size(), 100U);
  EXPECT_EQ(model.asset(0).id, "bitcoin");
  EXPECT_EQ(model.asset(1).id, "ethereum");
  EXPECT_EQ(model.find_symbol("eth"), 1U);
  EXPECT_FALSE(model.find_id("no-such-coin"));
}

TEST(MarketModel, VolatilityIsTheConfiguredOne) {
  const MarketModel model(11, 1, 100);
  for (const char* id : {"bitcoin", "solana", "pepe", "eur"}) {
    const std::size_t asset = *model.find_id(id);
    const auto returns = log_returns(model, asset, kNow - 40 * 24h, 5min, 40 * 288);
    const double annual = std::sqrt(mean_product(returns, returns) * kYear / 300);
    EXPECT_NEAR(annual / model.asset(asset).volatility, 1, 0.1) << id;
  }
}

TEST(MarketModel, CoinsMoveTogetherAsConfigured) {
  const MarketModel model(11, 1, 100);
  const auto correlation = [&](const char* x, const char* y) {
    const auto a = log_returns(model, *model.find_id(x), kNow - 40 * 24h, 5min, 40 * 288);
    const auto b = log_returns(model, *model.find_id(y), kNow - 40 * 24h, 5min, 40 * 288);
    return mean_product(a, b) / std::sqrt(mean_product(a, a) * mean_product(b, b));
  };
  const auto expected = [&](const char* x, const char* y) {
    return model.asset(*model.find_id(x)).correlation * model.asset(*model.find_id(y)).correlation;
  };
  EXPECT_NEAR(correlation("bitcoin", "ethereum"), expected("bitcoin", "ethereum"), 0.05);
  EXPECT_NEAR(correlation("solana", "pepe"), expected("solana", "pepe"), 0.05);
  EXPECT_NEAR(correlation("bitcoin", "eur"), 0, 0.05);
}

TEST(MarketModel, PricesStayPlausibleOverTheYears) {
  const MarketModel model(3, 1, 100);
  for (int month = 0; month < 120; ++month) {
    const core::Timestamp t = kNow - month * 30 * 24h;
    const double bitcoin = model.true_price(0, t) / model.asset(0).base_price;
    EXPECT_GT(bitcoin, 0.3);
    EXPECT_LT(bitcoin, 3.5);
    EXPECT_NEAR(model.true_price(*model.find_id("tether"), t), 1, 0.005);
    EXPECT_NEAR(model.true_price(*model.find_id("eur"), t), 1.163, 0.05);
    EXPECT_EQ(model.true_price(*model.find_id("usd"), t), 1);
  }
}

TEST(MarketModel, HasJumps) {
  // A jump is a move of many standard deviations within a second: without jumps the largest of some 10 million is 5.5.
  const MarketModel model(1, 1, 100);
  double largest = 0;
  for (std::size_t asset = 5; asset < 30; ++asset) {
    const double sigma = model.asset(asset).volatility * std::sqrt(60 / kYear);
    if (model.asset(asset).correlation < 0.5) continue;
    for (const double r : log_returns(model, asset, kNow - 4 * 24h, 1min, 4 * 1440))
      largest = std::max(largest, std::abs(r) / sigma);
  }
  EXPECT_GT(largest, 8);
}

TEST(MarketModel, SpeedMakesTheMarketLivelier) {
  const MarketModel slow(11, 1, 10), fast(11, 100, 10);
  const auto a = log_returns(slow, 0, kNow, 1s, 4000);
  const auto b = log_returns(fast, 0, kNow, 1s, 4000);
  EXPECT_NEAR(std::sqrt(mean_product(b, b) / mean_product(a, a)), 10, 1);
}

TEST(MarketModel, MarketTimeAndWireTimeAreInverse) {
  for (const double speed : {0.5, 1.0, 60.0}) {
    const MarketModel model(1, speed, 1);
    EXPECT_LT(std::abs(model.wire_time(model.market_seconds(kNow)).ns - kNow.ns), 10'000);
  }
}

TEST(MarketModel, KnowsEveryCurrencyOfTheAggregator) {
  const MarketModel model(1, 1, 3);
  for (const Currency& currency : currency_table()) {
    const auto price = model.currency_price(currency.code, kNow);
    ASSERT_TRUE(price) << currency.code;
    EXPECT_GT(*price, 0);
  }
  EXPECT_NEAR(*model.currency_price("sats", kNow) * 1e8, model.true_price(0, kNow), 1e-6);
  EXPECT_FALSE(model.currency_price("usdt", kNow));
  EXPECT_EQ(currency_table().size(), 76U);
}

TEST(MarketModel, VolumesAreOfTheRightSizeAndSmooth) {
  const MarketModel model(1, 1, 10);
  EXPECT_NEAR(std::log(model.volume_24h(0, kNow) / model.asset(0).base_volume), 0, 1.5);
  EXPECT_NEAR(model.volume_24h(0, kNow) / model.volume_24h(0, kNow + 1s), 1, 0.001);
}

}  // namespace
}  // namespace tickspan::sim
