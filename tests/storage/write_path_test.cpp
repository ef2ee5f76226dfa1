#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <numeric>

#include "../support/support.hpp"
#include "fixtures.hpp"
#include "forwarding_store.hpp"
#include "storage/history_service.hpp"
#include "storage/memory_store.hpp"
#include "storage/spool.hpp"
#include "storage/write_path.hpp"

namespace tickspan::storage::test {
namespace {

using runtime::PushResult;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using tickspan::test::eventually;

// A store of the next process and of this one: what was written stays, whoever opens it.
struct Place {
  std::mutex mutex;
  bool away = false;  // every write fails
  bool no_room_for_trades = false;
  bool refuses_minute_0 = false;
  std::size_t tries = 0;
  std::vector<int> minutes;  // candles in the order in which they arrived
  std::size_t trades = 0;
  std::size_t sweeps = 0;
  std::vector<core::Gap> gaps;

  template <typename Change>
  auto with(Change change) {
    const std::lock_guard lock(mutex);
    return change(*this);
  }
};

class PlaceWriter final : public StoreWriter {
 public:
  explicit PlaceWriter(std::shared_ptr<Place> place) : place_(std::move(place)) {}
  core::Status write(const std::vector<core::WriteBatch>& batches) override {
    const std::lock_guard lock(place_->mutex);
    ++place_->tries;
    if (place_->away) return core::fail(core::ErrorCode::unavailable, "the store is away", true);
    for (const auto& batch : batches) {
      const bool bad = std::any_of(batch.candles.begin(), batch.candles.end(),
                                   [](const auto& row) { return row.candle.start == minute(0); });
      if (place_->refuses_minute_0 && bad) return core::fail(core::ErrorCode::invalid_argument, "no such row");
      if (place_->no_room_for_trades && !(batch.ticks.empty() && batch.composites.empty()))
        return core::fail(core::ErrorCode::no_space, "the disk is full", true);
    }
    for (const auto& batch : batches) {
      for (const auto& row : batch.candles)
        place_->minutes.push_back(static_cast<int>((row.candle.start - minute(0)) / std::chrono::minutes(1)));
      place_->trades += batch.ticks.size();
      place_->gaps.insert(place_->gaps.end(), batch.gaps.begin(), batch.gaps.end());
    }
    return {};
  }
  core::Result<std::size_t> expire(const Expiry&, std::size_t) override {
    place_->with([](Place& place) { ++place.sweeps; });
    return 0;
  }

 private:
  std::shared_ptr<Place> place_;
};

class PlaceStore final : public ForwardingStore {
 public:
  explicit PlaceStore(std::shared_ptr<Place> place) : ForwardingStore(make_memory_store()), place_(std::move(place)) {}
  core::Result<std::unique_ptr<StoreWriter>> writer() override { return std::make_unique<PlaceWriter>(place_); }

 private:
  std::shared_ptr<Place> place_;
};

/// One that cannot be read.
class DeadSpool final : public Spool {
 public:
  core::Status append(const std::vector<core::WriteBatch>&) override { return {}; }
  core::Status sync() override { return {}; }
  core::Result<std::optional<std::vector<core::WriteBatch>>> front() override {
    ++looks;
    return core::fail(core::ErrorCode::io_error, "the disk is broken", true);
  }
  void pop() override {}
  bool empty() const override { return false; }
  std::uint64_t bytes() const override { return 1; }
  std::uint64_t rows() const override { return 1; }
  std::uint64_t damaged() const override { return 0; }
  int looks = 0;
};

class WritePathTest : public testing::Test {
 protected:
  WritePathTest() {
    options_.batch_time = options_.retry_first = milliseconds(1);
    options_.retry_longest = milliseconds(5);
    options_.stop_patience = milliseconds(20);
    options_.spool_folder = folder_.file("spool");
    options_.durability = Durability::relaxed;
  }
  void start() {
    service_ = std::make_unique<HistoryService>(std::make_unique<PlaceStore>(place_), options_, metrics_);
    ASSERT_TRUE(service_->start());
  }
  PushResult push(int number, int trades = 0) {
    core::WriteBatch batch = world_.batch();
    if (marks_) batch.heard_until = minute(number);
    batch.candles.push_back({world_.composite(world_.btc), core::Interval::m1, flat(minute(number), "1")});
    for (int i = 0; i < trades; ++i) {
      batch.ticks.push_back(trade(world_.kraken_btc, static_cast<std::uint64_t>(number * 100 + i + 1), minute(number),
                                  minute(number), "1", "1"));
    }
    return service_->push(batch);
  }
  void push_one_by_one(int first, int count, int trades = 0) {
    for (int i = first; i < first + count; ++i) {
      ASSERT_EQ(push(i, trades), PushResult::ok);
      service_->flush();
    }
  }
  std::vector<int> minutes() {
    return place_->with([](Place& p) { return p.minutes; });
  }

