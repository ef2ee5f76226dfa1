#include "runtime/feed_port.hpp"

#include "core/trade_time.hpp"

namespace tickspan::runtime {
namespace {

// An event takes a slot of the ring as a trade of no instrument whose id names the event.
core::Tick marker_of(std::uint64_t event) {
  return core::Tick(core::Tick::Trade{{}, {}, {}, {}, {}, event});
}
bool is_marker(const core::Tick& t) {
  return !t.instrument().valid();
}

}  // namespace

FeedPort::FeedPort(std::size_t capacity, std::function<void()> wake) : ring_(capacity), wake_(std::move(wake)) {}

bool FeedPort::offer(const core::Tick& tick) {
  if (!ring_.push(tick)) return false;
  // Pairs with prepare_wait(): either the consumer sees this item or we see that it is idle.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (consumer_idle_.load(std::memory_order_relaxed) && consumer_idle_.exchange(false)) wake_();
  return true;
}

bool FeedPort::offer_pending() {
  while (!waiting_markers_.empty()) {
    if (!offer(waiting_markers_.front())) return false;
    waiting_markers_.erase(waiting_markers_.begin());
  }
  for (auto it = parked_.begin(); it != parked_.end(); it = parked_.erase(it)) {
    if (!offer(it->second)) return false;
  }
  return true;
}

bool FeedPort::push(const core::Tick& tick) {
  // Parked quotes and markers go first, so that an instrument never sees an older quote after a newer one.
  const bool clear = (waiting_markers_.empty() && parked_.empty()) || offer_pending();
  if (clear && loss_.count > 0) flush();
  if (clear && offer(tick)) return true;
  if (tick.kind() == core::TickKind::quote) {
    parked_[tick.instrument()] = tick;
    parked_total_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  // It belongs in the minute that it was made in, however full the ring was in the next.
  const core::Timestamp received = tick.received_at();
  const core::Timestamp made = core::trade_time(tick.event_time(), received);
  if (loss_.count == 0) loss_.first = loss_.last = received;
  loss_.first = std::min({loss_.first, made, received});
  loss_.last = std::max({loss_.last, made, received});
  ++loss_.count;
  lost_trades_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void FeedPort::push_event(core::FeedEvent event) {
  const std::uint64_t key = next_event_++;
  {
    const std::lock_guard lock(events_mutex_);
    events_.emplace(key, std::make_shared<const core::FeedEvent>(std::move(event)));
  }
  const core::Tick marker = marker_of(key);
  if (!waiting_markers_.empty() || !offer(marker)) waiting_markers_.push_back(marker);
}

void FeedPort::flush() {
  if (!offer_pending() || loss_.count == 0) return;
  core::FeedLoss report;
  report.gap.start = loss_.first;
  report.gap.end = loss_.last + core::Duration{1};
  report.gap.cause = core::GapCause::overflow;
  report.lost_trades = loss_.count;
  loss_ = {};
  push_event(std::move(report));
}

void FeedPort::caught_up(core::Timestamp until) {
  if (!waiting_markers_.empty() || loss_.count > 0) return;
  caught_up_ns_.store(std::max(until.ns, caught_up_ns_.load(std::memory_order_relaxed)), std::memory_order_release);
}

core::FeedEventPtr FeedPort::take_event(const core::Tick& marker) {
  if (!is_marker(marker)) return nullptr;
  const std::lock_guard lock(events_mutex_);
  const auto it = events_.find(marker.trade_id());
  if (it == events_.end()) return nullptr;
  core::FeedEventPtr event = std::move(it->second);
  events_.erase(it);
  return event;
}

}  // namespace tickspan::runtime
