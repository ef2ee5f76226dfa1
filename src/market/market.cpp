#include "market/market.hpp"

#include <algorithm>

#include "core/trade_time.hpp"
#include "market/instrument_mapper.hpp"
#include "market/seed_catalogue.hpp"

// The tick path. How a price comes about is in market_price.cpp, whose it is in market_sources.cpp, what aggregators
// tell in market_facts.cpp, what time does in market_time.cpp, what history repaired in market_repair.cpp.

namespace tickspan::market {
namespace {

constexpr core::Duration kMostMisdated = std::chrono::minutes(5);  // one trade with a wrong time is no more

}  // namespace

Market::Market(std::size_t tracked_assets, core::Timestamp now, double outlier)
    : tracked_assets_(tracked_assets), outlier_(outlier) {
  adopt(std::make_shared<const core::Catalogue>(seed_catalogue()));
  usd_ = catalogue_->find_id("usd");
  core::AssetRow& dollar = rows_[usd_.index()];
  dollar.window = core::WindowSource::own;
  dollar.open_24h = dollar.high_24h = dollar.low_24h = 1;
  set_row(usd_, {core::Decimal{1, 0}, now, core::Freshness::live, {}, 0}, now);
  next_roll_ = now;
  next_tell_ = now;
  choose_tracked();
}

void Market::adopt(std::shared_ptr<const core::Catalogue> next) {
  catalogue_ = std::move(next);
  catalogue_changed_ = true;
  fit_to_catalogue();
}

void Market::fit_to_catalogue() {
  const std::size_t known = assets_.size();
  const std::size_t count = catalogue_->assets().size();
  rows_.resize(count);
  assets_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const core::Asset& asset = catalogue_->assets()[i];
    const core::AssetId id{static_cast<std::uint32_t>(i)};
    if (i >= known) {
      rows_[i].asset = id;
      assets_[i].level = conversion_level(asset);
      if (assets_[i].level < 100) units_.push_back(id);
    }
    if (rows_[i].rank != asset.rank) {
      rows_[i].rank = asset.rank;
      ranking_changed_ = true;
      mark_changed(id);
    }
  }
  std::sort(units_.begin(), units_.end(),
            [&](core::AssetId a, core::AssetId b) { return assets_[a.index()].level < assets_[b.index()].level; });
}

core::VenueId Market::add_venue(core::Venue venue) {
  auto next = std::make_shared<core::Catalogue>(*catalogue_);
  const bool polled = venue.polled;
  const core::VenueId id = next->upsert_venue(std::move(venue));
  adopt(std::move(next));
  if (venues_.size() <= id.index()) venues_.resize(id.index() + 1);
  venues_[id.index()].polled = polled;
  return id;
}

void Market::add_pair(core::InstrumentId id) {
  const core::Instrument& instrument = catalogue_->instrument(id);
  if (pairs_.size() <= id.index()) pairs_.resize(id.index() + 1);
  while (pair_candles_.size() <= id.index()) pair_candles_.emplace_back();
  Pair& p = pairs_[id.index()];
  p.base = instrument.base;
  p.quote = instrument.quote;
  p.venue = instrument.venue;
  AssetState& base = assets_[p.base.index()];
  AssetState& quote = assets_[p.quote.index()];
  p.counts = quote.level < base.level;
  venues_[p.venue.index()].pairs.push_back(id.value);
  if (!p.counts) {
    p.standing = core::Standing::not_counted;
    return;
  }
  base.pairs.push_back(id.value);
  auto& dependents = quote.dependents;
  if (std::find(dependents.begin(), dependents.end(), p.base.value) == dependents.end())
    dependents.push_back(p.base.value);
}

std::shared_ptr<const core::SymbolTable> Market::choose_symbols(const core::SymbolList& list, core::Timestamp now) {
  std::set<std::string>& ambiguous = venues_[list.venue.index()].ambiguous;
  ambiguous.clear();
  const auto chosen = choose_pairs(
      *catalogue_, list, [&](core::AssetId id) { return assets_[id.index()].tracked; }, overrides_, &ambiguous);
  auto next = std::make_shared<core::Catalogue>(*catalogue_);
  auto table = std::make_shared<core::SymbolTable>();
  std::vector<bool> wanted(catalogue_->instruments().size() + chosen.size(), false);
  std::vector<core::InstrumentId> added;
  for (const PairChoice& c : chosen) {
    const core::InstrumentId id = next->add_instrument({list.venue, c.base, c.quote, c.venue_symbol});
    if (id.index() >= pairs_.size() + added.size()) added.push_back(id);
    wanted[id.index()] = true;
    table->add(c.venue_symbol, id);
  }
  if (!added.empty()) {
    catalogue_ = std::move(next);
    catalogue_changed_ = true;
    for (const core::InstrumentId id : added) {
      add_pair(id);
      restore_pair(id.value, now);
    }
  }
  bool changed = false;
  for (const std::uint32_t i : venues_[list.venue.index()].pairs) {
    if (pairs_[i].subscribed == wanted[i]) continue;
    changed = true;
    pairs_[i].subscribed = wanted[i];
    pair_candles_[i].minutes.mark_incomplete(now, now);
    if (pairs_[i].counts) touch(pairs_[i].base);
  }
  return changed ? table : nullptr;
}

