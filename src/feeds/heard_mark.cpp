#include "feeds/heard_mark.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "net/loop_timer.hpp"

namespace tickspan::feeds {
namespace {

constexpr int kRounds = 4;

}  // namespace

struct HeardMark::Impl : std::enable_shared_from_this<Impl> {
  Impl(runtime::EventLoop& l, runtime::FeedPort& p, const runtime::Clock& c) : loop(l), port(p), clock(c), timer(l) {}

  struct Watched {
    std::uint64_t taken_in = 0;
    core::Timestamp empty_at;  ///< all that had arrived by then was taken in
  };

  void beat() {
    timer.start(kPeriod, [this] { beat(); });
    const core::Timestamp now = clock.now();
    std::map<const runtime::Inlet*, Watched> present;
    for (const runtime::Inlet* const inlet : port.inlets()) {
      const auto known = watched.find(inlet);
      // Nothing had arrived at one that is new when the last word was given.
      present[inlet] = {inlet->taken_in(), known != watched.end() ? known->second.empty_at : port.caught_up_until()};
    }
    watched = std::move(present);
    after_rounds(kRounds, now);
  }
  // What a socket's owner has read by now it takes in within some rounds of the loop, message by message. Where none
  // came of it in these, and the system holds no more, all that had arrived by `now` was taken in.
  void after_rounds(int rounds, core::Timestamp now) {
    loop.post([weak = weak_from_this(), rounds, now] {
      const auto impl = weak.lock();
      if (!impl || !impl->timer.running()) return;
      if (rounds > 1) return impl->after_rounds(rounds - 1, now);
      impl->tell(now);
    });
  }
  void tell(core::Timestamp now) {
    core::Timestamp until = now;
    for (const runtime::Inlet* const inlet : port.inlets()) {
      const auto it = watched.find(inlet);
      if (it == watched.end()) continue;  // it came since
      if (!inlet->more_waits() && inlet->taken_in() == it->second.taken_in) it->second.empty_at = now;
      until = std::min(until, it->second.empty_at);
    }
    port.caught_up(until);
  }

  runtime::EventLoop& loop;
  runtime::FeedPort& port;
  const runtime::Clock& clock;
  net::LoopTimer timer;
  std::map<const runtime::Inlet*, Watched> watched;
  bool stopped = false;  // the owner's thread
};

HeardMark::HeardMark(runtime::EventLoop& loop, runtime::FeedPort& port, const runtime::Clock& clock)
    : impl_(std::make_shared<Impl>(loop, port, clock)) {
  port.caught_up(clock.now());
}

HeardMark::~HeardMark() {
  stop();
}

void HeardMark::start() {
  impl_->loop.post([weak = std::weak_ptr(impl_)] {
    if (const auto impl = weak.lock()) impl->beat();
  });
}

void HeardMark::stop() {
  if (std::exchange(impl_->stopped, true)) return;
  impl_->loop.run_and_wait([this] {
    impl_->timer.cancel();
    impl_->port.caught_up(impl_->clock.now());
  });
}

}  // namespace tickspan::feeds
