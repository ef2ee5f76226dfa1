#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "core/time.hpp"

namespace tickspan::runtime {

enum class PushResult { ok, full, closed };

/// A bounded queue for commands and batches, where a lock per item does not matter.
/// **Threading**: any number of producers and consumers. **Limits**: the sum of item weights never exceeds `capacity`,
/// except that an empty queue takes one item of any weight.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Never waits. On `full` and `closed` the item is left with the caller.
  [[nodiscard]] PushResult push(T& item, std::size_t weight = 1) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return PushResult::closed;
      if (!items_.empty() && weight_ + weight > capacity_) return PushResult::full;
      items_.emplace_back(std::move(item), weight);
      weight_ += weight;
    }
    ready_.notify_one();
    return PushResult::ok;
  }

  /// Waits up to `patience` for an item; nothing on time-out, or once closed and empty.
  std::optional<T> pop(core::Duration patience) {
    std::unique_lock lock(mutex_);
    ready_.wait_for(lock, patience, [&] { return !items_.empty() || closed_; });
    if (items_.empty()) return {};
    T item = std::move(items_.front().first);
    weight_ -= items_.front().second;
    items_.pop_front();
    return item;
  }

  /// No more pushes; what is queued can still be popped.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    ready_.notify_all();
  }
  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  std::size_t weight() const {
    const std::lock_guard lock(mutex_);
    return weight_;
  }
  std::size_t capacity() const { return capacity_; }

 private:
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::pair<T, std::size_t>> items_;  // guarded by mutex_
  std::size_t weight_ = 0;                       // guarded by mutex_
  bool closed_ = false;                          // guarded by mutex_
  const std::size_t capacity_;
};

}  // namespace tickspan::runtime
