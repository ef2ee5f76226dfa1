#pragma once

#include <atomic>

#include "core/time.hpp"

namespace tickspan::runtime {

/// Where the time comes from. Injected everywhere, so that tests step it by hand.
/// **Threading**: all members may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual core::Timestamp now() const noexcept = 0;
};

class SystemClock final : public Clock {
 public:
  core::Timestamp now() const noexcept override {
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
                .count()};
  }
};

class ManualClock final : public Clock {
 public:
  explicit ManualClock(core::Timestamp start = core::Timestamp::from_s(1'700'000'000)) : now_ns_(start.ns) {}
  core::Timestamp now() const noexcept override { return {now_ns_.load()}; }
  void set(core::Timestamp t) { now_ns_.store(t.ns); }
  void advance(core::Duration d) { now_ns_.fetch_add(d.count()); }

 private:
  std::atomic<std::int64_t> now_ns_;
};

}  // namespace tickspan::runtime
