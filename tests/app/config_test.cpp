#include "app/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "../support/support.hpp"
#include "app/server_options.hpp"
#include "app/sources.hpp"

namespace tickspan::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

core::Result<Config> load(const std::string& text) {
  const test::TempDir dir;
  std::ofstream(dir.file("t.toml")) << text;
  auto entries = read_config_file(dir.file("t.toml"));
  if (!entries) return tl::unexpected(entries.error());
  Config config;
  if (auto done = apply_entries(*entries, config); !done) return tl::unexpected(done.error());
  if (auto done = validate(config); !done) return tl::unexpected(done.error());
  return config;
}

std::string complaint(const std::string& text) {
  const auto config = load(text);
  return config ? "accepted" : config.error().context;
}

TEST(Config, EveryKeyOfTheReferenceFileIsReadAndEqualsTheDefault) {
  const auto config = load(default_config_file());
  ASSERT_TRUE(config) << config.error().context;
  const Config defaults;
  EXPECT_EQ(config->listen, defaults.listen);
  EXPECT_EQ(config->store_queue_rows, defaults.store_queue_rows);
  EXPECT_EQ(config->offline, defaults.offline);
  EXPECT_EQ(config->log_level, defaults.log_level);
  EXPECT_EQ(config->tracked_assets, defaults.tracked_assets);
  EXPECT_EQ(config->max_connections, defaults.max_connections);
  EXPECT_EQ(config->max_connections_per_address, defaults.max_connections_per_address);
  EXPECT_EQ(config->header_timeout, defaults.header_timeout);
  EXPECT_EQ(config->idle_timeout, defaults.idle_timeout);
  EXPECT_EQ(config->header_bytes, defaults.header_bytes);
  EXPECT_EQ(config->body_bytes, defaults.body_bytes);
  EXPECT_EQ(config->stream.max_subscriptions, defaults.stream.max_subscriptions);
  EXPECT_EQ(config->stream.messages_per_second, defaults.stream.messages_per_second);
  EXPECT_EQ(config->stream.max_message_bytes, defaults.stream.max_message_bytes);
  EXPECT_EQ(config->stream.max_queued_bytes, defaults.stream.max_queued_bytes);
  EXPECT_EQ(config->stream.history_bytes, defaults.stream.history_bytes);
  EXPECT_EQ(config->stream.history_age, defaults.stream.history_age);
  EXPECT_EQ(config->stream.heartbeat, defaults.stream.heartbeat);
  EXPECT_EQ(config->stream.ping_interval, defaults.stream.ping_interval);
  EXPECT_EQ(config->stream.pong_timeout, defaults.stream.pong_timeout);
  EXPECT_EQ(config->stream.idle, defaults.stream.idle);
  EXPECT_EQ(config->sources.size(), defaults.sources.size());
  EXPECT_EQ(config->sources.back().plan, "keyless");
}

TEST(Config, TheReferenceFileInTheRepositoryIsTheProgramsOwn) {
  const char* root = std::getenv("TICKSPAN_SOURCE");
  ASSERT_NE(root, nullptr);
  EXPECT_EQ(test::read_file(std::string(root) + "/config/tickspan.toml"), default_config_file())
      << "write it anew: build/release/tickspan config > config/tickspan.toml";
}

TEST(Config, AnUnknownKeyNamesTheNearest) {
  EXPECT_THAT(complaint("[server]\nlisen = [\"x\"]\n"),
              HasSubstr("t.toml:2: unknown key \"server.lisen\"; did you mean \"server.listen\"?"));
  EXPECT_THAT(complaint("[[sources]]\nname = \"kraken\"\nws_ulr = \"x\"\n"),
              HasSubstr("unknown key \"sources.ws_ulr\"; did you mean \"ws_url\"?"));
}

TEST(Config, AWrongValueNamesWhatIsAllowed) {
  EXPECT_THAT(complaint("[server]\nthreads = 1000\n"),
              HasSubstr("server.threads cannot be \"1000\"; allowed: a whole number from 0 to 256"));
  EXPECT_THAT(complaint("[feeds]\noffline = \"simulat\"\n"),
              HasSubstr("allowed: one of simulate, wait, fail; did you mean \"simulate\"?"));
  EXPECT_THAT(complaint("[server]\nlisten = [\"nonsense\"]\n"), HasSubstr("\"nonsense\" is none"));
  EXPECT_THAT(complaint("[server]\nui = 3\n"), HasSubstr("true or false"));
  EXPECT_THAT(complaint("[[sources]]\nname = \"binnance\"\n"), HasSubstr("did you mean \"binance\"?"));
  EXPECT_THAT(complaint("[[sources]]\nenabled = true\n"), HasSubstr("has no name"));
}

