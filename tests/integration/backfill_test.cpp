// `tickspan backfill` against simulated venues: what it brings, and that nothing stops it from being whole in the end.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "../storage/postgres/server.hpp"
#include "core/time.hpp"
#include "database.hpp"
#include "served.hpp"

namespace tickspan::test {
namespace {

using namespace std::chrono_literals;
using core::Timestamp;
using testing::HasSubstr;
using testing::Not;

class BackfillCommand : public testing::Test {
 protected:
  std::vector<std::string> command(const std::vector<std::string>& more) const {
    std::vector<std::string> all{program(), "backfill", "--config", config_, "--data", data_};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  std::string day(int ago) const {
    return core::to_rfc3339(Timestamp::from_s(std::time(nullptr)).floor_to(24h) - 24h * ago).substr(0, 10);
  }
  /// Candles of bitcoin; `venue` empty: of the composite.
  std::int64_t count(int interval, const std::string& venue = "coinbase") const {
    return ask(data_ + "/tickspan.db",
               "SELECT count(*) FROM candles JOIN series ON series.id = candles.series WHERE base = 'bitcoin' AND "
               "venue = '" +
                   venue + "' AND interval = " + std::to_string(interval));
  }

  const TempDir dir_;
  const std::string config_ = dir_.file("c.toml"), data_ = dir_.file("data");
  const SimulatedVenues venues_{config_, 0, {"--rate", "20"}};
};

TEST_F(BackfillCommand, BringsMinutesHoursAndDaysAndASecondTimeNothing) {
  const auto range = command({"--pair", "btc/usd", "--venue", "coinbase", "--from", day(3), "--to", day(1)});
  Process first(range);
  ASSERT_EQ(first.wait(60s), 0) << first.err();
  EXPECT_THAT(first.out(), HasSubstr("coinbase btc/usd: 2930 candles written"));
  EXPECT_THAT(first.err(), HasSubstr("coinbase btc/usd 1m 100 %"));
  EXPECT_THAT(first.err(), Not(HasSubstr("\x1b")));  // not a terminal
  EXPECT_EQ(count(0), 2 * 1440);
  EXPECT_EQ(count(3), 48);
  EXPECT_EQ(count(5), 2);
  EXPECT_THAT(first.out(), HasSubstr("composite of btc: 2930 candles rebuilt from its pairs"));
  EXPECT_EQ(count(0, ""), 2 * 1440);
  EXPECT_EQ(count(3, ""), 48);
  EXPECT_EQ(count(5, ""), 2);
  EXPECT_EQ(ask(data_ + "/tickspan.db", "SELECT count(*) FROM meta WHERE key = 'last_write'"), 0)
      << "the past says nothing of until when the program listened";
  Process second(range);
  ASSERT_EQ(second.wait(60s), 0) << second.err();
  EXPECT_THAT(second.out(), HasSubstr("coinbase btc/usd: 0 candles written, 3 pieces were in the store already"));
  EXPECT_THAT(second.out(), HasSubstr("composite of btc: 0 candles rebuilt"));
  Process verified({program(), "verify", "--data", data_});
  EXPECT_EQ(verified.wait(60s), 0) << verified.out();
}

TEST_F(BackfillCommand, AskedWithoutAVenueItTakesAllThatHaveThePair) {
  Process process(command({"--pair", "btc/usd", "--from", day(2), "--to", day(1), "--interval", "1h"}));
  ASSERT_EQ(process.wait(60s), 0) << process.err();
  EXPECT_THAT(process.out(), HasSubstr("coinbase btc/usd: 25 candles"));
  EXPECT_THAT(process.out(), HasSubstr("kraken btc/usd: 25 candles"));
  EXPECT_THAT(process.out(), Not(HasSubstr("binance btc")));
  EXPECT_THAT(process.out(), HasSubstr("composite of btc: 25 candles rebuilt"));
  EXPECT_EQ(count(0, ""), 0);
  EXPECT_EQ(count(3, ""), 24) << "hours of hours, where there are no minutes";
}

TEST_F(BackfillCommand, AVenueThatRefusesTakesNothingFromTheOthers) {
  venues_.control("coinbase?rest_status=451");
  const auto range = command({"--pair", "btc/usd", "--from", day(2), "--to", day(1), "--interval", "1h"});
  Process process(range);
  EXPECT_EQ(process.wait(60s), 1);
  EXPECT_THAT(process.err(),
              HasSubstr("tickspan: coinbase: its list of pairs cannot be had: the list of pairs: HTTP 451"));
  EXPECT_THAT(process.out(), HasSubstr("kraken btc/usd: 25 candles"));
  EXPECT_THAT(process.out(), HasSubstr("composite of btc: 25 candles rebuilt"));
  venues_.control("coinbase?rest_status=0");
  Process again(range);
  ASSERT_EQ(again.wait(60s), 0) << again.err();
  EXPECT_THAT(again.out(), HasSubstr("coinbase btc/usd: 25 candles"));
}

TEST_F(BackfillCommand, KilledOrInterruptedItGoesOnWhereItWas) {
  const auto range = command({"--pair", "btc/usd", "--venue", "coinbase", "--from", day(9), "--to", day(1)});
  {
    Process process(range);
    ASSERT_TRUE(eventually([&] { return count(0) > 0; }, 60s)) << process.err();
    process.kill(SIGKILL);
    process.wait();
  }
  {
    Process process(range);
    const auto before = count(0);
    ASSERT_LT(before, 8 * 1440);
    ASSERT_TRUE(eventually([&] { return count(0) > before; }, 60s)) << process.err();
    process.kill(SIGINT);
    EXPECT_EQ(process.wait(), 1);
    EXPECT_THAT(process.err(), HasSubstr("interrupted; what was fetched is kept"));
  }
  ASSERT_LT(count(0), 8 * 1440);
  Process process(range);
  ASSERT_EQ(process.wait(60s), 0) << process.err();
  EXPECT_EQ(count(0), 8 * 1440);
  EXPECT_EQ(count(3), 8 * 24);
  EXPECT_EQ(count(5), 8);
  EXPECT_EQ(count(0, ""), 8 * 1440);
  EXPECT_EQ(count(5, ""), 8);
}

TEST_F(BackfillCommand, RunsBesideAServerButNotBesideAnother) {
  Served served(data_, {"--config", config_, "--set", "store.backfill=false"});
  ASSERT_TRUE(served.shows("bitcoin", "live")) << served.process().err();
  Process process(command({"--pair", "btc/usd", "--venue", "coinbase", "--from", day(4), "--to", day(1)}));
  ASSERT_TRUE(eventually([&] { return count(3) >= 72; }, 60s)) << process.err();
  Process second(command({"--pair", "btc/usd", "--venue", "coinbase", "--from", day(4)}));
  EXPECT_EQ(second.wait(), 1);
  EXPECT_THAT(second.err(), HasSubstr("is in use by another tickspan"));
  ASSERT_EQ(process.wait(60s), 0) << process.err();
  const std::string answer = served
                                 .get("/api/v1/candles/btc/usd?venue=coinbase&interval=1h&start=" + day(4) +
                                      "T00:00:00Z&end=" + day(1) + "T00:00:00Z")
                                 .body;
  EXPECT_EQ(json_field(answer, "complete"), "true") << answer.substr(0, 500);
  EXPECT_TRUE(served.shows("bitcoin", "live"));
  const std::string composite =
      served.get("/api/v1/candles/btc/usd?interval=1h&start=" + day(4) + "T00:00:00Z&end=" + day(1) + "T00:00:00Z")
          .body;
  EXPECT_EQ(json_field(composite, "complete"), "true") << composite.substr(0, 500);
  EXPECT_THAT(composite, HasSubstr("\"rebuilt\":true"));
}

TEST_F(BackfillCommand, TellsTheEarliestThatThereIs) {
  Process process(command(
      {"--pair", "btc/usdt", "--venue", "binance", "--from", "2010-01-01", "--to", "2027-01-01", "--interval", "1h"}));
  ASSERT_EQ(process.wait(120s), 0) << process.err();
  EXPECT_THAT(process.out(), testing::ContainsRegex("the earliest that it has is of 20[12][0-9]-"));
}

TEST_F(BackfillCommand, WhatCannotBeIsSaidInOneLine) {
  struct Case {
    std::vector<std::string> arguments;
    int code;
    std::string says;
  };
  const std::vector<Case> cases = {
      {{"--pair", "btc/usd"}, 2, "--from is required"},
      {{"--pair", "btc/usd", "--from", "2099-01-01"}, 2, "--from 2099-01-01T00:00:00.000Z is in the future"},
      {{"--pair", "btc/usd", "--from", "yesterday"}, 2, "--from cannot be \"yesterday\""},
      {{"--pair", "btc/usd", "--from", "2026-01-02", "--to", "2026-01-01"}, 2, "--to is not after --from"},
      {{"--pair", "btcusd", "--from", "2026-01-01"}, 2, "--pair cannot be \"btcusd\""},
      {{"--pair", "btc/usd", "--from", "2026-01-01", "--venue", "coingecko"},
       2,
       "--venue coingecko has no history to ask for; allowed: binance, coinbase, kraken"},
      {{"--pair", "btc/usd", "--from", "2026-01-01", "--interval", "5m"}, 2, "--interval"},
      {{"--pair", "bitcion/usd", "--from", "2026-01-01"}, 1, "bitcion is not known, near it: bitcoin"},
      {{"--pair", "btc/eth", "--from", "2026-01-01", "--venue", "kraken"}, 1, "btc/eth is traded at none of: kraken"},
  };
  for (const Case& c : cases) {
    Process process(command(c.arguments));
    EXPECT_EQ(process.wait(30s), c.code) << c.says;
    const std::string err = process.err();
    EXPECT_THAT(err, HasSubstr(c.says));
    EXPECT_EQ(std::count(err.begin(), err.end(), '\n'), 1) << err;
    EXPECT_EQ(process.out(), "");
  }
}

TEST_F(BackfillCommand, GoesIntoPostgresToo) {
  if (storage::test::PostgresServer::binaries().empty()) GTEST_SKIP() << "PostgreSQL is not installed";
  const std::string url = storage::test::fresh_database();
  const auto range = command(
      {"--pair", "btc/usd", "--venue", "coinbase", "--from", day(3), "--to", day(1), "--set", "store.url=" + url});
  Process process(range);
  ASSERT_EQ(process.wait(60s), 0) << process.err();
  EXPECT_THAT(process.out(), HasSubstr("2930 candles written"));
  storage::test::Psql database(url);
  EXPECT_EQ(database.ask("SELECT last_write FROM tickspan.state"), "0")
      << "the past says nothing of until when the program listened";
  Process again(range);
  ASSERT_EQ(again.wait(60s), 0) << again.err();
  EXPECT_THAT(again.out(), HasSubstr(": 0 candles written"));
}

}  // namespace
}  // namespace tickspan::test
