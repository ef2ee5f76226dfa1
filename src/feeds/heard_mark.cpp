#include "feeds/heard_mark.hpp"

#include <utility>

#include "net/loop_timer.hpp"

namespace tickspan::feeds {

struct HeardMark::Impl : std::enable_shared_from_this<Impl> {
  Impl(runtime::EventLoop& l, runtime::FeedPort& p, const runtime::Clock& c) : loop(l), port(p), clock(c), timer(l) {}

  void beat() {
    timer.start(kPeriod, [this] { beat(); });
    // Sockets that have something by now are found in this round of the loop or in the next, and read before the round
    // after it.
    const core::Timestamp now = clock.now();
    after_a_round([now](Impl& impl) { impl.after_a_round([now](Impl& i) { i.port.caught_up(now); }); });
  }
  template <typename Step>
  void after_a_round(Step step) {
    loop.post([weak = weak_from_this(), step] {
      const auto impl = weak.lock();
      if (impl && impl->timer.running()) step(*impl);
    });
  }

  runtime::EventLoop& loop;
  runtime::FeedPort& port;
  const runtime::Clock& clock;
  net::LoopTimer timer;
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
