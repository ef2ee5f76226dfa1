#include "analytics/volatility.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace tickspan::analytics {
namespace {

constexpr std::size_t kMinutes = core::MinuteHistory::kMinutes;
using Closes = std::array<double, kMinutes>;

const Closes* closes_of(const core::MinuteHistory& minutes, core::AssetId asset) {
  if (!asset.valid() || asset.index() >= minutes.closes.size()) return nullptr;
  return minutes.closes[asset.index()].get();
}

bool usable(double close) {
  return close > 0 && std::isfinite(close);
}

}  // namespace

std::optional<double> sample_deviation(std::span<const double> values) {
  if (values.size() < 2) return {};
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (const double v : values) sum += v;
  const double mean = sum / n;
  double squares = 0;
  double residue = 0;  // zero but for rounding of the mean: Chan, Golub and LeVeque's corrected two-pass form
  for (const double v : values) {
    const double d = v - mean;
    squares += d * d;
    residue += d;
  }
  return std::sqrt(std::max(0.0, (squares - residue * residue / n) / (n - 1)));
}

std::optional<Volatility> volatility(std::span<const double> closes) {
  std::vector<double> returns;
  returns.reserve(closes.size());
  for (std::size_t i = 1; i < closes.size(); ++i) {
    if (usable(closes[i - 1]) && usable(closes[i])) returns.push_back(std::log(closes[i] / closes[i - 1]));
  }
  if (returns.size() < kMinReturns) return {};
  const auto deviation = sample_deviation(returns);
  if (!deviation) return {};
  return Volatility{*deviation, static_cast<std::uint32_t>(returns.size())};
}

std::optional<Volatility> volatility(const core::MinuteHistory& minutes, core::AssetId base, core::AssetId quote,
                                     core::AssetId usd) {
  const Closes* price = closes_of(minutes, base);
  if (price == nullptr || base == quote) return {};
  if (quote == usd) return volatility(*price);
  const Closes* unit = closes_of(minutes, quote);
  if (unit == nullptr) return {};
  Closes quoted;
  for (std::size_t i = 0; i < kMinutes; ++i) {
    const bool both = usable((*price)[i]) && usable((*unit)[i]);
    quoted[i] = both ? (*price)[i] / (*unit)[i] : std::numeric_limits<double>::quiet_NaN();
  }
  return volatility(quoted);
}

std::vector<VolatilityRank> volatility_ranking(const core::MinuteHistory& minutes,
                                               std::span<const core::AssetId> assets, core::AssetId quote,
                                               core::AssetId usd) {
  std::vector<VolatilityRank> out;
  out.reserve(assets.size());
  for (const core::AssetId asset : assets) {
    const auto v = volatility(minutes, asset, quote, usd);
    if (v) out.push_back({0, asset, v->value, v->returns, v->returns == kMinutes - 1});
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.volatility > b.volatility; });
  for (std::size_t i = 0; i < out.size(); ++i) out[i].rank = static_cast<std::uint32_t>(i + 1);
  return out;
}

}  // namespace tickspan::analytics
