#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "wire/frame.hpp"

namespace tickspan::stream {

using SteadyTime = std::chrono::steady_clock::time_point;

/// The newest messages of the lossless channels, for those who come back: shared by all shards, so that it does not
/// matter which of them a client comes back to.
/// **Threading**: any.
/// **Limits**: `max_bytes` of JSON over all channels, none older than `max_age`; the oldest go first.
class History {
 public:
  History(std::size_t max_bytes, std::chrono::milliseconds max_age) : max_bytes_(max_bytes), max_age_(max_age) {}

  void append(const wire::Frame& frame, SteadyTime now);
  /// Begins another generation, for another pipeline, and returns its number. Who asks with the number of an older one
  /// is told nothing: a shard may not have heard of the change yet.
  std::uint64_t clear();
  bool serves(std::uint64_t generation) const;

  /// Somebody listens, so the engine encodes the channel; release(), with what hold() returned, ends that.
  std::uint64_t hold(std::uint64_t key, std::uint64_t generation);
  void release(std::uint64_t key, std::uint64_t hold);

  struct Place {
    std::uint64_t seq = 0;  ///< of the channel's newest message; 0 when there was none
    bool certain = true;    ///< the next one is seq + 1; false after a time in which nobody listened
  };
  /// Nothing when the generation is over.
  std::optional<Place> place(std::uint64_t key, std::uint64_t generation) const;
  /// Everything after `seq`, each once and in order; nothing when a message of it is gone.
  std::optional<std::vector<wire::Frame>> after(std::uint64_t key, std::uint64_t seq, std::uint64_t generation) const;
  /// The newest `count` messages up to `seq`, oldest first, without holes.
  std::vector<wire::Frame> recent(std::uint64_t key, std::uint64_t seq, std::size_t count,
                                  std::uint64_t generation) const;
  std::size_t bytes() const;

 private:
  struct Channel {
    std::uint64_t last_seq = 0;
    std::size_t holders = 0;
    bool lapsed = false;  // nobody listened: what was sent since is not known
    std::deque<wire::Frame> frames;
  };
  struct Age {
    std::uint64_t key;
    std::size_t bytes;
    SteadyTime at;
  };
  Channel& channel(std::uint64_t key);
  void drop_old(SteadyTime now);

  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Channel>> channels_;  // guarded by mutex_
  std::deque<Age> order_;         // guarded by mutex_; one entry per frame kept, oldest first
  std::size_t bytes_ = 0;         // guarded by mutex_
  std::uint64_t generation_ = 1;  // guarded by mutex_
  const std::size_t max_bytes_;
  const std::chrono::milliseconds max_age_;
};

}  // namespace tickspan::stream
