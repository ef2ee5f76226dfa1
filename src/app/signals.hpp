#pragma once

#include <chrono>

namespace tickspan::app {

/// SIGINT, SIGTERM and SIGHUP, taken synchronously by the main thread. Construct before any thread is started: they
/// inherit the mask. SIGPIPE is ignored.
class Signals {
 public:
  Signals();
  /// The signal that arrived within `patience`, or 0.
  int wait(std::chrono::milliseconds patience);
};

/// An orderly stop that takes longer than `seconds` is ended the hard way, with a line that says so.
void arm_stop_deadline(unsigned seconds);

}  // namespace tickspan::app
