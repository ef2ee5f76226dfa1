#include "storage/history_service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>

#include "../support/support.hpp"
#include "fixtures.hpp"
#include "forwarding_store.hpp"
#include "storage/memory_store.hpp"

namespace tickspan::storage::test {
namespace {

using runtime::PushResult;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using tickspan::test::eventually;

// A memory store whose writes can be made to fail or to hang, as a disk does.
struct Disk {
  std::mutex mutex;
  std::condition_variable changed;
  bool full = false, stuck = false;
  std::vector<std::size_t> groups;  // batches in each transaction tried
  std::size_t expire_calls = 0, syncs = 0;

  void set_full(bool on) {
    const std::lock_guard lock(mutex);
    full = on;
  }
  void set_stuck(bool on) {
    {
      const std::lock_guard lock(mutex);
      stuck = on;
    }
    changed.notify_all();
  }
  std::size_t tries() {
    const std::lock_guard lock(mutex);
    return groups.size();
  }
};

class DiskWriter final : public StoreWriter {
 public:
  DiskWriter(std::shared_ptr<Disk> disk, std::unique_ptr<StoreWriter> real)
      : disk_(std::move(disk)), real_(std::move(real)) {}
  core::Status write(const std::vector<core::WriteBatch>& batches) override {
    std::unique_lock lock(disk_->mutex);
    disk_->groups.push_back(batches.size());
    disk_->changed.wait(lock, [&] { return !disk_->stuck; });
    if (disk_->full) return core::fail(core::ErrorCode::io_error, "the disk is full", true);
    return real_->write(batches);
  }
  core::Status sync() override {
    const std::lock_guard lock(disk_->mutex);
    ++disk_->syncs;
    if (disk_->full) return core::fail(core::ErrorCode::io_error, "the disk is full", true);
    return {};
  }
  core::Result<std::size_t> expire(const Expiry& older_than, std::size_t max_rows) override {
    const std::lock_guard lock(disk_->mutex);
    ++disk_->expire_calls;
    return real_->expire(older_than, max_rows);
  }

 private:
  std::shared_ptr<Disk> disk_;
  std::unique_ptr<StoreWriter> real_;
};

class DiskStore final : public ForwardingStore {
 public:
  explicit DiskStore(std::shared_ptr<Disk> disk) : ForwardingStore(make_memory_store()), disk_(std::move(disk)) {}
  core::Result<std::unique_ptr<StoreWriter>> writer() override {
    return std::make_unique<DiskWriter>(disk_, std::move(*ForwardingStore::writer()));
  }

