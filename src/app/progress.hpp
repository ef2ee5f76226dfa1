#pragma once

#include <chrono>
#include <string>

namespace tickspan::app {

/// How far a command is, on stderr: one line of a terminal that is written over, ten times a second at most; where
/// stderr is no terminal a line of its own every ten seconds.
class Progress {
 public:
  Progress();
  /// Leaves the terminal's line empty.
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// `now`: even if the last one was just before.
  void at(const std::string& what, bool now = false);
  bool terminal() const { return terminal_; }
  /// `what 1,234,567 rows, 42 %`; a negative part is not known.
  void rows(std::string_view what, std::uint64_t rows, double part = -1);
  void clear();

 private:
  using Steady = std::chrono::steady_clock;
  const bool terminal_;
  Steady::time_point next_;
  bool shown_ = false;
};

}  // namespace tickspan::app
