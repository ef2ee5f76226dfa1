#include <algorithm>
#include <chrono>
#include <limits>

#include "market/instrument_mapper.hpp"
#include "market/market.hpp"

// What aggregators tell: coins, their figures, rates of currencies.

namespace tickspan::market {
namespace {

bool is_coin(const core::Asset& a) {
  return a.kind == core::AssetKind::coin || a.kind == core::AssetKind::stablecoin;
}

constexpr core::Duration kLongestLive = std::chrono::minutes(1);

// Some slack around the tracked set, so that a coin at its edge does not come and go.
std::size_t with_slack(std::size_t tracked) {
  return tracked + tracked / 10;
}

}  // namespace

bool Market::wanted(const core::AssetFacts& facts, std::size_t coins) const {
  if (facts.asset_id.empty() || facts.symbol.empty()) return false;
  if (facts.rank > 0) return static_cast<std::size_t>(facts.rank) <= with_slack(tracked_assets_);
  return coins < tracked_assets_;
}

void Market::on_rows(const core::AggregatorRows& rows) {
  VenueState& v = venues_[rows.venue.index()];
  v.as_of = std::max(v.as_of, rows.received_at);
  v.period = rows.period;
  v.pulse.alive_at = std::max(v.pulse.alive_at, rows.received_at);
  if (!first_rows_at_.is_set()) first_rows_at_ = rows.received_at;
  v.ranks = v.ranks || std::any_of(rows.rows.begin(), rows.rows.end(), [](const auto& r) { return r.rank > 0; });
  auto next = std::make_shared<core::Catalogue>(*catalogue_);
  std::size_t coins = static_cast<std::size_t>(std::count_if(next->assets().begin(), next->assets().end(), is_coin));
  bool changed = false;
  std::vector<std::pair<core::AssetId, const core::AssetFacts*>> taken;
  for (const core::AssetFacts& facts : rows.rows) {
    core::AssetId id = next->find_id(facts.asset_id);
    if (id.valid() ? !is_coin(next->asset(id)) : !wanted(facts, coins)) continue;
    if (id.valid() && !v.ranks) {
      taken.emplace_back(id, &facts);
      continue;
    }
    core::Asset asset{facts.asset_id, facts.symbol, facts.name, core::AssetKind::coin, facts.rank};
    if (id.valid()) {
      const core::Asset& old = next->asset(id);
      asset.kind = old.kind;
      changed =
          changed || old.rank != asset.rank || old.symbol != core::to_lower(asset.symbol) || old.name != asset.name;
    } else {
      ++coins;
      changed = true;
    }
    id = next->upsert_asset(std::move(asset));
    taken.emplace_back(id, &facts);
  }
  if (changed) adopt(std::move(next));
  for (const auto& [id, facts] : taken) {
    // Who does not rank coins tells prices of those that another tells all about.
    AssetState& a = assets_[id.index()];
    if (v.ranks || !a.facts || a.facts_by == rows.venue) {
      a.facts_by = rows.venue;
      apply_facts(id, *facts);
    }
    if (!facts->price || !facts->price->is_positive()) continue;
    // A row may say that it is older than its arrival.
    const bool older = facts->received_at.is_set() && facts->received_at < rows.received_at;
    const core::Timestamp at = older ? facts->received_at : rows.received_at;
    // Who ranks is asked once a minute. Another's quota may leave longer periods: its prices don't live longer for it.
    set_polled(id, *facts->price, rows.venue, at, v.ranks ? rows.period : std::min(rows.period, kLongestLive));
  }
  if (!v.ranks) return choose_tracked();
  auto trimmed = std::make_shared<core::Catalogue>(*catalogue_);
  forget_old_ranks(*trimmed, rows.received_at, rows.period);
  for (std::size_t i = 0; i < assets_.size(); ++i) {
    if (trimmed->assets()[i].rank == catalogue_->assets()[i].rank) continue;
    adopt(std::move(trimmed));
    break;
  }
  choose_tracked();
}

void Market::forget_old_ranks(core::Catalogue& catalogue, core::Timestamp now, core::Duration period) {
  if (now - first_rows_at_ < 2 * period) return;
  const auto is_current = [&](const AssetState& a) { return a.facts && now - a.facts->received_at <= 3 * period; };
  // Only a full answer says anything about those it leaves out.
  const auto current = static_cast<std::size_t>(std::count_if(assets_.begin(), assets_.end(), is_current));
  if (current < tracked_assets_) return;
  for (std::size_t i = 0; i < assets_.size(); ++i) {
    core::Asset asset = catalogue.assets()[i];
    if (!is_coin(asset) || asset.rank == 0 || is_current(assets_[i])) continue;
    asset.rank = 0;
    catalogue.upsert_asset(std::move(asset));
  }
}

void Market::apply_facts(core::AssetId id, const core::AssetFacts& facts) {
  assets_[id.index()].facts = facts;
  core::AssetRow& row = rows_[id.index()];
  row.market_cap = facts.market_cap;
  row.volume_24h = facts.volume_24h;
  row.circulating_supply = facts.circulating_supply;
  row.total_supply = facts.total_supply;
  row.max_supply = facts.max_supply;
  row.facts_as_of = facts.received_at;
  update_window(id);
  mark_changed(id);
}

void Market::on_rates(const core::AggregatorRates& rates) {
  VenueState& v = venues_[rates.venue.index()];
  v.as_of = std::max(v.as_of, rates.received_at);
  v.pulse.alive_at = std::max(v.pulse.alive_at, rates.received_at);
  double dollars_per_btc = 0;
  for (const core::ExchangeRate& r : rates.rates) {
    if (r.code == "usd") dollars_per_btc = r.per_btc.to_double();
  }
  if (dollars_per_btc <= 0) return;
  auto next = std::make_shared<core::Catalogue>(*catalogue_);
  std::vector<core::ExchangeRate> kept;
  for (core::ExchangeRate r : rates.rates) {
    const core::AssetId id = next->find_id(r.code);
    // Coins among the rates have prices of their own; small units of a bitcoin (bits, sats) count as commodities.
    if (id.valid() ? is_coin(next->asset(id)) : r.kind == core::AssetKind::coin) continue;
    if (!r.per_btc.is_positive()) continue;
    if (!id.valid())
      next->upsert_asset({r.code, r.code, r.name, r.kind, 0});
    else
      r.kind = next->asset(id).kind;
    kept.push_back(std::move(r));
  }
  if (next->assets().size() != catalogue_->assets().size()) adopt(std::move(next));
  for (const core::ExchangeRate& r : kept) {
    const core::AssetId id = catalogue_->find_id(r.code);
    const auto price = core::Decimal::from_double(dollars_per_btc / r.per_btc.to_double(), 12);
    if (price && id != usd_) set_polled(id, *price, rates.venue, rates.received_at, rates.period);
  }
  rates_ = std::move(kept);
  currencies_changed_ = true;
}

void Market::choose_tracked() {
  std::vector<std::pair<std::int64_t, std::uint32_t>> order;
  for (std::uint32_t i = 0; i < assets_.size(); ++i) {
    const core::Asset& a = catalogue_->assets()[i];
    if (is_coin(a)) order.emplace_back(a.rank > 0 ? a.rank : std::numeric_limits<std::int32_t>::max(), i);
  }
  std::sort(order.begin(), order.end());
  const auto limit = static_cast<std::int64_t>(with_slack(tracked_assets_));
  bool changed = false;
  for (std::size_t place = 0; place < order.size(); ++place) {
    bool& tracked = assets_[order[place].second].tracked;
    const bool now = place < tracked_assets_ || (tracked && order[place].first <= limit);
    changed = changed || now != tracked;
    tracked = now;
  }
  if (changed) ++tracked_version_;
}

}  // namespace tickspan::market
