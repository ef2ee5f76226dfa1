#include "sim/noise.hpp"

#include <cmath>

namespace tickspan::sim {
namespace {

constexpr int kLevels = 27;  // 2^33 ms / 2^27 = 64 ms

/// The finishing steps of splitmix64.
std::uint64_t mix(std::uint64_t x) noexcept {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

double tail(double p) noexcept {
  const double q = std::sqrt(-2 * std::log(p));
  const double numerator = ((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838e+00) * q -
                             2.549732539343734e+00) *
                                q +
                            4.374664141464968e+00) *
                               q +
                           2.938163982698783e+00;
  const double denominator =
      (((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996e+00) * q + 3.754408661907416e+00) *
          q +
      1;
  return numerator / denominator;
}

double inverse_normal(double p) noexcept {
  constexpr double kLow = 0.02425;
  if (p < kLow) return tail(p);
  if (p > 1 - kLow) return -tail(1 - p);
  const double q = p - 0.5;
  const double r = q * q;
  const double numerator = (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r +
                              1.383577518672690e+02) *
                                 r -
                             3.066479806614716e+01) *
                                r +
                            2.506628277459239e+00) *
                           q;
  const double denominator = ((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r +
                               6.680131188771972e+01) *
                                  r -
                              1.328068155288572e+01) *
                                 r +
                             1;
  return numerator / denominator;
}

}  // namespace

std::uint64_t hash(std::uint64_t a, std::uint64_t b) noexcept {
  return mix(mix(a) ^ (b * 0xd6e8feb86659fd93ULL));
}

std::uint64_t text_hash(std::string_view text) noexcept {
  std::uint64_t h = 0xcbf29ce484222325ULL;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return h;
}

double to_uniform(std::uint64_t bits) noexcept {
  return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
}

double to_normal(std::uint64_t bits) noexcept {
  return inverse_normal(to_uniform(bits));
}

double brownian(std::uint64_t stream, double seconds) noexcept {
  const double position = seconds / kBridgeSeconds;
  const double stretch = std::floor(position);
  double fraction = position - stretch;
  const auto knot = static_cast<std::uint64_t>(static_cast<std::int64_t>(stretch));
  // Two independent ends with variance L/2 each: their difference has the L of a Brownian increment.
  const double end_scale = std::sqrt(kBridgeSeconds / 2);
  double left = to_normal(hash(stream, knot, 0)) * end_scale;
  double right = to_normal(hash(stream, knot + 1, 0)) * end_scale;
  const std::uint64_t tree = hash(stream, knot);
  double scale = std::sqrt(kBridgeSeconds) / 2;
  std::uint64_t node = 1;
  for (int level = 0; level < kLevels; ++level) {
    const double middle = (left + right) / 2 + to_normal(hash(tree, node)) * scale;
    fraction *= 2;
    const bool upper = fraction >= 1;
    if (upper) fraction -= 1;
    (upper ? left : right) = middle;
    node = node * 2 + (upper ? 1 : 0);
    scale *= 0.7071067811865476;
  }
  return left + (right - left) * fraction;
}

double smooth_noise(std::uint64_t stream, double seconds, double period) noexcept {
  const double position = seconds / period;
  const double knot = std::floor(position);
  const double f = position - knot;
  const auto index = static_cast<std::uint64_t>(static_cast<std::int64_t>(knot));
  const double a = to_normal(hash(stream, index));
  const double b = to_normal(hash(stream, index + 1));
  return a + (b - a) * f * f * (3 - 2 * f);
}

}  // namespace tickspan::sim
