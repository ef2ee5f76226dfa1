#include "market/composite.hpp"

#include <algorithm>
#include <cmath>

namespace tickspan::market {
namespace {

constexpr double kOutlier = 0.05;

bool by_price(const CompositeInput& a, const CompositeInput& b) {
  return a.price < b.price;
}

double plain_median(std::span<const CompositeInput> sorted) {
  const std::size_t n = sorted.size();
  return n % 2 == 1 ? sorted[n / 2].price : (sorted[n / 2 - 1].price + sorted[n / 2].price) / 2;
}

double weighted_median(std::span<const CompositeInput> sorted) {
  // One dollar for everybody: inputs without a known volume count, and count equally among themselves.
  double total = 0;
  for (const CompositeInput& i : sorted) total += 1 + i.volume;
  double below = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    below += 1 + sorted[i].volume;
    if (below > total / 2) return sorted[i].price;
    if (below == total / 2 && i + 1 < sorted.size()) return (sorted[i].price + sorted[i + 1].price) / 2;
  }
  return sorted.back().price;
}

}  // namespace

CompositePrice composite(std::span<CompositeInput> inputs) {
  const auto take = [&](core::Freshness state) {
    const auto end = std::partition(inputs.begin(), inputs.end(),
                                    [&](const CompositeInput& i) { return i.state == state && i.price > 0; });
    return inputs.first(static_cast<std::size_t>(end - inputs.begin()));
  };
  std::span<CompositeInput> used = take(core::Freshness::live);
  if (used.empty()) used = take(core::Freshness::quiet);
  if (used.empty()) return {};
  std::sort(used.begin(), used.end(), by_price);
  if (used.size() >= 3) {
    const double median = plain_median(used);
    const auto end = std::stable_partition(used.begin(), used.end(), [&](const CompositeInput& i) {
      return std::fabs(i.price - median) <= kOutlier * median;
    });
    const auto kept = static_cast<std::size_t>(end - used.begin());
    if (2 * kept > used.size())
      used = used.first(kept);
    else
      std::sort(used.begin(), used.end(), by_price);
  }
  CompositePrice out;
  out.price = weighted_median(used);
  out.state = used.front().state;
  out.inputs = static_cast<int>(used.size());
  for (const CompositeInput& i : used) out.as_of = std::max(out.as_of, i.as_of);
  return out;
}

}  // namespace tickspan::market
