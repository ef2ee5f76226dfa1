#include "feeds/heard_mark.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace tickspan::feeds
