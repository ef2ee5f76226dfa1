#pragma once

#include <functional>
#include <memory>

#include "core/time.hpp"
#include "runtime/event_loop.hpp"

namespace tickspan::net {

/// A one-shot timer of a loop. After cancel(), a new start() or destruction the function of before never runs, even if
/// it was due already: its owner may be gone.
/// **Threading**: the loop's thread; one that does not run may be destroyed by any.
class LoopTimer {
 public:
  explicit LoopTimer(runtime::EventLoop& loop);
  ~LoopTimer();
  LoopTimer(const LoopTimer&) = delete;
  LoopTimer& operator=(const LoopTimer&) = delete;

  void start(core::Duration delay, std::function<void()> function);
  void cancel();
  bool running() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace tickspan::net
