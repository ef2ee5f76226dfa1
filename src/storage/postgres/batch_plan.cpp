#include "storage/postgres/batch_plan.hpp"

#include <algorithm>
#include <tuple>

#include "core/assert.hpp"

namespace tickspan::storage::postgres {
namespace {

/// Sorts by key and keeps the last of each.
template <typename Row, typename Key>
void sort_unique(std::vector<Row>& rows, Key key) {
  std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) { return key(a) < key(b); });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i + 1 < rows.size() && key(rows[i]) == key(rows[i + 1])) continue;
    rows[kept++] = rows[i];
  }
  rows.resize(kept);
}

/// Names are made of texts: each series of a batch is looked up once.
class Lookup {
 public:
  Lookup(SeriesBook& book, const core::Catalogue& catalogue) : book_(book), catalogue_(catalogue) {}
  Series* find(const core::SeriesKey& key) {
    auto [at, added] = keys_.try_emplace(key, nullptr);
    if (added) at->second = book_.find(series_name(catalogue_, key));
    TS_ASSERT(at->second != nullptr, "every series was learnt");
    return at->second;
  }
  Series* find(core::InstrumentId id) {
    auto [at, added] = instruments_.try_emplace(id.value, nullptr);
    if (added) at->second = book_.find(series_name(catalogue_, catalogue_.instrument(id)));
    TS_ASSERT(at->second != nullptr, "every series was learnt");
    return at->second;
  }

 private:
  SeriesBook& book_;
  const core::Catalogue& catalogue_;
  std::map<core::SeriesKey, Series*> keys_;
  std::map<std::uint32_t, Series*> instruments_;
};

}  // namespace

std::set<SeriesName> series_of(const std::vector<core::WriteBatch>& batches) {
  std::set<SeriesName> names;
  for (const auto& batch : batches) {
    std::set<core::SeriesKey> keys;
    std::set<std::uint32_t> instruments;
    for (const auto& row : batch.candles) keys.insert(row.series);
    for (const auto& tick : batch.ticks) instruments.insert(tick.instrument().value);
    for (const auto& row : batch.composites) keys.insert(row.series);
    for (const auto& key : keys) names.insert(series_name(*batch.catalogue, key));
    for (const auto id : instruments) {
      names.insert(series_name(*batch.catalogue, batch.catalogue->instrument(core::InstrumentId{id})));
    }
  }
  return names;
}

BatchPlan make_plan(const std::vector<core::WriteBatch>& batches, SeriesBook& book) {
  BatchPlan plan;
  for (const auto& batch : batches) {
    if (!batch.catalogue) continue;  // gaps and facts need none
    Lookup lookup(book, *batch.catalogue);
    for (const auto& row : batch.candles) {
      Series* const series = lookup.find(row.series);
      if (row.interval == core::Interval::m1) {
        plan.minutes.push_back({series, &row.candle});
      } else {
        plan.candles.push_back({series, row.interval, &row.candle});
      }
    }
    for (const auto& tick : batch.ticks) {
      plan.trades.push_back({lookup.find(tick.instrument()), trade_key(tick), &tick});
    }
    for (const auto& row : batch.composites) {
      plan.trades.push_back({lookup.find(row.series), trade_key(row.tick), &row.tick});
    }
  }
  sort_unique(plan.minutes, [](const MinuteRow& r) { return std::tuple(r.series->id, r.candle->start); });
  sort_unique(plan.candles, [](const LevelRow& r) { return std::tuple(r.series->id, r.level, r.candle->start); });
  sort_unique(plan.trades, [](const TradeRef& r) { return std::tuple(r.series->id, r.key); });
  return plan;
}

}  // namespace tickspan::storage::postgres
