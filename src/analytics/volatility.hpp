#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/snapshot.hpp"

// Realised volatility, after the usual definition: the sample standard deviation (division by N - 1) of the log returns
// of 1-minute closes, not annualised. Pure functions; callable from any thread.

namespace tickspan::analytics {

/// Fewer returns than this say nothing: there is no figure then.
inline constexpr std::uint32_t kMinReturns = 30;

struct Volatility {
  double value = 0;
  std::uint32_t returns = 0;  ///< how many went in
};

/// Sample standard deviation by two passes with the rounding error of the mean taken out; nothing for fewer than two.
std::optional<double> sample_deviation(std::span<const double> values);

/// Of closes one minute apart. NaN and values that are not positive mark a minute without a close: returns are taken
/// only between consecutive minutes that both have one.
std::optional<Volatility> volatility(std::span<const double> closes);

/// Of `base` counted in `quote`: USD closes divided minute by minute; plain where the quote is `usd`. Nothing when
/// either has no minutes or fewer than kMinReturns returns are common to both.
std::optional<Volatility> volatility(const core::MinuteHistory& minutes, core::AssetId base, core::AssetId quote,
                                     core::AssetId usd);

struct VolatilityRank {
  std::uint32_t rank = 0;  ///< 1 is the most volatile
  core::AssetId asset;
  double volatility = 0;
  std::uint32_t returns = 0;
  bool complete = false;  ///< every minute of the window was there
};

/// The assets that have a figure, most volatile first. Equal figures keep the order of `assets`; each has a rank of its
/// own.
std::vector<VolatilityRank> volatility_ranking(const core::MinuteHistory& minutes,
                                               std::span<const core::AssetId> assets, core::AssetId quote,
                                               core::AssetId usd);

}  // namespace tickspan::analytics