TEST(Config, SourcesThatAreNamedComeFirstInTheirOrder) {
  const auto config = load(
      "[[sources]]\nname = \"coingecko\"\n[[sources]]\nname = \"kraken\"\n"
      "[[sources]]\nname = \"coingecko\"\nenabled = false\n");
  ASSERT_TRUE(config) << config.error().context;
  ASSERT_EQ(config->sources.size(), known_sources().size());
  EXPECT_EQ(config->sources[0].name, "coingecko");
  EXPECT_FALSE(config->sources[0].enabled) << "the last word counts";
  EXPECT_EQ(config->sources[1].name, "kraken");
  EXPECT_EQ(config->sources[2].name, known_sources()[0]) << "then the others in their own order";
  EXPECT_EQ(load("")->sources[0].name, known_sources()[0]);
}

TEST(Config, KeysAreForSourcesThatHaveThemAndAreNeverRepeated) {
  EXPECT_THAT(complaint("[[sources]]\nname = \"kraken\"\nkey = \"s3cret\"\n"),
              AllOf(HasSubstr("kraken has no keys"), Not(HasSubstr("s3cret"))));
  EXPECT_THAT(complaint("[[sources]]\nname = \"coingecko\"\nkey = \"s3cret\"\n"),
              AllOf(HasSubstr("needs sources.plan"), Not(HasSubstr("s3cret"))));
  EXPECT_THAT(complaint("[[sources]]\nname = \"coingecko\"\nplan = \"pro\"\n"), HasSubstr("needs sources.key"));
  EXPECT_THAT(complaint("[[sources]]\nname = \"coinapi\"\nkey = \"s3cret\\nX-Evil: 1\"\n"),
              AllOf(HasSubstr("sources.key cannot be the value given"), Not(HasSubstr("s3cret"))));
  EXPECT_THAT(complaint("[[sources]]\nname = \"coingecko\"\nplan = \"demo\"\nkey = \"s3cret\"\n"), "accepted");
}

TEST(Config, LimitsReachTheServerAndItsStreams) {
  const auto config = load(
      "[server]\nmax_connections = 100\nmax_connections_per_address = 7\nheader_timeout_s = 3\nidle_timeout_s = 4\n"
      "header_bytes = 2048\nbody_bytes = 0\n"
      "[stream]\nmax_subscriptions = 3\nmessages_per_second = 4\nmessage_bytes = 5000\nqueued_bytes = 70000\n"
      "history_bytes = 0\nhistory_s = 6\nheartbeat_s = 7\nping_s = 8\npong_timeout_s = 9\nidle_s = 0\n");
  ASSERT_TRUE(config) << config.error().context;
  const auto options = server_options(*config);
  EXPECT_EQ(options.max_connections, 100U);
  EXPECT_EQ(options.max_connections_per_address, 7U);
  EXPECT_EQ(options.header_timeout, std::chrono::seconds(3));
  EXPECT_EQ(options.idle_timeout, std::chrono::seconds(4));
  EXPECT_EQ(options.max_header_bytes, 2048U);
  EXPECT_EQ(options.max_body_bytes, 0U);
  EXPECT_EQ(options.stream.max_subscriptions, 3U);
  EXPECT_EQ(options.stream.messages_per_second, 4U);
  EXPECT_EQ(options.stream.max_message_bytes, 5000U);
  EXPECT_EQ(options.stream.max_queued_bytes, 70000U);
  EXPECT_EQ(options.stream.history_bytes, 0U);
  EXPECT_EQ(options.stream.history_age, std::chrono::seconds(6));
  EXPECT_EQ(options.stream.heartbeat, std::chrono::seconds(7));
  EXPECT_EQ(options.stream.ping_interval, std::chrono::seconds(8));
  EXPECT_EQ(options.stream.pong_timeout, std::chrono::seconds(9));
  EXPECT_EQ(options.stream.idle, std::chrono::seconds(0));
  EXPECT_THAT(complaint("[stream]\nmessages_per_second = 0\n"), HasSubstr("a whole number from 1 to 100000"));
  EXPECT_THAT(complaint("[server]\nheader_timeout_s = \"soon\"\n"), HasSubstr("a whole number from 1 to 300"));
}

