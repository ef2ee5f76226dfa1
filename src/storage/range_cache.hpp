#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "core/candle.hpp"
#include "core/write_batch.hpp"
#include "runtime/metrics.hpp"
#include "storage/history_store.hpp"

namespace tickspan::storage {

/// A run of candles of one series and level on a fixed grid: chunk `n` holds those that start in
/// [n * width, (n + 1) * width). Immutable: what changes is dropped and read again.
struct CandleChunk {
  std::vector<core::Candle> candles;  ///< ascending by start
  /// The series goes on well after it, so that only a write within it changes it. Else any write to the series may:
  /// whether a longer candle is over, and whole, depends on how far the series reaches.
  bool settled = false;
};
using ChunkPtr = std::shared_ptr<const CandleChunk>;
core::Duration chunk_width(core::Interval level);

/// Candles and gaps that were read, kept until a write touches them.
///
/// What is here is what the store would answer. A write is announced before its transaction and told off after it:
/// what it touches is dropped at the announcement. What was read from the store is taken in only where no write of
/// that series was under way when the read began, and none has begun since: then nothing can have been committed
/// between, and all of an answer, from here and from the store, is one state.
/// **Threading**: any thread. **Ownership**: `metrics` must outlive it. **Limits**: `max_bytes`; what was not asked
/// for the longest goes first. A few hundred bytes a series that was ever asked for stay, as many as the catalogue
/// has.
class RangeCache {
 public:
  using Steady = std::chrono::steady_clock;
  /// `max_age`: for a store that does not tell what others write, or whose readers lag; not set: for ever.
  RangeCache(std::size_t max_bytes, std::optional<core::Duration> max_age, runtime::Metrics& metrics,
             std::function<Steady::time_point()> now = Steady::now);

  /// What was found, and by what a later fill is judged.
  struct Look {
    std::vector<ChunkPtr> chunks;  ///< null where it has to be read
    std::uint64_t version = 0;
    bool quiet = false;  ///< no write that touches it is under way
    bool whole = false;  ///< nothing has to be read
  };
  /// Chunks [first, last] of a series. Counts a hit when all are there.
  Look look(const SeriesName& series, core::Interval level, std::int64_t first, std::int64_t last);
  /// Takes in what was read after `look`, from chunk `first` on. False when it may be old: then nothing is taken.
  [[nodiscard]] bool fill(const SeriesName& series, core::Interval level, std::int64_t first,
                          const std::vector<ChunkPtr>& chunks, const Look& look);

  using GapList = std::shared_ptr<const std::vector<core::Gap>>;
  struct GapLook {
    GapList all;  ///< ascending by start, venue, symbol; null where they have to be read
    std::uint64_t version = 0;
    bool quiet = false;
    bool too_many = false;  ///< more than are kept: not worth a try
  };
  GapLook look_gaps();
  /// `all` holds one more than max_gaps() where there are too many.
  void fill_gaps(GapList all, const GapLook& look);
  std::size_t max_gaps() const { return max_gaps_; }
  void count_bypass() { bypassed_.add(); }

  /// What a reader was told, before it looks here and after it has read the store: where others have written, whatever
  /// is here may be old, and nobody says what it is.
  void note_foreign(std::uint64_t writes);

  /// Before a transaction that writes these, and after it, however it ended. One writer at a time.
  void begin_write(const std::vector<core::WriteBatch>& batches);
  /// Before and after a transaction that deletes whatever is older.
  void begin_expiry(const Expiry& older_than);
  /// Before a transaction that may write anything, and after it.
  void begin_any_write();
  void end_write();

 private:
  struct Series;
  struct Entry {
    Series* series;
    core::Interval level;
    std::int64_t index;
    ChunkPtr chunk;
    std::size_t bytes;
    Steady::time_point since;
  };
  using Place = std::list<Entry>::iterator;
  struct Series {
    std::uint64_t version = 0;  // writes that were announced
    std::map<core::Interval, std::map<std::int64_t, Place>> levels;
  };
  struct NameHash {
    std::size_t operator()(const SeriesName& name) const noexcept;
  };

  bool too_old(Steady::time_point since) const;
  void drop(Place place);
  void drop_unsettled(Series& series);
  void drop_at(Series& series, core::Interval level, core::Timestamp start);
  void touch_candles(const core::WriteBatch& batch);
  void drop_gaps();
  void drop_all();
  void make_room();
  void show_bytes();

  const std::size_t max_bytes_, max_gaps_;
  const std::optional<core::Duration> max_age_;
  const std::function<Steady::time_point()> now_;
  runtime::Counter &hits_, &misses_, &bypassed_, &evicted_, &invalidated_;
  runtime::Gauge& bytes_gauge_;

  std::mutex mutex_;  // guards all below
  std::unordered_map<SeriesName, Series, NameHash> series_;
  std::list<Entry> entries_;  // the one asked for last in front
  std::size_t bytes_ = 0;
  std::set<SeriesName> written_;  // by the transaction that is under way
  bool all_written_ = false, gaps_written_ = false;
  std::uint64_t foreign_writes_ = 0;
  GapList gaps_;
  Steady::time_point gaps_since_;
  std::uint64_t gaps_version_ = 0;
  std::size_t gap_bytes_ = 0;
  bool too_many_gaps_ = false;
};

}  // namespace tickspan::storage
