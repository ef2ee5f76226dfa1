#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>

#include "runtime/event_loop.hpp"

namespace tickspan::server {

/// One web thread as other threads may hold it: what is posted after the loop has gone is dropped.
/// **Threading**: any.
class WebLoop {
 public:
  explicit WebLoop(runtime::EventLoop& loop) : loop_(&loop) {}
  /// Runs `task` on the web thread.
  void post(std::function<void()> task);
  /// Runs `task` on the web thread once `delay` has passed.
  void after(std::chrono::milliseconds delay, std::function<void()> task);
  /// The loop is about to end: nothing is posted from here on.
  void detach();

 private:
  std::mutex mutex_;
  runtime::EventLoop* loop_;  // guarded by mutex_; null once detached
};

}  // namespace tickspan::server
