#include "storage/cached_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "../support/support.hpp"
#include "conformance/backends.hpp"
#include "fixtures.hpp"
#include "spy_store.hpp"
#include "storage/memory_store.hpp"

namespace tickspan::storage::test {
namespace {

using core::Interval;
using core::Timestamp;
using std::chrono::hours;
using std::chrono::minutes;

/// Threads that end with the scope, however it is left.
struct Others {
  ~Others() {
    stop = true;
    for (auto& thread : threads) thread.join();
  }
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
};

const Timestamp kDay = kNoon.floor_to(hours(24));

class CachedStore : public testing::Test {
 protected:
  void make(std::size_t bytes = 1 << 20, std::optional<core::Duration> keeps = {}) {
    auto spied = std::make_unique<SpyStore>(spy_, keeps);
    foreign_ = spied->foreign_writer();
    store_ = make_cached_store(std::move(spied), metrics_, {.max_bytes = bytes, .now = [this] { return now_; }});
    ASSERT_TRUE(store_->open());
    writer_ = std::move(*store_->writer());
    reader_ = std::move(*store_->reader());
  }
  core::Status put(const std::vector<core::Candle>& candles) { return writer_->write({batch_of(candles)}); }
  void put_foreign(const std::vector<core::Candle>& candles) {
    ASSERT_TRUE(foreign_->write({batch_of(candles)}));
    ++spy_.foreign_writes;
  }
  core::WriteBatch batch_of(const std::vector<core::Candle>& candles) {
    core::WriteBatch batch = world_.batch();
    for (const auto& c : candles) batch.candles.push_back({world_.composite(world_.btc), Interval::m1, c});
    return batch;
  }
  static core::Candle priced(Timestamp start, int price) {
    const std::string text = std::to_string(price);
    return candle(start, text, text, text, text, "1", 1);
  }
  void put_minutes(Timestamp from, int count) {
    std::vector<core::Candle> all;
    for (int i = 0; i < count; ++i) all.push_back(priced(from + minutes(i), 1));
    ASSERT_TRUE(put(all));
  }
  std::vector<std::string> get(Interval interval, Timestamp start, Timestamp end, std::size_t limit = 100'000) {
    const auto found = reader_->candles({"bitcoin", "usd", "", interval, start, end, limit});
    EXPECT_TRUE(found);
    return show(*found);
  }
  std::uint64_t count(const std::string& what) {
    return metrics_.counter("tickspan_storage_cache_" + what + "_total", "").value();
  }
  double bytes() { return metrics_.gauge("tickspan_storage_cache_bytes", "").value(); }

