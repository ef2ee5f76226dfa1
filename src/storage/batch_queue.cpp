#include "storage/batch_queue.hpp"

namespace tickspan::storage {

using runtime::PushResult;

PushResult BatchQueue::push(core::WriteBatch& batch) {
  const std::size_t rows = batch.rows();
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return PushResult::closed;
    if (rows == 0) return PushResult::ok;
    const std::size_t waiting = queued_rows_ + taken_rows_;
    if (waiting != 0 && waiting + rows > capacity_) return PushResult::full;
    wake = batches_.empty() || queued_rows_ + rows >= wanted_rows_;
    batches_.push_back(std::move(batch));
    batch = {};
    queued_rows_ += rows;
    ++pushed_;
  }
  if (wake) changed_.notify_all();
  return PushResult::ok;
}

std::vector<core::WriteBatch> BatchQueue::take(std::size_t max_rows, core::Duration gather, core::Duration patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [&] { return !batches_.empty() || closed_; });
  if (batches_.empty()) return {};
  wanted_rows_ = max_rows;
  changed_.wait_for(lock, gather, [&] { return queued_rows_ >= max_rows || waiters_ > 0 || closed_; });
  std::vector<core::WriteBatch> group;
  while (!batches_.empty()) {
    const std::size_t rows = batches_.front().rows();
    if (!group.empty() && taken_rows_ + rows > max_rows) break;
    group.push_back(std::move(batches_.front()));
    batches_.pop_front();
    queued_rows_ -= rows;
    taken_rows_ += rows;
    ++taken_;
  }
  return group;
}

void BatchQueue::done() {
  {
    const std::lock_guard lock(mutex_);
    taken_rows_ = 0;
    done_ = taken_;
  }
  written_.notify_all();
}

void BatchQueue::wait_written() {
  std::unique_lock lock(mutex_);
  const std::uint64_t target = pushed_;
  ++waiters_;
  changed_.notify_all();
  // Looked at again now and then: the C library of Debian 12 can lose a wake-up (glibc bug 25847).
  while (!written_.wait_for(lock, std::chrono::seconds(1), [&] { return done_ >= target || ended_; })) {
  }
  --waiters_;
}

void BatchQueue::end() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  written_.notify_all();
}

bool BatchQueue::wait_closed(core::Duration pause) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, pause, [&] { return closed_; });
}

void BatchQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

bool BatchQueue::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

std::size_t BatchQueue::rows() const {
  const std::lock_guard lock(mutex_);
  return queued_rows_ + taken_rows_;
}

}  // namespace tickspan::storage
