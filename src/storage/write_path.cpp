#include "storage/write_path.hpp"

#include <algorithm>
#include <set>
#include <thread>

#include "runtime/log.hpp"
#include "storage/batch_rows.hpp"

namespace tickspan::storage {
namespace {

using core::ErrorCode;

constexpr runtime::Log kLog{"storage"};
constexpr core::Duration kNothingToDo = std::chrono::hours(1);
constexpr core::Duration kLongestWay = std::chrono::minutes(1);

std::size_t count_rows(const std::vector<core::WriteBatch>& batches) {
  std::size_t rows = 0;
  for (const auto& batch : batches) rows += batch.rows();
  return rows;
}

}  // namespace

std::string_view to_string(WriteState state) noexcept {
  switch (state) {
    case WriteState::ok:
      return "ok";
    case WriteState::failing:
      return "failing";
    case WriteState::spooling:
      return "spooling";
    case WriteState::disk_full:
      return "disk_full";
  }
  return "ok";
}

WriteFigures::WriteFigures(runtime::Metrics& m)
    : rows(m.counter("tickspan_storage_rows_written_total", "Rows written to the store")),
      transactions(m.counter("tickspan_storage_transactions_total", "Transactions that worked")),
      errors(m.counter("tickspan_storage_write_errors_total", "Transactions that failed")),
      dropped(m.counter("tickspan_storage_rows_dropped_total",
                        "Rows given up: refused by the store, or unwritten at the stop")),
      expired(m.counter("tickspan_storage_rows_expired_total", "Rows deleted by retention")),
      spooled(m.counter("tickspan_storage_rows_spooled_total", "Rows that went to the spool")),
      damaged(m.counter("tickspan_storage_spool_damaged_total", "Records of the spool that could not be read back")),
      trades_skipped(m.counter("tickspan_storage_trades_skipped_total",
                               "Trades and composite prices not stored because the disk was full")),
      seconds(m.gauge("tickspan_storage_write_seconds", "How long the last transaction took")),
      spool_rows(m.gauge("tickspan_storage_spool_rows", "Rows in the spool")),
      spool_bytes(m.gauge("tickspan_storage_spool_bytes", "Bytes of the spool's files")) {}

WritePath::WritePath(std::unique_ptr<StoreWriter> writer, std::unique_ptr<Spool> spool,
                     const HistoryServiceOptions& options, BatchQueue& queue, WriteFigures& figures)
    : writer_(std::move(writer)),
      spool_(std::move(spool)),
      options_(options),
      queue_(queue),
      figures_(figures),
      retry_delay_(options.retry_first),
      loss_(options.written_until) {
  settle();
}

bool WritePath::take(std::vector<core::WriteBatch>& group) {
  if (leaves_trades_out()) skip_trades(group);
  if (spool_) {
    for (const auto& batch : group) {
      if (batch.catalogue) loss_.know(*batch.catalogue);
    }
  }
  if (!spool_ || (spool_->empty() && !failing_)) {
    const auto status = try_write(group);
    if (status) return true;
    if (status.error().code == ErrorCode::invalid_argument) return write_one_by_one(group);
    note_failure(status.error());
  }
  if (spool(group)) return true;
  return write_or_wait(group);
}

// Tries until it works. Where there is a spool, it is full: what is oldest goes first.
bool WritePath::write_or_wait(std::vector<core::WriteBatch>& group) {
  core::Duration delay = options_.retry_first;
  while (true) {
    sync_when_due();
    bool works = false;
    if (spool_ && !spool_->empty()) {
      const std::uint64_t waited = spool_->rows();
      next_try_ = {};
      catch_up();
      if (spool(group)) return true;
      works = spool_->rows() < waited;
    } else {
      const auto status = try_write(group);
      if (status) return true;
      if (status.error().code == ErrorCode::invalid_argument) return write_one_by_one(group);
      note_failure(status.error());
    }
    core::Duration none{};
    if (works) delay = options_.retry_first;
    if (!pause_before_retry(works ? none : delay)) {
      give_up(count_rows(group));
      return false;
    }
  }
}

/// One bad batch must not take the good ones with it.
bool WritePath::write_one_by_one(std::vector<core::WriteBatch>& group) {
  if (group.size() == 1) {
    const auto status = write(group);
    if (!status && status.error().code == ErrorCode::invalid_argument) {
      kLog.error("a batch of {} rows is dropped: {}", count_rows(group), status.error().context);
      figures_.dropped.add(count_rows(group));
      return true;
    }
    return status || take(group);
  }
  for (auto batch = group.begin(); batch != group.end(); ++batch) {
    std::vector<core::WriteBatch> single;
    single.push_back(std::move(*batch));
    if (take(single)) continue;
    std::size_t rest = 0;
    while (++batch != group.end()) rest += batch->rows();
    if (rest > 0) give_up(rest);
    return false;
  }
  return true;
}

// A full disk is answered by doing without the bulk: candles are small and sum the trades up.
core::Status WritePath::try_write(std::vector<core::WriteBatch>& group) {
  const bool whole = !leaves_trades_out();
  if (!whole) skip_trades(group);
  const bool trades =
      std::any_of(group.begin(), group.end(), [](const auto& b) { return !b.ticks.empty() || !b.composites.empty(); });
  auto status = write(group);
  // That what is small finds its place says nothing of the bulk.
  if (status && disk_full_ && whole && (trades || skipped_.empty())) note_room();
  if (status || status.error().code != ErrorCode::no_space) return status;
  const bool known = disk_full_;
  disk_full_ = true;
  try_trades_at_ = Steady::now() + options_.full_disk_look;
  if (!known) kLog.error("{}; single trades are not stored until there is room, candles are", status.error().context);
  skip_trades(group);
  return write(group);
}

core::Status WritePath::write(std::vector<core::WriteBatch>& group) {
  const auto begin = Steady::now();
  if (spool_) loss_.tell(spool_->damaged(), group);
  auto status = writer_->write(group);
  figures_.seconds.set(std::chrono::duration<double>(Steady::now() - begin).count());
  if (!status) {
    figures_.errors.add();
    return status;
  }
  const std::size_t rows = count_rows(group);
  rows_written_ += rows;
  figures_.rows.add(rows);
  figures_.transactions.add();
  loss_.written(group);
  for (const core::WriteBatch& batch : group) {
    ticks_kept_ += batch.ticks.size() + batch.composites.size();
    others_kept_ += batch.points.size() + static_cast<std::size_t>(std::count_if(
                                              batch.candles.begin(), batch.candles.end(),
                                              [](const core::CandleRow& row) { return row.candle.final; }));
  }
  note_unsynced();
  note_success();
  return status;
}

bool WritePath::spool(const std::vector<core::WriteBatch>& group) {
  if (!spool_) return false;
  const std::size_t rows = count_rows(group);
  const auto status = spool_->append(group);
  if (!status) {
    if (!std::exchange(spool_refused_, true)) kLog.error("{}; rows wait in memory", status.error().context);
    return false;
  }
  spool_refused_ = false;
  figures_.spooled.add(rows);
  note_unsynced();
  settle();
  return true;
}

void WritePath::catch_up() {
  if (!spool_ || spool_->empty() || Steady::now() < next_try_) return settle();
  auto record = spool_->front();
  if (!record) {
    note_failure(record.error());
    return try_later();
  }
  if (!*record) return settle();
  auto& group = **record;
  const auto status = try_write(group);
  if (!status && status.error().code != ErrorCode::invalid_argument) {
    note_failure(status.error());
    return try_later();
  }
  if (!status) {
    kLog.error("{} rows of the spool are dropped: {}", count_rows(group), status.error().context);
    figures_.dropped.add(count_rows(group));
  }
  retry_delay_ = options_.retry_first;
  next_try_ = {};
  if (status) {
    sync();  // a record that may go with the spool's file must not be lost again with the store's last second
    if (sync_at_) {
      next_try_ = *sync_at_;
      return settle();
    }
  }
  spool_->pop();
  settle();
}

void WritePath::try_later() {
  next_try_ = Steady::now() + retry_delay_;
  retry_delay_ = std::min(retry_delay_ * 2, options_.retry_longest);
  settle();
}

core::Duration WritePath::next_look() const {
  const auto now = Steady::now();
  auto next = now + kNothingToDo;
  if (spool_ && !spool_->empty()) next = std::min(next, next_try_);
  if (sync_at_) next = std::min(next, *sync_at_);
  return std::max<core::Duration>(next - now, core::Duration::zero());
}

void WritePath::note_unsynced() {
  const core::Duration interval = sync_interval(options_.durability);
  if (interval > core::Duration::zero() && !sync_at_) sync_at_ = Steady::now() + interval;
}

void WritePath::sync_when_due() {
  if (sync_at_ && Steady::now() >= *sync_at_) sync();
}

void WritePath::sync() {
  if (!sync_at_) return;
  auto status = spool_ ? spool_->sync() : core::Status{};
  if (status) status = writer_->sync();
  if (status) {
    sync_at_.reset();
    if (std::exchange(sync_failed_, false)) kLog.warn("what is written reaches the disk again");
    return;
  }
  figures_.errors.add();
  if (!std::exchange(sync_failed_, true)) kLog.error("{}; it is tried again", status.error().context);
  sync_at_ = Steady::now() + options_.retry_longest;
}

/// Doubles the delay. False when the service was told to stop and its patience is over.
bool WritePath::pause_before_retry(core::Duration& delay) {
  const core::Duration pause = delay;
  delay = std::min(delay * 2, options_.retry_longest);
  if (!queue_.wait_closed(pause)) return true;
  if (!give_up_at_) {
    give_up_at_ = Steady::now() + options_.stop_patience;
    return true;  // at once: it may have been the last try's bad luck
  }
  const core::Duration left = *give_up_at_ - Steady::now();
  if (left <= core::Duration::zero()) return false;
  std::this_thread::sleep_for(std::min(pause, left));
  return true;
}

void WritePath::give_up(std::size_t rows) {
  kLog.error("{} rows could not be written before the stop and are lost", rows);
  figures_.dropped.add(rows);
}

// What is left out is told with the very rows that are written, so that no kill can hide it.
void WritePath::skip_trades(std::vector<core::WriteBatch>& group) {
  for (core::WriteBatch& batch : group) {
    figures_.trades_skipped.add(batch.ticks.size() + batch.composites.size());
    std::set<std::string> sources;
    for (const core::Tick& tick : batch.ticks) {
      const auto& venue = batch.catalogue->venue(batch.catalogue->instrument(tick.instrument()).venue).id;
      note_skipped(venue, tick);
      sources.insert(venue);
    }
    for (const core::CompositeTick& row : batch.composites) note_skipped(std::string(core::kComposite), row.tick);
    if (!batch.composites.empty()) sources.emplace(core::kComposite);
    batch.ticks = {};
    batch.composites = {};
    for (const std::string& source : sources) {
      const Span& span = skipped_[source];
      // A venue may be asked for its trades again; nobody keeps what a composite was.
      const auto state = source == core::kComposite ? core::GapState::lost : core::GapState::open;
      batch.gaps.push_back({source, {}, span.from, span.to + core::Duration{1}, core::GapCause::disk_full, state});
    }
  }
}

void WritePath::note_skipped(const std::string& source, const core::Tick& tick) {
  // By the venue's clock it happened before it came; one wrong time must not make a hole of years.
  const core::Timestamp at = tick.received_at();
  const core::Timestamp since = std::clamp(trade_time(tick), at - kLongestWay, at);
  Span& span = skipped_.try_emplace(source, Span{since, at}).first->second;
  span.from = std::min(span.from, since);
  span.to = std::max(span.to, at);
}

void WritePath::note_failure(const core::Error& error) {
  if (!failing_) {
    failing_since_ = Steady::now();
    kLog.error("{}; rows are kept and written when it works again", error.context);
  }
  failing_ = true;
  settle();
}

void WritePath::note_success() {
  if (std::exchange(failing_, false)) {
    kLog.warn("the store works again after {} s; {} rows wait",
              std::chrono::duration_cast<std::chrono::seconds>(Steady::now() - failing_since_).count(),
              queue_.rows() + rows_spooled());
  }
  settle();
}

void WritePath::note_room() {
  disk_full_ = false;
  skipped_.clear();
  kLog.warn("there is room on the disk again: single trades are stored");
  settle();
}

void WritePath::settle() {
  if (spool_) {
    figures_.spool_rows.set(static_cast<double>(spool_->rows()));
    figures_.spool_bytes.set(static_cast<double>(spool_->bytes()));
    if (const auto all = spool_->damaged(); all > figures_.damaged.value())
      figures_.damaged.add(all - figures_.damaged.value());
  }
  const bool waits = spool_ && !spool_->empty();
  state_ = waits        ? WriteState::spooling
           : failing_   ? WriteState::failing
           : disk_full_ ? WriteState::disk_full
                        : WriteState::ok;
}

}  // namespace tickspan::storage
