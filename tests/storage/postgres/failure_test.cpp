// A server that refuses, restarts, cuts sessions off or stops answering: every call comes back in time and says
// whether trying again helps; nothing acknowledged is lost and nothing is there twice.

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <random>
#include <thread>

#include "../../support/process.hpp"
#include "../fixtures.hpp"
#include "server.hpp"
#include "silent_peer.hpp"
#include "storage/postgres/postgres_store.hpp"

namespace tickspan::storage::test {
namespace {

using core::ErrorCode;
using core::Interval;
using postgres::make_postgres_store;
using postgres::PostgresOptions;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = std::chrono::steady_clock;
using tickspan::test::eventually;

constexpr const char* kSecret = "s3cret";

class PostgresFailure : public testing::Test {
 protected:
  void SetUp() override {
    if (PostgresServer::shared() == nullptr) GTEST_SKIP() << "no PostgreSQL server is installed";
    url_ = fresh_database();
  }
  /// `rows` minutes and as many trades, unlike those of any other `round`.
  core::WriteBatch batch(int round, int rows = 20) const {
    core::WriteBatch out = world_.batch();
    for (int i = round * rows; i < (round + 1) * rows; ++i) {
      out.candles.push_back({world_.composite(world_.btc), Interval::m1, candle(minute(i), "1", "1", "1", "1")});
      out.ticks.push_back(trade(world_.kraken_btc, static_cast<unsigned>(i) + 1, minute(i), minute(i), "1", "1"));
    }
    return out;
  }
  static std::size_t count(StoreReader& reader) {
    const auto minutes = reader.candles({"bitcoin", "usd", "", Interval::m1, minute(0), minute(1'000'000)});
    const auto trades = reader.trades({"bitcoin", "usd", "kraken", minute(0), minute(1'000'000), 1'000'000});
    EXPECT_TRUE(minutes && trades);
    if (!minutes || !trades) return 0;
    EXPECT_EQ(minutes->size(), trades->size());
    return minutes->size();
  }
  std::string url_;
  const World world_;
};

void expect_no_secret(const core::Error& error) {
  EXPECT_EQ(error.context.find(kSecret), std::string::npos) << error.context;
  EXPECT_EQ(error.context.find('\n'), std::string::npos) << error.context;
}

TEST_F(PostgresFailure, AWrongPasswordIsFinalAndNotShown) {
  std::string url = url_;
  url.replace(url.find("pass@"), 5, "wrong@");
  const auto opened = make_postgres_store(url)->open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::forbidden);
  EXPECT_FALSE(opened.error().retryable);
  expect_no_secret(opened.error());
}

TEST_F(PostgresFailure, AMissingDatabaseIsNamed) {
  const auto opened = make_postgres_store(PostgresServer::shared()->url("absent"))->open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::not_found);
  EXPECT_NE(opened.error().context.find("/absent: "), std::string::npos) << opened.error().context;
  expect_no_secret(opened.error());
}

TEST_F(PostgresFailure, APortNobodyListensOnIsUnavailable) {
  const std::string url =
      "postgresql://tick:s3cret@127.0.0.1:" + std::to_string(tickspan::test::free_port()) + "/market";
  const auto opened = make_postgres_store(url)->open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::unavailable);
  EXPECT_TRUE(opened.error().retryable);
  expect_no_secret(opened.error());
}

TEST_F(PostgresFailure, AHostThatSaysNothingIsGivenUpInTime) {
  const SilentPeer peer;
  PostgresOptions options;
  options.connect_time = milliseconds(200);
  const auto begin = Steady::now();
  const auto opened =
      make_postgres_store("postgresql://tick:s3cret@127.0.0.1:" + std::to_string(peer.port()) + "/market", options)
          ->open();
  EXPECT_LT(Steady::now() - begin, seconds(5));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::timeout);
  EXPECT_TRUE(opened.error().retryable);
  expect_no_secret(opened.error());
}

TEST_F(PostgresFailure, NoPlaceShowsThePassword) {
  const auto store = make_postgres_store(url_);
  ASSERT_TRUE(store->open());
  const auto info = (*store->reader())->info();
  EXPECT_EQ(info->location.find(kSecret), std::string::npos) << info->location;
  EXPECT_EQ(info->location.find("tick:"), std::string::npos) << info->location;
}

