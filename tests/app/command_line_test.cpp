#include "app/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tickspan::app {
namespace {

using testing::HasSubstr;

tl::expected<CommandLine, Exit> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "tickspan");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

TEST(CommandLine, ServeTakesFlagsOverTheFile) {
  const auto command = parse({"serve", "--listen", "127.0.0.1:1", "--listen", "[::1]:2", "--no-ui", "--offline", "fail",
                              "--set", "server.threads=3"});
  ASSERT_TRUE(command) << command.error().text;
  EXPECT_EQ(command->command, Command::serve);
  EXPECT_THAT(command->config.listen, testing::ElementsAre("127.0.0.1:1", "[::1]:2"));
  EXPECT_FALSE(command->config.serve_ui);
  EXPECT_EQ(command->config.offline, Offline::fail);
  EXPECT_EQ(command->config.server_threads, 3);
}

TEST(CommandLine, WhatIsWrongIsOneLineWithTheNearestMatchAndCode2) {
  const std::vector<std::pair<std::vector<const char*>, std::string>> cases = {
      {{"serve", "--lisen", "x"}, "unknown option \"--lisen\"; did you mean \"--listen\"?"},
      {{"serv"}, "unknown command \"serv\"; did you mean \"serve\"?"},
      {{}, "no command; known are serve"},
      {{"serve", "--offline", "simulat"}, "did you mean \"simulate\"?"},
      {{"serve", "--set", "server.thread=1"}, "did you mean \"server.threads\"?"},
      {{"serve", "--set", "server.threads"}, "allowed: KEY=VALUE"},
      {{"serve", "--config", "/does/not/exist.toml"}, "/does/not/exist.toml: cannot be read"},
      {{"replay"}, "FILE is required"},
      {{"simulate", "--speed", "abc"}, "--speed"},
      {{"serve", "--data"}, "--data"},
  };
  for (const auto& [arguments, expected] : cases) {
    const auto command = parse(arguments);
    ASSERT_FALSE(command) << expected;
    EXPECT_EQ(command.error().code, 2);
    EXPECT_THAT(command.error().text, HasSubstr(expected));
    EXPECT_EQ(command.error().text.find('\n'), std::string::npos) << command.error().text;
  }
}

TEST(CommandLine, HelpAndVersionEndWell) {
  EXPECT_EQ(parse({"--help"}).error().code, 0);
  EXPECT_THAT(parse({"serve", "--help"}).error().text, HasSubstr("--offline"));
  EXPECT_THAT(parse({"backup", "--help"}).error().text, HasSubstr("Usage: tickspan backup [OPTIONS] FILE"));
  EXPECT_EQ(parse({"--version"}).error().code, 0);
}

TEST(CommandLine, ACommandHasOnlyTheOptionsThatItUses) {
  struct Case {
    std::vector<const char*> command;
    std::vector<std::string> has;
  };
  const std::vector<std::string> all = {"--config", "--data",    "--offline", "--log-level",
                                        "--set",    "--listen ", "--no-ui"};
  const std::vector<std::string> of_store = {"--config", "--data", "--log-level", "--set"};
  const std::vector<Case> cases = {
      {{"serve"}, all},
      {{"record", "a.rec"}, {"--config", "--log-level", "--set"}},
      {{"replay", "a.rec", "--serve"}, {"--config", "--log-level", "--set", "--listen ", "--no-ui"}},
      {{"backup", "a.db"}, of_store},
      {{"restore", "a.db"}, of_store},
      {{"export", "trades", "-", "--pair", "btc/usd"}, of_store},
      {{"import", "trades", "-", "--pair", "btc/usd"}, of_store},
      {{"verify"}, of_store},
      {{"backfill", "--pair", "btc/usd", "--from", "2021-01-01"}, of_store},
      {{"config"}, {}}};
  for (const auto& [command, has] : cases) {
    const std::string help = parse({command[0], "--help"}).error().text;
    for (const std::string& option : all) {
      const bool used = std::find(has.begin(), has.end(), option) != has.end();
      EXPECT_EQ(help.find(option) != std::string::npos, used) << command[0] << ' ' << option;
      if (used) continue;
      const std::string given = option.substr(0, option.find(' ')) + "=1";
      auto line = command;
      line.push_back(given.c_str());
      const auto parsed = parse(line);
      ASSERT_FALSE(parsed) << command[0] << ' ' << option;
      EXPECT_EQ(parsed.error().code, 2);
      EXPECT_THAT(parsed.error().text, HasSubstr("unknown option"));
    }
  }
  const std::vector<std::pair<std::vector<const char*>, std::string>> idle = {
      {{"replay", "a.rec", "--listen", "127.0.0.1:1"}, "--listen requires --serve"},
      {{"replay", "a.rec", "--no-ui"}, "--no-ui requires --serve"},
      {{"backup", "a.db", "--offline", "wait"}, "backup: unknown option \"--offline\""},
      {{"export", "trades", "a.csv", "--pair", "btc/usd", "--interval", "1h"}, "--interval is for candles"},
      {{"import", "candles", "a.csv", "--pair", "btc/usd", "--format", "ndjson"},
       "--format is for FILE -; the name \"a.csv\" tells its own"},
  };
  for (const auto& [line, expected] : idle) {
    const auto parsed = parse(line);
    ASSERT_FALSE(parsed) << expected;
    EXPECT_EQ(parsed.error().code, 2);
    EXPECT_THAT(parsed.error().text, HasSubstr(expected));
  }
}

