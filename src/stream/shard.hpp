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

#include "net/send_batch.hpp"
#include "stream/batch.hpp"
#include "stream/client.hpp"
#include "stream/group.hpp"
#include "stream/history.hpp"
#include "stream/hub.hpp"
#include "stream/inbox.hpp"
#include "stream/request.hpp"
#include "wire/topic.hpp"

namespace tickspan::stream {

struct StreamCounters {
  explicit StreamCounters(runtime::Metrics& metrics);
  runtime::Counter &frames, &deliveries, &conflated, &overflowed, &caught_up, &gaps, &recovered, &closed_slow,
      &closed_no_pong, &closed_limit, &closed_idle, &closed_bad, &refused_subscriptions, &foreign;
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

/// One web thread's part of the hub: channels and the groups that listen to them, delivery in chunks, timers.
///
/// A turn takes all that waits in the inbox, encodes each frame once into the batch's log and notes it with the groups
/// whose it is. Then each member is written its group's bytes, one write per client, some hundred clients per loop turn
/// so that reads and accepts have theirs; what comes in meanwhile makes the next turn's batch larger.
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
  net::MessageDeflater& deflater() { return deflater_; }
  /// Taken once per turn, tick and message.
  SteadyTime now() const { return now_; }
  void update_now() { now_ = std::chrono::steady_clock::now(); }
  core::Timestamp clock_now() const { return core_->clock.now(); }
  /// Null until the engine has published.
  core::SnapshotPtr snapshot() const { return pipeline_ ? pipeline_() : nullptr; }
  bool awaits_pipeline() const { return pipeline_waiting_; }
  /// Which of History's generations is this shard's pipeline's. It is behind while the news of a reset waits.
  std::uint64_t generation() const { return generation_; }
  /// The highest position of a latest-value frame taken so far.
  std::uint64_t position() const { return position_; }

  void add(Client& client);
  /// Gives its subscriptions back too.
  void remove(Client& client);
  /// Writes now what this turn still holds for the client, so that what follows comes after it.
  void flush(Client& client);
  void watch_rate(Client& client);
  void count_deliveries(std::size_t count) { deliveries_ += count; }

  /// Adds subscriptions. What they begin with is told by push_state(), push_recent() or push_missed(), which must
  /// follow for each. Nothing happens while there is no market.
  void subscribe(Client& client, std::span<const Subscribed> added);
  /// False: was not subscribed.
  bool unsubscribe(Client& client, const wire::Topic& topic);
  static std::size_t subscriptions(const Client& client) { return client.group() ? client.group()->set.size() : 0; }
  static const Subscribed* find(const Client& client, const wire::Topic& topic);

  /// The present state of a channel just subscribed to: the snapshot's rows, or the newest lossless messages.
  void push_fresh(Client& client, const wire::Topic& topic, const core::SnapshotPtr& snapshot);
  /// Frames of the topic begin after the snapshot; the state itself is told by the caller.
  void begin_after(Client& client, const wire::Topic& topic, const core::MarketSnapshot& snapshot);
  /// What was missed after `seq`, in full.
  void push_missed(Client& client, const wire::Topic& topic, std::uint64_t seq, std::span<const wire::Frame> missed);
  /// The client has no message of the topic up to `seq`: a gap and the newest messages, or, where nothing was missed
  /// that anybody could know of, the latter only.
  void tell_hole(Client& client, const wire::Topic& topic, std::uint64_t seq, bool missed);

  /// An empty buffer for whoever writes next; its content is good until the next call.
  std::string& scratch();
  /// A write of this turn, done together with others; the client's after_write() follows. `bytes` are the group's.
  void write_later(Client& client, net::WebSocketPeer& peer, std::string_view bytes);
  Arena& arena() { return arena_; }
  /// Nothing is gained by gathering writes.
  bool writes_directly() const { return writes_directly_; }

 private:
  struct Channel {
    wire::Topic topic;
    std::string name;
    std::vector<Group*> listeners;
    SteadyTime unused_since{};
    // Of a lossless one:
    std::uint64_t hold = 0;    // what History::hold() gave
    std::uint64_t last = 0;    // number of the message handed out last
    bool certain = true;       // the next one is last + 1
    std::uint64_t behind = 0;  // up to here the inbox lost some that the history has; 0: none
  };
  /// What is told to everybody who misses the same messages.
  struct Hole {
    std::uint64_t seq = 0;
    std::string gap;  ///< empty: nothing was missed that anybody could know of
    SharedMessage recent;
  };
  struct WildcardSnapshot {
    std::uint64_t position = 0;
    std::shared_ptr<SharedMessage> message;
  };

  void turn();
  void take_pipeline();
  void distribute();
  void offer(std::uint32_t index);
  bool follows(Channel& channel, const wire::Frame& frame);
  void note(const Channel& channel, std::uint32_t index);
  void catch_up(const std::vector<Inbox::Missed>& missed);
  void hand_out_missed(Channel& channel, std::size_t& room);
  void tell_listeners(Channel& channel, std::uint64_t seq);
  Hole describe_hole(const Channel& channel, std::uint64_t seq, bool missed) const;
  void tell_hole(Client& client, const wire::Topic& topic, Hole& hole);
  void push_recent(Client& client, const Channel& channel, std::uint64_t seq);
  std::string recent_message(const Channel& channel, std::uint64_t seq) const;
  void push_state(Client& client, const Channel& channel, const core::MarketSnapshot& snapshot);
  void flush_some();
  void flush_group(Group& group);
  void write_chunk();
  void finish(Group& group);
  void tick();
  void expire_unused();
  void rate_tick();
  void move(Client& client, SubscriptionSet set, const core::Catalogue& catalogue);
  void listen(Group& group, const core::Catalogue& catalogue);
  void drop_group(Group& group);
  void unlisten(Group& group, const wire::Topic& topic);
  Channel* channel(const wire::Topic& topic);
  void drop_channel(std::uint64_t key);

  std::shared_ptr<HubCore> core_;
  runtime::EventLoop& loop_;
  Inbox inbox_;
  RequestReader reader_;
  net::MessageDeflater deflater_;
  std::unique_ptr<net::SendBatch> sender_;
  bool writes_directly_ = true;
  std::function<core::SnapshotPtr()> pipeline_;
  bool pipeline_waiting_ = false, turn_pending_ = false, stopped_ = false;
  std::string epoch_;
  std::uint64_t generation_ = 0;
  std::unordered_map<std::uint64_t, Channel> channels_;
  GroupTable groups_;
  std::vector<std::uint64_t> unused_;  // lossless channels kept a while without listeners, so that they can be resumed
  std::vector<wire::Topic> behind_;    // channels of which messages are still to be taken from the history
  std::vector<Client*> clients_;
  std::size_t tick_cursor_ = 0;
  Batch batch_;
  Arena arena_;
  std::uint64_t position_ = 0;
  std::vector<Group*> rounds_;  // groups that this turn has something for
  std::size_t next_round_ = 0, first_unwritten_ = 0;
  std::vector<Client*> written_;  // with a write in sender_
  std::size_t deliveries_ = 0;
  std::vector<Client*> rate_waiting_;
  std::unordered_map<std::uint64_t, WildcardSnapshot> wildcard_snapshots_;
  std::string scratch_;
  SteadyTime now_ = std::chrono::steady_clock::now();
  std::optional<boost::asio::steady_timer> timer_, rate_timer_;
  bool rate_timer_armed_ = false;
};

}  // namespace tickspan::stream
