#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace tickspan::runtime {

/// Stop is the reverse of start by construction: each successful start pushes its stop.
/// **Threading**: one thread.
class StopStack {
 public:
  StopStack() = default;
  StopStack(const StopStack&) = delete;
  StopStack& operator=(const StopStack&) = delete;
  ~StopStack() { run(); }
  void push(std::string name, std::function<void()> stop) { stops_.emplace_back(std::move(name), std::move(stop)); }
  /// Runs all stops, newest first, each once.
  void run() {
    while (!stops_.empty()) {
      auto stop = std::move(stops_.back().second);
      stops_.pop_back();
      stop();
    }
  }

 private:
  std::vector<std::pair<std::string, std::function<void()>>> stops_;
};

}  // namespace tickspan::runtime
