#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "stream/client.hpp"
#include "stream/history.hpp"
#include "stream/hub.hpp"
#include "stream/inbox.hpp"
#include "stream/request.hpp"
#include "wire/topic.hpp"

namespace tickspan::stream {

struct StreamCounters {
  explicit StreamCounters(runtime::Metrics& metrics);
  runtime::Counter &frames, &deliveries, &conflated, &overflowed, &gaps, &recovered, &closed_slow, &closed_no_pong,
      &closed_limit, &closed_bad, &foreign;
};

/// What all shards share.
struct HubCore {
  HubCore(StreamOptions o, const runtime::Clock& c, runtime::Metrics& m);

  const StreamOptions options;
  const runtime::Clock& clock;
  wire::InterestTable interest;
  History history;
  StreamCounters counters;
  std::atomic<std::uint64_t> clients{0}, subscriptions{0}, next_session{1};
  std::mutex mutex;
  std::function<core::SnapshotPtr()> pipeline;     // guarded by mutex
  std::string epoch_tag;                           // guarded by mutex; how frames of the pipeline are told from others
  std::vector<std::shared_ptr<ShardImpl>> shards;  // fixed once frames flow
  std::vector<std::unique_ptr<Shard>> faces;
  std::vector<std::shared_ptr<void>> registrations;
  bool stopped = false;  // the owner's thread only
};

/// One web thread's part of the hub: topics and their listeners, delivery in chunks, timers.
///
/// A turn takes all that waits in the inbox, encodes each frame once into the batch's log, notes for each listener
/// which frames are its, and then writes to each listener once, some hundred per loop turn so that reads and accepts
/// have theirs.
/// **Threading**: the loop's thread, except inbox() and wake().
class ShardImpl : public std::enable_shared_from_this<ShardImpl> {
 public:
  ShardImpl(std::shared_ptr<HubCore> core, runtime::EventLoop& loop);

  Inbox& inbox() { return inbox_; }
  void wake();
  void start();
  void stop();

  HubCore& core() { return *core_; }
  const StreamOptions& options() const { return core_->options; }
  StreamCounters& counters() { return core_->counters; }
  RequestReader& reader() { return reader_; }
  /// Taken once per turn, tick and message.
  SteadyTime now() const { return now_; }
  void update_now() { now_ = std::chrono::steady_clock::now(); }
  core::Timestamp clock_now() const { return core_->clock.now(); }
  /// Null until the engine has published.
  core::SnapshotPtr snapshot() const { return pipeline_ ? pipeline_() : nullptr; }
  bool awaits_pipeline() const { return pipeline_waiting_; }

  void add(Client& client);
  void remove(Client& client);
  void mark_dirty(Client& client);
  /// Writes now what this turn still holds for the client, so that what follows comes after it.
  void flush(Client& client);
  void watch_rate(Client& client);

  /// Frames up to `seen` are not for this listener. A second attach() replaces the first.
  void attach(Client& client, const wire::Topic& topic, std::uint64_t seen, std::uint32_t rate_ms, bool certain = true);
  bool detach(Client& client, const wire::Topic& topic);

  /// Attaches and sends the present state: the snapshot's rows, or the newest messages of a lossless channel.
  void subscribe_fresh(Client& client, const wire::Topic& topic, std::uint32_t rate_ms,
                       const core::SnapshotPtr& snapshot);
  /// Attaches and sends what was missed after `seq`.
  void subscribe_since(Client& client, const wire::Topic& topic, std::uint64_t seq,
                       std::span<const wire::Frame> missed);

  /// An empty buffer for whoever writes next; its content is good until the next call.
  std::string& scratch();

 private:
  struct Listener {
    Client* client = nullptr;
    std::uint64_t seen = 0;
    std::uint32_t rate_ms = 0;
    bool certain = true;  // of lossless ones: `seen` + 1 is what must come next
  };
  struct Channel {
    wire::Topic topic;
    std::string name;
    std::vector<Listener> listeners;
    SteadyTime unused_since{};
    std::uint64_t hold = 0;  // what History::hold() gave for a lossless one
  };
  struct WildcardSnapshot {
    std::uint64_t position = 0;
    std::shared_ptr<const std::string> json;
  };

  void turn();
  void take_pipeline();
  void distribute();
  void offer(const wire::Frame& frame, std::uint32_t index);
  void offer_lossless(Channel& channel, Listener& listener, const wire::Frame& frame, std::uint32_t index);
  void tell_missed(const std::vector<Inbox::Missed>& missed);
  void tell_gap(Channel& channel, Listener& listener, std::uint64_t seq);
  void push_recent(Client& client, const Channel& channel, std::uint64_t seq);
  std::shared_ptr<const std::string> state_message(const Channel& channel, const core::MarketSnapshot& snapshot);
  void flush_some();
  void tick();
  void expire_unused();
  void rate_tick();
  Channel& channel_of(const wire::Topic& topic, const core::Catalogue& catalogue);
  void drop_channel(std::uint64_t key);

  std::shared_ptr<HubCore> core_;
  runtime::EventLoop& loop_;
  Inbox inbox_;
  RequestReader reader_;
  std::function<core::SnapshotPtr()> pipeline_;
  bool pipeline_waiting_ = false, turn_pending_ = false, stopped_ = false;
  std::string epoch_;
  std::unordered_map<std::uint64_t, Channel> channels_;
  std::vector<std::uint64_t> unused_;  // lossless channels kept a while without listeners, so that they can be resumed
  std::vector<Client*> clients_;
  std::size_t tick_cursor_ = 0;
  Batch batch_;
  std::uint64_t frame_serial_ = 0;
  std::vector<Client*> dirty_;
  std::size_t dirty_next_ = 0;
  std::vector<Client*> rate_waiting_;
  std::unordered_map<std::uint64_t, WildcardSnapshot> wildcard_snapshots_;
  std::string scratch_;
  SteadyTime now_ = std::chrono::steady_clock::now();
  std::optional<boost::asio::steady_timer> timer_, rate_timer_;
  bool rate_timer_armed_ = false;
};

}  // namespace tickspan::stream