  World world_;
  runtime::Metrics metrics_;
  Spy spy_;
  std::chrono::steady_clock::time_point now_{};
  std::unique_ptr<HistoryStore> store_;
  std::unique_ptr<StoreWriter> writer_, foreign_;
  std::unique_ptr<StoreReader> reader_;
};

TEST_F(CachedStore, AnswersTheSameAgainWithoutTheStore) {
  make();
  put_minutes(kDay, 1000);
  const auto first = get(Interval::m1, kDay + minutes(10), kDay + minutes(700));
  EXPECT_EQ(first.size(), 690u);
  const std::size_t asked = spy_.asked.size();
  EXPECT_EQ(get(Interval::m1, kDay + minutes(10), kDay + minutes(700)), first);
  const auto newest = get(Interval::m1, kDay + minutes(10), kDay + minutes(700), 3);
  EXPECT_EQ(newest, std::vector<std::string>(first.end() - 3, first.end()));
  EXPECT_EQ(spy_.asked.size(), asked);
  EXPECT_EQ(count("hits"), 2u);
  EXPECT_EQ(count("misses"), 1u);
  EXPECT_GT(bytes(), 690.0 * sizeof(core::Candle));
}

TEST_F(CachedStore, OfAChartThatGrowsOnlyTheEndIsReadAgain) {
  make();
  put_minutes(kDay - hours(24 * 30), 60 * 24 * 30);
  const auto chart = [&] { return get(Interval::h1, kDay - hours(24 * 30), kDay + hours(1)); };
  EXPECT_EQ(chart().size(), 720u);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(put({priced(kDay + minutes(i), 7)}));
    const std::size_t asked = spy_.asked.size();
    const auto now = chart();
    EXPECT_EQ(now.size(), 721u);
    EXPECT_NE(now.back().find(" 7e0 v" + std::to_string(i + 1) + "e0"), std::string::npos) << now.back();
    ASSERT_EQ(spy_.asked.size(), asked + 1);
    EXPECT_LE(spy_.asked.back().end - spy_.asked.back().start, hours(24 * 6));
  }
}

TEST_F(CachedStore, ARepairReachesEveryLevel) {
  make();
  put_minutes(kDay - hours(48), 60 * 24 * 4);
  for (const Interval level : core::kIntervals) get(level, kDay - hours(48), kDay + hours(48));
  ASSERT_TRUE(put({priced(kDay + minutes(17), 99)}));
  for (const Interval level : core::kIntervals) {
    std::string all;
    for (const auto& line : get(level, kDay - hours(48), kDay + hours(48))) all += line;
    EXPECT_NE(all.find("99e0"), std::string::npos) << core::to_string(level);
  }
}

TEST_F(CachedStore, AWriteElsewhereDropsNothingThatIsSettled) {
  make();
  put_minutes(kDay - hours(48), 60 * 24 * 4);
  get(Interval::m1, kDay, kDay + hours(1));
  get(Interval::m5, kDay, kDay + hours(1));
  const std::size_t asked = spy_.asked.size();
  ASSERT_TRUE(put({priced(kDay + hours(47), 99)}));
  core::WriteBatch other = world_.batch();
  other.candles.push_back({world_.composite(world_.eth), Interval::m1, priced(kDay, 5)});
  other.ticks.push_back(trade(world_.kraken_btc, 12, kDay, kDay, "64000.10", "0.5"));
  ASSERT_TRUE(writer_->write({other}));
  get(Interval::m1, kDay, kDay + hours(1));
  get(Interval::m5, kDay, kDay + hours(1));
  EXPECT_EQ(spy_.asked.size(), asked);
}

TEST_F(CachedStore, ALaterMinuteTellsThatAnEarlierHourIsOver) {
  make();
  put_minutes(kDay, 30);
  EXPECT_EQ(get(Interval::h1, kDay, kDay + hours(1)).at(0).find("incomplete"), std::string::npos);
  put_minutes(kDay + hours(3), 1);
  EXPECT_NE(get(Interval::h1, kDay, kDay + hours(1)).at(0).find("incomplete"), std::string::npos);
}

TEST_F(CachedStore, WhatWasReadBeforeAWriteIsNotTakenInAfterIt) {
  make();
  put_minutes(kDay, 300);
  spy_.after_read = [&] { ASSERT_TRUE(put({priced(kDay + minutes(5), 42)})); };
  get(Interval::m1, kDay, kDay + minutes(300));
  EXPECT_NE(get(Interval::m1, kDay, kDay + minutes(300)).at(5).find("42e0"), std::string::npos);
}

TEST_F(CachedStore, WhatIsReadDuringATransactionIsNotTakenIn) {
  make();
  put_minutes(kDay, 300);
  spy_.before_write = [&] {
    EXPECT_EQ(get(Interval::m1, kDay, kDay + minutes(300)).at(5).find("42e0"), std::string::npos);
  };
  ASSERT_TRUE(put({priced(kDay + minutes(5), 42)}));
  EXPECT_NE(get(Interval::m1, kDay, kDay + minutes(300)).at(5).find("42e0"), std::string::npos);
}

// The first run is held, the last is read while a write changes both: the answer must not be half of each.
TEST_F(CachedStore, AnAnswerIsOfOneState) {
  make();
  put_minutes(kDay, 1000);
  get(Interval::m1, kDay, kDay + minutes(300));
  spy_.after_read = [&] { ASSERT_TRUE(put({priced(kDay + minutes(5), 42), priced(kDay + minutes(900), 42)})); };
  const auto found = get(Interval::m1, kDay, kDay + minutes(1000));
  EXPECT_NE(found.at(5).find("42e0"), std::string::npos);
  EXPECT_NE(found.at(900).find("42e0"), std::string::npos);
}

TEST_F(CachedStore, AnAnswerIsOfOneStateWhoeverWrites) {
  make();
  put_minutes(kDay, 1000);
  get(Interval::m1, kDay, kDay + minutes(300));
  spy_.after_read = [&] { put_foreign({priced(kDay + minutes(5), 42), priced(kDay + minutes(900), 42)}); };
  const auto found = get(Interval::m1, kDay, kDay + minutes(1000));
  EXPECT_NE(found.at(5).find("42e0"), std::string::npos);
  EXPECT_NE(found.at(900).find("42e0"), std::string::npos);
  spy_.after_read = [&] { put_foreign({priced(kDay + minutes(6), 43)}); };
  get(Interval::m1, kDay, kDay + minutes(1000));
  EXPECT_NE(get(Interval::m1, kDay, kDay + minutes(1000)).at(6).find("43e0"), std::string::npos);
}

TEST_F(CachedStore, ManyWritesAsOneAreSeenAtTheirCommit) {
  make();
  put_minutes(kDay, 300);
  const auto seen = [&] {
    return get(Interval::m1, kDay, kDay + minutes(300)).at(5).find("42e0") != std::string::npos;
  };
  EXPECT_FALSE(seen());
  writer_.reset();
  {
    auto transaction = std::move(*store_->transaction());
    core::WriteBatch batch = world_.batch();
    batch.candles.push_back({world_.composite(world_.btc), Interval::m1, priced(kDay + minutes(5), 42)});
    ASSERT_TRUE(transaction->writer().write({batch}));
    EXPECT_FALSE(seen());
    ASSERT_TRUE(transaction->commit());
    EXPECT_TRUE(seen());
  }
  EXPECT_TRUE(seen());
  const std::size_t asked = spy_.asked.size();
  EXPECT_TRUE(seen());
  EXPECT_EQ(spy_.asked.size(), asked) << "it is held again";
}

TEST_F(CachedStore, WhatIsAskedForAsItWasWrittenIsNotSummedUp) {
  make();
  put_minutes(kDay, 300);
  EXPECT_EQ(get(Interval::h1, kDay, kDay + hours(5)).size(), 5u);
  CandleQuery query{"bitcoin", "usd", "", Interval::h1, kDay, kDay + hours(5), 100};
  query.stored_only = true;
  EXPECT_EQ(reader_->candles(query)->size(), 0u);
}

TEST_F(CachedStore, AFailedWriteLeavesNothingBehind) {
  make();
  put_minutes(kDay, 10);
  const auto before = get(Interval::m1, kDay, kDay + minutes(10));
  spy_.refuse_writes = true;
  EXPECT_FALSE(put({priced(kDay + minutes(5), 42)}));
  spy_.refuse_writes = false;
  EXPECT_EQ(get(Interval::m1, kDay, kDay + minutes(10)), before);
  const std::size_t asked = spy_.asked.size();
  get(Interval::m1, kDay, kDay + minutes(10));
  EXPECT_EQ(spy_.asked.size(), asked) << "it is held again after the failure";
}

// Batches are looked through once: by the store that would have them.
TEST_F(CachedStore, WhatIsNoRowIsTheStoresToRefuse) {
  make();
  put_minutes(kDay, 10);
  const auto before = get(Interval::m1, kDay, kDay + minutes(10));
  std::vector<core::WriteBatch> wrong(2, batch_of({priced(kDay, 42)}));
  wrong[0].candles[0].series.base = core::AssetId{999};
  wrong[1].catalogue = nullptr;
  for (const core::WriteBatch& batch : wrong) {
    bool asked = false;
    spy_.before_write = [&] { asked = true; };
    const auto refused = writer_->write({batch_of({priced(kDay + minutes(1), 42)}), batch});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, core::ErrorCode::invalid_argument);
    EXPECT_TRUE(asked);
    EXPECT_EQ(get(Interval::m1, kDay, kDay + minutes(10)), before);
  }
}

