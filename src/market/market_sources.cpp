#include <algorithm>

#include "market/market.hpp"

// Whose word an asset's price is: its exchange pairs' while one of them is believed, else an aggregator's.

namespace tickspan::market {
namespace {

constexpr core::Duration kTellAge = std::chrono::seconds(1);

}  // namespace

// The first that is current, else the newest. Null: none ever told a price.
const Market::Polled* Market::best_polled(const AssetState& a) {
  const auto live =
      std::find_if(a.polled.begin(), a.polled.end(), [](const Polled& p) { return p.state == core::Freshness::live; });
  if (live != a.polled.end()) return &*live;
  const auto newest =
      std::max_element(a.polled.begin(), a.polled.end(), [](const Polled& x, const Polled& y) { return x.at < y.at; });
  return newest == a.polled.end() ? nullptr : &*newest;
}

void Market::set_polled(core::AssetId id, const core::Decimal& price, core::VenueId by, core::Timestamp at,
                        core::Duration period) {
  AssetState& a = assets_[id.index()];
  auto it = std::lower_bound(a.polled.begin(), a.polled.end(), by,
                             [](const Polled& p, core::VenueId venue) { return p.by < venue; });
  if (it == a.polled.end() || it->by != by) it = a.polled.insert(it, {.by = by});
  if (at < it->at) return;
  *it = {by, price, at, period, polled_freshness(at, period, at)};
  touch(id);
}

void Market::settle_without_fresh(core::AssetId id, core::Timestamp now) {
  AssetState& a = assets_[id.index()];
  const core::AssetRow& row = rows_[id.index()];
  for (Polled& p : a.polled) p.state = polled_freshness(p.at, p.period, now);
  const Polled* const polled = best_polled(a);
  const bool own = row.has_price() && (!row.source.valid() || row.restored);
  if (polled != nullptr && (polled->state == core::Freshness::live || !own || polled->at >= row.as_of)) {
    set_row(id, {polled->price, polled->at, polled->state, polled->by, 0}, now);
    if (polled->state == core::Freshness::live) feed_candle(id, polled->at);
    return;
  }
  if (!row.has_price()) return;
  core::Freshness state = row.restored ? core::Freshness::stale : core::Freshness::down;
  for (const std::uint32_t i : a.pairs) {
    // Fresh pairs without a usable unit are no better than stale.
    state = std::min(state, std::max(pairs_[i].freshness, core::Freshness::stale));
  }
  set_row(id, {row.price, row.as_of, state, row.source, 0, row.restored}, now);
}

void Market::set_row(core::AssetId id, const RowPrice& price, core::Timestamp now) {
  core::AssetRow& row = rows_[id.index()];
  AssetState& a = assets_[id.index()];
  const bool new_price = row.price.mantissa != price.price.mantissa || row.price.exponent != price.price.exponent;
  const bool first = !row.has_price();
  const bool taken_over = !price.restored && (first || row.restored || row.source != price.source);
  const bool changed = new_price || taken_over || row.state != price.state || row.venues != price.venues ||
                       price.as_of - a.told_as_of >= kTellAge;
  if (new_price) a.price = price.price.to_double();
  row.price = price.price;
  row.as_of = price.as_of;
  row.state = price.state;
  row.source = price.source;
  row.venues = static_cast<std::uint16_t>(price.venues);
  row.restored = price.restored;
  if (taken_over) {
    row.source_since = now;
    a.unmarked = id != usd_;
  }
  if (!changed) return;
  update_window(id);
  mark_changed(id);
  if (!first) return;
  ranking_changed_ = true;
  currencies_changed_ = true;
}

std::string Market::source_name(core::VenueId source) const {
  return source.valid() ? catalogue_->venue(source).id : std::string(core::kComposite);
}

core::TakeoverCause Market::takeover_cause(core::AssetId id) const {
  const AssetState& a = assets_[id.index()];
  const core::VenueId now = rows_[id.index()].source;
  if (a.marked.empty()) return core::TakeoverCause::first;
  if (!now.valid()) return core::TakeoverCause::preferred;
  if (a.marked != core::kComposite) {
    const core::VenueId before = catalogue_->find_venue(a.marked);
    return before.valid() && now < before ? core::TakeoverCause::preferred : core::TakeoverCause::silent;
  }
  const bool heard = std::any_of(a.pairs.begin(), a.pairs.end(),
                                 [&](std::uint32_t i) { return pairs_[i].freshness <= core::Freshness::quiet; });
  return heard ? core::TakeoverCause::disbelieved : core::TakeoverCause::silent;
}

// A source that keeps coming and going for moments is no news each time.
void Market::mark_takeover(core::AssetId id, core::Timestamp now) {
  AssetState& a = assets_[id.index()];
  const core::AssetRow& row = rows_[id.index()];
  if (now - row.source_since < kTakeoverLasts) return;
  a.unmarked = false;
  std::string source = source_name(row.source);
  if (source == a.marked) return;
  takeovers_.push_back({catalogue_->asset(id).id, row.source_since, a.marked, source, takeover_cause(id)});
  a.marked = std::move(source);
}

}  // namespace tickspan::market
