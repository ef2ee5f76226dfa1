#include "storage/batch_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "../support/support.hpp"
#include "fixtures.hpp"

namespace tickspan::storage {
namespace {

using runtime::PushResult;
using std::chrono::hours;
using std::chrono::seconds;
constexpr core::Duration kAtOnce{0};

core::WriteBatch gaps(std::size_t count) {
  core::WriteBatch batch;
  batch.gaps.resize(count);
  return batch;
}

PushResult push(BatchQueue& queue, std::size_t rows) {
  auto batch = gaps(rows);
  return queue.push(batch);
}

TEST(BatchQueue, RefusesBeyondItsBoundAndLeavesTheBatchWithTheCaller) {
  BatchQueue queue(10);
  EXPECT_EQ(push(queue, 6), PushResult::ok);
  auto batch = gaps(5);
  EXPECT_EQ(queue.push(batch), PushResult::full);
  EXPECT_EQ(batch.gaps.size(), 5u);
  EXPECT_EQ(push(queue, 4), PushResult::ok);
  EXPECT_EQ(queue.rows(), 10u);
}

TEST(BatchQueue, AnEmptyQueueTakesABatchOfAnySize) {
  BatchQueue queue(10);
  EXPECT_EQ(push(queue, 100), PushResult::ok);
  EXPECT_EQ(push(queue, 1), PushResult::full);
}

TEST(BatchQueue, WhatIsBeingWrittenKeepsItsRoom) {
  BatchQueue queue(10);
  EXPECT_EQ(push(queue, 10), PushResult::ok);
  EXPECT_EQ(queue.take(100, kAtOnce, kAtOnce).size(), 1u);
  EXPECT_EQ(queue.rows(), 10u);
  EXPECT_EQ(push(queue, 1), PushResult::full);
  queue.done();
  EXPECT_EQ(queue.rows(), 0u);
  EXPECT_EQ(push(queue, 1), PushResult::ok);
}

TEST(BatchQueue, GroupsInOrderUpToTheLimit) {
  BatchQueue queue(100);
  for (const std::size_t rows : {3u, 4u, 2u, 50u, 1u}) EXPECT_EQ(push(queue, rows), PushResult::ok);
  const auto sizes = [&] {
    std::vector<std::size_t> out;
    for (const auto& batch : queue.take(9, kAtOnce, kAtOnce)) out.push_back(batch.rows());
    queue.done();
    return out;
  };
  EXPECT_EQ(sizes(), (std::vector<std::size_t>{3, 4, 2}));
  EXPECT_EQ(sizes(), (std::vector<std::size_t>{50}));  // larger than the limit: alone
  EXPECT_EQ(sizes(), (std::vector<std::size_t>{1}));
  EXPECT_EQ(sizes(), (std::vector<std::size_t>{}));
}

TEST(BatchQueue, AnEmptyBatchIsNothing) {
  BatchQueue queue(10);
  EXPECT_EQ(push(queue, 0), PushResult::ok);
  EXPECT_TRUE(queue.take(9, kAtOnce, kAtOnce).empty());
}

TEST(BatchQueue, GathersUntilEnoughRowsWait) {
  BatchQueue queue(100);
  std::atomic<std::size_t> taken{0};
  std::thread consumer([&] { taken = queue.take(10, hours(1), hours(1)).size(); });
  EXPECT_EQ(push(queue, 5), PushResult::ok);
  EXPECT_EQ(push(queue, 5), PushResult::ok);
  consumer.join();  // an hour early, or the test times out
  EXPECT_EQ(taken, 2u);
}

TEST(BatchQueue, OneWhoWaitsEndsTheGathering) {
  BatchQueue queue(100);
  EXPECT_EQ(push(queue, 1), PushResult::ok);
  std::thread consumer([&] {
    EXPECT_EQ(queue.take(10, hours(1), hours(1)).size(), 1u);
    queue.done();
  });
  queue.wait_written();
  consumer.join();
  EXPECT_EQ(queue.rows(), 0u);
}

TEST(BatchQueue, WaitingEndsWhenTheConsumerHasEnded) {
  BatchQueue queue(100);
  EXPECT_EQ(push(queue, 1), PushResult::ok);
  std::thread waiting([&] { queue.wait_written(); });
  queue.end();
  waiting.join();
  EXPECT_EQ(queue.rows(), 1u);
}

TEST(BatchQueue, ClosedTakesNoMoreAndGivesOutWhatItHas) {
  BatchQueue queue(100);
  EXPECT_EQ(push(queue, 1), PushResult::ok);
  queue.close();
  EXPECT_EQ(push(queue, 1), PushResult::closed);
  EXPECT_EQ(queue.take(10, hours(1), hours(1)).size(), 1u);
  EXPECT_TRUE(queue.take(10, hours(1), hours(1)).empty());
  EXPECT_TRUE(queue.wait_closed(hours(1)));
}

TEST(BatchQueue, NothingIsLostOrDoubledBetweenThreads) {
  BatchQueue queue(50);
  constexpr int kBatches = 2000;
  std::thread producer([&] {
    for (int i = 0; i < kBatches; ++i) {
      core::WriteBatch batch = gaps(1 + static_cast<std::size_t>(i % 7));
      batch.gaps[0].start = {i};
      EXPECT_TRUE(tickspan::test::eventually([&] { return queue.push(batch) == PushResult::ok; }));
    }
    queue.close();
  });
  std::int64_t expected = 0;
  for (auto group = queue.take(20, kAtOnce, seconds(30)); !group.empty();
       group = queue.take(20, kAtOnce, seconds(30))) {
    for (const auto& batch : group) EXPECT_EQ(batch.gaps[0].start.ns, expected++);
    EXPECT_LE(queue.rows(), 50u);
    queue.done();
  }
  producer.join();
  EXPECT_EQ(expected, kBatches);
}

}  // namespace
}  // namespace tickspan::storage
