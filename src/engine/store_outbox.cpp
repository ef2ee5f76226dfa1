#include "engine/store_outbox.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace tickspan::engine {
namespace {

using namespace std::chrono_literals;
constexpr core::Duration kPricesEvery = 5s;
constexpr core::Duration kCompositesEvery = 1s;
constexpr core::Duration kPointsEvery = 5min;
constexpr core::Duration kFlushEvery = 100ms;
constexpr std::size_t kFlushRows = 2'048;
constexpr std::size_t kMergeStep = 8'192;  // rows that come in before merging is tried again

// Keeps the last row of each key, in the order in which those stand.
template <typename Row, typename KeyOf>
void keep_newest(std::vector<Row>& rows, KeyOf key_of) {
  std::set<decltype(key_of(rows.front()))> seen;
  std::vector<Row> kept;
  for (auto it = rows.rbegin(); it != rows.rend(); ++it) {
    if (seen.insert(key_of(*it)).second) kept.push_back(std::move(*it));
  }
  std::reverse(kept.begin(), kept.end());
  rows = std::move(kept);
}

}  // namespace

StoreOutbox::StoreOutbox(Push push, const market::Market& market, const EngineOptions& options)
    : push_(std::move(push)),
      market_(market),
      save_open_every_(options.save_open_every),
      composites_(options.store_composites) {}

void StoreOutbox::add_candle(const core::SeriesKey& series, core::Interval interval, const core::Candle& candle) {
  const bool is_stored =
      interval == core::Interval::m1 || interval == core::Interval::h1 || interval == core::Interval::d1;
  if (enabled() && is_stored) batch_.candles.push_back({series, interval, candle});
}

void StoreOutbox::add_tick(const core::Tick& tick) {
  if (enabled()) batch_.ticks.push_back(tick);
}

void StoreOutbox::add_facts(const core::AggregatorRows& rows) {
  if (!enabled()) return;
  for (const core::AssetFacts& facts : rows.rows) {
    const core::AssetId id = market_.catalogue()->find_id(facts.asset_id);
    if (id.valid() && market_.asset(id).facts_by == rows.venue) batch_.facts.push_back(facts);
  }
}

void StoreOutbox::add_points(const core::ChartPoints& points) {
  const core::AssetId asset = market_.catalogue()->find_id(points.asset_id);
  if (!enabled() || !asset.valid()) return;
  for (const core::MarketPoint& point : points.points) batch_.points.push_back({asset, point});
}

void StoreOutbox::add_gaps(std::vector<core::Gap> gaps) {
  if (!enabled()) return;
  for (core::Gap& gap : gaps) batch_.gaps.push_back(std::move(gap));
}

void StoreOutbox::add_takeovers(std::vector<core::Takeover> takeovers) {
  if (!enabled()) return;
  for (core::Takeover& takeover : takeovers) batch_.takeovers.push_back(std::move(takeover));
}

void StoreOutbox::price_changed(core::AssetId asset) {
  if (unsaved_.size() <= asset.index()) unsaved_.resize(market_.asset_count(), false);
  unsaved_[asset.index()] = true;
}

void StoreOutbox::collect(core::Timestamp now, core::Timestamp heard_until) {
  if (!enabled()) return;
  if (composites_ && now >= next_composites_) {
    collect_composites();
    next_composites_ = now + kCompositesEvery;
  }
  if (now >= next_prices_) {
    collect_prices();
    next_prices_ = now + kPricesEvery;
  }
  if (now >= next_candles_) {
    collect_open_candles();
    batch_.heard_until = std::max(batch_.heard_until, heard_until);
    next_candles_ = now + save_open_every_;
  }
  if (now >= next_points_) {
    if (next_points_.is_set()) collect_points(now);
    next_points_ = now.floor_to(kPointsEvery) + kPointsEvery;
  }
}

void StoreOutbox::collect_all(core::Timestamp now, core::Timestamp heard_until) {
  if (!enabled()) return;
  next_composites_ = {};
  collect(now, heard_until);
  collect_prices();
  collect_open_candles();
  batch_.heard_until = std::max(batch_.heard_until, heard_until);
}

void StoreOutbox::collect_prices() {
  for (std::uint32_t i = 0; i < unsaved_.size(); ++i) {
    if (!unsaved_[i]) continue;
    unsaved_[i] = false;
    const core::AssetRow& row = market_.rows()[i];
    if (!row.has_price() || row.restored || row.asset == market_.usd()) continue;
    batch_.prices.push_back({row.asset, row.price, row.as_of,
                             row.source.valid() ? market_.catalogue()->venue(row.source).id : "composite"});
  }
}

// The newest price of each asset that moved: what nobody heard for a while is no price of this moment.
void StoreOutbox::collect_composites() {
  stored_.resize(market_.asset_count());
  for (const core::AssetRow& row : market_.rows()) {
    if (!row.has_price() || row.restored || row.state > core::Freshness::quiet || row.asset == market_.usd()) continue;
    core::Timestamp& stored = stored_[row.asset.index()];
    if (row.as_of <= stored) continue;
    stored = row.as_of;
    batch_.composites.push_back({{row.asset, market_.usd(), {}}, core::composite_tick(row.as_of, row.price)});
  }
}

