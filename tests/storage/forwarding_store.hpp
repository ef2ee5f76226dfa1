#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/history_store.hpp"

namespace tickspan::storage::test {

/// Another reader's answers, but for what a test overrides.
class ForwardingReader : public StoreReader {
 public:
  explicit ForwardingReader(std::unique_ptr<StoreReader> reader) : reader_(std::move(reader)) {}
  core::Result<std::vector<core::Candle>> candles(const CandleQuery& query) override { return reader_->candles(query); }
  core::Result<std::vector<core::Gap>> gaps(const GapQuery& query) override { return reader_->gaps(query); }
  core::Result<std::vector<core::MarketPoint>> points(const std::string& asset, core::Timestamp start,
                                                      core::Timestamp end, std::size_t limit) override {
    return reader_->points(asset, start, end, limit);
  }
  core::Result<std::vector<core::Takeover>> takeovers(const TakeoverQuery& query) override {
    return reader_->takeovers(query);
  }
  core::Result<std::vector<StoredTrade>> trades(const TradeQuery& query) override { return reader_->trades(query); }
  core::Result<std::vector<SeriesName>> series() override { return reader_->series(); }
  core::Result<StoreInfo> info() override { return reader_->info(); }
  core::Result<std::uint64_t> foreign_writes() override { return reader_->foreign_writes(); }

 private:
  std::unique_ptr<StoreReader> reader_;
};

/// Another store, but for what a test overrides.
class ForwardingStore : public HistoryStore {
 public:
  explicit ForwardingStore(std::unique_ptr<HistoryStore> store) : store_(std::move(store)) {}
  core::Status open() override { return store_->open(); }
  core::Result<std::unique_ptr<StoreWriter>> writer() override { return store_->writer(); }
  core::Result<std::unique_ptr<StoreReader>> reader() override { return store_->reader(); }
  core::Result<std::unique_ptr<StoreSnapshot>> snapshot() override { return store_->snapshot(); }
  core::Result<std::unique_ptr<StoreTransaction>> transaction() override { return store_->transaction(); }
  core::Result<core::RestoredState> restore(core::Timestamp since) override { return store_->restore(since); }
  std::optional<core::Duration> keeps_for() const override { return store_->keeps_for(); }

 private:
  std::unique_ptr<HistoryStore> store_;
};

}  // namespace tickspan::storage::test