TEST(CommandLine, TablesGoOutAndIn) {
  const auto out = parse({"export", "candles", "a.csv.gz", "--pair", "btc/usd", "--interval", "1h", "--start",
                          "2021-01-01", "--end", "1609545600000", "--force"});
  ASSERT_TRUE(out) << out.error().text;
  EXPECT_EQ(out->command, Command::export_table);
  EXPECT_EQ(out->table.kind, "candles");
  EXPECT_EQ(out->table.venue, "");
  EXPECT_EQ(out->table.interval, "1h");
  EXPECT_THAT(out->files, testing::ElementsAre("a.csv.gz"));
  EXPECT_EQ(out->table.end - out->table.start, std::chrono::hours(24));
  EXPECT_TRUE(out->force);
  const auto in = parse({"import", "trades", "-", "--venue", "binance", "--pair", "xrp/eth", "--skip-bad", "--format",
                         "ndjson", "--start", "2021-01-01"});
  ASSERT_TRUE(in) << in.error().text;
  EXPECT_EQ(in->command, Command::import_table);
  EXPECT_EQ(in->table.venue, "binance");
  EXPECT_EQ(in->table.form, "ndjson");
  EXPECT_TRUE(in->table.skip_bad);
  EXPECT_EQ(in->table.start, core::Timestamp::from_s(1'609'459'200));
  const auto backfill = parse({"backfill", "--pair", "btc/usd", "--from", "2021-01-01", "--interval", "1h"});
  ASSERT_TRUE(backfill) << backfill.error().text;
  EXPECT_EQ(backfill->command, Command::backfill);
  EXPECT_EQ(backfill->table.interval, "1h");
  EXPECT_EQ(backfill->table.start, core::Timestamp::from_s(1'609'459'200));
  const auto verify = parse({"verify", "--list", "5"});
  ASSERT_TRUE(verify) << verify.error().text;
  EXPECT_EQ(verify->command, Command::verify);
  EXPECT_EQ(verify->table.listed, 5U);
  const std::vector<std::pair<std::vector<const char*>, std::string>> wrong = {
      {{"export", "books", "a.csv", "--pair", "btc/usd"}, "books"},
      {{"export", "trades", "a.csv"}, "--pair is required"},
      {{"export", "trades", "a.csv", "--pair", "btc/usd", "--start", "soon"}, "--start cannot be \"soon\""},
      {{"export", "trades", "a.csv", "--pair", "btc/usd", "--start", "2021-01-02", "--end", "2021-01-01"},
       "--end is not after --start"},
      {{"export", "candles", "a.csv", "--pair", "btc/usd", "--interval", "2m"}, "2m"},
      {{"import", "trades", "a.csv", "--venue", "binanse", "--pair", "btc/usd"}, "--venue: binanse not in {binance,"},
      {{"verify", "--venue", "binance"}, "--pair"},
      {{"backup"}, "FILE is required"},
  };
  for (const auto& [arguments, expected] : wrong) {
    const auto command = parse(arguments);
    ASSERT_FALSE(command) << expected;
    EXPECT_EQ(command.error().code, 2);
    EXPECT_THAT(command.error().text, HasSubstr(expected));
  }
}

TEST(CommandLine, ReplayTakesSeveralFiles) {
  const auto command = parse({"replay", "a.rec", "b.rec.gz", "--speed", "2"});
  ASSERT_TRUE(command);
  EXPECT_THAT(command->files, testing::ElementsAre("a.rec", "b.rec.gz"));
  EXPECT_EQ(command->replay_speed, 2);
}

}  // namespace
}  // namespace tickspan::app