void StoreOutbox::save_open(const core::SeriesKey& series, const market::CandleBuilder& builder, Saved& saved) {
  // For two seconds of each minute the one before is open, too.
  builder.open_candles(open_);
  for (const core::Candle& candle : open_) {
    const bool known = saved.start == candle.start && saved.trades == candle.trades && saved.volume == candle.volume;
    if (known) continue;
    saved = {candle.start, candle.trades, candle.volume};
    add_candle(series, core::Interval::m1, candle);
  }
}

void StoreOutbox::collect_open_candles() {
  saved_pairs_.resize(market_.pairs().size());
  saved_assets_.resize(market_.asset_count());
  for (std::uint32_t i = 0; i < market_.pairs().size(); ++i) {
    const auto& pair = market_.pairs()[i];
    save_open({pair.base, pair.quote, pair.venue}, market_.pair_candles({i}).minutes, saved_pairs_[i]);
  }
  for (std::uint32_t i = 0; i < market_.asset_count(); ++i) {
    save_open({{i}, market_.usd(), {}}, market_.asset({i}).candles.minutes, saved_assets_[i]);
  }
}

void StoreOutbox::collect_points(core::Timestamp now) {
  const core::Timestamp at = now.floor_to(kPointsEvery);
  for (const core::AssetRow& row : market_.rows()) {
    // A stale price is no point of a chart.
    if (!row.has_price() || row.state > core::Freshness::quiet || row.asset == market_.usd()) continue;
    batch_.points.push_back({row.asset, {at, row.price.to_double(), row.market_cap, row.volume_24h}});
  }
}

bool StoreOutbox::flush(core::Timestamp now, bool at_once) {
  if (!enabled() || batch_.rows() == 0) return true;
  if (!at_once && now < next_flush_ && batch_.rows() < kFlushRows) return true;
  next_flush_ = now + kFlushEvery;
  tell_losses();
  batch_.catalogue = market_.catalogue();
  switch (push_(batch_)) {
    case runtime::PushResult::ok:
    case runtime::PushResult::closed:  // the store is gone for good: nobody will ask for these rows
      batch_ = {};
      merged_rows_ = 0;
      return true;
    case runtime::PushResult::full:
      break;
  }
  if (batch_.rows() >= merged_rows_ + kMergeStep) merge();
  return false;
}

void StoreOutbox::merge() {
  keep_newest(batch_.candles,
              [](const core::CandleRow& r) { return std::tuple(r.series, r.interval, r.candle.start); });
  keep_newest(batch_.prices, [](const core::LastPrice& r) { return r.asset; });
  keep_newest(batch_.facts, [](const core::AssetFacts& r) { return r.asset_id; });
  keep_newest(batch_.points, [](const core::PointRow& r) { return std::tuple(r.asset, r.point.at); });
  keep_newest(batch_.gaps, [](const core::Gap& r) { return std::tuple(r.venue, r.instrument_symbol, r.start); });
  keep_newest(batch_.takeovers, [](const core::Takeover& r) { return std::tuple(r.asset, r.at); });
  if (batch_.rows() > kMostRows) give_up_oldest();
  merged_rows_ = batch_.rows();
}

void StoreOutbox::Lost::add(core::Timestamp begin, core::Timestamp end) {
  from = from.is_set() ? std::min(from, begin) : begin;
  to = std::max(to, end);
}

void StoreOutbox::tell_losses() {
  if (lost_.from.is_set()) {
    for (const core::Venue& venue : market_.catalogue()->venues()) {
      if (!venue.polled) batch_.gaps.push_back({venue.id, {}, lost_.from, lost_.to, core::GapCause::overflow});
    }
  }
  if (lost_composites_.from.is_set()) {
    batch_.gaps.push_back({std::string(core::kComposite),
                           {},
                           lost_composites_.from,
                           lost_composites_.to,
                           core::GapCause::overflow,
                           core::GapState::lost});
  }
  lost_ = lost_composites_ = {};
}

void StoreOutbox::give_up_oldest() {
  // Down to three quarters, so that this does not happen with every row. Trades go before candles: candles sum them up.
  const auto excess = [&] { return batch_.rows() - std::min(batch_.rows(), kMostRows / 4 * 3); };
  const std::size_t ticks = std::min(excess(), batch_.ticks.size());
  for (std::size_t i = 0; i < ticks; ++i) {
    lost_.add(batch_.ticks[i].received_at(), batch_.ticks[i].received_at() + core::Duration{1});
  }
  batch_.ticks.erase(batch_.ticks.begin(), batch_.ticks.begin() + static_cast<std::ptrdiff_t>(ticks));
  const std::size_t composites = std::min(excess(), batch_.composites.size());
  for (std::size_t i = 0; i < composites; ++i) {
    const core::Timestamp at = batch_.composites[i].tick.received_at();
    lost_composites_.add(at, at + core::Duration{1});
  }
  batch_.composites.erase(batch_.composites.begin(),
                          batch_.composites.begin() + static_cast<std::ptrdiff_t>(composites));
  const std::size_t candles = std::min(excess(), batch_.candles.size());
  for (std::size_t i = 0; i < candles; ++i) {
    const core::CandleRow& row = batch_.candles[i];
    lost_.add(row.candle.start, row.candle.start + core::width(row.interval));
  }
  batch_.candles.erase(batch_.candles.begin(), batch_.candles.begin() + static_cast<std::ptrdiff_t>(candles));
  const std::size_t points = std::min(excess(), batch_.points.size());
  batch_.points.erase(batch_.points.begin(), batch_.points.begin() + static_cast<std::ptrdiff_t>(points));
}

}  // namespace tickspan::engine