bool Market::on_tick(const core::Tick& tick) {
  const std::size_t i = tick.instrument().index();
  if (i >= pairs_.size()) return false;
  Pair& p = pairs_[i];
  VenueState& v = venues_[p.venue.index()];
  if (tick.received_at() > v.as_of) {
    v.as_of = tick.received_at();
    v.pulse.alive_at = std::max(v.pulse.alive_at, v.as_of);
  }
  v.clock.add(tick.received_at(), tick.event_time());
  // A source that never reports its state (a replay) is connected when it speaks.
  if (v.feed == core::FeedState::idle) v.pulse.connected = true;
  if (tick.kind() == core::TickKind::quote) {
    p.state.on_quote(tick, v.connection + p.breaks);
  } else {
    if (!p.state.on_trade(tick, v.connection + p.breaks)) return false;
    take_trade(static_cast<std::uint32_t>(i), tick);
  }
  if (p.counts) touch(p.base);
  return true;
}

void Market::take_trade(std::uint32_t pair, const core::Tick& trade) {
  const Pair& p = pairs_[pair];
  CandleSeries& candles = pair_candles_[pair];
  const core::Timestamp at = core::trade_time(trade.event_time(), trade.received_at());
  // Dated by its receipt it may lie in another minute than the venue has it in.
  if (trade.event_time() > at) candles.minutes.mark_incomplete(at, std::min(trade.event_time(), at + kMostMisdated));
  const auto added = candles.minutes.add_trade(at, trade.price(), trade.amount(), trade.trade_id());
  const core::Timestamp minute = at.floor_to(CandleBuilder::kMinute);
  if (added == CandleBuilder::Added::too_late && candles.lose_trade(minute))
    short_minutes_.push_back({core::InstrumentId{pair}, minute});
  if (candles.has_finished()) list_finished(pair);
  const bool counted = added == CandleBuilder::Added::open || added == CandleBuilder::Added::repaired;
  if (!p.counts || !counted) return;
  CandleBuilder& composite = assets_[p.base.index()].candles.minutes;
  composite.add_volume(at, trade.amount());
  if (composite.has_finished()) collect_composite(p.base);
}

void Market::touch(core::AssetId id) {
  AssetState& a = assets_[id.index()];
  if (a.dirty) return;
  a.dirty = true;
  dirty_.push_back(id);
}

void Market::touch_dependents(core::AssetId id) {
  AssetState& a = assets_[id.index()];
  a.told_price = a.price;
  for (const std::uint32_t d : a.dependents) touch({d});
}

void Market::list_finished(std::uint32_t pair) {
  if (pairs_[pair].listed) return;
  pairs_[pair].listed = true;
  finished_pairs_.push_back(pair);
}

void Market::collect_composite(core::AssetId id) {
  AssetState& a = assets_[id.index()];
  a.candles.collect([&](core::Interval interval, const core::Candle& c) {
    finished_composites_.push_back({id, interval, c});
    if (interval == core::Interval::m1) a.window.add(c);
  });
}

core::Freshness Market::freshness_of(const Pair& p, core::Timestamp now) const {
  if (!p.subscribed) return core::Freshness::down;
  VenuePulse pulse = venues_[p.venue.index()].pulse;
  // A connection that comes back speaks of some pairs before all of them are known to be listened to.
  if (p.unheard_told.is_set() && p.state.newest() <= p.unheard_told) pulse.connected = false;
  return p.state.freshness(pulse, now);
}

void Market::refresh(core::Timestamp now) {
  if (dirty_.empty()) return;
  for (const core::AssetId unit : units_) {
    if (assets_[unit.index()].dirty) recompute(unit, now);
  }
  for (std::size_t i = 0; i < dirty_.size(); ++i) {
    if (assets_[dirty_[i].index()].dirty) recompute(dirty_[i], now);
  }
  dirty_.clear();
}

void Market::recompute(core::AssetId id, core::Timestamp now) {
  AssetState& a = assets_[id.index()];
  a.dirty = false;
  if (id == usd_) return;
  const core::Freshness before = rows_[id.index()].state;
  const bool priced = rows_[id.index()].has_price();
  const CompositePrice c = composite_of(id, now);
  if (c.price > 0) {
    if (c.price != a.raw || rows_[id.index()].source.valid() || rows_[id.index()].restored) {
      const auto price = core::Decimal::from_double(c.price, 12);
      a.raw = c.price;
      set_row(id, {price ? *price : rows_[id.index()].price, c.as_of, c.state, {}, c.inputs}, now);
    } else {
      set_row(id, {rows_[id.index()].price, c.as_of, c.state, {}, c.inputs}, now);
    }
    a.heard = c.heard;
    feed_candle(id, c.heard);
  } else {
    settle_without_fresh(id, now);
  }
  // The dependents of a unit see its new price within a second; a new state at once.
  if (!a.dependents.empty() && (rows_[id.index()].state != before || !priced)) touch_dependents(id);
}

void Market::mark_changed(core::AssetId id) {
  AssetState& a = assets_[id.index()];
  if (a.changed) return;
  a.changed = true;
  changed_.push_back(id);
}

void Market::feed_candle(core::AssetId id, core::Timestamp as_of) {
  AssetState& a = assets_[id.index()];
  if (as_of <= a.candle_at) return;
  CandleBuilder& minutes = a.candles.minutes;
  if (!a.candle_at.is_set()) minutes.mark_incomplete(as_of, as_of);
  a.candle_at = as_of;
  minutes.add_price(as_of, rows_[id.index()].price);
  if (minutes.has_finished()) collect_composite(id);
}

void Market::take_changed(std::vector<core::AssetId>& out) {
  out.clear();
  out.swap(changed_);
  std::sort(out.begin(), out.end());
  for (const core::AssetId id : out) {
    assets_[id.index()].changed = false;
    assets_[id.index()].told_as_of = rows_[id.index()].as_of;
  }
}

}  // namespace tickspan::market
