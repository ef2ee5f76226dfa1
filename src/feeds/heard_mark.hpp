#pragma once

#include <memory>

#include "core/time.hpp"
#include "runtime/clock.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/feed_port.hpp"

namespace tickspan::feeds {

/// Tells a port ten times a second up to when everything that had arrived at its inlets is pushed, so that a thread
/// that was held up, or is behind, does not let anyone believe that nothing was said meanwhile.
/// **Threading**: start() and stop() from the owner's thread. **Ownership**: loop, port and clock must outlive it.
class HeardMark {
 public:
  static constexpr core::Duration kPeriod = std::chrono::milliseconds(100);

  /// Made before the loop is started: nothing was received yet, which is its first word.
  HeardMark(runtime::EventLoop& loop, runtime::FeedPort& port, const runtime::Clock& clock);
  ~HeardMark();
  HeardMark(const HeardMark&) = delete;
  HeardMark& operator=(const HeardMark&) = delete;

  void start();
  /// After the feeds of the port: its last word is that nothing more was received. Returns when that is said.
  void stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tickspan::feeds
