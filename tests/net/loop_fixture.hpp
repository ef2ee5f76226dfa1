#pragma once

#include <future>
#include <optional>

#include "runtime/event_loop.hpp"

namespace tickspan::test {

/// A running loop; whatever lives on it is made and destroyed on its thread.
class RunningLoop {
 public:
  RunningLoop() { loop_.start(); }
  ~RunningLoop() { loop_.stop(); }
  runtime::EventLoop& get() { return loop_; }
  void run(std::function<void()> task) { loop_.run_and_wait(std::move(task)); }

 private:
  runtime::EventLoop loop_{"test"};
};

}  // namespace tickspan::test
