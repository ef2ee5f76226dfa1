#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/snapshot.hpp"
#include "stream/history.hpp"
#include "wire/frame.hpp"

namespace tickspan::stream {

class ShardImpl;

/// The frames that a shard hands out in one turn, and the same as WebSocket frames one behind the other, made once for
/// all clients.
struct Batch {
  std::vector<wire::Frame> frames;
  std::vector<std::size_t> offsets;  ///< of frame i in `log`; one more than there are frames
  std::string log;
  std::string_view bytes(std::size_t begin, std::size_t end) const {
    return std::string_view(log).substr(offsets[begin], offsets[end] - offsets[begin]);
  }
};

/// Neighbouring frames of a batch.
struct Run {
  std::uint32_t begin = 0, end = 0;
};

/// One listener: what it is subscribed to, what waits for it. How bytes reach it is a derived class's business.
///
/// A client that lags (its socket took not all) gets latest-value frames parked, the newest per topic, until it has
/// caught up; lossless ones are queued, up to a limit.
/// **Threading**: the shard's thread.
class Client {
 public:
  explicit Client(std::shared_ptr<ShardImpl> shard) : shard_(std::move(shard)) {}
  virtual ~Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Takes frame `index` of the shard's batch. `rate_ms` asks for no more than one message of this topic in that time.
  void offer_latest(const Batch& batch, std::uint32_t index, std::uint32_t rate_ms);
  void offer_lossless(std::uint32_t index) { enqueue(index); }
  /// Writes what this turn had for it.
  void flush(const Batch& batch);
  /// Sends parked frames whose time has come. True when some still wait for theirs.
  bool flush_parked();
  /// Forgets parked frames of a topic; of a wildcard all that it stands for.
  void forget_parked(const wire::Topic& topic);

  /// One message of its own: a snapshot, a gap.
  virtual void push(const wire::Topic& topic, std::string_view type, std::uint64_t seq, std::string_view json) = 0;
  /// Timers; every ten timer steps.
  virtual void on_tick() = 0;
  /// Another pipeline: all subscriptions are gone.
  virtual void on_pipeline(const core::SnapshotPtr& snapshot) = 0;
  bool pending() const { return !pending_.empty(); }

  std::size_t slot = 0;            ///< in the shard's list
  std::size_t dirty_slot = 0;      ///< in the list of those with something pending
  std::uint64_t last_offered = 0;  ///< serial number of the frame offered last: a topic may reach it on two ways
  bool in_rate_list = false;

 protected:
  /// Writes frames of the batch now.
  virtual void write(const Batch& batch, std::span<const Run> runs) = 0;
  /// Writes single frames now.
  virtual void write(std::span<const wire::Frame> frames) = 0;
  bool lagging() const { return lagging_; }
  void set_lagging(bool lagging) { lagging_ = lagging; }
  ShardImpl& shard() const { return *shard_; }

 private:
  struct Parked {
    wire::Frame frame;  ///< without text: nothing waits
    SteadyTime due{};
    std::uint32_t rate_ms = 0;
  };
  void enqueue(std::uint32_t index);

  std::shared_ptr<ShardImpl> shard_;
  std::vector<Run> pending_;
  std::unique_ptr<std::unordered_map<std::uint64_t, Parked>> parked_;  // most clients never need it
  bool lagging_ = false;
};

}  // namespace tickspan::stream
