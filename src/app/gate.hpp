#pragma once

#include <mutex>
#include <span>

#include "wire/frame.hpp"

namespace tickspan::app {

/// Lets one pipeline's frames through to the clients, or not. Two pipelines can run side by side (the simulated market
/// serves while the real one is being tried), and only one of them speaks.
/// **Threading**: publish() on the engine's thread, open() and shut() on the owner's; after shut() returns nothing more
/// gets through.
class Gate final : public wire::FrameSink {
 public:
  explicit Gate(wire::FrameSink& target) : target_(target) {}
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
  }
  void shut() {
    const std::lock_guard lock(mutex_);
    open_ = false;
  }
  void publish(std::span<const wire::Frame> frames) override {
    const std::lock_guard lock(mutex_);
    if (open_) target_.publish(frames);
  }

 private:
  wire::FrameSink& target_;
  std::mutex mutex_;
  bool open_ = false;  // guarded by mutex_
};

}  // namespace tickspan::app
