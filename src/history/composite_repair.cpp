#include "history/composite_repair.hpp"

#include <algorithm>

#include "market/instrument_mapper.hpp"
#include "runtime/log.hpp"

namespace tickspan::history {
namespace {

constexpr runtime::Log kLog{"history"};
// By then what was handed to the store can be read, and the other pairs of the hole are done, too.
constexpr core::Duration kWritten = std::chrono::seconds(10);
constexpr core::Duration kAtOnce = std::chrono::hours(6);
constexpr std::size_t kAssetsAtOnce = 50;

}  // namespace

void CompositeRepair::add(State& state, core::AssetId asset, const Range& range, core::Timestamp not_before) {
  Pending& pending = state.pending[range];
  pending.assets.insert(asset);
  pending.not_before = std::max(pending.not_before, not_before);
}

void CompositeRepair::changed(core::AssetId asset, core::Timestamp from, core::Timestamp to, core::Timestamp now) {
  for (core::Timestamp t = from; t < to; t = t + kAtOnce) {
    add(*state_, asset, {t, std::min(to, t + kAtOnce)}, now + kWritten);
  }
}

void CompositeRepair::tick(const core::CataloguePtr& catalogue, core::Timestamp now) {
  if (state_->busy || state_->link.busy() || !catalogue) return;
  // The newest range that is due: that is what is looked at.
  const auto due = std::find_if(state_->pending.rbegin(), state_->pending.rend(),
                                [&](const auto& item) { return item.second.not_before <= now; });
  if (due == state_->pending.rend()) return;
  CompositeQuery query{catalogue, {}, due->first.first, due->first.second, now - kWritten, outlier_};
  auto& assets = due->second.assets;
  query.assets.assign(assets.begin(), assets.end());
  std::stable_sort(query.assets.begin(), query.assets.end(), [&](core::AssetId a, core::AssetId b) {
    return market::conversion_level(catalogue->asset(a)) < market::conversion_level(catalogue->asset(b));
  });
  if (query.assets.size() > kAssetsAtOnce) query.assets.resize(kAssetsAtOnce);
  for (const core::AssetId asset : query.assets) assets.erase(asset);
  if (assets.empty()) state_->pending.erase(std::next(due).base());
  using Made = core::Result<std::vector<core::RepairedCandles>>;
  state_->busy =
      state_->link.read<Made>([query](storage::StoreReader& reader) { return rebuild_composites(reader, query); },
                              [weak = std::weak_ptr(state_), query, now](const Made& made) {
                                if (const auto state = weak.lock()) finish(*state, query, now, made);
                              });
  if (state_->busy) return;
  for (const core::AssetId asset : query.assets) add(*state_, asset, {query.from, query.to}, now + kWritten);
}

void CompositeRepair::finish(State& state, const CompositeQuery& query, core::Timestamp now,
                             const core::Result<std::vector<core::RepairedCandles>>& made) {
  state.busy = false;
  if (!made) {
    kLog.warn("composites can't be rebuilt yet: {}", made.error().context);
    for (const core::AssetId asset : query.assets) add(state, asset, {query.from, query.to}, now + 6 * kWritten);
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