TEST(Config, TheWayOfWritingReachesTheStreams) {
  const auto config = load("[server]\nio = \"io_uring\"\n");
  ASSERT_TRUE(config) << config.error().context;
  EXPECT_EQ(server_options(*config).stream.send_method, net::SendMethod::io_uring);
  EXPECT_EQ(server_options(Config()).stream.send_method, net::SendMethod::direct);
  EXPECT_THAT(complaint("[server]\nio = \"epoll\"\n"), HasSubstr("one of direct, io_uring"));
}

TEST(Config, ConnectionsLeaveDescriptorsForEverythingElse) {
  EXPECT_EQ(affordable_connections(20'000, 1'000'000), 20'000U);
  EXPECT_EQ(affordable_connections(20'000, 20'000), 19'488U);
  EXPECT_EQ(affordable_connections(20'000, 1'024), 512U);
  EXPECT_EQ(affordable_connections(20'000, 256), 128U);
  EXPECT_EQ(affordable_connections(10, 256), 10U);
}

TEST(Config, TrustedProxiesAreAddressesAndRanges) {
  const auto config = load("[server]\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]\nforwarded_header = \"forwarded\"\n");
  ASSERT_TRUE(config) << config.error().context;
  EXPECT_EQ(config->trusted_proxies, (std::vector<std::string>{"10.0.0.0/8", "::1"}));
  EXPECT_TRUE(server_options(*config).trusted_proxies.contains("10.255.0.1"));
  EXPECT_TRUE(server_options(Config()).trusted_proxies.empty());
  EXPECT_THAT(complaint("[server]\ntrusted_proxies = [\"10.0.0.1/8\"]\n"),
              HasSubstr("server.trusted_proxies cannot be \"10.0.0.1/8\"; allowed: addresses and ranges"));
  EXPECT_THAT(complaint("[server]\nforwarded_header = \"x-real-ip\"\n"),
              HasSubstr("one of x-forwarded-for, forwarded"));
}

TEST(Config, CompressionOfStreamsCanBeTurnedOff) {
  EXPECT_TRUE(server_options(*load("")).deflate);
  EXPECT_FALSE(server_options(*load("[server]\ndeflate = false\n")).deflate);
  EXPECT_THAT(complaint("[server]\ndeflate = \"maybe\"\n"), HasSubstr("server.deflate"));
}

TEST(Config, WhatIsStoredHowSafelyAndHowLong) {
  const auto config = load(
      "[store]\ndurability = \"second\"\nticks = \"composite\"\nkeep_ticks_days = 3\nkeep_1m_days = 31\n"
      "keep_1h_days = 400\nkeep_points_days = 0\n");
  ASSERT_TRUE(config) << config.error().context;
  EXPECT_EQ(config->store_durability, storage::Durability::second);
  EXPECT_EQ(config->store_ticks, StoreTicks::composite);
  EXPECT_EQ(config->retention.tick_days, 3);
  EXPECT_EQ(config->retention.minute_days, 31);
  EXPECT_EQ(config->retention.hour_days, 400);
  EXPECT_EQ(config->retention.day_days, 0);
  EXPECT_EQ(config->retention.point_days, 0);
  EXPECT_EQ(load("[store]\nticks = \"all\"\ndurability = \"commit\"\n")->store_ticks, StoreTicks::all);

  EXPECT_THAT(complaint("[store]\nticks = true\n"), HasSubstr("allowed: one of off, composite, all"));
  EXPECT_THAT(complaint("[store]\ndurability = \"comit\"\n"), HasSubstr("did you mean \"commit\"?"));
  EXPECT_THAT(complaint("[store]\nkeep_1m_days = 1\n"), HasSubstr("allowed: 0, or 2 to 36500"));
  EXPECT_THAT(complaint("[store]\nkeep_1m_days = 60\nkeep_1h_days = 40\n"), HasSubstr("at least as long"));
  EXPECT_THAT(complaint("[store]\nkeep_1h_days = 40\n"), HasSubstr("at least as long")) << "minutes are for ever";
  EXPECT_EQ(complaint("[store]\nkeep_1m_days = 60\nkeep_1h_days = 60\nkeep_1d_days = 61\n"), "accepted");
}

TEST(Config, ASecretIsNotRepeatedInTheComplaint) {
  const std::string text = complaint("[feeds]\nproxy = \"socks://user:hunter2@proxy\"\n");
  EXPECT_THAT(text, HasSubstr("feeds.proxy cannot be the value given"));
  EXPECT_THAT(text, testing::Not(HasSubstr("hunter2")));
}

TEST(Config, NameServersAreAddresses) {
  const auto config = load("[feeds]\nnameservers = [\"127.0.0.1:5353\", \"::1\"]\n");
  ASSERT_TRUE(config) << config.error().context;
  EXPECT_EQ(config->nameservers, (std::vector<std::string>{"127.0.0.1:5353", "[::1]:53"}));
  EXPECT_EQ(client_options(*config).nameservers, config->nameservers);
  EXPECT_TRUE(client_options(Config()).nameservers.empty());
  EXPECT_THAT(complaint("[feeds]\nnameservers = [\"127.0.0.1\", \"dns.test\"]\n"),
              AllOf(HasSubstr("feeds.nameservers cannot be"), HasSubstr("(\"dns.test\" is none)")));
}

TEST(Config, CombinationsAreChecked) {
  EXPECT_THAT(complaint("[server]\ntls_key = \"k.pem\"\n"), HasSubstr("must be given together"));
  EXPECT_THAT(complaint("[[sources]]\nname = \"coingecko\"\nplan = \"pro\"\n"), HasSubstr("needs sources.key"));
}

TEST(Config, ABrokenFileNamesItsLine) {
  EXPECT_THAT(complaint("[server\nthreads = 1\n"), HasSubstr("(line 1)"));
}

TEST(Config, SymbolsSayWhatAVenueMeans) {
  const auto config = load(
      "[[symbols]]\nvenue = \"kraken\"\nsymbol = \"LUNA\"\nasset = \"terra-luna\"\n"
      "[[symbols]]\nsymbol = \"BEAM\"\nasset = \"none\"\n[[sources]]\nname = \"kraken\"\n");
  ASSERT_TRUE(config);
  ASSERT_EQ(config->symbols.size(), 2u);
  EXPECT_EQ(config->symbols[0].venue, "kraken");
  EXPECT_EQ(config->symbols[0].symbol, "LUNA");
  EXPECT_EQ(config->symbols[1].venue, "");
  EXPECT_EQ(config->symbols[1].asset, "none");
  EXPECT_THAT(complaint("[[symbols]]\nsymbol = \"X\"\n"), HasSubstr("needs symbols.symbol and symbols.asset"));
  EXPECT_THAT(complaint("[[symbols]]\nsymbl = \"X\"\n"), HasSubstr("did you mean \"symbol\""));
  EXPECT_THAT(complaint("[[symbols]]\nvenue = \"nyse\"\n"), HasSubstr("symbols.venue cannot be"));
  EXPECT_THAT(complaint("[[sources]]\nname = \"coinapi\"\n"), HasSubstr("needs sources.key"));
}

TEST(Config, ASourceThatIsNotNamedKeepsItsDefaults) {
  const auto config = load("[[sources]]\nname = \"kraken\"\nenabled = false\n");
  ASSERT_TRUE(config);
  for (const SourceConfig& source : config->sources) {
    EXPECT_EQ(source.enabled, source.name != "kraken" && on_by_default(source.name)) << source.name;
  }
  EXPECT_FALSE(on_by_default("binance_us"));
}

TEST(Listen, ReadsAddressesInTheirForms) {
  EXPECT_EQ(parse_listen("127.0.0.1:8000")->address, "127.0.0.1");
  EXPECT_EQ(parse_listen("[::1]:90")->address, "::1");
  EXPECT_EQ(parse_listen("8080")->port, 8080);
  EXPECT_EQ(parse_listen(":8080")->address, "0.0.0.0");
  for (const char* text : {"", "a:b", "1.2.3.4:99999", "::1:80", "1.2.3.4:"}) EXPECT_FALSE(parse_listen(text)) << text;
}

}  // namespace
}  // namespace tickspan::app
