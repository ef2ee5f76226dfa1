#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "forwarding_store.hpp"
#include "storage/memory_store.hpp"

namespace tickspan::storage::test {

/// A store that tells what it is asked, and lets a test do something between a read and its return.
struct Spy {
  std::vector<CandleQuery> asked;
  std::size_t gap_reads = 0;
  std::function<void()> after_read, before_write;
  bool refuse_writes = false;
  std::uint64_t foreign_writes = 0;
};

class SpyReader final : public ForwardingReader {
 public:
  SpyReader(std::unique_ptr<StoreReader> reader, Spy& spy) : ForwardingReader(std::move(reader)), spy_(spy) {}
  core::Result<std::vector<core::Candle>> candles(const CandleQuery& query) override {
    auto out = ForwardingReader::candles(query);
    if (query.limit != 1) spy_.asked.push_back(query);
    if (query.limit != 1 && spy_.after_read) std::exchange(spy_.after_read, {})();
    return out;
  }
  core::Result<std::vector<core::Gap>> gaps(const GapQuery& query) override {
    auto out = ForwardingReader::gaps(query);
    ++spy_.gap_reads;
    if (spy_.after_read) std::exchange(spy_.after_read, {})();
    return out;
  }
  core::Result<std::uint64_t> foreign_writes() override { return spy_.foreign_writes; }

 private:
  Spy& spy_;
};

class SpyWriter final : public StoreWriter {
 public:
  SpyWriter(std::unique_ptr<StoreWriter> writer, Spy& spy) : writer_(std::move(writer)), spy_(spy) {}
  core::Status write(const std::vector<core::WriteBatch>& batches) override {
    if (spy_.before_write) std::exchange(spy_.before_write, {})();
    if (spy_.refuse_writes) return core::fail(core::ErrorCode::io_error, "refused", true);
    return writer_->write(batches);
  }
  core::Result<std::size_t> expire(const Expiry& older_than, std::size_t most) override {
    return writer_->expire(older_than, most);
  }

 private:
  std::unique_ptr<StoreWriter> writer_;
  Spy& spy_;
};

class SpyStore final : public ForwardingStore {
 public:
  SpyStore(Spy& spy, std::optional<core::Duration> keeps)
      : ForwardingStore(make_memory_store()), spy_(spy), keeps_(keeps) {}
  /// Of another program: the cache hears of it by Spy::foreign_writes alone.
  std::unique_ptr<StoreWriter> foreign_writer() { return std::move(*ForwardingStore::writer()); }
  core::Result<std::unique_ptr<StoreWriter>> writer() override {
    return std::make_unique<SpyWriter>(std::move(*ForwardingStore::writer()), spy_);
  }
  core::Result<std::unique_ptr<StoreReader>> reader() override {
    return std::make_unique<SpyReader>(std::move(*ForwardingStore::reader()), spy_);
  }
  std::optional<core::Duration> keeps_for() const override { return keeps_; }

 private:
  Spy& spy_;
  const std::optional<core::Duration> keeps_;
};

}  // namespace tickspan::storage::test
