#pragma once

#include <functional>
#include <memory>

#include "runtime/bounded_queue.hpp"
#include "runtime/clock.hpp"
#include "runtime/metrics.hpp"
#include "storage/history_store.hpp"
#include "storage/retention.hpp"
#include "storage/size_forecast.hpp"

namespace tickspan::storage {

struct HistoryServiceOptions {
  std::size_t queue_rows = 65'536;                             ///< engine to store
  std::size_t batch_rows = 10'000;                             ///< rows in one transaction at most
  core::Duration batch_time = std::chrono::milliseconds(500);  ///< and how long the first of them waits
  std::size_t readers = 2;
  std::size_t waiting_reads = 64;
  core::Duration retry_first = std::chrono::milliseconds(100);  ///< after a failed transaction; doubles with each
  core::Duration retry_longest = std::chrono::seconds(5);
  core::Duration stop_patience = std::chrono::seconds(5);  ///< how long stop() goes on trying to write
  Retention retention{};
  /// Where rows go that the store cannot take; empty: nowhere, they wait in the queue.
  std::string spool_folder;
  std::uint64_t spool_bytes = 512ULL << 20;
  /// Short of `commit` the store and the spool are brought to the disk every sync_interval(), by this service.
  Durability durability = Durability::commit;
  core::Timestamp written_until;                             ///< the store's RestoredState::last_write
  core::Duration full_disk_look = std::chrono::seconds(30);  ///< how often a full disk is tried with trades again
};

/// How writing goes.
enum class WriteState : std::uint8_t {
  ok,
  failing,    ///< the store refuses; rows wait in the queue
  spooling,   ///< rows go to the spool, and from there to the store when it works
  disk_full,  ///< single trades are not stored, candles are
};
std::string_view to_string(WriteState state) noexcept;

/// The store's threads: one writer that groups batches into transactions, a few readers that answer requests. The
/// writer also deletes what is past its retention, in small steps, when it has nothing to write.
/// **Threading**: push(), read(), flush() and the figures by any thread; start() and stop() by the owner's.
/// **Ownership**: owns the store. `metrics` and `clock` must outlive it.
/// **Limits**: `queue_rows` rows not yet written (one batch of any size fits an empty queue), `waiting_reads` waiting
/// requests; both refuse when full, counted.
class HistoryService {
 public:
  HistoryService(std::unique_ptr<HistoryStore> store, HistoryServiceOptions options, runtime::Metrics& metrics);
  /// `clock` tells how old a row is.
  HistoryService(std::unique_ptr<HistoryStore> store, HistoryServiceOptions options, runtime::Metrics& metrics,
                 const runtime::Clock& clock);
  ~HistoryService();
  HistoryService(const HistoryService&) = delete;
  HistoryService& operator=(const HistoryService&) = delete;

  /// The store must be open. Starts the writer and the readers. What a former run left in the spool is written first.
  core::Status start();
  /// Answers the requests that wait and writes out what is queued, then joins. Rows that cannot be written within
  /// `stop_patience` go to the spool, or where there is none or
  /// no room are given up: counted, and said in the log.
  void stop();

  /// On `full` the batch stays with the caller, to be merged and offered again. Before start() batches wait.
  [[nodiscard]] runtime::PushResult push(core::WriteBatch& batch);

  using Read = std::function<void(StoreReader&)>;
  /// Runs `job` on a reader thread. False when 64 wait already: the caller answers 503.
  [[nodiscard]] bool read(Read job);

  /// True while writes succeed; false from a failed transaction until the next that works. A failed one is kept and
  /// tried again with back-off; the queue fills meanwhile.
  bool healthy() const;
  WriteState write_state() const;
  /// Rows in the spool, not in the store yet.
  std::uint64_t rows_spooled() const;
  std::uint64_t rows_written() const;
  /// Queued, or in a transaction that is not done.
  std::size_t rows_waiting() const;
  /// Of the store as `now` has it.
  SizeForecast forecast(const StoreInfo& now) const;
  const HistoryServiceOptions& options() const;
  /// Waits until everything pushed before the call is written or in the spool, or was given up by stop(). For tests and
  /// orderly stops.
  void flush();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tickspan::storage
