#include <algorithm>
#include <array>
#include <chrono>

#include "market/market.hpp"
#include "market/seed_catalogue.hpp"

// How the pairs of an asset become its price, and what is said of each.

namespace tickspan::market {
namespace {

constexpr std::size_t kMostInputs = 64;
// As long as a composite tells where the next one is to be looked for.
constexpr core::Duration kBeforeCounts = std::chrono::seconds(60);
constexpr core::Duration kAnchorCounts = std::chrono::minutes(15);
// A peg moves slowly: as long as its last rate serves those who are quoted in it and still live themselves.
constexpr core::Duration kPegCounts = std::chrono::minutes(15);
// A market that jumps takes all its venues along within seconds. What nearly no market does, a fault does.
constexpr double kWildJump = 0.2;
constexpr core::Duration kPatience = std::chrono::seconds(5);
constexpr core::Duration kPatienceWithWildJumps = std::chrono::minutes(5);

}  // namespace

Market::Unit Market::unit_of(core::AssetId quote, const PairState& pair, core::Timestamp now) const {
  const core::AssetRow& row = rows_[quote.index()];
  if (quote == usd_) return {1, pair.as_of(), core::Freshness::live};
  const bool pegged = is_dollar_stablecoin(catalogue_->asset(quote));
  if (row.has_price()) {
    const bool known = pegged && row.state > core::Freshness::quiet && now - row.as_of <= kPegCounts;
    return {assets_[quote.index()].price, row.as_of, known ? core::Freshness::quiet : row.state};
  }
  // A dollar stablecoin that nobody has priced yet is taken at its peg; the result is never called live.
  if (pegged) return {1, pair.as_of(), core::Freshness::quiet};
  return {};
}

// False: it has no say, and its standing tells why.
bool Market::weigh_in(Pair& p, CompositeInput& input, core::Timestamp now) const {
  p.freshness = freshness_of(p, now);
  p.weight = p.price_usd = 0;
  const auto refuse = [&](core::Standing why) {
    p.standing = why;
    return false;
  };
  if (!p.subscribed) return refuse(core::Standing::not_subscribed);
  if (p.freshness == core::Freshness::down) return refuse(core::Standing::down);
  if (p.state.price() <= 0) return refuse(core::Standing::no_price);
  const Unit unit = unit_of(p.quote, p.state, now);
  if (unit.price <= 0) return refuse(core::Standing::no_rate);
  p.price_usd = p.state.price() * unit.price;
  if (p.freshness == core::Freshness::stale) return refuse(core::Standing::stale);
  input.price = p.price_usd;
  input.volume = p.state.recent_volume(now) * unit.price;
  input.as_of = std::min(p.state.as_of(), unit.as_of);
  input.heard = p.state.as_of();
  input.state = core::worst(p.freshness, unit.state);
  input.frozen = p.state.frozen();
  input.venue = p.venue;
  return input.state <= core::Freshness::quiet || refuse(core::Standing::no_rate);
}

CompositeContext Market::context_of(core::AssetId id, core::Timestamp now) const {
  const core::AssetRow& row = rows_[id.index()];
  const AssetState& a = assets_[id.index()];
  CompositeContext context{.outlier = outlier_};
  const bool own = row.has_price() && !row.source.valid() && !row.restored;
  if (own && now - a.heard <= kBeforeCounts) context.before = a.price;
  const Polled* const polled = best_polled(a);
  if (polled != nullptr && now - polled->at <= kAnchorCounts) context.anchor = polled->price.to_double();
  return context;
}

CompositePrice Market::settle_dispute(core::AssetId id, std::span<CompositeInput> inputs, core::Timestamp now) {
  AssetState& a = assets_[id.index()];
  CompositeContext context = context_of(id, now);
  const CompositePrice price = composite(inputs, context);
  if (price.disputed == 0) {
    a.disputed_since = {};
    return price;
  }
  if (!a.disputed_since.is_set()) a.disputed_since = now;
  if (now - a.disputed_since < (price.disputed > kWildJump ? kPatienceWithWildJumps : kPatience)) return price;
  a.disputed_since = {};
  context.before = 0;
  return composite(inputs, context);
}

CompositePrice Market::composite_of(core::AssetId id, core::Timestamp now) {
  std::array<CompositeInput, kMostInputs> inputs;
  std::size_t count = 0;
  for (const std::uint32_t i : assets_[id.index()].pairs) {
    if (count == kMostInputs) {
      pairs_[i].standing = core::Standing::not_counted;
      continue;
    }
    inputs[count].pair = i;
    if (weigh_in(pairs_[i], inputs[count], now)) ++count;
  }
  const CompositePrice price = settle_dispute(id, {inputs.data(), count}, now);
  for (std::size_t i = 0; i < count; ++i) {
    Pair& p = pairs_[inputs[i].pair];
    if (inputs[i].standing == core::Standing::outlier && p.standing != core::Standing::outlier)
      ++venues_[p.venue.index()].outliers;
    p.standing = inputs[i].standing;
    p.weight = p.standing == core::Standing::used ? inputs[i].weight : 0;
  }
  return price;
}

}  // namespace tickspan::market
