#include "sim/market_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/coins.hpp"
#include "sim/noise.hpp"

namespace tickspan::sim {
namespace {

constexpr double kYear = 365.25 * 86'400;
constexpr double kStable = 0.02;  // less volatile than this: no market factor, no jumps
constexpr double kFiatVolatility = 0.015;
constexpr double kOwnJumps = 12;  // mean number in one stretch of 99.4 days
constexpr double kMarketJumps = 5;
constexpr std::uint64_t kMarketStream = 0x6d61726b6574;
constexpr std::uint64_t kJumpSalt = 0x6a756d70;
constexpr std::uint64_t kVolumeSalt = 0x766f6c;

int poisson(std::uint64_t bits, double mean) {
  double u = to_uniform(bits);
  double p = std::exp(-mean);
  int n = 0;
  while (u > p && n < 100) {
    u -= p;
    p *= mean / ++n;
  }
  return n;
}

/// Jumps so far in the present stretch, less their even share, so that stretches join without a step of their own. In
/// units of the asset's volatility per day.
double jumps(std::uint64_t stream, double seconds, double mean) {
  const double position = seconds / kBridgeSeconds;
  const double stretch = std::floor(position);
  const double fraction = position - stretch;
  const std::uint64_t own = hash(stream, kJumpSalt, static_cast<std::uint64_t>(static_cast<std::int64_t>(stretch)));
  const int count = poisson(hash(own, 0), mean);
  double past = 0;
  double total = 0;
  for (int i = 0; i < count; ++i) {
    const std::uint64_t jump = hash(own, static_cast<std::uint64_t>(i) + 1);
    const double size = to_normal(hash(jump, 1)) * 0.7;
    total += size;
    if (to_uniform(jump) <= fraction) past += size;
  }
  return past - total * fraction;
}

double market_correlation(const Coin& coin) {
  if (coin.volatility < kStable) return 0;
  if (coin.volatility < 0.2) return 0.1;  // gold
  if (coin.volatility < 0.7) return 0.9;
  return coin.volatility < 1 ? 0.8 : 0.7;
}

SimAsset make_coin(const Coin& coin) {
  SimAsset asset;
  asset.id = coin.id;
  asset.symbol = coin.symbol;
  asset.name = coin.name;
  asset.kind = coin.volatility < kStable ? core::AssetKind::stablecoin : core::AssetKind::coin;
  asset.base_price = coin.price;
  asset.volatility = coin.volatility;
  asset.correlation = market_correlation(coin);
  asset.circulating = coin.circulating;
  asset.total = coin.total;
  asset.maximum = coin.maximum;
  asset.base_volume = coin.volume;
  asset.image = coin.image;
  asset.venues = coin.venues;
  return asset;
}

/// For runs with more coins than the table has: plain names, so that nobody takes them for real.
SimAsset make_sample(std::size_t number) {
  SimAsset asset;
  asset.id = fmt::format("sample-coin-{}", number);
  asset.symbol = fmt::format("smp{}", number);
  asset.name = fmt::format("Sample Coin {}", number);
  const std::uint64_t bits = hash(number, 0x73616d706c65);
  asset.base_price = std::pow(10, -3 + 5 * to_uniform(bits));
  asset.circulating = 5e7 / static_cast<double>(number) * 100 / asset.base_price;
  asset.total = asset.circulating * 1.25;
  asset.volatility = 0.9 + 0.5 * to_uniform(hash(bits, 1));
  asset.correlation = 0.6;
  asset.base_volume = 2e6;
  asset.venues =
      kOnBinance | (number % 2 == 0 ? unsigned{kOnCoinbase} : 0U) | (number % 3 == 0 ? unsigned{kOnKraken} : 0U);
  return asset;
}

}  // namespace

MarketModel::MarketModel(std::uint64_t seed, double speed, std::size_t coins)
    : seed_(seed), speed_(speed), coin_count_(coins) {
  add_coins();
  add_currencies();
  for (std::size_t i = 0; i < assets_.size(); ++i) {
    assets_[i].stream = hash(seed_, text_hash(assets_[i].id));
    by_id_.emplace(assets_[i].id, i);
    by_symbol_.emplace(assets_[i].symbol, i);
  }
}

void MarketModel::add_coins() {
  for (const Coin& coin : coin_table()) assets_.push_back(make_coin(coin));
  std::stable_sort(assets_.begin(), assets_.end(), [](const SimAsset& a, const SimAsset& b) {
    return a.base_price * a.circulating > b.base_price * b.circulating;
  });
  for (std::size_t n = assets_.size() + 1; n <= coin_count_; ++n) assets_.push_back(make_sample(n));
}

void MarketModel::add_currencies() {
  for (const Currency& currency : currency_table()) {
    if (currency.usd == 0) continue;
    SimAsset asset;
    asset.id = currency.code;
    asset.symbol = currency.code;
    asset.name = currency.name;
    asset.kind = currency.type == "fiat" ? core::AssetKind::fiat : core::AssetKind::commodity;
    asset.base_price = currency.usd;
    asset.volatility = currency.code == "usd" ? 0 : kFiatVolatility;
    assets_.push_back(std::move(asset));
  }
}

std::optional<std::size_t> MarketModel::find_id(std::string_view id) const {
  const auto it = by_id_.find(std::string(id));
  return it == by_id_.end() ? std::nullopt : std::optional(it->second);
}

std::optional<std::size_t> MarketModel::find_symbol(std::string_view symbol) const {
  const auto it = by_symbol_.find(std::string(symbol));
  return it == by_symbol_.end() ? std::nullopt : std::optional(it->second);
}

double MarketModel::log_deviation(const SimAsset& asset, double seconds) const {
  const double own_share = std::sqrt(1 - asset.correlation * asset.correlation);
  double unit = own_share * brownian(asset.stream, seconds);
  double jump = 0;
  if (asset.correlation > 0) {
    const std::uint64_t market = hash(seed_, kMarketStream);
    unit += asset.correlation * brownian(market, seconds);
    jump =
        own_share * jumps(asset.stream, seconds, kOwnJumps) + asset.correlation * jumps(market, seconds, kMarketJumps);
  }
  return asset.volatility * (unit / std::sqrt(kYear) + jump * std::sqrt(86'400 / kYear));
}

double MarketModel::true_price(std::size_t index, core::Timestamp t) const {
  const SimAsset& asset = assets_[index];
  if (asset.volatility == 0) return asset.base_price;
  return asset.base_price * std::exp(log_deviation(asset, market_seconds(t)));
}

std::optional<double> MarketModel::currency_price(std::string_view code, core::Timestamp t) const {
  const auto& table = currency_table();
  const auto it = std::find_if(table.begin(), table.end(), [&](const Currency& c) { return c.code == code; });
  if (it == table.end()) return {};
  double factor = 1;
  std::string_view symbol = code;
  if (code == "bits" || code == "sats") {
    factor = code == "bits" ? 1e-6 : 1e-8;
    symbol = "btc";
  }
  const auto index = it->usd > 0 ? find_id(symbol) : find_symbol(symbol);
  if (!index) return {};
  return true_price(*index, t) * factor;
}

double MarketModel::volume_24h(std::size_t index, core::Timestamp t) const {
  const SimAsset& asset = assets_[index];
  return asset.base_volume * std::exp(0.3 * smooth_noise(hash(asset.stream, kVolumeSalt), market_seconds(t), 6 * 3600));
}

core::Timestamp MarketModel::wire_time(double market_seconds) const {
  return kOrigin + core::Duration(std::llround(market_seconds / speed_ * 1e9));
}

}  // namespace tickspan::sim
