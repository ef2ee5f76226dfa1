#pragma once

#include <deque>
#include <functional>
#include <utility>

#include "core/write_batch.hpp"
#include "runtime/bounded_queue.hpp"

namespace tickspan::history {

/// Hands repaired candles to whoever holds the live ones. On `full` they are left with the caller.
using TellRepaired = std::function<runtime::PushResult(core::RepairedCandles&)>;

/// The way of repaired candles to the engine: in order, and none is lost for want of room.
/// **Threading**: the loop's. **Limits**: who repairs asks busy() first; then there is little more than one repair that
/// the engine had no room for.
class EngineLink {
 public:
  explicit EngineLink(TellRepaired tell) : tell_(std::move(tell)) {}

  void send(core::RepairedCandles repaired) {
    if (!tell_) return;
    if (waiting_.empty() && tell_(repaired) != runtime::PushResult::full) return;
    waiting_.push_back(std::move(repaired));
  }
  /// Offers again what there was no room for.
  void offer() {
    while (!waiting_.empty() && tell_(waiting_.front()) != runtime::PushResult::full) waiting_.pop_front();
  }
  bool busy() const { return !waiting_.empty(); }

 private:
  TellRepaired tell_;
  std::deque<core::RepairedCandles> waiting_;
};

}  // namespace tickspan::history
