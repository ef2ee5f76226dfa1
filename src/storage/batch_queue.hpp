#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "core/write_batch.hpp"
#include "runtime/bounded_queue.hpp"

namespace tickspan::storage {

/// The way to the writer thread. Unlike a plain bounded queue it hands out groups, and a group keeps its room until
/// done(): what is being written, or tried again, counts as waiting, so that the bound is the bound.
/// **Threading**: push(), wait_written(), rows() and close() by any thread; take() and done() by the one consumer.
/// **Limits**: `capacity` rows; an empty queue takes one batch of any size.
class BatchQueue {
 public:
  explicit BatchQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Never waits. On `full` and `closed` the batch is left with the caller.
  [[nodiscard]] runtime::PushResult push(core::WriteBatch& batch);

  /// The next group: up to `max_rows` rows (one batch at least), once that many wait, the first of them has waited
  /// `gather`, somebody waits for it, or the queue is closed. Empty when nothing came within `patience`.
  std::vector<core::WriteBatch> take(std::size_t max_rows, core::Duration gather, core::Duration patience);
  /// The group last taken is written, or given up.
  void done();

  /// Waits until everything pushed before the call is done. Returns at once when the consumer has ended.
  void wait_written();
  /// The consumer takes no more.
  void end();
  /// Waits up to `pause`, or until closed. True when closed.
  bool wait_closed(core::Duration pause);
  /// No more pushes; what is queued can still be taken.
  void close();
  bool closed() const;
  /// Queued and taken-but-not-done rows.
  std::size_t rows() const;

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;  // for the consumer
  std::condition_variable written_;  // for those who wait
  // All guarded by mutex_:
  std::deque<core::WriteBatch> batches_;
  std::size_t queued_rows_ = 0, taken_rows_ = 0;
  std::size_t wanted_rows_ = 0;                      // what the consumer waits for
  std::uint64_t pushed_ = 0, taken_ = 0, done_ = 0;  // batches, ever
  int waiters_ = 0;
  bool closed_ = false, ended_ = false;
};

}  // namespace tickspan::storage