TEST_F(PostgresFailure, AServerThatStopsAnsweringMidQueryIsGivenUpInTime) {
  PostgresOptions options;
  options.statement_time = milliseconds(1500);
  {
    const auto patient = make_postgres_store(url_);
    ASSERT_TRUE(patient->open());
    ASSERT_TRUE((*patient->writer())->write({batch(0)}));
  }
  const auto store = make_postgres_store(url_, options);
  ASSERT_TRUE(store->open());
  const auto reader = std::move(*store->reader());
  const auto writer = std::move(*store->writer());
  ASSERT_TRUE(eventually([&] { return writer->write({batch(0)}).has_value(); }));
  ASSERT_EQ(count(*reader), 20u);
  Psql database(PostgresServer::shared()->url("postgres"));
  const std::string find =
      "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE application_name = 'tickspan' AND datname = "
      "'test'";
  std::vector<pid_t> stopped;
  std::istringstream pids(database.ask(find));
  for (pid_t pid = 0; pids >> pid;) {
    ASSERT_EQ(kill(pid, SIGSTOP), 0);
    stopped.push_back(pid);
  }
  ASSERT_GE(stopped.size(), 2u);
  const auto begin = Steady::now();
  const auto written = writer->write({batch(1)});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::timeout);
  EXPECT_TRUE(written.error().retryable);
  EXPECT_EQ(count(*reader), 20u);  // over another connection, once the first has been given up
  EXPECT_LT(Steady::now() - begin, seconds(15));
  for (const pid_t pid : stopped) kill(pid, SIGCONT);
  EXPECT_TRUE(eventually([&] { return writer->write({batch(1)}).has_value(); }));
  EXPECT_EQ(count(*reader), 40u);
}

TEST_F(PostgresFailure, AReaderOutlivesARestart) {
  const auto store = make_postgres_store(url_);
  ASSERT_TRUE(store->open());
  const auto reader = std::move(*store->reader());
  const auto writer = std::move(*store->writer());
  ASSERT_TRUE(writer->write({batch(0)}));
  ASSERT_EQ(count(*reader), 20u);
  PostgresServer::shared()->stop(PostgresServer::How::immediate);
  const auto away = reader->gaps("", minute(0), minute(1), 1);
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, ErrorCode::unavailable);
  EXPECT_TRUE(away.error().retryable);
  expect_no_secret(away.error());
  const auto unwritten = writer->write({batch(1)});
  ASSERT_FALSE(unwritten);
  EXPECT_TRUE(unwritten.error().retryable);
  PostgresServer::shared()->start();
  EXPECT_TRUE(eventually([&] { return reader->gaps("", minute(0), minute(1), 1).has_value(); }));
  EXPECT_TRUE(writer->write({batch(1)}));
  EXPECT_EQ(count(*reader), 40u);
}

// Sessions are cut off at random moments, most in the middle of a batch. The writer's caller does what the service
// does: it tries the same again until it is acknowledged.
TEST_F(PostgresFailure, NothingIsLostOrTwiceWhenSessionsAreCutOff) {
  constexpr int kLeastRounds = 30, kMostRounds = 3'000;
  const auto store = make_postgres_store(url_);
  ASSERT_TRUE(store->open());
  const auto writer = std::move(*store->writer());
  std::atomic<bool> done{false};
  std::atomic<int> cut{0};
  std::thread killer([&] {
    Psql database(PostgresServer::shared()->url("postgres"));
    std::minstd_rand random(11);
    while (!done) {
      const std::string pause = "SELECT pg_sleep(" + std::to_string(1e-3 * static_cast<double>(random() % 80)) + ")";
      database.run(pause);
      cut += std::atoi(database
                           .ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'test' "
                                "AND state <> 'idle'")
                           .c_str());
    }
  });
  int failed = 0;
  int rounds = 0;  // until some sessions were cut off, however quick the machine
  for (; rounds < kMostRounds && (rounds < kLeastRounds || cut < 5); ++rounds) {
    while (true) {
      const auto written = writer->write({batch(rounds)});
      if (written) break;
      ASSERT_TRUE(written.error().retryable) << written.error().context;
      if (++failed > 5'000) break;
    }
  }
  done = true;
  killer.join();
  EXPECT_GE(cut, 5);
  const auto reader = std::move(*store->reader());
  const std::size_t rows = 20u * static_cast<std::size_t>(rounds);
  EXPECT_EQ(count(*reader), rows);
  Psql database(url_);
  EXPECT_EQ(database.ask("SELECT count(*) FROM (SELECT series, trade FROM tickspan.trades GROUP BY 1, 2) AS t"),
            std::to_string(rows));
  const auto hours = reader->candles({"bitcoin", "usd", "", Interval::h1, minute(0), minute(20 * rounds)});
  std::size_t trades = 0;
  for (const auto& hour : *hours) trades += hour.trades;
  EXPECT_EQ(trades, rows);
  EXPECT_EQ(hours->size(), (rows + 59) / 60);
}

