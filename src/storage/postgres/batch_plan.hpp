#pragma once

#include <map>
#include <set>
#include <vector>

#include "core/write_batch.hpp"
#include "storage/batch_rows.hpp"
#include "storage/postgres/series_book.hpp"

namespace tickspan::storage::postgres {

struct MinuteRow {
  Series* series = nullptr;
  const core::Candle* candle = nullptr;
};
struct LevelRow {
  Series* series = nullptr;
  core::Interval level = core::Interval::m5;
  const core::Candle* candle = nullptr;
};
struct TradeRef {
  Series* series = nullptr;
  std::int64_t key = 0;
  const core::Tick* tick = nullptr;
};

/// The rows of a group of batches in the order they are written: by series and time, each once. Of rows with the same
/// key the last one counts.
/// **Ownership**: points into the batches and the book.
struct BatchPlan {
  std::vector<MinuteRow> minutes;
  std::vector<LevelRow> candles;
  std::vector<TradeRef> trades;
};

std::set<SeriesName> series_of(const std::vector<core::WriteBatch>& batches);
/// Every series of the batches must be in the book.
BatchPlan make_plan(const std::vector<core::WriteBatch>& batches, SeriesBook& book);

}  // namespace tickspan::storage::postgres
