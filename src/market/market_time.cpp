#include <algorithm>
#include <cmath>

#include "market/market.hpp"

// What time and connections do to the market: states, finished minutes, windows, and what a start finds in the store.

namespace tickspan::market {
namespace {

// An aggregator's 24 h figures say nothing about a price that is this much newer.
constexpr core::Duration kFactsLast = std::chrono::hours(1);
constexpr core::Duration kTellUnits = std::chrono::seconds(1);

bool is_connected(core::FeedState state) {
  return state == core::FeedState::live || state == core::FeedState::subscribing || state == core::FeedState::stale;
}

}  // namespace

void Market::on_status(const core::FeedStatus& status) {
  VenueState& v = venues_[status.venue.index()];
  const bool was = v.pulse.connected;
  v.feed = status.state;
  v.pulse.connected = is_connected(status.state);
  v.pulse.mute = status.state == core::FeedState::stale;
  const core::Timestamp heard = status.heard_until.is_set() ? status.heard_until : v.pulse.alive_at;
  if (v.pulse.connected && !was) {
    ++v.connection;
    on_loss(status.venue, {}, heard.is_set() ? heard : status.at, status.at, false);
    v.pulse.alive_at = std::max(v.pulse.alive_at, status.at);
  } else if (was && !v.pulse.connected) {
    on_loss(status.venue, {}, heard, status.at, false);
  }
  for (const std::uint32_t i : v.pairs) {
    if (pairs_[i].counts) touch(pairs_[i].base);
  }
}

void Market::on_alive(core::VenueId venue, core::Timestamp at) {
  VenueState& v = venues_[venue.index()];
  v.pulse.alive_at = std::max(v.pulse.alive_at, at);
}

bool Market::others_fresh(const AssetState& a, core::VenueId venue) const {
  return std::any_of(a.pairs.begin(), a.pairs.end(), [&](std::uint32_t i) {
    const VenuePulse& pulse = venues_[pairs_[i].venue.index()].pulse;
    return pairs_[i].venue != venue && pairs_[i].freshness <= core::Freshness::quiet && pulse.connected && !pulse.mute;
  });
}

void Market::lose(std::uint32_t pair, core::Timestamp from, core::Timestamp to, bool trades_lost) {
  const Pair& p = pairs_[pair];
  pair_candles_[pair].minutes.mark_incomplete(from, to);
  AssetState& base = assets_[p.base.index()];
  if (p.counts && (trades_lost || !others_fresh(base, p.venue))) base.candles.minutes.mark_incomplete(from, to);
}

Market::Pair* Market::find_pair(core::VenueId venue, const std::string& symbol) {
  const core::InstrumentId id = catalogue_->find_instrument(venue, symbol);
  return id.valid() && id.index() < pairs_.size() ? &pairs_[id.index()] : nullptr;
}

void Market::on_loss(core::VenueId venue, const std::string& symbol, core::Timestamp from, core::Timestamp to,
                     bool trades_lost) {
  if (!symbol.empty()) {
    if (const Pair* const p = find_pair(venue, symbol))
      lose(static_cast<std::uint32_t>(p - pairs_.data()), from, to, trades_lost);
    return;
  }
  for (const std::uint32_t i : venues_[venue.index()].pairs) lose(i, from, to, trades_lost);
}

void Market::on_link(const core::LinkHeard& link) {
  for (const std::string& symbol : link.symbols) {
    Pair* const p = find_pair(link.venue, symbol);
    if (p == nullptr || p->unheard_told.is_set() == !link.heard) continue;
    if (!link.heard) {
      ++p->breaks;
      p->unheard_since = link.since.is_set() ? link.since : link.at;
      p->unheard_told = link.at;
    }
    lose(static_cast<std::uint32_t>(p - pairs_.data()), p->unheard_since, link.at, false);
    if (link.heard) p->unheard_since = p->unheard_told = {};
    if (p->counts) touch(p->base);
  }
}

void Market::sweep(core::Timestamp now) {
  sweep_pairs(now);
  if (now >= next_tell_) {
    next_tell_ = now + kTellUnits;
    for (const core::AssetId unit : units_) {
      const AssetState& a = assets_[unit.index()];
      if (a.price != a.told_price) touch_dependents(unit);
    }
  }
  sweep_assets(now);
  if (now >= next_roll_) roll_minute(now);
}

void Market::sweep_pairs(core::Timestamp now) {
  for (std::uint32_t i = 0; i < pairs_.size(); ++i) {
    Pair& p = pairs_[i];
    const core::Freshness freshness = freshness_of(p, now);
    if (freshness != p.freshness) {
      p.freshness = freshness;
      if (p.counts) touch(p.base);
    }
    const VenuePulse& pulse = venues_[p.venue.index()].pulse;
    const bool unheard = p.unheard_told.is_set();
    if (unheard) pair_candles_[i].minutes.mark_incomplete(p.unheard_since, now);
    const bool heard = p.subscribed && pulse.connected && !pulse.mute && !unheard;
    pair_candles_[i].minutes.advance(now, heard);
    if (pair_candles_[i].has_finished()) list_finished(i);
  }
}

void Market::sweep_assets(core::Timestamp now) {
  for (std::uint32_t i = 0; i < assets_.size(); ++i) {
    AssetState& a = assets_[i];
    for (Polled& p : a.polled) {
      const core::Freshness state = polled_freshness(p.at, p.period, now);
      if (state == p.state) continue;
      p.state = state;
      touch({i});
    }
  }
  refresh(now);
  for (std::uint32_t i = 0; i < assets_.size(); ++i) {
    AssetState& a = assets_[i];
    if (a.unmarked) mark_takeover({i}, now);
    if (!a.candle_at.is_set()) continue;
    a.candles.minutes.advance(now, rows_[i].state <= core::Freshness::quiet);
    if (a.candles.has_finished()) collect_composite({i});
  }
}

bool Market::update_window(core::AssetId id) {
  if (id == usd_) return false;
  core::AssetRow& row = rows_[id.index()];
  const AssetState& a = assets_[id.index()];
  const core::AssetRow before = row;
  row.window = core::WindowSource::none;
  row.open_24h = row.high_24h = row.low_24h = 0;
  if (const auto own = a.window.figures(a.price)) {
    row.window = core::WindowSource::own;
    row.open_24h = own->open;
    row.high_24h = own->high;
    row.low_24h = own->low;
  } else if (a.facts && a.facts->price && (a.facts->change_24h || a.facts->change_24h_pct) &&
             row.as_of - a.facts->received_at <= kFactsLast) {
    const double price = a.facts->price->to_double();
    const double open =
        a.facts->change_24h ? price - *a.facts->change_24h : price / (1 + *a.facts->change_24h_pct / 100);
    if (open > 0 && std::isfinite(open)) {
      // The aggregator's extremes are up to a refresh old: the present price may have passed them.
      const double now = a.price > 0 ? a.price : price;
      row.window = core::WindowSource::aggregator;
      row.open_24h = open;
      row.high_24h = std::max(a.facts->high_24h ? a.facts->high_24h->to_double() : std::max(open, price), now);
      row.low_24h = std::min(a.facts->low_24h ? a.facts->low_24h->to_double() : std::min(open, price), now);
    }
  }
  return row.window != before.window || row.open_24h != before.open_24h || row.high_24h != before.high_24h ||
         row.low_24h != before.low_24h;
}

void Market::roll_minute(core::Timestamp now) {
  const core::Timestamp end = (now - CandleBuilder::kLateness).floor_to(CandleBuilder::kMinute);
  next_roll_ = end + CandleBuilder::kMinute + CandleBuilder::kLateness;
  last_roll_ = now;
  rebuild_minutes(end);
  core::AssetRow& dollar = rows_[usd_.index()];
  dollar.as_of = now;
  mark_changed(usd_);
}

void Market::rebuild_minutes(core::Timestamp end) {
  auto minutes = std::make_shared<core::MinuteHistory>();
  minutes->end = end;
  minutes->closes.resize(assets_.size());
  minutes->windows.resize(assets_.size());
  for (std::uint32_t i = 0; i < assets_.size(); ++i) {
    assets_[i].window.expire(end);
    minutes->closes[i] = assets_[i].window.closes();
    minutes->windows[i] = assets_[i].window.windows();
    if (core::AssetId{i} == usd_) minutes->windows[i].fill({1, 1, 1, 0});
    const bool told =
        minutes_ != nullptr && i < minutes_->windows.size() && minutes_->windows[i] == minutes->windows[i];
    if (rows_[i].has_price() && (update_window({i}) || !told)) mark_changed({i});
  }
  minutes_ = std::move(minutes);
}

void Market::restore(const core::RestoredState& state, core::Timestamp now) {
  auto next = std::make_shared<core::Catalogue>(*catalogue_);
  for (const core::Asset& asset : state.assets) next->upsert_asset(asset);
  adopt(std::move(next));
  for (const core::AssetFacts& facts : state.facts) {
    const core::AssetId id = catalogue_->find_id(facts.asset_id);
    if (id.valid()) apply_facts(id, facts);
  }
  for (const core::RestoredState::Price& p : state.prices) {
    const core::AssetId id = catalogue_->find_id(p.asset_id);
    if (!id.valid() || id == usd_ || !p.price_usd.is_positive()) continue;
    set_row(id, {p.price_usd, p.as_of, core::Freshness::stale, catalogue_->find_venue(p.source), 0, true}, now);
    assets_[id.index()].marked = p.source;
  }
  restored_at_ = now;
  saved_at_ =
      std::min(state.last_write, now);  // a clock that was set back since: nothing of the time to come is counted
  for (const core::RestoredState::Minutes& past : state.minutes) {
    if (past.venue.empty())
      restore_composite(past, now);
    else
      restored_pairs_[{past.asset_id, past.quote, past.venue}] = past;
  }
  choose_tracked();
  rebuild_minutes(now.floor_to(CandleBuilder::kMinute));
}

void Market::restore_composite(const core::RestoredState::Minutes& past, core::Timestamp now) {
  const core::AssetId id = catalogue_->find_id(past.asset_id);
  if (!id.valid() || id == usd_) return;
  AssetState& a = assets_[id.index()];
  a.candles.restore(past, saved_at_, restored_at_, now);
  if (a.candles.has_finished()) collect_composite(id);
  for (const core::Candle& hour : past.hours) a.window.add_hour(hour);
  for (const core::Candle& candle : past.candles) {
    if (candle.start + CandleBuilder::kMinute + CandleBuilder::kLateness <= now) a.window.add(candle);
  }
}

std::optional<core::Timestamp> Market::wanted_hour(std::vector<std::pair<core::AssetId, std::string>>& of) const {
  of.clear();
  std::optional<core::Timestamp> hour;
  for (std::uint32_t i = 0; i < assets_.size(); ++i) {
    const auto wanted = assets_[i].window.wanted_hour();
    if (!wanted || (hour && *wanted != *hour)) continue;
    hour = wanted;
    of.emplace_back(core::AssetId{i}, catalogue_->asset({i}).id);
  }
  return hour;
}

void Market::on_old_minutes(const core::OldMinutes& old) {
  for (const auto& [id, minutes] : old.minutes) {
    if (id.index() < assets_.size()) assets_[id.index()].window.add_old_minutes(old.hour, minutes);
  }
}

void Market::restore_pair(std::uint32_t pair, core::Timestamp now) {
  const Pair& p = pairs_[pair];
  const auto past = restored_pairs_.find(
      {catalogue_->asset(p.base).id, catalogue_->asset(p.quote).id, catalogue_->venue(p.venue).id});
  if (past == restored_pairs_.end()) return;
  pairs_[pair].remembered = true;
  pair_candles_[pair].restore(past->second, saved_at_, restored_at_, now);
  if (pair_candles_[pair].has_finished()) list_finished(pair);
  weigh_past(pair, now);
  restored_pairs_.erase(past);
}

}  // namespace tickspan::market
