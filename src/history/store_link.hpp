#pragma once

#include <deque>
#include <memory>
#include <utility>

#include "core/write_batch.hpp"
#include "runtime/event_loop.hpp"
#include "storage/history_service.hpp"

namespace tickspan::history {

/// The way of one loop to the store and back.
/// **Threading**: the loop's. **Ownership**: loop and store must outlive it.
/// **Limits**: who writes asks busy() first; then there is one batch more than the store has room for.
class StoreLink {
 public:
  StoreLink(runtime::EventLoop& loop, storage::HistoryService& store) : loop_(loop), store_(store) {}

  /// Runs `job(reader)` on a reader's thread and `then(result)` on the loop. False: too many wait, neither runs.
  template <typename Value, typename Job, typename Then>
  [[nodiscard]] bool read(Job job, Then then) {
    return store_.read([to = &loop_, job, then](storage::StoreReader& reader) {
      auto result = std::make_shared<Value>(job(reader));
      to->post([then, result]() mutable { then(std::move(*result)); });
    });
  }

  void write(core::WriteBatch batch) {
    if (waiting_.empty() && store_.push(batch) != runtime::PushResult::full) return;
    waiting_.push_back(std::move(batch));
  }
  /// Offers again what the store had no room for.
  void offer() {
    while (!waiting_.empty() && store_.push(waiting_.front()) != runtime::PushResult::full) waiting_.pop_front();
  }
  bool busy() const { return !waiting_.empty(); }

 private:
  runtime::EventLoop& loop_;
  storage::HistoryService& store_;
  std::deque<core::WriteBatch> waiting_;
};

}  // namespace tickspan::history
