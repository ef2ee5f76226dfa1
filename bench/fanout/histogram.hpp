#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace tickspan::bench {

/// Durations in buckets of 1.6 % each, up to hours; the maximum is exact.
class Histogram {
 public:
  void add(std::int64_t ns) {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 0));
    ++counts_[bucket(value)];
    ++total_;
    max_ = std::max(max_, value);
  }
  void clear() { *this = {}; }
  std::uint64_t count() const { return total_; }
  double max_ms() const { return static_cast<double>(max_) * 1e-6; }
  /// The upper end of the bucket that holds the quantile.
  double quantile_ms(double q) const {
    const auto wanted = static_cast<std::uint64_t>(q * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) {
      seen += counts_[i];
      if (seen > wanted || (seen == total_ && total_ > 0)) return std::min(upper_ms(i), max_ms());
    }
    return 0;
  }

 private:
  static constexpr unsigned kBits = 6;
  static constexpr std::size_t kSub = 1U << kBits;
  static constexpr std::size_t kBuckets = kSub * 40;

  static std::size_t bucket(std::uint64_t value) {
    if (value < kSub) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - kBits - 1;
    return std::min<std::size_t>((shift + 1) * kSub + (value >> shift) - kSub, kBuckets - 1);
  }
  static double upper_ms(std::size_t index) {
    if (index < kSub) return static_cast<double>(index + 1) * 1e-6;
    const std::size_t shift = index / kSub - 1;
    return static_cast<double>((index % kSub + kSub + 1) << shift) * 1e-6;
  }

  std::array<std::uint32_t, kBuckets> counts_{};
  std::uint64_t total_ = 0, max_ = 0;
};

}  // namespace tickspan::bench
