#include "net/loop_timer.hpp"

#include <boost/asio/steady_timer.hpp>

namespace tickspan::net {

struct LoopTimer::State {
  explicit State(boost::asio::io_context& context) : timer(context) {}
  boost::asio::steady_timer timer;
  std::function<void()> function;
  std::uint64_t generation = 0;
};

LoopTimer::LoopTimer(runtime::EventLoop& loop) : state_(std::make_shared<State>(loop.context())) {}

LoopTimer::~LoopTimer() {
  // Of one that was stopped a wait may be about to end on the loop, which reads what cancel() would write.
  if (running()) cancel();
}

void LoopTimer::start(core::Duration delay, std::function<void()> function) {
  const std::uint64_t generation = ++state_->generation;
  state_->function = std::move(function);
  state_->timer.expires_after(delay);
  state_->timer.async_wait([state = state_, generation](const boost::system::error_code& error) {
    if (error || state->generation != generation) return;
    // Moved out first: the function may destroy this timer, or start it again.
    const std::function<void()> due = std::move(state->function);
    state->function = nullptr;
    due();
  });
}

void LoopTimer::cancel() {
  ++state_->generation;
  state_->function = nullptr;
  state_->timer.cancel();
}

bool LoopTimer::running() const {
  return static_cast<bool>(state_->function);
}

}  // namespace tickspan::net
