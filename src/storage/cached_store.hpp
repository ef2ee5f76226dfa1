#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "runtime/metrics.hpp"
#include "storage/history_store.hpp"

namespace tickspan::storage {

struct CacheOptions {
  std::size_t max_bytes = 64 << 20;
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
};

/// Any store with what is asked for often held in memory: candles in runs of a fixed grid, so that of a chart that
/// grows only the last run is read again, and the gaps. Its writer drops what it writes to, and readers hear of others
/// (foreign_writes()), so every reader answers what the store itself would. See RangeCache.
/// **Ownership**: owns the store; `metrics` must outlive it, its writer and its readers.
std::unique_ptr<HistoryStore> make_cached_store(std::unique_ptr<HistoryStore> store, runtime::Metrics& metrics,
                                                CacheOptions options = {});

}  // namespace tickspan::storage
