#include "net/loop_timer.hpp"

#include <gtest/gtest.h>

#include "../support/support.hpp"
#include "loop_fixture.hpp"

namespace tickspan::net {
namespace {

using namespace std::chrono_literals;

TEST(LoopTimer, RunsOnceAndMayBeStartedAgainFromWithin) {
  test::RunningLoop loop;
  std::atomic<int> runs{0};
  std::unique_ptr<LoopTimer> timer;
  std::function<void()> tick = [&] {
    if (++runs < 3) timer->start(1ms, tick);
  };
  loop.run([&] {
    timer = std::make_unique<LoopTimer>(loop.get());
    timer->start(1ms, tick);
    EXPECT_TRUE(timer->running());
  });
  ASSERT_TRUE(test::eventually([&] { return runs == 3; }));
  loop.run([&] {
    EXPECT_FALSE(timer->running());
    timer.reset();
  });
  EXPECT_EQ(runs, 3);
}

TEST(LoopTimer, NeverRunsWhatWasCancelledReplacedOrDestroyedWhenDue) {
  test::RunningLoop loop;
  std::atomic<int> wrong{0}, right{0};
  std::unique_ptr<LoopTimer> replaced, cancelled;
  loop.run([&] {
    replaced = std::make_unique<LoopTimer>(loop.get());
    cancelled = std::make_unique<LoopTimer>(loop.get());
    auto destroyed = std::make_unique<LoopTimer>(loop.get());
    for (LoopTimer* timer : {replaced.get(), cancelled.get(), destroyed.get()}) timer->start(0ns, [&] { ++wrong; });
    replaced->start(1ms, [&] { ++right; });
    cancelled->cancel();
  });
  ASSERT_TRUE(test::eventually([&] { return right == 1; }));
  EXPECT_EQ(wrong, 0);
  loop.run([&] {
    replaced.reset();
    cancelled.reset();
  });
}

// Of a wait that was over, but not yet told of, when it was cancelled; the thread sanitizer looks on.
TEST(LoopTimer, MayBeDestroyedByAnotherThreadOnceItIsCancelled) {
  test::RunningLoop loop;
  std::atomic<int> wrong{0};
  for (int round = 0; round < 100; ++round) {
    std::unique_ptr<LoopTimer> timer;
    std::promise<void> cancelled;
    loop.run([&] {
      timer = std::make_unique<LoopTimer>(loop.get());
      timer->start(0ns, [&] { ++wrong; });
      loop.get().post([&] {
        timer->cancel();
        cancelled.set_value();
      });
    });
    cancelled.get_future().wait();
  }
  EXPECT_EQ(wrong, 0);
}

TEST(LoopTimer, MayBeDestroyedByItsOwnFunction) {
  test::RunningLoop loop;
  std::atomic<bool> done{false};
  std::unique_ptr<LoopTimer> timer;
  loop.run([&] {
    timer = std::make_unique<LoopTimer>(loop.get());
    timer->start(1ms, [&, kept = std::make_shared<int>(7)] {
      timer.reset();
      done = *kept == 7;
    });
  });
  EXPECT_TRUE(test::eventually([&] { return done.load(); }));
}

}  // namespace
}  // namespace tickspan::net
