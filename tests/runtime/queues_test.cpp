#include <gtest/gtest.h>

#include <thread>

#include "runtime/bounded_queue.hpp"
#include "runtime/spsc_ring.hpp"

namespace tickspan::runtime {
namespace {

TEST(SpscRing, RefusesWhenFullAndKeepsOrder) {
  SpscRing<int> ring(4);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(ring.push(i));
  EXPECT_FALSE(ring.push(4));
  int out[8];
  EXPECT_EQ(ring.pop_into(out, 8), 4u);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(out[i], i);
  EXPECT_TRUE(ring.push(5));
}

TEST(SpscRing, PassesEverythingOnceBetweenTwoThreads) {
  SpscRing<std::uint64_t> ring(64);
  constexpr std::uint64_t kCount = 300'000;
  std::thread producer([&] {
    for (std::uint64_t i = 0; i < kCount;) i += ring.push(i) ? 1 : 0;
  });
  std::uint64_t expected = 0, out[16];
  while (expected < kCount) {
    const std::size_t n = ring.pop_into(out, 16);
    for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(out[i], expected++);
  }
  producer.join();
  EXPECT_TRUE(ring.empty());
}

TEST(BoundedQueue, CountsWeightAndLeavesARefusedItemWithTheCaller) {
  BoundedQueue<std::string> queue(10);
  std::string a = "a", b = "b";
  EXPECT_EQ(queue.push(a, 8), PushResult::ok);
  EXPECT_EQ(queue.push(b, 3), PushResult::full);
  EXPECT_EQ(b, "b");
  EXPECT_EQ(*queue.pop({}), "a");
  EXPECT_EQ(queue.push(b, 30), PushResult::ok) << "an empty queue takes one item of any weight";
}

TEST(BoundedQueue, AfterCloseDrainsThenEnds) {
  BoundedQueue<int> queue(4);
  int one = 1;
  ASSERT_EQ(queue.push(one), PushResult::ok);
  queue.close();
  EXPECT_EQ(queue.push(one), PushResult::closed);
  EXPECT_EQ(queue.pop(std::chrono::seconds(5)), 1);
  EXPECT_FALSE(queue.pop(std::chrono::seconds(5)));
}

}  // namespace
}  // namespace tickspan::runtime
