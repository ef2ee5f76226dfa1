#include "storage/history_service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "core/assert.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "storage/batch_queue.hpp"

namespace tickspan::storage {
namespace {

using Steady = std::chrono::steady_clock;
using runtime::PushResult;

constexpr runtime::Log kLog{"storage"};
constexpr core::Duration kIdleLook = std::chrono::seconds(1);  // how often an idle writer thinks of retention
constexpr core::Duration kSweepPause =
    std::chrono::milliseconds(10);  // between two steps while there is more to delete
constexpr core::Duration kReaderLook = std::chrono::seconds(1);

const runtime::Clock& system_clock() {
  static const runtime::SystemClock clock;
  return clock;
}

std::size_t count_rows(const std::vector<core::WriteBatch>& batches) {
  std::size_t rows = 0;
  for (const auto& batch : batches) rows += batch.rows();
  return rows;
}

struct Figures {
  explicit Figures(runtime::Metrics& m)
      : rows(m.counter("tickspan_storage_rows_written_total", "Rows written to the store")),
        transactions(m.counter("tickspan_storage_transactions_total", "Transactions that worked")),
        errors(m.counter("tickspan_storage_write_errors_total", "Transactions that failed")),
        dropped(m.counter("tickspan_storage_rows_dropped_total",
                          "Rows given up: refused by the store, or unwritten at the stop")),
        expired(m.counter("tickspan_storage_rows_expired_total", "Rows deleted by retention")),
        reads(m.counter("tickspan_storage_reads_total", "Requests for history taken up")),
        refused(m.counter("tickspan_storage_reads_refused_total", "Requests for history refused: too many waited")),
        seconds(m.gauge("tickspan_storage_write_seconds", "How long the last transaction took")) {}
  runtime::Counter &rows, &transactions, &errors, &dropped, &expired, &reads, &refused;
  runtime::Gauge& seconds;
};

}  // namespace

struct HistoryService::Impl {
  Impl(std::unique_ptr<HistoryStore> the_store, HistoryServiceOptions the_options, runtime::Metrics& the_metrics,
       const runtime::Clock& the_clock)
      : store(std::move(the_store)),
        options(the_options),
        metrics(the_metrics),
        clock(the_clock),
        figures(the_metrics),
        queue(std::make_shared<BatchQueue>(the_options.queue_rows)),
        reads(the_options.waiting_reads) {}

  std::unique_ptr<HistoryStore> store;
  const HistoryServiceOptions options;
  runtime::Metrics& metrics;
  const runtime::Clock& clock;
  Figures figures;
  const std::shared_ptr<BatchQueue> queue;  // shared with the metric that reads its length
  runtime::BoundedQueue<Read> reads;
  std::unique_ptr<StoreWriter> writer;
  std::vector<std::unique_ptr<StoreReader>> readers;
  std::vector<std::thread> threads;
  std::shared_ptr<void> rows_waiting_metric;
  std::atomic<bool> running{false}, healthy{true};
  bool stopped = false;  // the owner's
  std::atomic<std::uint64_t> rows_written{0};
  // The writer thread's own:
  Steady::time_point unhealthy_since, next_sweep;
  std::optional<Steady::time_point> give_up_at;

