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
  EXPECT_EQ(parse({"--version"}).error().code, 0);
}

TEST(CommandLine, ReplayTakesSeveralFiles) {
  const auto command = parse({"replay", "a.rec", "b.rec.gz", "--speed", "2"});
  ASSERT_TRUE(command);
  EXPECT_THAT(command->files, testing::ElementsAre("a.rec", "b.rec.gz"));
  EXPECT_EQ(command->replay_speed, 2);
}

}  // namespace
}  // namespace tickspan::app
