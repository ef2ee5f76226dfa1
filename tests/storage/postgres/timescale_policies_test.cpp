// TimescaleDB under its own licence, where a server that has it is given: its jobs hold to the configuration, and what
// they do takes nothing that is to stay.

#include <gtest/gtest.h>

#include <chrono>

#include "../fixtures.hpp"
#include "server.hpp"
#include "storage/memory_store.hpp"
#include "storage/postgres/postgres_store.hpp"
#include "storage/postgres/replacement.hpp"
#include "storage/postgres/schema.hpp"

namespace tickspan::storage::test {
namespace {

using core::Interval;
using core::Timestamp;
using std::chrono::hours;
using std::chrono::minutes;

constexpr hours kDay{24};
constexpr const char* kCompare =  // buckets that are over, in one and not the same in the other
    "SELECT count(*) FROM (SELECT series, trades::int8, start, form, minutes, open, high, low, close, volume "
    "FROM tickspan.{}) a FULL JOIN (SELECT series, trades::int8, start, form, minutes, open, high, low, close, volume "
    "FROM tickspan.rollups WHERE level = {}) b USING (series, start) WHERE start < '{}' AND "
    "(a.trades, a.form, a.minutes, a.open, a.high, a.low, a.close, a.volume) IS DISTINCT FROM "
    "(b.trades, b.form, b.minutes, b.open, b.high, b.low, b.close, b.volume)";

Retention keep(int minute_days, int hour_days, int day_days, int tick_days) {
  return {minute_days, hour_days, day_days, 400, tick_days};
}

class TimescalePolicies : public testing::Test {
 protected:
  void SetUp() override {
    if (timescale_licence() != "timescale") GTEST_SKIP() << "no server with TimescaleDB under its own licence is given";
    url_ = fresh_database();
    database_ = std::make_unique<Psql>(url_);
    // Jobs run when the tests say so.
    database_->run("SET search_path = tickspan, public; SELECT _timescaledb_functions.stop_background_workers()");
    open({});
  }

  void TearDown() override {
    if (database_)
      database_->run("ALTER DATABASE test RESET ALL; DROP SCHEMA IF EXISTS tickspan_before_restore CASCADE");
  }

  void open(const std::optional<Retention>& retention) {
    writer_.reset();
    reader_.reset();
    postgres::PostgresOptions options;
    options.retention = retention;
    store_ = postgres::make_postgres_store(url_, options);
    const auto opened = store_->open();
    ASSERT_TRUE(opened) << opened.error().context;
    writer_ = std::move(*store_->writer());
    reader_ = std::move(*store_->reader());
  }

  /// What the jobs of a kind are set to, as `minutes 40 days, trades 7 days`.
  std::string jobs(const std::string& procedure, const std::string& setting) {
    return ask("SELECT coalesce(string_agg(name || ' ' || (config->>'" + setting +
               "')::interval, ', ' ORDER BY name), '') FROM (SELECT coalesce(c.view_name, j.hypertable_name) AS name, "
               "j.config FROM timescaledb_information.jobs j LEFT JOIN timescaledb_information.continuous_aggregates c "
               "ON j.hypertable_name IN (c.materialization_hypertable_name, c.view_name) WHERE j.proc_name = '" +
               procedure + "') AS jobs");
  }
  std::string retentions() { return jobs("policy_retention", "drop_after"); }
  std::string windows() { return jobs("policy_refresh_continuous_aggregate", "start_offset"); }

  void run_jobs(const std::string& procedure) {
    const std::string ids =
        ask("SELECT string_agg(job_id::text, ' ' ORDER BY job_id) FROM timescaledb_information.jobs "
            "WHERE proc_name = '" +
            procedure + "'");
    ASSERT_FALSE(ids.empty()) << procedure;
    for (std::size_t at = 0, end = 0; end != std::string::npos; at = end + 1) {
      end = ids.find(' ', at);
      database_->run("CALL run_job(" + ids.substr(at, end - at) + ")");
    }
  }

  std::string ask(const std::string& sql) { return database_->ask(sql); }

  void put(Timestamp from, Timestamp to, minutes step = minutes(1), const char* volume = "0.25") {
    core::WriteBatch batch = world_.batch();
    int i = 0;
    for (Timestamp at = from; at < to; at = at + step, ++i) {
      for (const core::AssetId asset : {world_.btc, world_.eth}) {
        core::Candle c = candle(at, "10", std::to_string(11 + i % 7), "9", "10.5", volume, 3);
        c.flat = i % 5 == 0;
        batch.candles.push_back({world_.composite(asset), Interval::m1, c});
      }
      batch.ticks.push_back(trade(world_.kraken_btc, static_cast<std::uint64_t>(at.seconds()), at, at, "1", "1"));
    }
    const auto written = writer_->write({batch});
    ASSERT_TRUE(written) << written.error().context;
  }

