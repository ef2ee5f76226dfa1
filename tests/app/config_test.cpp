#include "app/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "../support/support.hpp"
#include "app/server_options.hpp"

namespace tickspan::app {
namespace {

using testing::HasSubstr;

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

TEST(Config, ASecretIsNotRepeatedInTheComplaint) {
  const std::string text = complaint("[feeds]\nproxy = \"socks://user:hunter2@proxy\"\n");
  EXPECT_THAT(text, HasSubstr("feeds.proxy cannot be the value given"));
  EXPECT_THAT(text, testing::Not(HasSubstr("hunter2")));
}

TEST(Config, CombinationsAreChecked) {
  EXPECT_THAT(complaint("[server]\ntls_key = \"k.pem\"\n"), HasSubstr("must be given together"));
  EXPECT_THAT(complaint("[[sources]]\nname = \"coingecko\"\nplan = \"pro\"\n"), HasSubstr("needs sources.key"));
}

TEST(Config, ABrokenFileNamesItsLine) {
  EXPECT_THAT(complaint("[server\nthreads = 1\n"), HasSubstr("(line 1)"));
}

TEST(Config, ASourceThatIsNotNamedKeepsItsDefaults) {
  const auto config = load("[[sources]]\nname = \"kraken\"\nenabled = false\n");
  ASSERT_TRUE(config);
  for (const SourceConfig& source : config->sources) EXPECT_EQ(source.enabled, source.name != "kraken") << source.name;
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
