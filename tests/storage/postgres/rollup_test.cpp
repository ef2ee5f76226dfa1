// Hours and days are kept by the writer as minutes come, in any order: what they say must be what the minutes say.

#include "storage/postgres/rollup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "../fixtures.hpp"
#include "server.hpp"
#include "storage/candle_aggregate.hpp"
#include "storage/memory_store.hpp"
#include "storage/postgres/postgres_store.hpp"

namespace tickspan::storage::test {
namespace {

using core::Interval;
using core::Timestamp;
using postgres::Rollup;
using postgres::RollupSum;
using postgres::RollupTracker;
using std::chrono::hours;
using testing::ElementsAre;
using testing::IsEmpty;

core::Candle any_minute(std::mt19937_64& random, Timestamp start) {
  const auto price = [&] { return core::Decimal{static_cast<std::int64_t>(900 + random() % 200), -1}; };
  core::Candle out;
  out.start = start;
  out.open = price();
  out.close = price();
  out.high = std::max({out.open, out.close, price()});
  out.low = std::min({out.open, out.close, price()});
  out.volume = {static_cast<std::int64_t>(random() % 100'000),
                static_cast<std::int8_t>(-4 - static_cast<int>(random() % 5))};
  out.trades = static_cast<std::uint32_t>(random() % 9);
  out.final = random() % 20 != 0;
  out.incomplete = random() % 30 == 0;
  out.flat = random() % 4 == 0;
  return out;
}

TEST(PostgresRollup, SumsAsTheReaderDoes) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 300; ++round) {
    std::vector<core::Candle> minutes;
    for (int i = 0; i < 60; ++i) {
      if (random() % 3 != 0) minutes.push_back(any_minute(random, minute(i)));
    }
    if (minutes.empty()) continue;
    RollupSum sum(minute(0));
    for (const auto& m : minutes) sum.add({m, 1, false});
    MinuteAggregator of_minutes(Interval::h1, minute(600), 10), of_hours(Interval::h1, minute(600), 10);
    for (auto m = minutes.rbegin(); m != minutes.rend(); ++m) ASSERT_TRUE(of_minutes.add(*m));
    ASSERT_TRUE(of_hours.add(sum.total().candle, sum.total().minutes));
    EXPECT_EQ(show(of_hours.take().at(0)), show(of_minutes.take().at(0)));
    EXPECT_EQ(sum.total().minutes, minutes.size());
    EXPECT_FALSE(sum.total().inexact);
  }
}

TEST(PostgresRollup, AVolumeThatWasRoundedIsMarked) {
  RollupSum sum(minute(0));
  sum.add({candle(minute(0), "1", "1", "1", "1", "999999999999999999"), 1, false});
  EXPECT_FALSE(sum.total().inexact);
  sum.add({candle(minute(1), "1", "1", "1", "1", "0.000001"), 1, false});
  EXPECT_TRUE(sum.total().inexact);
}

std::vector<Timestamp> starts(const std::map<Timestamp, Rollup>& closed) {
  std::vector<Timestamp> out;
  for (const auto& [start, rollup] : closed) out.push_back(start);
  return out;
}

Rollup one(int index) {
  return {candle(minute(index), "1", "1", "1", "1", "1"), 1, false};
}

TEST(PostgresRollup, ABucketClosesWhenTheNextBegins) {
  RollupTracker tracker(hours(1), {});
  RollupTracker::Output out;
  for (const int i : {0, 1, 1, 30}) tracker.feed(one(i), out);
  EXPECT_THAT(starts(out.closed), IsEmpty());
  tracker.feed(one(185), out);
  EXPECT_THAT(starts(out.closed), ElementsAre(minute(0)));
  EXPECT_EQ(out.closed.at(minute(0)).minutes, 3u);  // the repeated one counts once
  EXPECT_THAT(out.recount, IsEmpty());
}

TEST(PostgresRollup, WhatIsNotKnownIsCountedAgain) {
  RollupTracker restarted(hours(1), minute(10));
  RollupTracker::Output out;
  restarted.feed(one(11), out);
  restarted.feed(one(60), out);
  EXPECT_THAT(out.recount, ElementsAre(minute(0)));  // its first minutes were another run's
  EXPECT_THAT(starts(out.closed), IsEmpty());
  restarted.feed(one(20), out = {});
  EXPECT_THAT(out.recount, ElementsAre(minute(0)));  // a repair
  restarted.feed(one(70), out = {});
  restarted.feed(one(65), out);  // a repair within the newest: known no more
  EXPECT_THAT(out.recount, IsEmpty());
  restarted.advance(minute(120), out);
  EXPECT_THAT(out.recount, ElementsAre(minute(60)));
}

// The same random writes to PostgreSQL and to the memory store, which sums minutes up when read: late ones, repeated
// ones, in small and large batches, with the writer begun anew and two writers in turn.
class PostgresRollupSeed : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(Seeds, PostgresRollupSeed, testing::Values(1u, 2u, 3u, 4u));

TEST_P(PostgresRollupSeed, EveryLevelIsWhatTheMinutesSay) {
  if (PostgresServer::shared() == nullptr) GTEST_SKIP() << "no PostgreSQL server is installed";
  const std::string url = fresh_database();
  const auto real = postgres::make_postgres_store(url), other = postgres::make_postgres_store(url);
  const auto model = make_memory_store();
  for (auto* store : {real.get(), other.get(), model.get()}) ASSERT_TRUE(store->open());
  auto writer = std::move(*real->writer());
  auto other_writer = std::move(*other->writer());
  const auto model_writer = std::move(*model->writer());
  const auto reader = std::move(*real->reader());
  const auto model_reader = std::move(*model->reader());
  const World world;
  std::mt19937_64 random(GetParam());
  const Timestamp midnight = kNoon.floor_to(hours(24));
  int at = static_cast<int>(random() % 1440);
  for (int round = 0; round < 25; ++round) {
    core::WriteBatch batch = world.batch();
    const int rows = 1 + static_cast<int>(random() % (round % 5 == 0 ? 1500 : 40));
    const bool repair = random() % 3 == 0;
    int from = repair ? static_cast<int>(random() % static_cast<unsigned>(at + 1)) : at;
    for (int i = 0; i < rows; ++i, from += static_cast<int>(random() % 8 == 0 ? random() % 90 : 1)) {
      const auto asset = random() % 2 == 0 ? world.btc : world.eth;
      batch.candles.push_back(
          {world.composite(asset), Interval::m1, any_minute(random, midnight + std::chrono::minutes(from))});
      if (random() % 10 == 0) batch.candles.push_back(batch.candles[random() % batch.candles.size()]);
    }
    at = std::max(at, from);
    if (random() % 6 == 0) writer.reset(), writer = std::move(*real->writer());
    const auto written = (random() % 5 == 0 ? other_writer : writer)->write({batch});
    ASSERT_TRUE(written) << written.error().context;
    ASSERT_TRUE(model_writer->write({batch}));
    for (const Interval interval : core::kIntervals) {
      for (const char* asset : {"bitcoin", "ethereum"}) {
        CandleQuery query{asset, "usd", "", interval, midnight, midnight + std::chrono::minutes(at + 9), 100'000};
        if (random() % 3 == 0) query.limit = 1 + random() % 50;
        if (random() % 3 == 0) query.start = midnight + std::chrono::seconds(random() % 200'000);
        if (random() % 3 == 0) query.end = query.start + std::chrono::seconds(random() % 200'000);
        const auto found = reader->candles(query), expected = model_reader->candles(query);
        ASSERT_TRUE(found) << found.error().context;
        ASSERT_EQ(show(*found), show(*expected)) << asset << ' ' << core::to_string(interval) << " round " << round;
      }
    }
  }
  EXPECT_NE(Psql(url).ask("SELECT count(*) FROM tickspan.rollups WHERE level = 5"), "0");
}

TEST(PostgresRollup, ARoundedHourIsNotAddedTo) {
  if (PostgresServer::shared() == nullptr) GTEST_SKIP() << "no PostgreSQL server is installed";
  const auto real = postgres::make_postgres_store(fresh_database());
  const auto model = make_memory_store();
  const World world;
  for (auto* store : {real.get(), model.get()}) {
    ASSERT_TRUE(store->open());
    core::WriteBatch batch = world.batch();
    for (int i = 0; i < 300; ++i) {
      const char* const volume = i == 0 ? "999999999999999999" : i % 60 == 7 ? "0.3" : "0";
      batch.candles.push_back(
          {world.composite(world.btc), Interval::m1, candle(minute(i), "1", "1", "1", "1", volume)});
    }
    ASSERT_TRUE((*store->writer())->write({batch}));
  }
  const CandleQuery query{"bitcoin", "usd", "", Interval::h4, minute(0), minute(300)};
  const auto found = (*real->reader())->candles(query), expected = (*model->reader())->candles(query);
  EXPECT_EQ(show(*found), show(*expected));
}

// Of one day the writer writes the whole, of the next its hours, always both with one number. The day is read before
// the hours are: all of it must be of one transaction.
TEST(PostgresRollup, AnAnswerIsOfOneState) {
  if (PostgresServer::shared() == nullptr) GTEST_SKIP() << "no PostgreSQL server is installed";
  const auto store = postgres::make_postgres_store(fresh_database());
  ASSERT_TRUE(store->open());
  const World world;
  const Timestamp day = kNoon.floor_to(hours(24));
  const auto writer = std::move(*store->writer());
  const auto write = [&](std::uint32_t number) {
    core::WriteBatch batch = world.batch();
    const auto key = world.composite(world.btc);
    batch.candles.push_back({key, Interval::d1, candle(day, "1", "1", "1", "1", "0", number)});
    for (int h = 24; h < 48; ++h)
      batch.candles.push_back(
          {key, Interval::h1, candle(day + hours(h), "1", "1", "1", "1", "0", h == 30 ? number : 0)});
    return writer->write({batch});
  };
  ASSERT_TRUE(write(1));
  std::atomic<bool> stop{false};
  std::thread writing([&] {
    for (std::uint32_t number = 2; !stop; ++number) EXPECT_TRUE(write(number));
  });
  const auto reader = std::move(*store->reader());
  std::uint32_t newest = 0;
  for (int i = 0; i < 400 && !testing::Test::HasFailure(); ++i) {
    const auto found = reader->candles({"bitcoin", "usd", "", Interval::d1, day, day + hours(48)});
    EXPECT_TRUE(found && found->size() == 2);
    if (!found || found->size() != 2) break;
    EXPECT_EQ(found->at(0).trades, found->at(1).trades);
    newest = found->at(1).trades;
  }
  stop = true;
  writing.join();
  EXPECT_GT(newest, 5u) << "nothing was written meanwhile";
}

}  // namespace
}  // namespace tickspan::storage::test
