#pragma once

#include <cstdint>
#include <string_view>

namespace tickspan::sim {

/// Randomness as a function: the same numbers in always give the same number out, in any order and on any thread. This
/// is what lets the market be asked about any moment, past or present, without having lived through it.
std::uint64_t hash(std::uint64_t a, std::uint64_t b) noexcept;
inline std::uint64_t hash(std::uint64_t a, std::uint64_t b, std::uint64_t c) noexcept {
  return hash(hash(a, b), c);
}
/// FNV-1a.
std::uint64_t text_hash(std::string_view text) noexcept;

/// In (0, 1).
double to_uniform(std::uint64_t bits) noexcept;
/// Standard normal, by the inverse of its distribution function (P. J. Acklam's rational approximation, error 1e-9).
double to_normal(std::uint64_t bits) noexcept;

/// Length of one stretch of brownian(), seconds: 2^33 ms, 99.4 days.
inline constexpr double kBridgeSeconds = 8'589'934.592;

/// Brownian motion with unit variance per second, at any time in any order: midpoints of midpoints (Lévy's
/// construction) down to 64 ms, straight lines below. Every 99.4 days it is tied to a stationary value whose variance
/// is just right for increments within one stretch to be exactly Brownian; so it never wanders off over the years.
double brownian(std::uint64_t stream, double seconds) noexcept;

/// A smooth curve through independent standard normal values `period` seconds apart.
double smooth_noise(std::uint64_t stream, double seconds, double period) noexcept;

}  // namespace tickspan::sim
