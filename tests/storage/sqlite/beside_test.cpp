// A second program writes to the file of a server: what the server holds in memory is never older than that.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "../../support/support.hpp"
#include "../fixtures.hpp"
#include "storage/cached_store.hpp"
#include "storage/sqlite/sqlite_store.hpp"

namespace tickspan::storage::test {
namespace {

using core::Interval;

class BesideAServer : public testing::Test {
 protected:
  void SetUp() override {
    server_ = make_cached_store(sqlite::make_sqlite_store(path_), metrics_);
    ASSERT_TRUE(server_->open());
    own_ = std::move(*server_->writer());
    reader_ = std::move(*server_->reader());
    beside_ = sqlite::make_sqlite_store(path_, {.beside = true});
    ASSERT_TRUE(beside_->open());
    foreign_ = std::move(*beside_->writer());
  }
  core::WriteBatch priced(core::AssetId asset, int at, int price) const {
    const std::string text = std::to_string(price);
    core::WriteBatch batch = world_.batch();
    batch.candles.push_back(
        {world_.composite(asset), Interval::m1, candle(minute(at), text, text, text, text, "1", 1)});
    return batch;
  }
  static core::WriteBatch gap(int from) {
    core::WriteBatch batch;
    batch.gaps = {{"kraken", {}, minute(from), minute(from + 1), core::GapCause::mute}};
    return batch;
  }
  /// The close of the minute; -1 where there is none.
  static std::int64_t close(StoreReader& reader, const std::string& asset, int at, Interval level = Interval::m1) {
    const core::Timestamp start = minute(at).floor_to(core::width(level));
    const auto found = reader.candles({asset, "usd", "", level, start, start + core::width(level), 10});
    if (!found || found->size() != 1) return -1;
    return static_cast<std::int64_t>(found->front().close.to_double());
  }
  std::uint64_t hits() { return metrics_.counter("tickspan_storage_cache_hits_total", "").value(); }

  tickspan::test::TempDir folder_;
  const std::string path_ = folder_.file("tickspan.db");
  const World world_;
  runtime::Metrics metrics_;
  std::unique_ptr<HistoryStore> server_, beside_;
  std::unique_ptr<StoreWriter> own_, foreign_;
  std::unique_ptr<StoreReader> reader_;
};

TEST_F(BesideAServer, WhatIsWrittenThereShowsAtOnce) {
  ASSERT_TRUE(own_->write({priced(world_.btc, 0, 1), gap(0)}));
  for (int i = 2; i < 6; ++i) {
    ASSERT_TRUE(foreign_->write({priced(world_.btc, 0, i), gap(i)}));
    for (const Interval level : core::kIntervals) EXPECT_EQ(close(*reader_, "bitcoin", 0, level), i);
    EXPECT_EQ(reader_->gaps("", minute(0), minute(10), 10)->size(), static_cast<std::size_t>(i));
  }
  ASSERT_EQ(*foreign_->expire({minute(0) + std::chrono::hours(2), {}, {}}, 100), 1u);
  EXPECT_EQ(close(*reader_, "bitcoin", 0), -1);
  foreign_.reset();
  auto transaction = std::move(*beside_->transaction());
  ASSERT_TRUE(transaction->writer().write({priced(world_.btc, 0, 9)}));
  EXPECT_EQ(close(*reader_, "bitcoin", 0), -1);
  ASSERT_TRUE(transaction->commit());
  EXPECT_EQ(close(*reader_, "bitcoin", 0), 9);
}

TEST_F(BesideAServer, ItsOwnWritesLeaveWhatTheyDoNotTouch) {
  ASSERT_TRUE(foreign_->write({priced(world_.btc, 0, 1), gap(0)}));
  ASSERT_TRUE(own_->write({priced(world_.eth, 0, 1)}));
  const auto other = std::move(*server_->reader());
  const auto ask = [&](StoreReader& reader) {
    EXPECT_EQ(close(reader, "bitcoin", 0), 1);
    EXPECT_EQ(reader.gaps("", minute(0), minute(10), 10)->size(), 1u);
  };
  ask(*reader_);
  for (int i = 2; i < 10; ++i) {
    ASSERT_TRUE(own_->write({priced(world_.eth, 0, i)}));
    const std::uint64_t before = hits();
    ask(*reader_);
    ask(*other);
    EXPECT_EQ(hits(), before + 4) << i;
    EXPECT_EQ(close(*reader_, "ethereum", 0), i);
  }
}

TEST_F(BesideAServer, TradesOfBothStay) {
  std::uint64_t id = 0;
  for (int round = 0; round < 5; ++round) {
    for (StoreWriter* writer : {own_.get(), foreign_.get()}) {
      core::WriteBatch batch = world_.batch();
      batch.ticks.push_back(trade(world_.kraken_btc, ++id, minute(round), minute(round), "1", "1"));
      ASSERT_TRUE(writer->write({batch}));
    }
  }
  const auto found = reader_->trades({"bitcoin", "usd", "kraken", minute(0), minute(10), 100});
  ASSERT_EQ(found->size(), id);
  for (std::size_t i = 0; i < id; ++i) EXPECT_EQ(found->at(i).trade_id, i + 1);
}

// Whoever asks after a commit returned sees it, whatever others ask for and the server writes meanwhile.
TEST_F(BesideAServer, NoReadIsOlderThanACommitBeforeIt) {
  constexpr int kCommits = 200;
  ASSERT_TRUE(foreign_->write({priced(world_.btc, 0, 1)}));
  std::atomic<int> committed{1};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, reader = std::shared_ptr(std::move(*server_->reader()))] {
      for (int least = 0; least < kCommits;) {
        least = committed.load();
        ASSERT_GE(close(*reader, "bitcoin", 0), least);
      }
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; committed < kCommits; ++i) ASSERT_TRUE(own_->write({priced(world_.eth, i % 60, i)}));
  });
  for (int i = 2; i <= kCommits; ++i) {
    EXPECT_TRUE(foreign_->write({priced(world_.btc, 0, i)}));
    committed = i;
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace tickspan::storage::test