TEST_F(PostgresFailure, TheServersCrashInTheMiddleLosesNothingAcknowledged) {
  PostgresServer::Settings settings = {{"fsync", "on"}, {"full_page_writes", "on"}};
  PostgresServer server(settings);
  const auto store = make_postgres_store(server.make_database("market"));
  ASSERT_TRUE(store->open());
  std::atomic<int> acknowledged{0};
  std::atomic<bool> stop{false};
  std::thread writing([&] {
    const auto writer = std::move(*store->writer());
    while (!stop) {
      const auto written = writer->write({batch(acknowledged)});
      if (written) {
        ++acknowledged;
      } else {
        EXPECT_TRUE(written.error().retryable) << written.error().context;
      }
    }
  });
  for (int crash = 1; crash <= 2; ++crash) {
    EXPECT_TRUE(eventually([&] { return acknowledged >= crash * 5; }, seconds(60)));
    server.restart(PostgresServer::How::immediate);
  }
  stop = true;
  writing.join();
  const auto reader = std::move(*store->reader());
  // The batch that was on its way at the end may be there as well.
  const std::size_t rows = count(*reader);
  EXPECT_GE(rows, 20u * static_cast<std::size_t>(acknowledged));
  EXPECT_LE(rows, 20u * static_cast<std::size_t>(acknowledged + 1));
}

// Without waiting for the disk the server forgets what it acknowledged; the writer, as long as it lives, does not.
TEST_F(PostgresFailure, WhatTheCrashedServerForgotIsWrittenAgain) {
  PostgresServer server({{"fsync", "on"}, {"full_page_writes", "on"}, {"wal_writer_delay", "10s"}});
  PostgresOptions options;
  options.durability = Durability::second;
  const std::string url = server.make_database("market");
  const auto store = make_postgres_store(url, options);
  ASSERT_TRUE(store->open());
  const auto writer = std::move(*store->writer());
  ASSERT_TRUE(writer->write({batch(0)}));
  ASSERT_TRUE(writer->sync());
  for (int round = 1; round < 4; ++round) ASSERT_TRUE(writer->write({batch(round)}));
  server.restart(PostgresServer::How::immediate);
  const std::size_t left =
      static_cast<std::size_t>(std::atoi(Psql(url).ask("SELECT count(*) FROM tickspan.minutes").c_str()));
  EXPECT_GE(left, 20u) << "what was synced is on the disk";
  EXPECT_LT(left, 80u) << "the server forgot nothing: this test shows nothing";
  ASSERT_TRUE(eventually([&] { return writer->write({batch(4)}).has_value(); }));
  ASSERT_TRUE(writer->sync());
  EXPECT_EQ(count(**store->reader()), 100u);
  server.restart(PostgresServer::How::immediate);
  EXPECT_EQ(Psql(url).ask("SELECT count(*) FROM tickspan.minutes"), "100") << "sync() waits for the disk";
}

TEST_F(PostgresFailure, ATradeTheVenueRoundsDifferentlyIsStoredOnce) {
  const auto store = make_postgres_store(url_);
  ASSERT_TRUE(store->open());
  const auto writer = std::move(*store->writer());
  core::WriteBatch live = world_.batch(), repair = world_.batch();
  const auto exact = minute(0) + std::chrono::nanoseconds(123'456'789);
  live.ticks = {trade(world_.kraken_btc, 7, exact, exact, "1", "1"),
                trade(world_.kraken_btc, 8, exact, exact, "1", "1")};
  repair.ticks = {trade(world_.kraken_btc, 7, minute(0) + milliseconds(123), exact, "1", "1")};
  ASSERT_TRUE(writer->write({live}));
  ASSERT_TRUE(writer->write({repair}));
  const auto found = (*store->reader())->trades({"bitcoin", "usd", "kraken", minute(0), minute(1)});
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].at, minute(0) + milliseconds(123));  // the last written counts
}

TEST_F(PostgresFailure, TradesAreBoundAndOrderedToTheNanosecond) {
  const auto store = make_postgres_store(url_);
  ASSERT_TRUE(store->open());
  core::WriteBatch batch = world_.batch();
  const auto at = [](int ns) { return minute(0) + std::chrono::nanoseconds(ns); };
  unsigned id = 100;
  for (const int ns : {999, 3, 1000, 500, 2})
    batch.ticks.push_back(trade(world_.kraken_btc, id--, at(ns), at(ns), "1", "1"));
  ASSERT_TRUE((*store->writer())->write({batch}));
  const auto reader = std::move(*store->reader());
  const auto times = [&](int from, int to, std::size_t limit) {
    std::vector<std::int64_t> out;
    const auto found = reader->trades({"bitcoin", "usd", "kraken", at(from), at(to), limit});
    EXPECT_TRUE(found);
    for (const auto& t : *found) out.push_back((t.at - minute(0)).count());
    return out;
  };
  EXPECT_EQ(times(0, 2000, 9), (std::vector<std::int64_t>{2, 3, 500, 999, 1000}));
  EXPECT_EQ(times(3, 999, 9), (std::vector<std::int64_t>{3, 500}));
  EXPECT_EQ(times(0, 999, 2), (std::vector<std::int64_t>{3, 500}));
  EXPECT_EQ(times(0, 2000, 1), (std::vector<std::int64_t>{1000}));
}

}  // namespace
}  // namespace tickspan::storage::test
