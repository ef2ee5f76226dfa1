#pragma once

#include <memory>
#include <random>
#include <vector>

#include "core/write_batch.hpp"

namespace tickspan::bench {

/// Coins against usd at one venue: their composites and their pairs.
struct World {
  explicit World(int series);
  std::shared_ptr<core::Catalogue> catalogue;
  core::AssetId usd;
  core::VenueId venue;
  std::vector<core::AssetId> assets;
  std::vector<core::InstrumentId> instruments;
  core::WriteBatch batch() const;
};

/// Random walks with prices of two to eight decimals, as venues quote them; the same for the same seed.
class Market {
 public:
  explicit Market(std::size_t series, std::uint64_t seed = 1);
  std::size_t series() const { return prices_.size(); }
  core::Candle candle(std::size_t s, core::Timestamp start);
  /// The next trade of the whole market: a few pairs have most of them. The venue stamps milliseconds and sends what
  /// fell into one of them together; 30 to 50 ms later it is here.
  core::Tick trade(const World& world, core::Duration mean_pause);
  void start_at(core::Timestamp at) { now_ = at; }
  core::Timestamp now() const { return now_; }

 private:
  struct Pair {
    core::Timestamp stamp, received;
    std::uint64_t id = 0;
  };
  std::size_t pick();
  static std::int8_t exponent_of(std::size_t s) { return static_cast<std::int8_t>(-2 - static_cast<int>(s % 7)); }

  std::mt19937_64 random_;
  std::vector<std::int64_t> prices_;
  std::vector<std::uint64_t> shares_;  // of all trades, summed up
  std::vector<Pair> pairs_;
  core::Timestamp now_;
};

}  // namespace tickspan::bench
