#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/metrics.hpp"
#include "storage/batch_queue.hpp"
#include "storage/history_service.hpp"
#include "storage/spool.hpp"
#include "storage/spool_loss.hpp"

namespace tickspan::storage {

struct WriteFigures {
  explicit WriteFigures(runtime::Metrics& metrics);
  runtime::Counter &rows, &transactions, &errors, &dropped, &expired, &spooled, &damaged, &trades_skipped;
  runtime::Gauge &seconds, &spool_rows, &spool_bytes;
};

/// What the writer thread does with a group of batches: into the store; into the spool while the store refuses, and
/// behind what waits there already, so that order is kept; on a full disk without its single trades and composite
/// prices, which gaps with cause `disk_full` tell of: of each venue, and of core::kComposite.
/// **Threading**: the writer thread; state() and the figures by any.
class WritePath {
 public:
  /// `spool` may be null. `queue` tells of the stop, and what more waits.
  WritePath(std::unique_ptr<StoreWriter> writer, std::unique_ptr<Spool> spool, const HistoryServiceOptions& options,
            BatchQueue& queue, WriteFigures& figures);

  /// Returns when the group is in the store or the spool. False: told to stop, and the patience for that is over.
  bool take(std::vector<core::WriteBatch>& group);
  /// Moves one record from the spool to the store, when the time for a try has come.
  void catch_up();
  /// How long until catch_up() or sync_when_due() may have something to do.
  core::Duration next_look() const;
  /// Brings to the disk what has waited its time for it.
  void sync_when_due();
  /// At once.
  void sync();
  /// Rows that nobody will write any more.
  void give_up(std::size_t rows);

  StoreWriter& writer() { return *writer_; }
  WriteState state() const { return state_.load(std::memory_order_relaxed); }
  std::uint64_t rows_written() const { return rows_written_.load(std::memory_order_relaxed); }
  RowCounts rows_kept() const {
    return {ticks_kept_.load(std::memory_order_relaxed), others_kept_.load(std::memory_order_relaxed)};
  }
  std::uint64_t rows_spooled() const { return spool_ ? spool_->rows() : 0; }

 private:
  using Steady = std::chrono::steady_clock;
  struct Span {
    core::Timestamp from, to;
  };

  bool write_or_wait(std::vector<core::WriteBatch>& group);
  bool write_one_by_one(std::vector<core::WriteBatch>& group);
  core::Status try_write(std::vector<core::WriteBatch>& group);
  core::Status write(std::vector<core::WriteBatch>& group);
  bool spool(const std::vector<core::WriteBatch>& group);
  void try_later();
  bool pause_before_retry(core::Duration& delay);
  bool leaves_trades_out() const { return disk_full_ && Steady::now() < try_trades_at_; }
  void skip_trades(std::vector<core::WriteBatch>& group);
  void note_skipped(const std::string& source, const core::Tick& tick);
  void note_room();
  void note_failure(const core::Error& error);
  void note_success();
  void note_unsynced();
  void settle();

  std::unique_ptr<StoreWriter> writer_;
  std::unique_ptr<Spool> spool_;
  const HistoryServiceOptions& options_;
  BatchQueue& queue_;
  WriteFigures& figures_;
  std::atomic<WriteState> state_{WriteState::ok};
  std::atomic<std::uint64_t> rows_written_{0}, ticks_kept_{0}, others_kept_{0};
  bool failing_ = false, disk_full_ = false, spool_refused_ = false, sync_failed_ = false;
  Steady::time_point failing_since_, next_try_, try_trades_at_;
  core::Duration retry_delay_;
  std::optional<Steady::time_point> give_up_at_;
  std::optional<Steady::time_point> sync_at_;  // when something waits for it
  SpoolLoss loss_;
  std::map<std::string, Span> skipped_;  // by venue, or kComposite: since when trades are not stored, to which
};

}  // namespace tickspan::storage
