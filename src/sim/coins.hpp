#pragma once

#include <span>
#include <string_view>

#include "core/asset.hpp"

namespace tickspan::sim {

/// Where a coin is traded, bits of Coin::venues.
enum VenueBit : unsigned { kOnBinance = 1, kOnCoinbase = 2, kOnKraken = 4 };

/// A real coin with figures of the size they had in 2025. The price is where the simulated one wanders around.
struct Coin {
  std::string_view id;
  std::string_view symbol;
  std::string_view name;
  double price;        ///< USD
  double circulating;  ///< coins
  double total;        ///< 0: unknown
  double maximum;      ///< 0: unlimited or unknown
  double volume;       ///< USD in 24 h, all venues of the world
  double volatility;   ///< of log returns, per square root of a year; below 0.02: a stablecoin
  int image;           ///< number of the aggregator's picture, 0: none
  unsigned venues;
};

/// Fiat money, metals, and the coins that the aggregator quotes in.
struct Currency {
  std::string_view code;
  std::string_view name;
  std::string_view unit;
  std::string_view type;  ///< `crypto`, `fiat`, `commodity`
  double usd;             ///< USD for one unit; 0: a coin of the table with this symbol, or a fraction of bitcoin
  bool quotable;          ///< accepted as vs_currency; the others are only in exchange_rates
};

std::span<const Coin> coin_table();
std::span<const Currency> currency_table();

}  // namespace tickspan::sim
