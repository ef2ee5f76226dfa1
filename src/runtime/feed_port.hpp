#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "core/feed_event.hpp"
#include "core/tick.hpp"
#include "runtime/spsc_ring.hpp"

namespace tickspan::runtime {

/// Where something may have arrived that is not pushed yet: a socket. On the producer's thread.
class Inlet {
 public:
  virtual ~Inlet() = default;
  /// How many messages of it were taken in so far.
  virtual std::uint64_t taken_in() const = 0;
  /// The system holds bytes of it that were not read yet.
  virtual bool more_waits() const = 0;
};

/// The way of one feed thread to the engine: a ring of ticks in which events keep their place.
///
/// When the ring is full nothing waits: the newest quote of each instrument is parked and offered again, a lost trade
/// is counted and reported as a FeedLoss once there is room.
/// **Threading**: push(), push_event(), flush(), caught_up() and the inlets on one producer thread; drain() on the
/// engine's.
/// **Limits**: `capacity` ticks; one parked quote per instrument; events wait in a list of their own and are never
/// dropped (they are few: states, lists, polled rows).
class FeedPort {
 public:
  /// `wake` is called on the producer's thread when something arrived after the consumer said prepare_wait().
  FeedPort(std::size_t capacity, std::function<void()> wake);

  /// False when a trade was lost or a quote parked.
  bool push(const core::Tick& tick);
  void push_event(core::FeedEvent event);
  /// Offers parked quotes and pending loss reports again. Call it when a feed has been idle, too.
  void flush();
  /// The producer's word that everything it received before `until` is pushed or reported as lost. Passed over while a
  /// report still waits for room.
  void caught_up(core::Timestamp until);
  /// Whoever gives that word asks them; each must outlive its being here.
  void add_inlet(const Inlet& inlet) { inlets_.push_back(&inlet); }
  void remove_inlet(const Inlet& inlet) { std::erase(inlets_, &inlet); }
  const std::vector<const Inlet*>& inlets() const { return inlets_; }
  /// The newest such word; not set where the producer never gives any.
  core::Timestamp caught_up_until() const { return {caught_up_ns_.load(std::memory_order_acquire)}; }

  struct Item {
    core::Tick tick;  ///< valid when `event` is null
    const core::FeedEvent* event = nullptr;
  };
  /// Calls `visit(const Item&)` for up to `max` items in order; returns how many.
  template <typename Visit>
  std::size_t drain(std::size_t max, Visit&& visit) {
    std::size_t done = 0;
    core::Tick batch[64];
    while (done < max) {
      const std::size_t count = ring_.pop_into(batch, std::min<std::size_t>(64, max - done));
      if (count == 0) break;
      for (std::size_t i = 0; i < count; ++i) {
        if (const auto event = take_event(batch[i]))
          visit(Item{{}, event.get()});
        else
          visit(Item{batch[i], nullptr});
      }
      done += count;
    }
    return done;
  }
  /// The consumer's last look before it sleeps: true when the port is empty, and the next push will wake it.
  bool prepare_wait() {
    consumer_idle_.store(true, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return ring_.empty();
  }
  bool empty() const { return ring_.empty(); }
  std::size_t size() const { return ring_.size(); }
  std::size_t capacity() const { return ring_.capacity(); }
  std::uint64_t lost_trades() const { return lost_trades_.load(std::memory_order_relaxed); }
  std::uint64_t parked_quotes() const { return parked_total_.load(std::memory_order_relaxed); }

 private:
  core::FeedEventPtr take_event(const core::Tick& marker);
  bool offer(const core::Tick& tick);
  bool offer_pending();

  SpscRing<core::Tick> ring_;
  std::function<void()> wake_;
  std::atomic<bool> consumer_idle_{true};
  std::mutex events_mutex_;
  std::unordered_map<std::uint64_t, core::FeedEventPtr> events_;  // guarded by events_mutex_
  // The producer's own:
  std::uint64_t next_event_ = 1;
  std::vector<core::Tick> waiting_markers_;
  std::vector<const Inlet*> inlets_;
  std::unordered_map<core::InstrumentId, core::Tick> parked_;
  struct Loss {
    std::uint64_t count = 0;
    core::Timestamp first, last;
  };
  Loss loss_;
  std::atomic<std::uint64_t> lost_trades_{0}, parked_total_{0};
  std::atomic<std::int64_t> caught_up_ns_{0};
};

}  // namespace tickspan::runtime
