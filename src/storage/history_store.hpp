#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/write_batch.hpp"

namespace tickspan::storage {

/// Which candles: text ids, so that a query needs no catalogue. Half-open [start, end).
struct CandleQuery {
  std::string base;   ///< asset id
  std::string quote;  ///< asset id, `usd` for the composite
  std::string venue;  ///< empty: the composite
  core::Interval interval = core::Interval::m1;  ///< stored levels only; see StoreReader::candles
  core::Timestamp start, end;
  std::size_t limit = 100'000;  ///< the newest `limit` of the range are returned
};

struct StoreInfo {
  std::string backend;         ///< `sqlite`, `memory`
  std::string location;        ///< a path or a host, never a password
  int schema_version = 0;
  std::uint64_t size_bytes = 0;
};

/// The write side. **Threading**: one thread.
class StoreWriter {
 public:
  virtual ~StoreWriter() = default;
  /// Writes all batches in one transaction: all of it is there afterwards, or nothing. Upserts: repeating it is harmless.
  virtual core::Status write(const std::vector<core::WriteBatch>& batches) = 0;
};

/// The read side. **Threading**: one thread per reader; sees whole transactions only.
class StoreReader {
 public:
  virtual ~StoreReader() = default;
  /// Ascending by start. Where the interval is not stored it is aggregated from the 1 m candles that are.
  virtual core::Result<std::vector<core::Candle>> candles(const CandleQuery& query) = 0;
  /// Aggregator points of one asset in [start, end), ascending, at most `limit` (the newest).
  virtual core::Result<std::vector<core::MarketPoint>> points(const std::string& asset_id, core::Timestamp start, core::Timestamp end,
                                                              std::size_t limit) = 0;
  /// Gaps that touch [start, end), ascending by start. Empty `venue`: of all sources.
  virtual core::Result<std::vector<core::Gap>> gaps(const std::string& venue, core::Timestamp start, core::Timestamp end,
                                                    std::size_t limit) = 0;
  virtual core::Result<StoreInfo> info() = 0;
};

/// Where history is kept. Every backend passes tests/storage/conformance.
/// **Ownership**: readers and writers must not outlive their store.
class HistoryStore {
 public:
  virtual ~HistoryStore() = default;
  /// Creates or migrates the schema. conflict: written by a newer version, left untouched. io_error: not readable or not
  /// writable. The message is one line that names the place and the way out.
  virtual core::Status open() = 0;
  virtual core::Result<std::unique_ptr<StoreWriter>> writer() = 0;
  virtual core::Result<std::unique_ptr<StoreReader>> reader() = 0;
  /// What a start needs: catalogue, facts, last prices and the composite minutes since `since`.
  virtual core::Result<core::RestoredState> restore(core::Timestamp since) = 0;
};

}  // namespace tickspan::storage
