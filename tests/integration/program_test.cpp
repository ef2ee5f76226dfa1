// The program as a user starts it: what it says when it cannot, and how it lives with venues that come and go.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "served.hpp"

namespace tickspan::test {
namespace {

using testing::HasSubstr;

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(Program, AWrongFlagIsOneLineAndCode2) {
  Process process({program(), "serve", "--lisen", "1"});
  EXPECT_EQ(process.wait(), 2);
  EXPECT_THAT(process.err(), HasSubstr("did you mean \"--listen\"?"));
  EXPECT_EQ(lines(process.err()), 1u);
}

TEST(Program, ATakenPortIsOneLineAndCode1) {
  const TempDir dir;
  Served first(dir.file("a"), {"--config", dead_venues(dir.file("c.toml"), free_port()), "--log-level", "error"});
  ASSERT_TRUE(eventually([&] { return first.get("/livez").status == 200; })) << first.process().err();
  Process second({program(), "serve", "--data", dir.file("b"), "--log-level", "error", "--listen",
                  "127.0.0.1:" + std::to_string(first.port())});
  EXPECT_EQ(second.wait(), 1);
  EXPECT_THAT(second.err(), HasSubstr(std::to_string(first.port())));
  EXPECT_EQ(lines(second.err()), 1u) << second.err();
}

TEST(Program, ADataDirectoryThatIsNoneIsOneLineAndCode1) {
  const TempDir dir;
  std::ofstream(dir.file("file")) << "not a directory";
  Process process({program(), "serve", "--data", dir.file("file") + "/below", "--listen", "127.0.0.1:0"});
  EXPECT_EQ(process.wait(), 1);
  EXPECT_THAT(process.err(), HasSubstr(dir.file("file")));
  EXPECT_EQ(lines(process.err()), 1u) << process.err();
}

TEST(Program, ADatabaseOfANewerVersionIsRefusedAndLeftAsItIs) {
  const TempDir dir;
  const std::string path = dir.file("tickspan.db");
  {
    Served served(dir.path(), {"--config", dead_venues(dir.file("c.toml"), free_port()), "--log-level", "error"});
    ASSERT_TRUE(eventually([&] { return served.get("/livez").status == 200; })) << served.process().err();
    served.process().kill(SIGTERM);
    ASSERT_EQ(served.process().wait(), 0);
  }
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "PRAGMA user_version=9999; PRAGMA wal_checkpoint(TRUNCATE)", nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(db);
  const std::string before = read_file(path);
  Process process({program(), "serve", "--data", dir.path(), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(process.wait(), 1);
  EXPECT_THAT(process.err(), HasSubstr("newer"));
  EXPECT_EQ(lines(process.err()), 1u) << process.err();
  EXPECT_EQ(read_file(path), before);
}

TEST(Program, OfflineFailEndsWithOneLine) {
  const TempDir dir;
  Served served(dir.path(), {"--config", dead_venues(dir.file("c.toml"), free_port()), "--offline", "fail",
                             "--log-level", "error"});
  EXPECT_EQ(served.process().wait(std::chrono::seconds(30)), 1);
  EXPECT_THAT(served.process().err(), HasSubstr("no source answered within 10 s"));
}

TEST(Program, AWrongFaultOfTheSimulatorNamesWhatThereIs) {
  Process process({program(), "simulate", "--listen", "127.0.0.1:0", "--fault", "binance:mut=1"});
  EXPECT_EQ(process.wait(), 2);
  EXPECT_THAT(process.err(), HasSubstr("there are mute,"));
}

TEST(Program, PricesFlowFromTheVenuesAndAKilledVenueIsNotShownAsLive) {
  const TempDir dir;
  auto venues = std::make_unique<SimulatedVenues>(dir.file("c.toml"));
  // Exchanges alone: the aggregator's figure would rightly stand in, live for two of its periods.
  std::ofstream(dir.file("c.toml"), std::ios::app) << "[[sources]]\nname = \"coingecko\"\nenabled = false\n";
  Served served(dir.file("data"), {"--config", dir.file("c.toml"), "--log-level", "error"});
  ASSERT_TRUE(served.shows("bitcoin", "live")) << served.get("/price/bitcoin").body << served.process().err();
  const std::string first = json_field(served.get("/price/bitcoin").body, "price");
  EXPECT_TRUE(eventually([&] { return json_field(served.get("/price/bitcoin").body, "price") != first; }));
  EXPECT_EQ(served.get("/readyz").status, 200);
  const std::string metrics = served.get("/metrics").body;
  for (const char* family :
       {"tickspan_server_requests_total", "tickspan_engine_ticks_total", "tickspan_storage_rows_written_total",
        "tickspan_market_clock_offset_seconds{source=\"kraken\"}"}) {
    EXPECT_THAT(metrics, HasSubstr(family));
  }
  std::set<std::string> families;
  std::istringstream lines(metrics);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("# TYPE ")) continue;
    EXPECT_TRUE(families.insert(line).second) << "twice: " << line;
  }

  venues->process().kill(SIGKILL);
  EXPECT_TRUE(eventually([&] {
    const std::string state = json_field(served.get("/price/bitcoin").body, "state");
    return state == "stale" || state == "down";
  })) << served.get("/price/bitcoin").body;
  served.process().kill(SIGTERM);
  EXPECT_EQ(served.process().wait(), 0) << served.process().err();
}

TEST(Program, AMuteVenueIsNotShownAsLiveAndIsReconnectedTo) {
  const TempDir dir;
  SimulatedVenues venues(dir.file("c.toml"), 0, {"--rate", "400"});
  std::ofstream(dir.file("c.toml"), std::ios::app) << "[[sources]]\nname = \"coingecko\"\nenabled = false\n";
  Served served(dir.file("data"), {"--config", dir.file("c.toml"), "--log-level", "error"});
  ASSERT_TRUE(served.shows("bitcoin", "live")) << served.process().err();

  for (const std::string& venue : venues.exchanges()) venues.control(venue + "?mute=true");
  // The sockets stay open and silent: max(5 s, 10 times the mean gap), and a little for the poll.
  EXPECT_TRUE(eventually([&] { return json_field(served.get("/price/bitcoin").body, "state") != "live"; },
                         std::chrono::seconds(9)))
      << served.get("/price/bitcoin").body;
  for (const std::string& venue : venues.exchanges()) venues.control(venue + "/reset");
  EXPECT_TRUE(served.shows("bitcoin", "live", std::chrono::seconds(60))) << served.get("/api/v1/sources").body;
}

TEST(Program, ARestartShowsTheLastPriceAtOnceAndNotAsLive) {
  const TempDir dir;
  std::string config = dir.file("c.toml");
  {
    SimulatedVenues venues(config);
    Served served(dir.file("data"), {"--config", config, "--log-level", "error"});
    ASSERT_TRUE(served.shows("bitcoin", "live")) << served.process().err();
    served.process().kill(SIGTERM);
    ASSERT_EQ(served.process().wait(), 0);
  }
  Served again(dir.file("data"), {"--config", config, "--log-level", "error"});  // the venues are gone
  ASSERT_TRUE(eventually([&] { return again.get("/price/bitcoin").status == 200; })) << again.process().err();
  const std::string body = again.get("/price/bitcoin").body;
  EXPECT_THAT(json_field(body, "state"), testing::AnyOf("stale", "down")) << body;
  EXPECT_GT(std::atof(json_field(body, "price").c_str()), 0) << body;
}

TEST(Program, OfflineItServesASimulatedMarketAndGoesOverToTheRealOne) {
  const TempDir dir;
  const int port = free_port();
  Served served(dir.file("data"),
                {"--config", dead_venues(dir.file("c.toml"), port), "--offline", "simulate", "--log-level", "error"});
  ASSERT_TRUE(served.process().says("SIMULATED", std::chrono::seconds(30)));
  ASSERT_TRUE(served.shows("bitcoin", "live"));
  EXPECT_EQ(json_field(served.get("/price/bitcoin").body, "origin"), "simulated");
  EXPECT_NE(json_field(served.get("/api/v1/status").body, "notice"), "");
  EXPECT_TRUE(std::filesystem::exists(dir.file("data") + "/simulated.db"));

  // What it takes for the real venues comes up.
  SimulatedVenues real(dir.file("ignored.toml"), port);
  EXPECT_TRUE(eventually([&] { return json_field(served.get("/price/bitcoin").body, "origin") == "real"; },
                         std::chrono::seconds(90)))
      << served.process().out();
  EXPECT_TRUE(served.shows("bitcoin", "live"));
  const std::string last = "Open http://127.0.0.1:" + std::to_string(served.port()) + "/\n";
  EXPECT_TRUE(eventually([&] { return served.process().out().ends_with("real prices\n" + last); }))
      << served.process().out();
}

TEST(Program, WhatIsRecordedReplaysWithNothingUndecodable) {
  const TempDir dir;
  SimulatedVenues venues(dir.file("c.toml"));
  for (const std::string venue : {"binance", "coinbase", "kraken", "okx", "bybit", "bitstamp"}) {
    const std::string file = dir.file(venue + ".rec.gz");
    Process record({program(), "record", file, "--venue", venue, "--seconds", "4", "--config", dir.file("c.toml"),
                    "--log-level", "error"});
    ASSERT_EQ(record.wait(std::chrono::seconds(40)), 0) << record.err();
    Process replay({program(), "replay", file});
    ASSERT_EQ(replay.wait(), 0) << replay.err();
    EXPECT_EQ(json_field(replay.out(), "undecodable"), "0") << replay.out();
    EXPECT_EQ(json_field(replay.out(), "venue"), venue);
    EXPECT_GT(std::atoi(json_field(replay.out(), "trades").c_str()), 0) << replay.out();
    EXPECT_GT(std::atoi(json_field(replay.out(), "quotes").c_str()), 0) << replay.out();
  }
}

}  // namespace
}  // namespace tickspan::test