  core::Status start();
  void stop();
  void run_writer();
  void run_reader(std::size_t index);
  bool write_group(std::vector<core::WriteBatch>& group);
  core::Status try_write(const std::vector<core::WriteBatch>& group);
  bool write_one_by_one(std::vector<core::WriteBatch>& group);
  bool pause_before_retry(core::Duration& delay);
  void give_up(std::size_t rows);
  void note_failure(const core::Error& error);
  void note_success();
  void sweep();
};

core::Status HistoryService::Impl::start() {
  TS_ASSERT(!running && !queue->closed(), "a history service starts once");
  readers.clear();
  for (std::size_t i = 0; i < std::max<std::size_t>(options.readers, 1); ++i) {
    auto reader = store->reader();
    if (!reader) return tl::unexpected(reader.error());
    readers.push_back(std::move(*reader));
  }
  auto made = store->writer();
  if (!made) return tl::unexpected(made.error());
  writer = std::move(*made);
  rows_waiting_metric = metrics.observe("tickspan_storage_rows_waiting", "Rows pushed and not yet written", {}, false,
                                        [shared = queue] { return static_cast<double>(shared->rows()); });
  running = true;
  threads.emplace_back([this] { run_writer(); });
  for (std::size_t i = 0; i < readers.size(); ++i) threads.emplace_back([this, i] { run_reader(i); });
  return {};
}

void HistoryService::Impl::stop() {
  if (std::exchange(stopped, true)) return;
  reads.close();
  queue->close();
  for (auto& thread : threads) thread.join();
  threads.clear();
  if (!running.exchange(false) && queue->rows() > 0) give_up(queue->rows());  // never started
  rows_waiting_metric.reset();
  readers.clear();
  writer.reset();
}

void HistoryService::Impl::run_writer() {
  runtime::set_thread_name("store-writer");
  next_sweep = Steady::now();
  while (true) {
    const core::Duration patience = Steady::now() < next_sweep ? kIdleLook : kSweepPause;
    std::vector<core::WriteBatch> group = queue->take(options.batch_rows, options.batch_time, patience);
    if (!group.empty()) {
      const bool written = write_group(group);
      queue->done();
      if (!written) break;
    } else if (queue->closed()) {
      break;
    }
    // A stream of ticks never pauses: idle means that no whole group waits.
    if (healthy && queue->rows() < options.batch_rows) sweep();
  }
  if (const std::size_t left = queue->rows(); left > 0) give_up(left);
  queue->end();
}

/// Tries until it works. False when the service was told to stop and its patience is over.
bool HistoryService::Impl::write_group(std::vector<core::WriteBatch>& group) {
  core::Duration delay = options.retry_first;
  while (true) {
    const auto status = try_write(group);
    if (status) return true;
    if (status.error().code == core::ErrorCode::invalid_argument) {
      if (group.size() > 1) return write_one_by_one(group);
      kLog.error("a batch of {} rows is dropped: {}", count_rows(group), status.error().context);
      figures.dropped.add(count_rows(group));
      return true;
    }
    note_failure(status.error());
    if (!pause_before_retry(delay)) {
      give_up(count_rows(group));
      return false;
    }
  }
}

core::Status HistoryService::Impl::try_write(const std::vector<core::WriteBatch>& group) {
  const auto begin = Steady::now();
  auto status = writer->write(group);
  figures.seconds.set(std::chrono::duration<double>(Steady::now() - begin).count());
  if (!status) {
    figures.errors.add();
    return status;
  }
  const std::size_t rows = count_rows(group);
  rows_written += rows;
  figures.rows.add(rows);
  figures.transactions.add();
  note_success();
  return status;
}

/// One bad batch must not take the good ones with it.
bool HistoryService::Impl::write_one_by_one(std::vector<core::WriteBatch>& group) {
  for (auto batch = group.begin(); batch != group.end(); ++batch) {
    std::vector<core::WriteBatch> single;
    single.push_back(std::move(*batch));
    if (write_group(single)) continue;
    std::size_t rest = 0;
    while (++batch != group.end()) rest += batch->rows();
    if (rest > 0) give_up(rest);
    return false;
  }
  return true;
}

/// Doubles the delay. False when the service was told to stop and its patience is over.
bool HistoryService::Impl::pause_before_retry(core::Duration& delay) {
  core::Duration pause = delay;
  delay = std::min(delay * 2, options.retry_longest);
  if (!queue->wait_closed(pause)) return true;
  if (!give_up_at) {
    give_up_at = Steady::now() + options.stop_patience;
    return true;  // at once: it may have been the last try's bad luck
  }
  const core::Duration left = *give_up_at - Steady::now();
  if (left <= core::Duration::zero()) return false;
  std::this_thread::sleep_for(std::min(pause, left));
  return true;
}

void HistoryService::Impl::give_up(std::size_t rows) {
  kLog.error("{} rows could not be written before the stop and are lost", rows);
  figures.dropped.add(rows);
}

void HistoryService::Impl::note_failure(const core::Error& error) {
  if (!healthy.exchange(false)) return;
  unhealthy_since = Steady::now();
  kLog.error("{}; rows are kept and written when it works again", error.context);
}

void HistoryService::Impl::note_success() {
  if (healthy.exchange(true)) return;
  kLog.warn("the store works again after {} s; {} rows wait",
            std::chrono::duration_cast<std::chrono::seconds>(Steady::now() - unhealthy_since).count(), queue->rows());
}

/// One small step of retention. Comes again at once while there is more to delete, else after the interval.
void HistoryService::Impl::sweep() {
  if (Steady::now() < next_sweep) return;
  const Retention& keep = options.retention;
  const core::Timestamp now = clock.now();
  const auto cutoff = [&](int days) { return days > 0 ? now - std::chrono::hours(24) * days : core::Timestamp{}; };
  const auto expired =
      writer->expire({cutoff(keep.candle_days), cutoff(keep.point_days), cutoff(keep.tick_days)}, keep.step_rows);
  if (expired && *expired >= keep.step_rows) {
    figures.expired.add(*expired);
    return;
  }
  next_sweep = Steady::now() + keep.interval;
  if (expired) {
    figures.expired.add(*expired);
  } else {
    kLog.warn("old rows were not deleted: {}", expired.error().context);
  }
}

void HistoryService::Impl::run_reader(std::size_t index) {
  runtime::set_thread_name(fmt::format("store-reader-{}", index));
  StoreReader& reader = *readers[index];
  while (true) {
    std::optional<Read> job = reads.pop(kReaderLook);
    if (!job) {
      if (reads.closed()) return;
      continue;
    }
    figures.reads.add();
    try {
      (*job)(reader);
    } catch (const std::exception& e) {
      kLog.error("a request for history failed: {}", e.what());
    }
  }
}

HistoryService::HistoryService(std::unique_ptr<HistoryStore> store, HistoryServiceOptions options,
                               runtime::Metrics& metrics)
    : HistoryService(std::move(store), options, metrics, system_clock()) {}

HistoryService::HistoryService(std::unique_ptr<HistoryStore> store, HistoryServiceOptions options,
                               runtime::Metrics& metrics, const runtime::Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(store), options, metrics, clock)) {}

HistoryService::~HistoryService() {
  stop();
}

core::Status HistoryService::start() {
  return impl_->start();
}
void HistoryService::stop() {
  impl_->stop();
}

PushResult HistoryService::push(core::WriteBatch& batch) {
  return impl_->queue->push(batch);
}

bool HistoryService::read(Read job) {
  if (impl_->running && impl_->reads.push(job) == PushResult::ok) return true;
  impl_->figures.refused.add();
  return false;
}

bool HistoryService::healthy() const {
  return impl_->healthy;
}
std::uint64_t HistoryService::rows_written() const {
  return impl_->rows_written;
}
std::size_t HistoryService::rows_waiting() const {
  return impl_->queue->rows();
}

void HistoryService::flush() {
  if (impl_->running) impl_->queue->wait_written();
}

}  // namespace tickspan::storage
