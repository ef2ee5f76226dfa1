#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/asset.hpp"
#include "core/time.hpp"

namespace tickspan::sim {

/// One thing that has a price in the simulated market.
struct SimAsset {
  std::string id;
  std::string symbol;  ///< lower case
  std::string name;
  core::AssetKind kind = core::AssetKind::coin;
  double base_price = 1;   ///< USD; the price wanders around it
  double volatility = 0;   ///< of log returns, per square root of a year of market time
  double correlation = 0;  ///< with the market factor; of two assets: the product of theirs
  double circulating = 0;
  double total = 0;        ///< 0: unknown
  double maximum = 0;      ///< 0: unlimited
  double base_volume = 0;  ///< USD in 24 h
  int image = 0;
  unsigned venues = 0;       ///< VenueBit
  std::uint64_t stream = 0;  ///< of its own random numbers
};

/// The true prices of the simulated market, a function of seed and time alone: log prices are a market factor plus an
/// own part, both Brownian (noise.hpp), with Poisson jumps in each. The past is as readable as the present, and the
/// same seed gives the same market in every process. Time on the wire is the clock's; `speed` market seconds pass in
/// each of its seconds.
/// **Threading**: immutable, any thread.
class MarketModel {
 public:
  /// `coins`: how many are listed, the largest first. Beyond the table of real ones there are made-up ones.
  MarketModel(std::uint64_t seed, double speed, std::size_t coins);

  std::uint64_t seed() const { return seed_; }
  double speed() const { return speed_; }
  /// Listed coins are 0 … coin_count()-1, by market capitalisation at base prices. More coins and all currencies
  /// follow.
  std::size_t coin_count() const { return coin_count_; }
  const std::vector<SimAsset>& assets() const { return assets_; }
  const SimAsset& asset(std::size_t index) const { return assets_[index]; }
  /// By id (`bitcoin`, `eur`).
  std::optional<std::size_t> find_id(std::string_view id) const;
  /// By symbol; the largest coin wins.
  std::optional<std::size_t> find_symbol(std::string_view symbol) const;

  /// USD, the ground truth that venues add their noise to.
  double true_price(std::size_t asset, core::Timestamp t) const;
  /// USD for one unit of what the aggregator calls a currency (`eur`, `eth`, `sats`); nothing when unknown.
  std::optional<double> currency_price(std::string_view code, core::Timestamp t) const;
  /// USD traded in the 24 h up to `t`, all venues of the world.
  double volume_24h(std::size_t asset, core::Timestamp t) const;

  /// Market time: seconds since July 2017, times speed.
  double market_seconds(core::Timestamp t) const { return static_cast<double>(t.ns - kOrigin.ns) * 1e-9 * speed_; }
  core::Timestamp wire_time(double market_seconds) const;

 private:
  static constexpr core::Timestamp kOrigin = core::Timestamp::from_s(1'500'000'000);

  void add_coins();
  void add_currencies();
  double log_deviation(const SimAsset& asset, double seconds) const;

  std::uint64_t seed_;
  double speed_;
  std::size_t coin_count_;
  std::vector<SimAsset> assets_;
  std::unordered_map<std::string, std::size_t> by_id_;
  std::unordered_map<std::string, std::size_t> by_symbol_;
};

}  // namespace tickspan::sim
