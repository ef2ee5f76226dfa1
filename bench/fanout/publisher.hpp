#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "core/snapshot.hpp"
#include "message.hpp"
#include "stream/hub.hpp"

namespace tickspan::bench {

/// Stands in for the engine: a market of one coin, and `channels` synthetic channels with `rate` updates a second each,
/// spread evenly over the second and posted in turns.
/// **Threading**: start(), stop() and the figures by the owner; publishes on its own thread, called `engine`.
class Publisher {
 public:
  Publisher(stream::Hub& hub, std::uint32_t channels, double rate, std::size_t message_bytes);
  ~Publisher() { stop(); }
  core::SnapshotPtr snapshot() const { return snapshot_; }
  void start();
  void stop();
  std::uint64_t published() const { return published_; }
  std::uint64_t turns() const { return turns_; }

 private:
  struct Channel {
    wire::Topic topic;
    std::string name;
    std::uint64_t seq = 0;
  };
  void run();

  stream::Hub& hub_;
  std::vector<Channel> channels_;
  const double total_rate_;
  core::SnapshotPtr snapshot_;
  MessageMaker maker_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> published_{0}, turns_{0};
  std::thread thread_;
};

}  // namespace tickspan::bench
