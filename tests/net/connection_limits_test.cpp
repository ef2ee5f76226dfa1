#include "net/connection_limits.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace tickspan::net {
namespace {

TEST(ConnectionLimits, CountEveryConnectionUntilItsPlaceIsGivenBack) {
  ConnectionLimits limits(2, 0);
  auto a = limits.admit(1), b = limits.admit(1);
  EXPECT_EQ(a.refusal, Refusal::none);
  EXPECT_EQ(b.refusal, Refusal::none);
  EXPECT_EQ(limits.connections(), 2U);
  {
    const auto c = limits.admit(2);
    EXPECT_EQ(c.refusal, Refusal::connections);
    ASSERT_TRUE(c.place);
    EXPECT_EQ(c.place->refused(), Refusal::connections);
    EXPECT_EQ(limits.connections(), 2U) << "who is refused is not counted";
  }
  a.place->release();
  a.place->release();
  EXPECT_EQ(limits.connections(), 1U);
  EXPECT_EQ(limits.admit(2).refusal, Refusal::none);
  EXPECT_EQ(limits.connections(), 1U);
  const ConnectionLimits::Place moved(std::move(*b.place));
  b.place.reset();
  EXPECT_EQ(limits.connections(), 1U);
}

TEST(ConnectionLimits, CountEachAddressAndForgetWhoLeft) {
  ConnectionLimits limits(100, 2);
  {
    auto a = limits.admit(7), b = limits.admit(7);
    EXPECT_EQ(limits.admit(7).refusal, Refusal::address);
    EXPECT_EQ(limits.admit(8).refusal, Refusal::none);
    EXPECT_EQ(limits.clients(), 1U);
    a.place.reset();
    EXPECT_EQ(limits.admit(7).refusal, Refusal::none);
  }
  EXPECT_EQ(limits.clients(), 0U);
  EXPECT_EQ(limits.connections(), 0U);
}

TEST(ConnectionLimits, CountAProxysClientsOnceTheyAreKnown) {
  ConnectionLimits limits(100, 1);
  auto a = limits.admit({}), b = limits.admit({});
  EXPECT_EQ(b.refusal, Refusal::none);
  EXPECT_FALSE(a.place->has_client());
  EXPECT_TRUE(a.place->take_client(7));
  EXPECT_FALSE(b.place->take_client(7));
  EXPECT_TRUE(b.place->take_client(8));
  EXPECT_TRUE(b.place->take_client(9)) << "it is counted already";
  EXPECT_EQ(limits.clients(), 2U);
  b.place->release_client();
  EXPECT_EQ(limits.clients(), 1U);
  EXPECT_EQ(limits.admit(7).refusal, Refusal::address) << "whichever way it came";
  a.place.reset();
  EXPECT_EQ(limits.admit(7).refusal, Refusal::none);
}

TEST(ConnectionLimits, AddressRefusalLeavesNoTraceWhenTheWholeIsFull) {
  ConnectionLimits limits(1, 5);
  const auto a = limits.admit(1);
  EXPECT_EQ(limits.admit(2).refusal, Refusal::connections);
  EXPECT_EQ(limits.clients(), 1U);
}

TEST(ConnectionLimits, OnlySoManyAreToldThatTheyAreRefused) {
  ConnectionLimits limits(0, 0);
  std::vector<ConnectionLimits::Admission> told;
  for (std::size_t i = 0; i < ConnectionLimits::kMaxRefusals; ++i) {
    told.push_back(limits.admit(i));
    ASSERT_TRUE(told.back().place);
  }
  const auto silent = limits.admit(1);
  EXPECT_EQ(silent.refusal, Refusal::connections);
  EXPECT_FALSE(silent.place);
  told.clear();
  EXPECT_TRUE(limits.admit(1).place);
}

TEST(ConnectionLimits, HoldWithManyThreads) {
  ConnectionLimits limits(10, 3);
  std::atomic<std::size_t> most{0}, admitted{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5000; ++i) {
        const auto mine = limits.admit(static_cast<std::uint64_t>((i + t) % 5));
        if (mine.refusal != Refusal::none) continue;
        ++admitted;
        std::size_t seen = most;
        while (limits.connections() > seen && !most.compare_exchange_weak(seen, limits.connections())) {
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_GT(admitted, 0U);
  EXPECT_LE(most, 10U);
  EXPECT_EQ(limits.connections(), 0U);
  EXPECT_EQ(limits.clients(), 0U);
}

}  // namespace
}  // namespace tickspan::net
