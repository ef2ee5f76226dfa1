#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "runtime/bounded_queue.hpp"
#include "runtime/metrics.hpp"
#include "storage/history_store.hpp"

namespace tickspan::storage {

struct HistoryServiceOptions {
  std::size_t queue_rows = 65'536;        ///< engine to store
  std::size_t batch_rows = 10'000;        ///< rows in one transaction at most
  core::Duration batch_time = std::chrono::milliseconds(500);  ///< and how long the first of them waits
  std::size_t readers = 2;
  std::size_t waiting_reads = 64;
};

/// The store's threads: one writer that groups batches into transactions, a few readers that answer requests.
/// **Threading**: push() by the engine's thread; read() by any; start() and stop() by the owner's.
/// **Limits**: `queue_rows` waiting rows, `waiting_reads` waiting requests; both refuse when full, counted.
class HistoryService {
 public:
  HistoryService(std::unique_ptr<HistoryStore> store, HistoryServiceOptions options, runtime::Metrics& metrics);
  ~HistoryService();

  /// The store must be open. Starts the writer and the readers.
  core::Status start();
  /// Writes out what is queued, then joins.
  void stop();

  /// On `full` the batch stays with the caller, to be merged and offered again.
  [[nodiscard]] runtime::PushResult push(core::WriteBatch& batch);

  using Read = std::function<void(StoreReader&)>;
  /// Runs `job` on a reader thread. False when 64 wait already: the caller answers 503.
  [[nodiscard]] bool read(Read job);

  /// True while writes succeed; false from a failed transaction until the next that works. A failed one is kept and tried
  /// again with back-off; the queue fills meanwhile.
  bool healthy() const { return healthy_.load(); }
  std::uint64_t rows_written() const { return rows_written_.load(); }
  std::size_t rows_waiting() const { return queue_.weight(); }
  /// Waits until everything pushed before the call is written. For tests and for orderly stops.
  void flush();

 private:
  void run_writer();
  void run_reader(std::size_t index);

  std::unique_ptr<HistoryStore> store_;
  const HistoryServiceOptions options_;
  runtime::Metrics& metrics_;
  runtime::BoundedQueue<core::WriteBatch> queue_;
  runtime::BoundedQueue<Read> reads_;
  std::unique_ptr<StoreWriter> writer_;
  std::vector<std::unique_ptr<StoreReader>> readers_;
  std::vector<std::thread> threads_;
  std::atomic<bool> healthy_{true};
  std::atomic<std::uint64_t> rows_written_{0};
};

}  // namespace tickspan::storage