  tickspan::test::TempDir folder_;
  World world_;
  bool marks_ = false;  ///< what is pushed says until when all was heard: its minute
  runtime::Metrics metrics_;
  std::shared_ptr<Place> place_ = std::make_shared<Place>();
  HistoryServiceOptions options_;
  std::unique_ptr<HistoryService> service_;
};

TEST_F(WritePathTest, RowsGoToTheSpoolWhileTheStoreIsAwayAndArriveInOrder) {
  start();
  push_one_by_one(0, 2);
  EXPECT_EQ(service_->write_state(), WriteState::ok);
  place_->with([](Place& p) { p.away = true; });
  push_one_by_one(2, 5);
  EXPECT_EQ(service_->write_state(), WriteState::spooling);
  EXPECT_EQ(service_->rows_spooled(), 5U);
  EXPECT_EQ(service_->rows_waiting(), 0U);  // the queue is free: the engine never waits
  EXPECT_FALSE(service_->healthy());
  place_->with([](Place& p) { p.away = false; });
  ASSERT_TRUE(eventually([&] { return service_->write_state() == WriteState::ok; }));
  push_one_by_one(7, 1);
  EXPECT_THAT(minutes(), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  EXPECT_EQ(service_->rows_spooled(), 0U);
}

TEST_F(WritePathTest, NothingIsLostWhenTheProgramEndsMeanwhile) {
  place_->with([](Place& p) { p.away = true; });
  start();
  push_one_by_one(0, 4);
  service_->stop();
  EXPECT_THAT(minutes(), IsEmpty());
  place_->with([](Place& p) { p.away = false; });
  start();
  ASSERT_TRUE(eventually([&] { return service_->write_state() == WriteState::ok; }));
  push_one_by_one(4, 1);
  EXPECT_THAT(minutes(), ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(WritePathTest, WhatADamagedSpoolLostIsAGapOfEveryExchange) {
  marks_ = true;
  start();
  push_one_by_one(0, 2);
  place_->with([](Place& p) { p.away = true; });
  push_one_by_one(2, 5);
  service_.reset();
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.file("spool"))) files.push_back(entry.path());
  ASSERT_EQ(files.size(), 1U);
  const auto size = std::filesystem::file_size(files[0]);
  std::fstream file(files[0], std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(size / 2));  // what follows in the file may be lost with it
  file.put('\x7f');
  file.close();
  place_->with([](Place& p) { p.away = false; });
  options_.written_until = minute(1);
  start();
  push_one_by_one(7, 1);
  ASSERT_TRUE(eventually([&] { return minutes().back() == 7; }));
  const auto arrived = minutes();
  const auto gaps = place_->with([](Place& p) { return p.gaps; });
  int lost = 0;
  for (int number = 2; number < 7; ++number) {
    if (std::find(arrived.begin(), arrived.end(), number) != arrived.end()) continue;
    ++lost;
    for (const char* venue : {"binance", "kraken"}) {
      EXPECT_TRUE(std::any_of(gaps.begin(), gaps.end(),
                              [&](const core::Gap& gap) {
                                return gap.venue == venue && gap.instrument_symbol.empty() &&
                                       gap.cause == core::GapCause::restart && gap.state == core::GapState::open &&
                                       gap.start <= minute(number) && minute(number) < gap.end;
                              }))
          << venue << " " << number;
    }
  }
  EXPECT_GT(lost, 0);
  for (const core::Gap& gap : gaps) EXPECT_GE(gap.start, minute(1)) << "what is in the store is not in doubt";
}

TEST_F(WritePathTest, ASpoolCanBeDrainedBeforeTheServiceStarts) {
  place_->with([](Place& p) { p.away = true; });
  start();
  push_one_by_one(0, 4);
  service_->stop();
  PlaceStore store(place_);
  EXPECT_FALSE(drain_spool(options_.spool_folder, store));
  place_->with([](Place& p) { p.away = false; });
  EXPECT_EQ(drain_spool(options_.spool_folder, store), 4U);
  EXPECT_THAT(minutes(), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(drain_spool(options_.spool_folder, store), 0U);
  EXPECT_EQ(drain_spool(folder_.file("nowhere"), store), 0U);
}

TEST_F(WritePathTest, AFullSpoolHoldsRowsBackAndGoesOnInOrder) {
  options_.spool_bytes = 800;
  options_.queue_rows = 4;
  place_->with([](Place& p) { p.away = true; });
  start();
  int pushed = 0;
  ASSERT_TRUE(eventually([&] {
    if (push(pushed) == PushResult::ok) {
      ++pushed;
      return false;
    }
    return service_->rows_waiting() >= 4 && service_->rows_spooled() >= 3;  // as many as it holds
  }));
  EXPECT_GT(pushed, 4);
  place_->with([](Place& p) { p.away = false; });
  service_->flush();
  ASSERT_TRUE(eventually([&] { return service_->write_state() == WriteState::ok; }));
  const auto arrived = minutes();
  ASSERT_EQ(arrived.size(), static_cast<std::size_t>(pushed));
  EXPECT_TRUE(std::is_sorted(arrived.begin(), arrived.end()));
}

TEST_F(WritePathTest, AFullDiskKeepsCandlesAndTellsOfTheTrades) {
  options_.full_disk_look = std::chrono::hours(1);
  place_->with([](Place& p) { p.no_room_for_trades = true; });
  start();
  push_one_by_one(0, 3, 10);
  EXPECT_EQ(service_->write_state(), WriteState::disk_full);
  EXPECT_THAT(minutes(), ElementsAre(0, 1, 2));
  EXPECT_EQ(service_->rows_spooled(), 0U);
  const auto gaps = place_->with([](Place& p) { return p.gaps; });
  ASSERT_THAT(gaps, SizeIs(3));  // one that grows: the same start
  EXPECT_EQ(gaps[2].venue, "kraken");
  EXPECT_EQ(gaps[2].cause, core::GapCause::disk_full);
  EXPECT_EQ(gaps[0].start, gaps[2].start);
  EXPECT_GT(gaps[2].end, minute(2));
  EXPECT_EQ(metrics_.counter("tickspan_storage_trades_skipped_total", "").value(), 30U);
}

TEST_F(WritePathTest, ADiskThatStaysFullIsOneHoleHoweverOftenItIsLookedAt) {
  options_.full_disk_look = milliseconds(0);  // with every write
  place_->with([](Place& p) { p.no_room_for_trades = true; });
  start();
  for (int i = 0; i < 20; ++i) {
    push_one_by_one(2 * i, 1, 10);
    push_one_by_one(2 * i + 1, 1);  // small enough for what is left: no proof of room
    ASSERT_EQ(service_->write_state(), WriteState::disk_full) << i;
  }
  EXPECT_THAT(minutes(), SizeIs(40));
  const auto gaps = place_->with([](Place& p) { return p.gaps; });
  ASSERT_THAT(gaps, SizeIs(20));
  for (const core::Gap& gap : gaps) EXPECT_EQ(gap.start, gaps[0].start);
  EXPECT_GT(gaps.back().end, minute(38));
}

TEST_F(WritePathTest, WhatIsOldGoesOnAFullDiskToo) {
  options_.full_disk_look = std::chrono::hours(1);
  options_.retention.interval = milliseconds(1);
  place_->with([](Place& p) { p.no_room_for_trades = true; });
  start();
  push_one_by_one(0, 1, 10);
  ASSERT_EQ(service_->write_state(), WriteState::disk_full);
  const std::size_t before = place_->with([](Place& p) { return p.sweeps; });
  EXPECT_TRUE(eventually([&] { return place_->with([](Place& p) { return p.sweeps; }) > before + 1; }));
  EXPECT_EQ(service_->write_state(), WriteState::disk_full);
}

TEST_F(WritePathTest, ASpoolThatCannotBeReadIsNotAskedWithoutAPause) {
  options_.retry_first = options_.retry_longest = std::chrono::hours(1);
  auto spool = std::make_unique<DeadSpool>();
  const DeadSpool& dead = *spool;
  BatchQueue queue(10);
  WriteFigures figures(metrics_);
  WritePath path(std::make_unique<PlaceWriter>(place_), std::move(spool), options_, queue, figures);
  for (int i = 0; i < 3; ++i) path.catch_up();
  EXPECT_EQ(dead.looks, 1);
  EXPECT_GT(path.next_look(), std::chrono::minutes(30));
  EXPECT_EQ(path.state(), WriteState::spooling);
}

TEST_F(WritePathTest, AFullDiskTellsOfCompositePricesToo) {
  options_.full_disk_look = std::chrono::hours(1);
  place_->with([](Place& p) { p.no_room_for_trades = true; });
  start();
  for (int i = 3; i < 6; ++i) {
    core::WriteBatch batch = world_.batch();
    batch.composites.push_back({world_.composite(world_.btc), core::composite_tick(minute(i), {1, 0})});
    batch.composites.push_back({world_.composite(world_.eth), core::composite_tick(minute(i), {1, 0})});
    ASSERT_EQ(service_->push(batch), PushResult::ok);
    service_->flush();
  }
  EXPECT_EQ(service_->write_state(), WriteState::disk_full);
  const auto gaps = place_->with([](Place& p) { return p.gaps; });
  ASSERT_THAT(gaps, SizeIs(3));  // one that grows: the same start
  for (int i = 3; i < 6; ++i) {
    const core::Gap& gap = gaps[static_cast<std::size_t>(i - 3)];
    EXPECT_EQ(gap.venue, core::kComposite);
    EXPECT_EQ(gap.instrument_symbol, "");
    EXPECT_EQ(gap.start, minute(3));
    EXPECT_EQ(gap.end, minute(i) + core::Duration{1});
    EXPECT_EQ(gap.cause, core::GapCause::disk_full);
    EXPECT_EQ(gap.state, core::GapState::lost) << "nobody can tell them again";
  }
  EXPECT_EQ(metrics_.counter("tickspan_storage_trades_skipped_total", "").value(), 6U);
}

TEST_F(WritePathTest, AWrongTimeMakesNoHoleOfYears) {
  options_.full_disk_look = std::chrono::hours(1);
  place_->with([](Place& p) { p.no_room_for_trades = true; });
  start();
  core::WriteBatch batch = world_.batch();
  batch.ticks.push_back(trade(world_.kraken_btc, 1, core::Timestamp::from_s(1'230'768'000), minute(5), "1", "1"));
  ASSERT_EQ(service_->push(batch), PushResult::ok);
  service_->flush();
  const auto gaps = place_->with([](Place& p) { return p.gaps; });
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_EQ(gaps[0].start, minute(4));
}

TEST_F(WritePathTest, ARecordThatIsRefusedDoesNotStandInTheWayOfTheOthers) {
  options_.durability = Durability::second;
  place_->with([](Place& p) { p.away = p.refuses_minute_0 = true; });
  start();
  push_one_by_one(0, 3);
  place_->with([](Place& p) { p.away = false; });
  int next = 3;
  // Each new group goes to the spool first, and waits for its sync there.
  ASSERT_TRUE(eventually([&] {
    push(next++);
    service_->flush();
    return !minutes().empty();
  }));
  ASSERT_TRUE(eventually([&] { return service_->write_state() == WriteState::ok; }));
  std::vector<int> all(static_cast<std::size_t>(next - 1));
  std::iota(all.begin(), all.end(), 1);
  EXPECT_EQ(minutes(), all);
  EXPECT_EQ(metrics_.counter("tickspan_storage_rows_dropped_total", "").value(), 1U);
}

TEST_F(WritePathTest, AFullSpoolIsWrittenWithoutAPauseOnceTheStoreWorks) {
  options_.spool_bytes = 20'000;
  options_.queue_rows = 4;
  options_.retry_first = std::chrono::hours(1);  // a pause after each record would never end
  options_.retry_longest = std::chrono::hours(1);
  place_->with([](Place& p) { p.away = true; });
  start();
  int pushed = 0;
  ASSERT_TRUE(eventually([&] {
    // The store comes back long before it is tried again; that the spool is full is a reason to try.
    if (service_->rows_spooled() > 5) place_->with([](Place& p) { p.away = false; });
    if (push(pushed) == PushResult::ok) ++pushed;
    return minutes().size() > 40;
  }));
}

TEST_F(WritePathTest, TradesAreStoredAgainOnceThereIsRoom) {
  options_.full_disk_look = milliseconds(1);
  place_->with([](Place& p) { p.no_room_for_trades = true; });
  start();
  push_one_by_one(0, 1, 10);
  place_->with([](Place& p) { p.no_room_for_trades = false; });
  int next = 1;
  ASSERT_TRUE(eventually([&] {
    push(next++, 1);
    service_->flush();
    return place_->with([](Place& p) { return p.trades > 0; });
  }));
  EXPECT_EQ(service_->write_state(), WriteState::ok);
}

}  // namespace
}  // namespace tickspan::storage::test
