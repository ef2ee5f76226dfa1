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
#include "stream/group.hpp"
#include "stream/history.hpp"
#include "wire/frame.hpp"

namespace tickspan::stream {

class ShardImpl;

/// A snapshot in the making: its text, and the same as a compressed WebSocket frame once somebody wanted that.
struct SharedMessage {
  std::string json;
  std::string deflated;
};

/// A subscription under its public name, which outlives the pipeline that the topic's ids belong to.
struct NamedSubscription {
  std::string name;
  std::uint32_t rate_ms = 0;
};

/// One listener: its group, and what is its own: where a new subscription begins, and what waits for it. How bytes
/// reach it is a derived class's business.
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

  /// Writes what its group's round has for it.
  void deliver(Batch& batch, Group& group);
  /// Sends parked frames whose time has come. True when some still wait for theirs.
  bool flush_parked();
  /// Frames of the topic up to `seq` are not for this client, it has been told of them. `certain`, of a lossless one:
  /// seq + 1 is what must come next.
  void begin_after(const wire::Topic& topic, std::uint64_t seq, bool certain);
  /// The channel's listeners lack what came up to `seq`. False: this one does not, it begins after that. Else its
  /// place is the channel's from here on.
  bool lacks(const wire::Topic& topic, std::uint64_t seq);
  /// Forgets what waits for a topic; of a wildcard all that it stands for.
  void forget(const wire::Topic& topic);
  /// Forgets what waits for topics that it is not subscribed to any more.
  void forget_unwanted();
  void forget_all() { held_.reset(); }

  /// One message of its own: a snapshot, a gap.
  virtual void push(const wire::Topic& topic, std::string_view type, std::uint64_t seq, std::string_view json) = 0;
  virtual void push_shared(const wire::Topic& topic, std::uint64_t seq, SharedMessage& message) {
    push(topic, "snapshot", seq, message.json);
  }
  /// The batched write that deliver() asked for has been done.
  virtual void after_write() {}
  /// Timers; every ten timer steps.
  virtual void on_tick() = 0;
  /// Another pipeline: all subscriptions are gone. These are what they were.
  virtual void on_pipeline(const core::SnapshotPtr& snapshot, std::span<const NamedSubscription> old) = 0;

  Group* group() const { return group_; }
  std::uint32_t member_slot() const { return member_slot_; }
  std::uint64_t round() const { return round_; }
  void enter(Group& group, std::uint32_t place);
  void move_to(std::uint32_t place) { member_slot_ = place; }
  void leave_group() { group_ = nullptr; }

  std::uint32_t slot = 0;  ///< in the shard's list
  bool in_rate_list = false;

 protected:
  /// Writes these frames of the batch now.
  virtual void write(Batch& batch, std::span<const std::uint32_t> frames) = 0;
  /// Writes single frames now.
  virtual void write(std::span<const wire::Frame> frames) = 0;
  /// Writes the whole round of the group; may leave the write to the shard's batch.
  virtual void write_round(Batch& batch, Group& group) { write(batch, group.frames()); }
  bool lagging() const { return lagging_; }
  void set_lagging(bool lagging) { lagging_ = lagging; }
  ShardImpl& shard() const { return *shard_; }

 private:
  struct Parked {
    wire::Frame frame;  ///< without text: nothing waits
    SteadyTime due{};
    std::uint32_t rate_ms = 0;
  };
  struct Beginning {
    wire::Topic topic;
    std::uint64_t seq = 0;
    bool certain = true;
  };
  /// What most clients have none of.
  struct Held {
    std::unordered_map<std::uint64_t, Parked> parked;
    std::vector<Beginning> beginnings;
  };

  void pick(Batch& batch, const Group& group);
  bool wants_lossless(Batch& batch, std::uint32_t index, std::vector<std::uint32_t>& picked);
  bool wants_latest(const wire::Frame& frame, const Group& group);
  bool listens_to_any_of(const wire::Topic& topic) const;
  Beginning* beginning_of(const wire::Topic& topic);
  Held& held();
  void drop_held_if_empty();

  std::shared_ptr<ShardImpl> shard_;
  Group* group_ = nullptr;
  std::unique_ptr<Held> held_;
  std::uint64_t round_ = 0;
  std::uint32_t member_slot_ = 0;
  bool lagging_ = false;
};

}  // namespace tickspan::stream