  std::vector<std::string> candles(Interval interval) {
    return show(*reader_->candles({"bitcoin", "usd", "", interval, today_ - kDay * 200, today_ + kDay * 2}));
  }
  std::string different(const char* view, int level, Timestamp before) {
    std::string sql = kCompare;
    for (const std::string& value : {std::string(view), std::to_string(level), core::to_rfc3339(before)}) {
      sql.replace(sql.find("{}"), 2, value);
    }
    return ask(sql);
  }

  const Timestamp today_ =
      Timestamp::from_s(
          std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count())
          .floor_to(kDay);
  const World world_;
  std::string url_;
  std::unique_ptr<Psql> database_;
  std::unique_ptr<HistoryStore> store_;
  std::unique_ptr<StoreWriter> writer_;
  std::unique_ptr<StoreReader> reader_;
};

TEST_F(TimescalePolicies, JobsAreSetToTheConfiguration) {
  EXPECT_EQ(retentions(), "") << "nobody said so";
  EXPECT_EQ(jobs("policy_compression", "compress_after"), "minutes 2 mons, trades 3 days");
  open(keep(40, 400, 0, 7));
  EXPECT_EQ(retentions(), "hours 400 days, minutes 40 days, trades 7 days");
  EXPECT_EQ(windows(), "days 31 days, hours 31 days");
  const std::string kJob =
      "SELECT job_id FROM timescaledb_information.jobs WHERE proc_name = 'policy_retention' AND "
      "hypertable_name = 'minutes'";
  const std::string before = ask(kJob);
  open(keep(40, 0, 800, 3));
  EXPECT_EQ(retentions(), "days 800 days, minutes 40 days, trades 3 days");
  EXPECT_EQ(ask(kJob), before) << "what stays the same keeps its job";
  open({});
  EXPECT_EQ(retentions(), "days 800 days, minutes 40 days, trades 3 days") << "a command does not know better";
  open(keep(2, 31, 31, 0));
  EXPECT_EQ(retentions(), "days 31 days, hours 31 days, minutes 2 days");
  EXPECT_EQ(windows(), "days 2 days, hours 2 days") << "no further back than there are minutes";
  open(keep(0, 0, 0, 0));
  EXPECT_EQ(retentions(), "");
  EXPECT_EQ(windows(), "days 31 days, hours 31 days");
}

// Where much was dropped, keeping more from now on brings none of it back: what was made of it must not be refreshed.
TEST_F(TimescalePolicies, AggregatesAreNotRefreshedWhereMinutesWereDropped) {
  put(today_ - kDay * 35, today_ + hours(2), minutes(10));
  ask("CALL refresh_continuous_aggregate('tickspan.hours', NULL, NULL)");
  open(keep(2, 0, 0, 0));
  const std::string rows = ask("SELECT count(*) FROM tickspan.hours");
  run_jobs("policy_retention");
  const int oldest =
      std::stoi(ask("SELECT extract(day FROM now() - min(range_start)) FROM "
                    "timescaledb_information.chunks WHERE hypertable_name = 'minutes'"));
  ASSERT_LT(oldest, 35) << "nothing was dropped";
  open(keep(0, 0, 0, 0));
  const std::string days = std::to_string(std::clamp(oldest, 2, 31)) + " days";
  EXPECT_EQ(windows(), "days " + days + ", hours " + days);
  run_jobs("policy_refresh_continuous_aggregate");
  EXPECT_EQ(ask("SELECT count(*) FROM tickspan.hours"), rows);
}

TEST_F(TimescalePolicies, LongerCandlesOutliveWhatTheJobsDrop) {
  put(today_ - kDay * 100 + minutes(7), today_ - kDay * 97);
  put(today_ - kDay * 4, today_ + hours(1));
  ask("CALL refresh_continuous_aggregate('tickspan.hours', NULL, NULL)");
  ask("CALL refresh_continuous_aggregate('tickspan.days', NULL, NULL)");
  const auto h1 = candles(Interval::h1), h4 = candles(Interval::h4), d1 = candles(Interval::d1);
  ASSERT_EQ(d1.size(), 8u);
  const std::string kHours = "SELECT count(*) || ' ' || sum(volume) FROM tickspan.hours";
  const std::string aggregated = ask(kHours), before = ask("SELECT count(*) FROM tickspan.minutes");
  open(keep(40, 0, 0, 2));
  run_jobs("policy_retention");
  EXPECT_EQ(ask("SELECT count(*) FROM tickspan.minutes WHERE start < now() - interval '90 days'"), "0");
  EXPECT_EQ(ask("SELECT count(*) FROM tickspan.trades WHERE at < now() - interval '4 days'"), "0");
  EXPECT_NE(ask("SELECT count(*) FROM tickspan.minutes WHERE start > now() - interval '39 days'"), "0");
  EXPECT_LT(std::stoi(ask("SELECT count(*) FROM tickspan.minutes")), std::stoi(before));
  run_jobs("policy_refresh_continuous_aggregate");
  EXPECT_EQ(candles(Interval::h1), h1);
  EXPECT_EQ(candles(Interval::h4), h4);
  EXPECT_EQ(candles(Interval::d1), d1);
  EXPECT_EQ(ask(kHours), aggregated);

  // The program leaves to the jobs what is theirs, and goes on with the rest.
  const std::string left = ask("SELECT count(*) FROM tickspan.minutes");
  const Timestamp now = today_ + kDay;
  const auto expired = writer_->expire({now - kDay * 40, {}, now - kDay * 2, today_ - kDay * 50, {}}, 1'000);
  ASSERT_TRUE(expired) << expired.error().context;
  EXPECT_EQ(ask("SELECT count(*) FROM tickspan.minutes"), left);
  EXPECT_EQ(ask("SELECT count(*) FROM tickspan.rollups WHERE level = 3 AND start < now() - interval '60 days'"), "0");
  EXPECT_EQ(candles(Interval::d1), d1);

  // A late minute of what was dropped does not take the place of its whole day.
  put(today_ - kDay * 98 + hours(2), today_ - kDay * 98 + hours(2) + minutes(1));
  EXPECT_EQ(candles(Interval::d1), d1);
}

// As where background workers are short, or a job fails.
TEST_F(TimescalePolicies, WhatJobsLeaveForTwoDaysGoesWithoutThem) {
  put(today_ - kDay * 100, today_ - kDay * 99, minutes(10));
  put(today_ - kDay * 4, today_ + hours(1), minutes(10));
  open(keep(40, 0, 0, 7));
  const auto h1 = candles(Interval::h1);
  const auto expired = writer_->expire({today_ - kDay * 40, {}, today_ - kDay * 7}, 1'000);
  ASSERT_TRUE(expired) << expired.error().context;
  EXPECT_GT(*expired, 0u);
  EXPECT_EQ(ask("SELECT count(*) FROM tickspan.minutes WHERE start < now() - interval '90 days'"), "0");
  EXPECT_EQ(ask("SELECT count(*) FROM tickspan.trades WHERE at < now() - interval '90 days'"), "0");
  EXPECT_NE(ask("SELECT count(*) FROM tickspan.minutes"), "0");
  EXPECT_EQ(candles(Interval::h1), h1);
}

TEST_F(TimescalePolicies, AJobDropsOldHoursOfTheAggregate) {
  put(today_ - kDay * 800, today_ - kDay * 800 + hours(3));
  put(today_ - kDay, today_);
  ask("CALL refresh_continuous_aggregate('tickspan.hours', NULL, NULL)");
  ASSERT_EQ(ask("SELECT count(*) FROM tickspan.hours WHERE start < now() - interval '700 days'"), "6");
  open(keep(40, 60, 0, 0));
  run_jobs("policy_retention");
  EXPECT_EQ(ask("SELECT count(*) FROM tickspan.hours WHERE start < now() - interval '700 days'"), "0");
  EXPECT_EQ(ask("SELECT count(*) FROM tickspan.hours WHERE start > now() - interval '2 days'"), "48");
}

TEST_F(TimescalePolicies, LateRowsReachCompressedChunks) {
  const auto model = make_memory_store();
  ASSERT_TRUE(model->open());
  const auto model_writer = std::move(*model->writer());
  const auto model_reader = std::move(*model->reader());
  // As if there were so many rows that it is met.
  ask("ALTER DATABASE test SET timescaledb.max_tuples_decompressed_per_dml_transaction = 50");
  open({});
  const Timestamp day = today_ - kDay * 100;
  const auto write = [&](int from, int to, int step, const char* volume) {
    core::WriteBatch batch = world_.batch();
    for (int i = from; i < to; i += step) {
      const Timestamp at = day + minutes(i);
      for (const core::AssetId asset : {world_.btc, world_.eth}) {
        const auto c = candle(at, "10", std::to_string(11 + i % 7), "9", "10.5", volume, 3);
        batch.candles.push_back({world_.composite(asset), Interval::m1, c});
      }
      batch.ticks.push_back(
          trade(world_.kraken_btc, 1u + static_cast<unsigned>(i), at + std::chrono::milliseconds(step), at, "1", "1"));
    }
    ASSERT_TRUE(model_writer->write({batch}));
    const auto written = writer_->write({batch});
    ASSERT_TRUE(written) << written.error().context;
  };
  const auto expect_same = [&] {
    for (const Interval interval : core::kIntervals) {
      const CandleQuery query{"ethereum", "usd", "", interval, day - kDay, day + kDay * 4};
      EXPECT_EQ(show(*reader_->candles(query)), show(*model_reader->candles(query))) << core::to_string(interval);
    }
    const TradeQuery query{"bitcoin", "usd", "kraken", day - kDay, day + kDay * 4};
    const auto found = reader_->trades(query), expected = model_reader->trades(query);
    ASSERT_EQ(found->size(), expected->size());
    for (std::size_t i = 0; i < found->size(); ++i) EXPECT_EQ(found->at(i).trade_id, expected->at(i).trade_id);
  };
  const std::string kPacked =
      "SELECT count(*) FROM timescaledb_information.chunks WHERE hypertable_schema = 'tickspan' AND is_compressed";
  write(0, 3 * 1440, 2, "0.25");
  run_jobs("policy_compression");
  ASSERT_GT(std::stoi(ask(kPacked)), 1);
  expect_same();
  write(600, 1800, 3, "0.75");  // every second of them is there already
  expect_same();
  write(3 * 1440, 3 * 1440 + 60, 1, "1");  // and newer than all of them
  expect_same();
  run_jobs("policy_compression");
  expect_same();
  // Retention by the program, where no job was asked for, too.
  const Expiry expiry{day + hours(30), {}, day + hours(30)};
  for (const auto& writer : {writer_.get(), model_writer.get()}) {
    for (std::size_t went = 1'000; went >= 1'000;) {
      const auto expired = writer->expire(expiry, 1'000);
      ASSERT_TRUE(expired) << expired.error().context;
      went = *expired;
    }
  }
  const CandleQuery query{"ethereum", "usd", "", Interval::m1, day - kDay, day + kDay * 4};
  EXPECT_EQ(show(*reader_->candles(query)), show(*model_reader->candles(query)));
}

TEST_F(TimescalePolicies, AggregatesSayWhatTheRollUpsSay) {
  open(keep(0, 0, 0, 0));
  put(today_ - kDay * 3, today_ + hours(1));
  run_jobs("policy_refresh_continuous_aggregate");
  EXPECT_EQ(different("hours", 3, today_), "0");
  EXPECT_EQ(different("days", 5, today_), "0");
  EXPECT_NE(ask("SELECT count(*) FROM tickspan.hours"), "0");
  put(today_ - kDay * 2 + minutes(30), today_ - kDay * 2 + hours(20), minutes(11), "0.75");  // a repair
  EXPECT_NE(different("hours", 3, today_), "0") << "not before their turn";
  run_jobs("policy_refresh_continuous_aggregate");
  EXPECT_EQ(different("hours", 3, today_), "0");
  EXPECT_EQ(different("days", 5, today_), "0");
}

TEST_F(TimescalePolicies, WhatARestorePutsAsideIsNotDeletedFrom) {
  open(keep(40, 0, 0, 7));
  put(today_ - kDay * 100, today_ - kDay * 99, minutes(10));
  reader_.reset();
  writer_.reset();
  store_.reset();
  auto replacement = postgres::Replacement::begin(url_, {});
  ASSERT_TRUE(replacement) << replacement.error().context;
  const auto kept = (*replacement)->finish();
  ASSERT_TRUE(kept) << kept.error().context;
  replacement->reset();
  EXPECT_EQ(retentions(), "");
  open(keep(40, 0, 0, 7));
  EXPECT_EQ(retentions(), "minutes 40 days, trades 7 days");
  run_jobs("policy_retention");
  EXPECT_EQ(ask("SELECT count(*) FROM " + *kept + ".trades"), "144");
  EXPECT_EQ(ask("SELECT count(*) FROM tickspan.trades"), "0");
  put(today_ - hours(3), today_);
  EXPECT_EQ(candles(Interval::h1).size(), 3u);
  run_jobs("policy_refresh_continuous_aggregate");
  EXPECT_EQ(different("hours", 3, today_ - hours(1)), "0");
}

// Before version 3 hours and days were read from the aggregates alone.
TEST_F(TimescalePolicies, AnOlderSchemaGetsItsRollUps) {
  put(today_ - kDay * 3, today_ + minutes(90));
  const auto h1 = candles(Interval::h1), d1 = candles(Interval::d1);
  const std::string kRollups = "SELECT count(*) || ' ' || sum(hashtext(r::text)) FROM tickspan.rollups r";
  const std::string before = ask(kRollups);
  ask("DELETE FROM tickspan.rollups");
  ask("UPDATE tickspan.schema_version SET version = 2");
  open({});
  EXPECT_EQ(ask("SELECT version FROM tickspan.schema_version"), std::to_string(postgres::newest_schema_version()));
  EXPECT_EQ(ask(kRollups), before);
  EXPECT_EQ(candles(Interval::h1), h1);
  EXPECT_EQ(candles(Interval::d1), d1);
}

}  // namespace
}  // namespace tickspan::storage::test
