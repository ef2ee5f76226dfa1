#include "storage/history_service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "core/assert.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "storage/batch_queue.hpp"
#include "storage/write_path.hpp"

namespace tickspan::storage {
namespace {

using Steady = std::chrono::steady_clock;
using runtime::PushResult;

constexpr runtime::Log kLog{"storage"};
constexpr core::Duration kIdleLook = std::chrono::seconds(1);  // how often an idle writer thinks of retention
constexpr core::Duration kSweepPause =
    std::chrono::milliseconds(10);  // between two steps while there is more to delete
constexpr core::Duration kReaderLook = std::chrono::seconds(1);
constexpr core::Duration kSizeLook = std::chrono::minutes(1);

const runtime::Clock& system_clock() {
  static const runtime::SystemClock clock;
  return clock;
}

struct ReadFigures {
  explicit ReadFigures(runtime::Metrics& m)
      : reads(m.counter("tickspan_storage_reads_total", "Requests for history taken up")),
        refused(m.counter("tickspan_storage_reads_refused_total", "Requests for history refused: too many waited")) {}
  runtime::Counter &reads, &refused;
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
        write_figures(the_metrics),
        queue(std::make_shared<BatchQueue>(the_options.queue_rows)),
        reads(the_options.waiting_reads) {}

  std::unique_ptr<HistoryStore> store;
  const HistoryServiceOptions options;
  runtime::Metrics& metrics;
  const runtime::Clock& clock;
  ReadFigures figures;
  WriteFigures write_figures;
  const std::shared_ptr<BatchQueue> queue;  // shared with the metric that reads its length
  runtime::BoundedQueue<Read> reads;
  std::unique_ptr<WritePath> path;
  std::vector<std::unique_ptr<StoreReader>> readers;
  std::vector<std::thread> threads;
  std::vector<std::shared_ptr<void>> observed;
  std::atomic<bool> running{false};
  mutable std::mutex sizes_mutex;
  SizeHistory sizes;              // guarded by sizes_mutex
  bool stopped = false;           // the owner's
  Steady::time_point next_sweep;  // the writer thread's own

  core::Status start();
  void stop();
  void run_writer();
  void run_reader(std::size_t index);
  void sweep();
  void look_at_size(StoreReader& reader);
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
  std::unique_ptr<Spool> spool;
  if (!options.spool_folder.empty()) {
    auto opened = Spool::open(options.spool_folder,
                              {.max_bytes = options.spool_bytes, .sync = options.durability == Durability::commit});
    if (!opened) return tl::unexpected(opened.error());
    spool = std::move(*opened);
  }
  path = std::make_unique<WritePath>(std::move(*made), std::move(spool), options, *queue, write_figures);
  observed.push_back(metrics.observe("tickspan_storage_rows_waiting", "Rows pushed and not yet written", {}, false,
                                     [shared = queue] { return static_cast<double>(shared->rows()); }));
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
  if (!running.exchange(false) && queue->rows() > 0) write_figures.dropped.add(queue->rows());  // never started
  observed.clear();
  readers.clear();
}

void HistoryService::Impl::run_writer() {
  runtime::set_thread_name("store-writer");
  next_sweep = Steady::now();
  while (true) {
    const core::Duration idle = Steady::now() < next_sweep ? kIdleLook : kSweepPause;
    auto group = queue->take(options.batch_rows, options.batch_time, std::min(idle, path->next_look()));
    if (!group.empty()) {
      const bool taken = path->take(group);
      queue->done();
      if (!taken) break;
    } else if (queue->closed()) {
      break;
    }
    path->catch_up();
    path->sync_when_due();
    // A stream of ticks never pauses: idle means that no whole group waits. What goes makes room on a full disk.
    const WriteState state = path->state();
    const bool works = state == WriteState::ok || state == WriteState::disk_full;
    if (works && queue->rows() < options.batch_rows) sweep();
  }
  path->sync();
  if (const std::size_t left = queue->rows(); left > 0) path->give_up(left);
  queue->end();
}

/// One small step of retention. Comes again at once while there is more to delete, else after the interval.
void HistoryService::Impl::sweep() {
  if (Steady::now() < next_sweep) return;
  const Retention& keep = options.retention;
  const core::Timestamp now = clock.now();
  const auto cutoff = [&](int days) { return days > 0 ? now - std::chrono::hours(24) * days : core::Timestamp{}; };
  const auto expired = path->writer().expire({cutoff(keep.minute_days), cutoff(keep.point_days), cutoff(keep.tick_days),
                                              cutoff(keep.hour_days), cutoff(keep.day_days)},
                                             keep.step_rows);
  if (expired && *expired >= keep.step_rows) {
    write_figures.expired.add(*expired);
    return;
  }
  next_sweep = Steady::now() + keep.interval;
  if (expired) {
    write_figures.expired.add(*expired);
  } else {
    kLog.warn("old rows were not deleted: {}", expired.error().context);
  }
}

void HistoryService::Impl::run_reader(std::size_t index) {
  runtime::set_thread_name(fmt::format("store-reader-{}", index));
  StoreReader& reader = *readers[index];
  auto next_size = Steady::now();
  while (true) {
    if (index == 0 && Steady::now() >= next_size) {
      look_at_size(reader);
      next_size = Steady::now() + kSizeLook;
    }
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

void HistoryService::Impl::look_at_size(StoreReader& reader) {
  const auto info = reader.info();
  if (!info) return kLog.debug("the store's size is not known: {}", info.error().context);
  const std::lock_guard lock(sizes_mutex);
  sizes.add(clock.now(), info->used_bytes);
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
  return write_state() == WriteState::ok;
}
std::uint64_t HistoryService::rows_written() const {
  return impl_->path ? impl_->path->rows_written() : 0;
}
WriteState HistoryService::write_state() const {
  return impl_->path ? impl_->path->state() : WriteState::ok;
}
std::uint64_t HistoryService::rows_spooled() const {
  return impl_->path ? impl_->path->rows_spooled() : 0;
}
std::size_t HistoryService::rows_waiting() const {
  return impl_->queue->rows();
}

SizeForecast HistoryService::forecast(const StoreInfo& now) const {
  const std::lock_guard lock(impl_->sizes_mutex);
  return impl_->sizes.forecast(now, impl_->path ? impl_->path->rows_kept() : RowCounts{}, impl_->options.retention);
}
const HistoryServiceOptions& HistoryService::options() const {
  return impl_->options;
}

void HistoryService::flush() {
  if (impl_->running) impl_->queue->wait_written();
}

}  // namespace tickspan::storage
