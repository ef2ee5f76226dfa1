#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "../../support/support.hpp"
#include "../fixtures.hpp"
#include "backends.hpp"
#include "storage/history_store.hpp"

// What every backend must do. A new one is one line in backends.cpp.

namespace tickspan::storage::test {

using core::Interval;
using core::Timestamp;
using std::chrono::hours;
using std::chrono::minutes;

class HistoryStoreConformance : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    store_ = GetParam().make(folder_.path());
    if (store_ == nullptr) GTEST_SKIP() << "what it needs is not installed";
    const auto opened = store_->open();
    ASSERT_TRUE(opened) << opened.error().context;
    auto writer = store_->writer();
    ASSERT_TRUE(writer);
    writer_ = std::move(*writer);
    auto reader = store_->reader();
    ASSERT_TRUE(reader);
    reader_ = std::move(*reader);
  }

  core::Status write(core::WriteBatch batch) {
    std::vector<core::WriteBatch> batches;
    batches.push_back(std::move(batch));
    return writer_->write(batches);
  }
  void put(const core::SeriesKey& series, const std::vector<core::Candle>& candles, Interval interval = Interval::m1) {
    core::WriteBatch batch = world_.batch();
    for (const auto& c : candles) batch.candles.push_back({series, interval, c});
    ASSERT_TRUE(write(std::move(batch)));
  }
  std::vector<std::string> get(CandleQuery query) {
    const auto found = reader_->candles(query);
    EXPECT_TRUE(found) << found.error().context;
    return found ? show(*found) : std::vector<std::string>{};
  }
  static CandleQuery btc_usd(Interval interval, Timestamp start, Timestamp end, std::size_t limit = 1000) {
    return {"bitcoin", "usd", "", interval, start, end, limit};
  }

  tickspan::test::TempDir folder_;
  World world_;
  std::unique_ptr<HistoryStore> store_;
  std::unique_ptr<StoreWriter> writer_;
  std::unique_ptr<StoreReader> reader_;
};

}  // namespace tickspan::storage::test
