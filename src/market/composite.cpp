#include "market/composite.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace tickspan::market {
namespace {

using Inputs = std::span<CompositeInput>;

// Where two sources that have nothing to do with each other differ by more, one is wrong: another coin, a slipped
// point.
constexpr double kAnchorFactor = 1.5;
// Markets hardly ever jump so far at once; decimal points do.
constexpr double kWildJump = 0.2;
// Less than the others together, so that the weighted median is theirs.
constexpr double kMostShare = 0.999;

bool by_price(const CompositeInput& a, const CompositeInput& b) {
  return a.price < b.price;
}

bool near(double price, double reference, double distance) {
  return std::fabs(price - reference) <= distance * reference;
}

// How many venues there are; exact up to 64, never too many beyond.
std::size_t venues_of(std::span<const CompositeInput> inputs) {
  std::uint64_t known = 0;
  std::size_t nameless = 0;
  for (const CompositeInput& i : inputs) {
    if (i.venue.valid())
      known |= std::uint64_t{1} << (i.venue.index() % 64);
    else
      ++nameless;
  }
  return nameless + static_cast<std::size_t>(std::popcount(known));
}

double plain_median(std::span<const CompositeInput> sorted) {
  const std::size_t n = sorted.size();
  return n % 2 == 1 ? sorted[n / 2].price : (sorted[n / 2 - 1].price + sorted[n / 2].price) / 2;
}

// The part near a price comes first, in order; returns it.
Inputs gather(Inputs inputs, double reference, double distance) {
  const auto end = std::stable_partition(inputs.begin(), inputs.end(),
                                         [&](const CompositeInput& i) { return near(i.price, reference, distance); });
  return inputs.first(static_cast<std::size_t>(end - inputs.begin()));
}

bool most(Inputs part, Inputs all) {
  return 2 * venues_of(part) > venues_of(all);
}

// Most venues agree on a price that is not near `price`: how far off it is.
double dispute(Inputs others, Inputs all, double price, double distance) {
  if (others.size() < 2 || !most(others, all)) return 0;
  std::sort(others.begin(), others.end(), by_price);
  const double median = plain_median(others);
  std::size_t agreeing = 0;
  for (const CompositeInput& i : others) agreeing += near(i.price, median, distance) ? 1 : 0;
  return 2 * agreeing > all.size() ? std::fabs(median / price - 1) : 0;
}

Inputs nearest_to_anchor(Inputs inputs, const CompositeContext& context) {
  const auto distance = [&](double price) { return std::fabs(std::log(price / context.anchor)); };
  const auto nearest = std::min_element(inputs.begin(), inputs.end(), [&](const auto& a, const auto& b) {
    return distance(a.price) < distance(b.price);
  });
  if (distance(nearest->price) > std::log(kAnchorFactor)) return inputs.first(0);
  return gather(inputs, nearest->price, context.outlier);
}

double least_jump(Inputs inputs, double before) {
  double least = std::numeric_limits<double>::max();
  for (const CompositeInput& i : inputs) least = std::min(least, std::fabs(i.price / before - 1));
  return least;
}

Inputs plausible(Inputs inputs, const CompositeContext& context, double& disputed) {
  if (context.before > 0) {
    const Inputs close = gather(inputs, context.before, context.outlier);
    if (!close.empty()) {
      disputed = dispute(inputs.subspan(close.size()), inputs, context.before, context.outlier);
      return close;
    }
    const double jump = least_jump(inputs, context.before);
    if (jump > kWildJump) {
      disputed = jump;
      return inputs.first(0);
    }
  }
  if (inputs.size() >= 3) {
    std::sort(inputs.begin(), inputs.end(), by_price);
    const Inputs close = gather(inputs, plain_median(inputs), context.outlier);
    if (most(close, inputs)) return close;
  }
  return context.anchor > 0 ? nearest_to_anchor(inputs, context) : inputs;
}

core::Standing left_out(const CompositeInput& input) {
  return input.state == core::Freshness::live ? core::Standing::frozen : core::Standing::quiet;
}

int currency(const CompositeInput& input) {
  return input.state == core::Freshness::live ? (input.frozen ? 1 : 0) : 2;
}

Inputs most_current(Inputs inputs) {
  const auto best = std::min_element(inputs.begin(), inputs.end(),
                                     [](const auto& a, const auto& b) { return currency(a) < currency(b); });
  const int wanted = currency(*best);
  const auto end =
      std::partition(inputs.begin(), inputs.end(), [&](const CompositeInput& i) { return currency(i) == wanted; });
  for (auto i = end; i != inputs.end(); ++i) i->standing = left_out(*i);
  return inputs.first(static_cast<std::size_t>(end - inputs.begin()));
}

double volume_of(Inputs inputs, core::VenueId venue) {
  double sum = 0;
  for (const CompositeInput& i : inputs) sum += i.venue == venue ? i.weight : 0;
  return sum;
}

// Shares that add up to 1.
void weigh(Inputs inputs) {
  // One dollar for everybody: inputs without a known volume count, and count equally among themselves.
  double total = 0;
  for (CompositeInput& i : inputs) total += i.weight = 1 + i.volume;
  if (venues_of(inputs) >= 3) {
    for (CompositeInput& i : inputs) {
      const double own = i.venue.valid() ? volume_of(inputs, i.venue) : i.weight;
      if (own <= total - own) continue;
      const double scale = kMostShare * (total - own) / own;
      const core::VenueId venue = i.venue;
      if (!venue.valid()) i.weight *= scale;
      for (CompositeInput& j : inputs) j.weight *= venue.valid() && j.venue == venue ? scale : 1;
      total += own * (scale - 1);
      break;
    }
  }
  for (CompositeInput& i : inputs) i.weight /= total;
}

double weighted_median(std::span<const CompositeInput> sorted) {
  constexpr double kRounding = 1e-12;
  double below = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    below += sorted[i].weight;
    if (below > 0.5 + kRounding) return sorted[i].price;
    if (below >= 0.5 - kRounding && i + 1 < sorted.size()) return (sorted[i].price + sorted[i + 1].price) / 2;
  }
  return sorted.back().price;
}

}  // namespace

CompositePrice composite(std::span<CompositeInput> inputs, const CompositeContext& context) {
  const auto fresh = std::partition(inputs.begin(), inputs.end(), [](const CompositeInput& i) {
    return i.state <= core::Freshness::quiet && i.price > 0;
  });
  inputs = inputs.first(static_cast<std::size_t>(fresh - inputs.begin()));
  if (inputs.empty()) return {};
  for (CompositeInput& i : inputs) i.standing = core::Standing::outlier;
  CompositePrice out;
  Inputs used = plausible(inputs, context, out.disputed);
  if (used.empty()) return out;
  used = most_current(used);
  weigh(used);
  std::sort(used.begin(), used.end(), by_price);
  out.price = weighted_median(used);
  out.state = used.front().state;
  out.inputs = static_cast<int>(used.size());
  for (CompositeInput& i : used) {
    i.standing = core::Standing::used;
    out.as_of = std::max(out.as_of, i.as_of);
    out.heard = std::max(out.heard, i.heard);
  }
  return out;
}

}  // namespace tickspan::market
