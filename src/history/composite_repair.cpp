#include "history/composite_repair.hpp"

#include <algorithm>

#include "market/instrument_mapper.hpp"
#include "runtime/log.hpp"

namespace tickspan::history {
namespace {

constexpr runtime::Log kLog{"history"};
// By then what was handed to the store can be read, and the other pairs of the hole are done, too.
constexpr core::Duration kWritten = std::chrono::seconds(10);
constexpr core::Duration kLongestWait = std::chrono::minutes(1);
constexpr core::Duration kAtOnce = std::chrono::hours(6);
constexpr std::size_t kAssetsAtOnce = 50;

}  // namespace

void CompositeRepair::add(State& state, core::AssetId asset, const Range& range, core::Timestamp now,
                          core::Duration wait) {
  const auto [at, is_new] = state.pending.try_emplace(range.from.floor_to(kAtOnce));
  Pending& pending = at->second;
  if (is_new) pending.first = now;
  pending.not_before = std::max(pending.not_before, std::min(now + wait, pending.first + kLongestWait));
  const auto [known, first] = pending.assets.try_emplace(asset, range);
  if (first) return;
  known->second = {std::min(known->second.from, range.from), std::max(known->second.to, range.to)};
}

void CompositeRepair::changed(core::AssetId asset, core::Timestamp from, core::Timestamp to, core::Timestamp now) {
  while (from < to) {
    const core::Timestamp end = std::min(to, from.floor_to(kAtOnce) + kAtOnce);
    add(*state_, asset, {from, end}, now, kWritten);
    from = end;
  }
}

void CompositeRepair::tick(const core::CataloguePtr& catalogue, core::Timestamp now) {
  if (state_->busy || state_->link.busy() || !catalogue) return;
  // The newest range that is due: that is what is looked at.
  const auto due = std::find_if(state_->pending.rbegin(), state_->pending.rend(),
                                [&](const auto& item) { return item.second.not_before <= now; });
  if (due == state_->pending.rend()) return;
  CompositeQuery query{catalogue, {}, {}, {}, now - kWritten, outlier_};
  auto& assets = due->second.assets;
  for (const auto& [asset, range] : assets) query.assets.push_back(asset);
  std::stable_sort(query.assets.begin(), query.assets.end(), [&](core::AssetId a, core::AssetId b) {
    return market::conversion_level(catalogue->asset(a)) < market::conversion_level(catalogue->asset(b));
  });
  if (query.assets.size() > kAssetsAtOnce) query.assets.resize(kAssetsAtOnce);
  query.from = assets.at(query.assets.front()).from;
  for (const core::AssetId asset : query.assets) {
    const Range& range = assets.at(asset);
    query.from = std::min(query.from, range.from);
    query.to = std::max(query.to, range.to);
    assets.erase(asset);
  }
  if (assets.empty()) state_->pending.erase(std::next(due).base());
  using Made = core::Result<std::vector<core::RepairedCandles>>;
  state_->busy =
      state_->link.read<Made>([query](storage::StoreReader& reader) { return rebuild_composites(reader, query); },
                              [weak = std::weak_ptr(state_), query, now](const Made& made) {
                                if (const auto state = weak.lock()) finish(*state, query, now, made);
                              });
  if (state_->busy) return;
  for (const core::AssetId asset : query.assets) add(*state_, asset, {query.from, query.to}, now, kWritten);
}

void CompositeRepair::finish(State& state, const CompositeQuery& query, core::Timestamp now,
                             const core::Result<std::vector<core::RepairedCandles>>& made) {
  state.busy = false;
  if (!made) {
    kLog.warn("composites can't be rebuilt yet: {}", made.error().context);
    for (const core::AssetId asset : query.assets) add(state, asset, {query.from, query.to}, now, kLongestWait);
    return;
  }
  if (made->empty()) return;
  core::WriteBatch batch;
  batch.catalogue = query.catalogue;
  for (const core::RepairedCandles& one : *made) {
    for (const core::Candle& minute : one.minutes) batch.candles.push_back({one.series, core::Interval::m1, minute});
  }
  kLog.info("{} composite minutes of {} assets from {} to {} rebuilt from their pairs", batch.candles.size(),
            made->size(), core::to_rfc3339(query.from), core::to_rfc3339(query.to));
  state.link.write(std::move(batch));
  for (const core::RepairedCandles& one : *made) state.rebuilt(one);
}

}  // namespace tickspan::history
