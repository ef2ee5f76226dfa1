#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/result.hpp"
#include "storage/history_store.hpp"

namespace tickspan::history {

struct StoreCopy {
  std::uint64_t candles = 0, trades = 0, points = 0, gaps = 0, takeovers = 0;
  std::uint64_t rows() const { return candles + trades + points + gaps + takeovers; }
};

/// Called now and then with what is being copied and how many rows are.
using CopyProgress = std::function<void(const std::string& what, std::uint64_t rows)>;

/// Writes every row of the snapshot into another store, whatever the two are made of. What is there already under the
/// same key is replaced. **Limits**: some thousand rows in memory, and all gaps.
core::Result<StoreCopy> copy_store(storage::StoreSnapshot& from, storage::StoreWriter& to,
                                   const CopyProgress& progress = {});

/// Nothing was ever written but a catalogue.
core::Result<bool> is_empty(storage::HistoryStore& store);

}  // namespace tickspan::history