TEST_F(CachedStore, DeletedMinutesAreGoneAndWhatIsLeftOfThemIsTheStores) {
  make();
  put_minutes(kDay, 60 * 24 * 2);
  for (const Interval level : core::kIntervals) get(level, kDay, kDay + hours(48));
  ASSERT_EQ(*writer_->expire({kDay + hours(30), {}, {}}, 100'000), 30u * 60);
  EXPECT_EQ(get(Interval::m1, kDay, kDay + hours(48)).size(), 18u * 60);
  EXPECT_EQ(get(Interval::m5, kDay, kDay + hours(48)).size(), 18u * 12);
  EXPECT_EQ(get(Interval::h1, kDay, kDay + hours(48)).size(), 48u) << "stored before their minutes went";
  EXPECT_EQ(get(Interval::d1, kDay, kDay + hours(48)).size(), 2u);
}

TEST_F(CachedStore, TheBoundHoldsAndTheLongestUnaskedGoesFirst) {
  make(100'000);
  put_minutes(kDay, 256 * 20);
  const Timestamp grid = kDay.floor_to(minutes(256)) + minutes(256);
  const auto at = [&](int chunk) { get(Interval::m1, grid + minutes(256 * chunk), grid + minutes(256 * chunk + 1)); };
  at(0);
  for (int i = 1; i < 16; ++i) {
    at(i);
    at(0);
    EXPECT_LE(bytes(), 100'000);
  }
  EXPECT_GT(count("evictions"), 5u);
  const std::size_t asked = spy_.asked.size();
  at(0);
  EXPECT_EQ(spy_.asked.size(), asked);
  at(1);
  EXPECT_EQ(spy_.asked.size(), asked + 1);
}

TEST_F(CachedStore, WhereOthersWriteTooNothingIsHeldForLong) {
  make(1 << 20, std::chrono::seconds(2));
  put_minutes(kDay, 10);
  const auto ask = [&] {
    get(Interval::m1, kDay, kDay + minutes(10));
    EXPECT_TRUE(reader_->gaps("", kDay, kDay + hours(1), 10));
    return spy_.asked.size() + spy_.gap_reads;
  };
  const std::size_t first = ask();
  now_ += std::chrono::milliseconds(1999);
  EXPECT_EQ(ask(), first);
  now_ += std::chrono::milliseconds(1);
  EXPECT_EQ(ask(), first + 2);
}

TEST_F(CachedStore, AVeryLongQueryPassesBy) {
  make();
  put_minutes(kDay, 10);
  EXPECT_EQ(get(Interval::m1, {}, kDay + minutes(10)).size(), 10u);
  EXPECT_EQ(get(Interval::m1, kDay, {std::numeric_limits<std::int64_t>::max()}).size(), 10u);
  EXPECT_EQ(count("bypassed"), 2u);
  EXPECT_EQ(bytes(), 0);
}

TEST_F(CachedStore, GapsAreHeldUntilOneIsWritten) {
  make();
  const auto write_gap = [&](const std::string& venue, int from, int to, core::GapState state) {
    core::WriteBatch batch;
    batch.gaps = {{venue, {}, minute(from), minute(to), core::GapCause::mute, state, 3, 2}};
    ASSERT_TRUE(writer_->write({batch}));
  };
  write_gap("kraken", 0, 5, core::GapState::open);
  write_gap("binance", 3, 9, core::GapState::open);
  const auto ask = [&](const std::string& venue, int from, int to, std::size_t limit = 10) {
    return *reader_->gaps(venue, minute(from), minute(to), limit);
  };
  EXPECT_EQ(ask("", 0, 10).size(), 2u);
  EXPECT_EQ(ask("", 0, 10, 1).at(0).venue, "binance");
  EXPECT_EQ(ask("kraken", 0, 10).at(0).venue, "kraken");
  EXPECT_EQ(ask("", 5, 6).size(), 1u);
  EXPECT_EQ(ask("", 9, 10).size(), 0u);
  GapQuery older{minute(0), minute(10)};
  older.before = GapKey{minute(3), "binance", ""};
  ASSERT_EQ(reader_->gaps(older)->size(), 1u);
  EXPECT_EQ(reader_->gaps(older)->at(0).venue, "kraken");
  EXPECT_EQ(spy_.gap_reads, 1u);
  write_gap("kraken", 0, 7, core::GapState::repaired);
  EXPECT_EQ(ask("kraken", 0, 10).at(0).state, core::GapState::repaired);
  EXPECT_EQ(ask("kraken", 6, 7).size(), 1u);
  write_gap("kraken", 20, 21, core::GapState::open);
  spy_.after_read = [&] { write_gap("kraken", 30, 31, core::GapState::open); };
  ask("", 0, 50);
  EXPECT_EQ(ask("", 0, 50).size(), 4u);
}

TEST_F(CachedStore, MoreGapsThanFitAreReadFromTheStore) {
  make(64 * 1024);  // an eighth of it is some forty gaps
  core::WriteBatch batch;
  for (int i = 0; i < 500; ++i)
    batch.gaps.push_back({"kraken", {}, minute(i), minute(i + 1), core::GapCause::mute, core::GapState::open});
  ASSERT_TRUE(writer_->write({batch}));
  EXPECT_EQ(reader_->gaps("", minute(0), minute(500), 1000)->size(), 500u);
  const std::size_t reads = spy_.gap_reads;
  EXPECT_EQ(reader_->gaps("", minute(0), minute(500), 1000)->size(), 500u);
  EXPECT_EQ(spy_.gap_reads, reads + 1) << "it is not tried each time";
  EXPECT_LE(bytes(), 64 * 1024);
}

// Random writes of every kind by one thread while others read: whatever is held must be what the store would answer.
class CachedStoreModel : public testing::TestWithParam<Backend> {
 protected:
  core::Candle any_candle(Timestamp start) {
    const auto price = static_cast<std::int64_t>(100 + random_() % 900);
    core::Candle out;
    out.start = start;
    out.open = out.low = {price, -1};
    out.close = out.high = {price + static_cast<std::int64_t>(random_() % 50), -1};
    out.volume = {static_cast<std::int64_t>(random_() % 10'000), -3};
    out.trades = static_cast<std::uint32_t>(random_() % 50);
    out.final = random_() % 8 != 0;
    out.incomplete = random_() % 10 == 0;
    out.flat = random_() % 10 == 0;
    return out;
  }
  core::WriteBatch any_batch() {
    core::WriteBatch batch = world_.batch();
    const std::vector<core::SeriesKey> keys = {world_.composite(world_.btc), {world_.btc, world_.usdt, world_.binance}};
    const auto& key = keys[random_() % keys.size()];
    if (random_() % 4 != 0) {  // the series grows, now and then by a leap
      if (random_() % 10 == 0) head_ = head_ + minutes(random_() % 500);
      for (std::uint64_t n = 1 + random_() % 90; n > 0; --n, head_ = head_ + minutes(1))
        batch.candles.push_back({key, Interval::m1, any_candle(head_)});
    }
    if (random_() % 3 == 0) {  // a repair
      const Interval level = core::kIntervals[random_() % core::kIntervals.size()];
      const Timestamp at = kDay + (head_ - kDay) / 1000 * static_cast<std::int64_t>(random_() % 1000);
      batch.candles.push_back({key, level, any_candle(at.floor_to(core::width(level)))});
    }
    if (random_() % 4 == 0) {
      const Timestamp at = kDay + minutes(random_() % 3000);
      batch.gaps.push_back({random_() % 2 == 0 ? "kraken" : "binance",
                            {},
                            at,
                            at + minutes(1 + random_() % 60),
                            core::GapCause::mute,
                            random_() % 2 == 0 ? core::GapState::open : core::GapState::lost});
    }
    return batch;
  }
  static CandleQuery any_query(std::mt19937_64& random, Timestamp head) {
    const Interval level = core::kIntervals[random() % core::kIntervals.size()];
    const std::int64_t span = (head + hours(30) - kDay).count();
    const auto any = [&] {
      return kDay - hours(5) + core::Duration(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(span)));
    };
    const Timestamp a = any(), b = any();
    const bool pair = random() % 2 == 0;
    const std::size_t limit = random() % 3 == 0 ? 1 + random() % 20 : 100'000;
    return {"bitcoin", pair ? "tether" : "usd", pair ? "binance" : "", level, std::min(a, b), std::max(a, b), limit};
  }

  World world_;
  std::mt19937_64 random_;
  Timestamp head_ = kDay;
};
INSTANTIATE_TEST_SUITE_P(Backends, CachedStoreModel, testing::ValuesIn(backends()),
                         [](const auto& backend) { return backend.param.name; });

TEST_P(CachedStoreModel, AnswersAsTheStoreDoesWhateverIsWritten) {
  const bool quick = std::string_view(GetParam().name) == "memory";
  for (std::uint64_t seed = 1; seed <= (quick ? 6u : 2u); ++seed) {
    SCOPED_TRACE(seed);
    random_.seed(seed);
    head_ = kDay;
    tickspan::test::TempDir folder;
    auto made = GetParam().make(folder.path());
    if (made == nullptr) GTEST_SKIP() << "what it needs is not installed";
    HistoryStore& bare_store = *made;
    runtime::Metrics metrics;
    const auto store =
        make_cached_store(std::move(made), metrics, {.max_bytes = seed % 2 == 0 ? 300'000u : 8'000'000u});
    ASSERT_TRUE(store->open());
    auto bare = std::move(*bare_store.reader());
    auto cached = std::move(*store->reader());
    auto writer = std::move(*store->writer());
    std::atomic<std::int64_t> head{kDay.ns};
    Others others;
    for (std::uint64_t t = 0; t < 2; ++t) {
      others.threads.emplace_back(
          [&, reader = std::shared_ptr(std::move(*store->reader())), random = std::mt19937_64(t)]() mutable {
            while (!others.stop) {
              EXPECT_TRUE(reader->candles(any_query(random, {head.load()})));
              EXPECT_TRUE(reader->gaps("", kDay, kDay + hours(50), 100));
            }
          });
    }
    for (int round = 0; round < 60 && !HasFailure(); ++round) {
      ASSERT_TRUE(writer->write({any_batch()}));
      if (random_() % 25 == 0) {
        ASSERT_TRUE(writer->expire({kDay + minutes(random_() % 2000), {}, {}}, 300));
      }
      head = head_.ns;
      for (int i = 0; i < 6; ++i) {
        const CandleQuery query = any_query(random_, head_);
        const auto want = bare->candles(query), got = cached->candles(query);
        ASSERT_TRUE(want && got);
        ASSERT_EQ(show(*got), show(*want)) << core::to_string(query.interval) << " of " << query.venue << " from "
                                           << core::to_rfc3339(query.start) << " to " << core::to_rfc3339(query.end);
      }
      const auto want = bare->gaps("kraken", kDay, kDay + hours(30), 5);
      const auto got = cached->gaps("kraken", kDay, kDay + hours(30), 5);
      ASSERT_EQ(got->size(), want->size());
      for (std::size_t i = 0; i < got->size(); ++i) {
        ASSERT_EQ(got->at(i).start, want->at(i).start);
        ASSERT_EQ(got->at(i).end, want->at(i).end);
        ASSERT_EQ(got->at(i).state, want->at(i).state);
      }
    }
    EXPECT_GT(metrics.counter("tickspan_storage_cache_hits_total", "").value(), 50u);
  }
}

}  // namespace
}  // namespace tickspan::storage::test
