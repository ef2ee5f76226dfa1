#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "core/snapshot.hpp"
#include "wire/frame.hpp"

namespace tickspan::stream {

/// What the engine has for one web thread.
/// **Threading**: put(), reset() and close() on the engine's or owner's thread, take() on the shard's.
/// **Limits**: `capacity` frames; beyond that the newest frame of each latest-value topic is parked, of the lossless
/// ones the fact that they missed something.
class Inbox {
 public:
  struct Missed {
    wire::Topic topic;
    std::uint64_t seq = 0;  ///< of the newest message lost
  };
  struct Content {
    /// When set, comes before everything else: the pipeline the frames are of.
    std::function<core::SnapshotPtr()> pipeline;
    std::uint64_t generation = 0;  ///< with it: History's
    std::vector<wire::Frame> frames;
    std::vector<Missed> missed;
    bool empty() const { return !pipeline && frames.empty() && missed.empty(); }
  };

  explicit Inbox(std::size_t capacity) : capacity_(capacity) {}

  /// `wake` runs, under the lock, when the shard has to be told. Returns how many frames were parked or lost.
  template <typename Wake>
  std::size_t put(std::span<const wire::Frame> frames, Wake&& wake) {
    const std::lock_guard lock(mutex_);
    if (closed_ || frames.empty()) return 0;
    std::size_t overflowed = 0;
    for (const wire::Frame& frame : frames) overflowed += add(frame) ? 0 : 1;
    wake_once(wake);
    return overflowed;
  }
  /// Forgets what waits: it is of another pipeline.
  template <typename Wake>
  void reset(std::function<core::SnapshotPtr()> pipeline, std::uint64_t generation, Wake&& wake) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    frames_.clear();
    parked_.clear();
    missed_.clear();
    pipeline_ = std::move(pipeline);
    generation_ = generation;
    wake_once(wake);
  }
  Content take();
  void close();

 private:
  bool add(const wire::Frame& frame);
  template <typename Wake>
  void wake_once(Wake& wake) {
    if (woken_) return;
    woken_ = true;
    wake();
  }

  std::mutex mutex_;
  std::function<core::SnapshotPtr()> pipeline_;  // guarded by mutex_, as all below
  std::uint64_t generation_ = 0;
  std::vector<wire::Frame> frames_;
  std::unordered_map<std::uint64_t, wire::Frame> parked_;  // by topic key
  std::unordered_map<std::uint64_t, Missed> missed_;
  bool woken_ = false, closed_ = false;
  const std::size_t capacity_;
};

}  // namespace tickspan::stream