 private:
  std::shared_ptr<Disk> disk_;
};

class HistoryServiceTest : public testing::Test {
 protected:
  HistoryServiceTest() {
    options_.batch_time = milliseconds(1);
    options_.retry_first = milliseconds(1);
    options_.retry_longest = milliseconds(5);
    options_.retention = {0, 0, 0, 0, 0, 10, hours(1)};
  }
  void make() {
    service_ = std::make_unique<HistoryService>(std::make_unique<DiskStore>(disk_), options_, metrics_, clock_);
  }
  void start() {
    make();
    ASSERT_TRUE(service_->start());
  }
  core::WriteBatch minutes(int first, int count) const {
    core::WriteBatch batch = world_.batch();
    for (int i = first; i < first + count; ++i) {
      batch.candles.push_back(
          {world_.composite(world_.btc), core::Interval::m1, candle(minute(i), "1", "1", "1", "1")});
    }
    return batch;
  }
  PushResult push(int first, int count) {
    auto batch = minutes(first, count);
    return service_->push(batch);
  }
  std::size_t stored() {
    std::promise<std::size_t> count;
    EXPECT_TRUE(service_->read([&](StoreReader& reader) {
      count.set_value(
          reader.candles({"bitcoin", "usd", "", core::Interval::m1, minute(-1'000'000), minute(100'000)})->size());
    }));
    return count.get_future().get();
  }
  /// The number behind a metric's name, as scraped.
  double metric(const std::string& name) const {
    const std::string text = metrics_.serialize();
    const auto at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
  }

  World world_;
  runtime::Metrics metrics_;
  runtime::ManualClock clock_{kNoon};
  std::shared_ptr<Disk> disk_ = std::make_shared<Disk>();
  HistoryServiceOptions options_;
  std::unique_ptr<HistoryService> service_;
};

TEST_F(HistoryServiceTest, WritesWhatIsPushed) {
  start();
  EXPECT_EQ(push(0, 3), PushResult::ok);
  EXPECT_EQ(push(3, 4), PushResult::ok);
  service_->flush();
  EXPECT_EQ(stored(), 7u);
  EXPECT_EQ(service_->rows_written(), 7u);
  EXPECT_EQ(service_->rows_waiting(), 0u);
  EXPECT_EQ(metric("tickspan_storage_rows_written_total"), 7);
  EXPECT_GE(metric("tickspan_storage_transactions_total"), 1);
  EXPECT_GE(metric("tickspan_storage_write_seconds"), 0);
  EXPECT_EQ(metric("tickspan_storage_rows_waiting"), 0);
  EXPECT_EQ(metric("tickspan_storage_reads_total"), 1);
}

TEST_F(HistoryServiceTest, GroupsBatchesIntoOneTransaction) {
  options_.batch_time = hours(1);
  options_.batch_rows = 100;
  make();
  for (int i = 0; i < 60; ++i) EXPECT_EQ(push(4 * i, 4), PushResult::ok);  // they wait for the start
  ASSERT_TRUE(service_->start());
  ASSERT_TRUE(
      eventually([&] { return disk_->tries() == 2; }));  // 240 rows: two full groups, the rest waits for the hour
  service_->flush();
  EXPECT_THAT(disk_->groups, ElementsAre(25, 25, 10));
  EXPECT_EQ(stored(), 240u);
}

TEST_F(HistoryServiceTest, StopWritesEverythingOut) {
  options_.batch_time = hours(1);
  start();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(push(i, 1), PushResult::ok);
  service_->stop();
  EXPECT_EQ(service_->rows_written(), 50u);
  EXPECT_EQ(push(0, 1), PushResult::closed);
  EXPECT_FALSE(service_->read([](StoreReader&) {}));
  service_->stop();  // again: nothing
}

TEST_F(HistoryServiceTest, AFullDiskIsToldAndNothingIsLostOnceThereIsRoom) {
  options_.queue_rows = 10;
  disk_->set_full(true);
  start();
  EXPECT_TRUE(service_->healthy());
  EXPECT_EQ(push(0, 6), PushResult::ok);
  ASSERT_TRUE(eventually([&] { return !service_->healthy() && disk_->tries() >= 3; }));
  EXPECT_EQ(push(6, 4), PushResult::ok);  // kept while there is room
  auto refused = minutes(10, 1);
  EXPECT_EQ(service_->push(refused), PushResult::full);
  EXPECT_EQ(refused.candles.size(), 1u);
  EXPECT_EQ(service_->rows_waiting(), 10u);
  EXPECT_EQ(service_->rows_written(), 0u);
  EXPECT_GE(metric("tickspan_storage_write_errors_total"), 3);
  EXPECT_EQ(metric("tickspan_storage_rows_waiting"), 10);

  disk_->set_full(false);
  service_->flush();
  EXPECT_TRUE(service_->healthy());
  EXPECT_EQ(service_->push(refused), PushResult::ok);
  service_->flush();
  EXPECT_EQ(stored(), 11u);
}

TEST_F(HistoryServiceTest, HealthChangesAreLoggedOnce) {
  disk_->set_full(true);
  testing::internal::CaptureStderr();
  start();
  EXPECT_EQ(push(0, 1), PushResult::ok);
  EXPECT_TRUE(eventually([&] { return disk_->tries() >= 10; }));
  disk_->set_full(false);
  service_->flush();
  service_->stop();
  const std::string log = testing::internal::GetCapturedStderr();
  const auto count = [&](const std::string& what) {
    std::size_t found = 0;
    for (auto at = log.find(what); at != std::string::npos; at = log.find(what, at + 1)) ++found;
    return found;
  };
  EXPECT_EQ(count("the disk is full"), 1u) << log;
  EXPECT_EQ(count("the store works again"), 1u) << log;
}

TEST_F(HistoryServiceTest, StopGivesUpOnADiskThatStaysFull) {
  disk_->set_full(true);
  options_.stop_patience = milliseconds(20);
  start();
  EXPECT_EQ(push(0, 6), PushResult::ok);
  ASSERT_TRUE(eventually([&] { return !service_->healthy(); }));
  EXPECT_EQ(push(6, 4), PushResult::ok);
  std::thread waiting([&] { service_->flush(); });
  service_->stop();
  waiting.join();
  service_->stop();  // says it once
  EXPECT_EQ(metric("tickspan_storage_rows_dropped_total"), 10);
  EXPECT_EQ(service_->rows_written(), 0u);
}

TEST_F(HistoryServiceTest, ABadBatchTakesNoGoodOneWithIt) {
  make();
  auto bad = world_.batch();
  bad.prices = {{core::AssetId{99}, dec("1"), minute(0), "composite"}};
  EXPECT_EQ(push(0, 2), PushResult::ok);
  EXPECT_EQ(service_->push(bad), PushResult::ok);
  EXPECT_EQ(push(2, 2), PushResult::ok);
  ASSERT_TRUE(service_->start());
  service_->flush();
  EXPECT_TRUE(service_->healthy());
  EXPECT_EQ(stored(), 4u);
  EXPECT_EQ(metric("tickspan_storage_rows_dropped_total"), 1);
}

TEST_F(HistoryServiceTest, ASlowDiskDoesNotHoldUpThePusher) {
  options_.queue_rows = 5;
  start();
  disk_->set_stuck(true);
  EXPECT_EQ(push(0, 5), PushResult::ok);
  ASSERT_TRUE(eventually([&] { return disk_->tries() == 1; }));
  EXPECT_EQ(push(5, 1), PushResult::full);  // at once, although the writer hangs
  disk_->set_stuck(false);
  service_->flush();
  EXPECT_EQ(push(5, 1), PushResult::ok);
}

TEST_F(HistoryServiceTest, ReadsAreBoundedAndRunOnSeveralThreads) {
  options_.readers = 2;
  options_.waiting_reads = 3;
  start();
  std::promise<void> gate;
  const std::shared_future<void> open(gate.get_future());
  std::atomic<int> running{0}, done{0};
  const auto job = [&](StoreReader&) {
    ++running;
    open.wait();
    ++done;
  };
  for (int i = 1; i <= 2; ++i) {
    ASSERT_TRUE(service_->read(job));
    ASSERT_TRUE(eventually([&] { return running == i; }));  // both at the same time
  }
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(service_->read(job));
  EXPECT_FALSE(service_->read(job));
  EXPECT_EQ(metric("tickspan_storage_reads_refused_total"), 1);
  gate.set_value();
  service_->stop();  // answers those that wait
  EXPECT_EQ(done, 5);
  EXPECT_EQ(metric("tickspan_storage_reads_total"), 5);
}

TEST_F(HistoryServiceTest, AReadThatThrowsEndsNothing) {
  options_.readers = 1;
  start();
  ASSERT_TRUE(service_->read([](StoreReader&) { throw std::bad_alloc(); }));
  EXPECT_EQ(push(0, 1), PushResult::ok);
  service_->flush();
  EXPECT_EQ(stored(), 1u);
}

TEST_F(HistoryServiceTest, ReadsAreRefusedBeforeTheStart) {
  make();
  EXPECT_FALSE(service_->read([](StoreReader&) {}));
  service_->flush();  // nobody writes yet: does not wait
}

TEST_F(HistoryServiceTest, OldRowsAreDeletedInStepsWhenThereIsNothingToWrite) {
  options_.retention = {2, 0, 0, 0, 0, 10, hours(1)};
  make();
  for (const auto& [hour, rows] : {std::pair{0, 10}, {1, 10}, {2, 10}, {3, 5}})  // five days old; an hour goes whole
    EXPECT_EQ(push(-5 * 1440 + hour * 60, rows), PushResult::ok);
  EXPECT_EQ(push(-60, 60), PushResult::ok);
  ASSERT_TRUE(service_->start());
  ASSERT_TRUE(eventually([&] { return metric("tickspan_storage_rows_expired_total") == 35; }));
  EXPECT_EQ(stored(), 60u);
  service_->stop();
  EXPECT_EQ(disk_->expire_calls, 4u);  // 10 10 10 5, then not again for an hour
}

TEST_F(HistoryServiceTest, RetentionRunsBesideASteadyStream) {
  options_.retention = {2, 0, 0, 0, 0, 10, hours(1)};
  make();
  EXPECT_EQ(push(-5 * 1440, 35), PushResult::ok);
  ASSERT_TRUE(service_->start());
  int next = 0;
  ASSERT_TRUE(eventually(
      [&] { return push(next++, 1) == PushResult::ok && metric("tickspan_storage_rows_expired_total") == 35; }));
}

TEST_F(HistoryServiceTest, WhatIsWrittenReachesTheDiskWithinTheSecondAlsoWhenNothingFollows) {
  options_.durability = Durability::second;
  start();
  EXPECT_EQ(push(0, 1), PushResult::ok);
  service_->flush();
  const auto syncs = [&] {
    const std::lock_guard lock(disk_->mutex);
    return disk_->syncs;
  };
  EXPECT_EQ(syncs(), 0u);
  ASSERT_TRUE(eventually([&] { return syncs() > 0; }));
  service_->stop();
  EXPECT_EQ(syncs(), 1u) << "nothing is synced that has not changed";
}

TEST_F(HistoryServiceTest, AStopSyncsWhatWaitsAndAFailedSyncIsCounted) {
  options_.durability = Durability::relaxed;
  start();
  EXPECT_EQ(push(0, 1), PushResult::ok);
  service_->flush();
  disk_->set_full(true);
  service_->stop();
  EXPECT_EQ(disk_->syncs, 1u);
  EXPECT_EQ(metric("tickspan_storage_write_errors_total"), 1);
}

TEST_F(HistoryServiceTest, WithCommitTheStoreSyncsByItself) {
  options_.durability = Durability::commit;
  start();
  EXPECT_EQ(push(0, 1), PushResult::ok);
  service_->stop();
  EXPECT_EQ(disk_->syncs, 0u);
}

TEST_F(HistoryServiceTest, NothingExpiresUnlessAsked) {
  start();
  EXPECT_EQ(push(-500 * 1440, 1), PushResult::ok);
  service_->flush();
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(disk_->mutex);
    return disk_->expire_calls > 0;
  }));
  EXPECT_EQ(stored(), 1u);
}

}  // namespace
}  // namespace tickspan::storage::test
