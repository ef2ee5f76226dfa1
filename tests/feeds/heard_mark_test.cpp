#include "feeds/heard_mark.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "../support/support.hpp"

namespace tickspan::feeds {
namespace {

using test::eventually;

TEST(HeardMark, StandsStillWhileTheThreadIsHeldUp) {
  const runtime::SystemClock clock;
  runtime::EventLoop loop("feed");
  runtime::FeedPort port(16, [] {});
  const core::Timestamp made = clock.now();
  HeardMark mark(loop, port, clock);
  EXPECT_GE(port.caught_up_until(), made);
  loop.start();
  mark.start();
  EXPECT_TRUE(eventually([&] { return port.caught_up_until() > made + HeardMark::kPeriod; }));

  std::promise<core::Timestamp> held;
  std::promise<void> go_on;
  loop.post([&] {
    held.set_value(clock.now());
    go_on.get_future().wait();
  });
  const core::Timestamp since = held.get_future().get();
  EXPECT_TRUE(eventually([&] { return clock.now() > since + 3 * HeardMark::kPeriod; }));
  EXPECT_LE(port.caught_up_until(), since);
  go_on.set_value();
  EXPECT_TRUE(eventually([&] { return port.caught_up_until() > since + 3 * HeardMark::kPeriod; }));
  mark.stop();
  loop.stop();
}

TEST(HeardMark, TheLastWordIsTheStop) {
  const runtime::SystemClock clock;
  runtime::EventLoop loop("feed");
  runtime::FeedPort port(16, [] {});
  loop.start();
  HeardMark mark(loop, port, clock);
  mark.start();
  const core::Timestamp stopping = clock.now();
  mark.stop();
  EXPECT_GE(port.caught_up_until(), stopping);
  const core::Timestamp last = port.caught_up_until();
  EXPECT_TRUE(eventually([&] { return clock.now() > last + 3 * HeardMark::kPeriod; }));
  EXPECT_EQ(port.caught_up_until(), last);
  loop.stop();
}

class FakeInlet final : public runtime::Inlet {
 public:
  std::uint64_t taken_in() const override { return busy_ ? ++count_ : count_.load(); }
  bool more_waits() const override { return waits_; }
  std::atomic<bool> waits_{false}, busy_{false};
  mutable std::atomic<std::uint64_t> count_{0};
};

TEST(HeardMark, WaitsForWhatArrivedAndWasNotTakenIn) {
  const runtime::SystemClock clock;
  runtime::EventLoop loop("feed");
  runtime::FeedPort port(16, [] {});
  FakeInlet inlet;
  const FakeInlet idle;
  port.add_inlet(inlet);
  port.add_inlet(idle);
  HeardMark mark(loop, port, clock);
  loop.start();
  mark.start();
  const auto goes_on = [&] {
    const core::Timestamp now = clock.now();
    return eventually([&] { return port.caught_up_until() > now; });
  };
  // At the latest the second of two words from now on knows of what has changed.
  const auto stands = [&] {
    const core::Timestamp now = clock.now();
    return eventually([&] { return clock.now() > now + 3 * HeardMark::kPeriod; }) && port.caught_up_until() <= now;
  };
  EXPECT_TRUE(goes_on());
  inlet.waits_ = true;
  EXPECT_TRUE(stands()) << "the system holds what was not read";
  inlet.waits_ = false;
  EXPECT_TRUE(goes_on());
  inlet.busy_ = true;
  EXPECT_TRUE(stands()) << "what was read is being taken in, message by message";
  inlet.busy_ = false;
  EXPECT_TRUE(goes_on());
  inlet.waits_ = true;
  EXPECT_TRUE(stands());
  loop.run_and_wait([&] { port.remove_inlet(inlet); });
  EXPECT_TRUE(goes_on()) << "nothing more comes of a connection that is gone";
  mark.stop();
  loop.stop();
}

}  // namespace
}  // namespace tickspan::feeds
