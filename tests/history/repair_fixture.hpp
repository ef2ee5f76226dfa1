#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <mutex>
#include <vector>

#include "../net/loop_fixture.hpp"
#include "../storage/forwarding_store.hpp"
#include "../support/support.hpp"
#include "core/snapshot.hpp"
#include "feeds/venue_history.hpp"
#include "storage/history_service.hpp"
#include "storage/memory_store.hpp"

namespace tickspan::history::test {

using namespace std::chrono_literals;
using core::Timestamp;
using tickspan::test::eventually;
using tickspan::test::RunningLoop;

inline constexpr Timestamp kStart = Timestamp::from_s(1'780'000'020);

/// Answers as it is told, and remembers what was asked.
class FakePast final : public feeds::HistorySource {
 public:
  using Answer = std::function<core::Result<feeds::HistoryPage>(const feeds::HistoryQuery&)>;
  explicit FakePast(runtime::EventLoop& loop) : loop_(loop) {}
  const feeds::HistoryLimits& limits() const override { return limits_; }
  void fetch(feeds::HistoryQuery query, Done done) override {
    loop_.post([this, query = std::move(query), done = std::move(done)] {
      {
        const std::lock_guard lock(mutex_);
        asked_.push_back(query);
      }
      done(answer(query));
    });
  }
  std::vector<feeds::HistoryQuery> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  Answer answer;
  feeds::HistoryLimits limits_;

 private:
  runtime::EventLoop& loop_;
  mutable std::mutex mutex_;
  std::vector<feeds::HistoryQuery> asked_;
};

inline feeds::HistoryPage trades_page(const feeds::HistoryQuery& query, std::uint64_t skip = 0) {
  feeds::HistoryPage page;
  std::uint64_t id = 100;
  for (Timestamp t = query.from + 5s; t < query.to; t = t + 10s, ++id) {
    if (id != skip) page.trades.push_back({t, {static_cast<std::int64_t>(id), 0}, {1, 0}, id, id, core::Side::buy});
  }
  return page;
}

/// One candle of one trade at each start.
inline feeds::HistoryPage candles_page(const feeds::HistoryQuery& query) {
  feeds::HistoryPage page;
  for (Timestamp t = query.from; t < query.to; t = t + feeds::candle_width(query.kind)) {
    core::Candle c;
    c.start = t;
    c.open = c.high = c.low = c.close = {7, 0};
    c.volume = {1, 0};
    c.trades = 1;
    page.candles.push_back(c);
  }
  return page;
}

/// Reads of candles that fail, so many as are wanted.
struct Refusals {
  std::function<bool(const storage::CandleQuery&)> of;  ///< set before the first read; not set: of none
  std::atomic<int> left{0};
};

/// A store in memory, with refusals.
class RefusingStore final : public storage::test::ForwardingStore {
 public:
  explicit RefusingStore(Refusals& refusals) : ForwardingStore(storage::make_memory_store()), refusals_(refusals) {}
  core::Result<std::unique_ptr<storage::StoreReader>> reader() override {
    return std::make_unique<Reader>(std::move(*ForwardingStore::reader()), refusals_);
  }

 private:
  struct Reader final : storage::test::ForwardingReader {
    Reader(std::unique_ptr<StoreReader> reader, Refusals& r) : ForwardingReader(std::move(reader)), refusals(r) {}
    core::Result<std::vector<core::Candle>> candles(const storage::CandleQuery& query) override {
      if (refusals.of && refusals.of(query) && refusals.left.fetch_sub(1) > 0)
        return core::fail(core::ErrorCode::io_error, "the disk is broken", true);
      return ForwardingReader::candles(query);
    }
    Refusals& refusals;
  };
  Refusals& refusals_;
};

/// Two pairs on one venue, a store in memory, and a venue's past as the test tells it.
class RepairTest : public testing::Test {
 protected:
  RepairTest() {
    core::Catalogue catalogue;
    const auto btc = catalogue.upsert_asset({"bitcoin", "btc", "Bitcoin", core::AssetKind::coin, 1});
    const auto eth = catalogue.upsert_asset({"ethereum", "eth", "Ethereum", core::AssetKind::coin, 2});
    const auto usd = catalogue.upsert_asset({"usd", "usd", "US dollar", core::AssetKind::fiat, 0});
    venue_ = catalogue.upsert_venue({"kraken", "Kraken", false, "", ""});
    auto symbols = std::make_shared<core::SymbolTable>();
    symbols->add("BTC/USD", catalogue.add_instrument({venue_, btc, usd, "BTC/USD"}));
    symbols->add("ETH/USD", catalogue.add_instrument({venue_, eth, usd, "ETH/USD"}));
    symbols_ = symbols;
    catalogue_ = std::make_shared<const core::Catalogue>(std::move(catalogue));
    set_feed(core::FeedState::live, kStart);
    clock_.set(kStart + 5min);
    EXPECT_TRUE(store_.start());
    past_.answer = [](const feeds::HistoryQuery& query) { return trades_page(query); };
  }
  ~RepairTest() override { store_.stop(); }

  core::SnapshotPtr snapshot() {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }
  core::SeriesKey series(std::string_view symbol) const {
    const core::Instrument& pair = catalogue_->instrument(catalogue_->find_instrument(venue_, symbol));
    return {pair.base, pair.quote, pair.venue};
  }
  void set_feed(core::FeedState state, Timestamp since, const std::vector<std::string>& unheard = {}) {
    auto made = std::make_shared<core::MarketSnapshot>();
    core::SourceRow row;
    row.venue = venue_;
    row.feed = state;
    row.since = since;
    if (!unheard.empty()) row.unheard = std::make_shared<const std::vector<std::string>>(unheard);
    made->catalogue = catalogue_;
    made->sources = std::make_shared<const std::vector<core::SourceRow>>(std::vector{row});
    const std::lock_guard lock(mutex_);
    snapshot_ = made;
  }
  template <typename Value>
  Value ask(std::function<core::Result<Value>(storage::StoreReader&)> job) {
    std::promise<Value> promise;
    EXPECT_TRUE(store_.read([&](storage::StoreReader& reader) { promise.set_value(job(reader).value()); }));
    return promise.get_future().get();
  }
  std::vector<core::Candle> candles(const std::string& base, core::Interval interval, Timestamp start, Timestamp end) {
    return ask<std::vector<core::Candle>>([&](storage::StoreReader& reader) {
      return reader.candles(
          {.base = base, .quote = "usd", .venue = "kraken", .interval = interval, .start = start, .end = end});
    });
  }

  core::VenueId venue_;
  core::CataloguePtr catalogue_;
  std::shared_ptr<const core::SymbolTable> symbols_;
  runtime::ManualClock clock_{kStart};
  runtime::Metrics metrics_;
  std::mutex mutex_;
  core::SnapshotPtr snapshot_;
  RunningLoop loop_;
  FakePast past_{loop_.get()};
  Refusals refusals_;
  storage::HistoryService store_{std::make_unique<RefusingStore>(refusals_), {.batch_time = 1ms}, metrics_, clock_};
};

}  // namespace tickspan::history::test
