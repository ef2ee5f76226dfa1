// Connections that fail below the protocol: half-open sockets, TLS, DNS. The state says so, what was missed is a gap,
// and the other venues go on as if nothing had happened.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <fstream>
#include <memory>
#include <optional>

#include "served.hpp"

namespace tickspan::test {
namespace {

using namespace std::chrono_literals;
using testing::AnyOf;
using testing::HasSubstr;

/// `POST /control/…` of a simulator with TLS, whose certificate is nobody's concern here.
void control_over_tls(const SimulatedVenues& venues, const std::string& what) {
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  const std::unique_ptr<BIO, void (*)(BIO*)> bio(BIO_new_ssl_connect(context.get()), BIO_free_all);
  BIO_set_conn_hostname(bio.get(), fmt::format("127.0.0.1:{}", venues.port()).c_str());
  const std::string request = fmt::format(
      "POST /control/{} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", what);
  ASSERT_EQ(BIO_do_connect(bio.get()), 1);
  ASSERT_GT(BIO_write(bio.get(), request.data(), static_cast<int>(request.size())), 0);
  char answer[64] = {};
  ASSERT_GT(BIO_read(bio.get(), answer, sizeof answer - 1), 0);
  ASSERT_THAT(answer, HasSubstr("200 OK")) << what;
}

class Connections : public testing::Test {
 protected:
  // Without coingecko: what is looked at are the venues.
  void serve(const std::string& config) {
    std::ofstream(dir_.file("s.toml")) << config << "[[sources]]\nname = \"coingecko\"\nenabled = false\n"
                                       << "[[sources]]\nname = \"coinapi\"\nenabled = false\n";
    served_.emplace(dir_.file("data"),
                    std::vector<std::string>{"--config", dir_.file("s.toml"), "--log-level", "error"});
  }
  /// One source's object in `/api/v1/sources`.
  std::string source(const std::string& name) const {
    const std::string body = served_->get("/api/v1/sources").body;
    const auto at = body.find("{\"id\":\"" + name + "\"");
    return at == std::string::npos ? body : body.substr(at, body.find("{\"id\":", at + 1) - at);
  }
  std::string feed(const std::string& name) const { return json_field(source(name), "feed"); }
  bool becomes(const std::string& name, const std::string& state, std::chrono::milliseconds patience = 60s) const {
    return eventually([&] { return feed(name) == state; }, patience);
  }
  /// Whether anything was recorded of a venue at all.
  bool has_gap(const std::string& venue, const std::string& cause = "") const {
    const std::string sought = cause.empty() ? "\"cause\"" : "\"cause\":\"" + cause + "\"";
    return served_->get("/api/v1/gaps?venue=" + venue).body.find(sought) != std::string::npos;
  }
  void expect_unhurt(const std::string& venue) const {
    EXPECT_EQ(feed(venue), "live") << source(venue);
    EXPECT_FALSE(has_gap(venue)) << served_->get("/api/v1/gaps").body;
  }
  std::string config_of(const std::string& simulator) const { return read_file(dir_.file(simulator)); }
  /// The part of a configuration that is about one source.
  static std::string section(const std::string& config, const std::string& name) {
    const auto at = config.find("[[sources]]\nname = \"" + name + "\"");
    const auto end = std::min(config.find("[[sources]]", at + 1), config.find("# Listening"));
    return config.substr(at, end - at);
  }

  TempDir dir_;
  std::optional<Served> served_;
};

TEST_F(Connections, AHalfOpenOneIsFoundOutAndReplacedAndIsAGap) {
  const SimulatedVenues venues(dir_.file("c.toml"));
  serve(config_of("c.toml"));
  for (const char* venue : {"kraken", "binance"}) ASSERT_TRUE(becomes(venue, "live")) << source(venue);
  venues.control("kraken?half_open_after_s=1");
  EXPECT_TRUE(eventually([&] { return feed("kraken") != "live"; }, 30s)) << source("kraken");
  EXPECT_TRUE(eventually([&] { return has_gap("kraken"); }, 30s));
  EXPECT_THAT(served_->get("/api/v1/gaps?venue=kraken").body, AnyOf(HasSubstr("mute"), HasSubstr("disconnect")));
  EXPECT_EQ(json_field(served_->get("/price/bitcoin").body, "state"), "live");
  venues.control("kraken/reset");
  EXPECT_TRUE(becomes("kraken", "live")) << source("kraken");
  expect_unhurt("binance");
}

TEST_F(Connections, BrokenTlsIsSaidAndOthersAreUnhurt) {
  const SimulatedVenues plain(dir_.file("plain.toml"), 0, {"--venue", "binance"});
  const SimulatedVenues secure(dir_.file("tls.toml"), 0, {"--venue", "kraken", "--tls"});
  serve(config_of("tls.toml") + section(config_of("plain.toml"), "binance"));
  for (const char* venue : {"kraken", "binance"}) ASSERT_TRUE(becomes(venue, "live")) << source(venue);
  control_over_tls(secure, "tls?certificate=expired");
  control_over_tls(secure, "kraken/drop");
  EXPECT_TRUE(eventually([&] { return source("kraken").find("certificate") != std::string::npos; }, 60s))
      << source("kraken");
  EXPECT_THAT(feed("kraken"), AnyOf("backing_off", "connecting", "stopped"));
  EXPECT_THAT(source("kraken"), HasSubstr("expired"));
  EXPECT_TRUE(eventually([&] { return has_gap("kraken"); }, 30s));
  control_over_tls(secure, "tls?certificate=none");
  EXPECT_TRUE(becomes("kraken", "live", 120s)) << source("kraken");
  expect_unhurt("binance");
}

TEST_F(Connections, NobodyTalksToWhoeverShowsAnothersCertificate) {
  const SimulatedVenues plain(dir_.file("plain.toml"), 0, {"--venue", "binance"});
  for (const char* fault : {"other_name", "untrusted", "expired"}) {
    const SimulatedVenues secure(dir_.file("tls.toml"), 0,
                                 {"--venue", "kraken", "--tls", "--fault", fmt::format("tls:certificate={}", fault)});
    serve(config_of("tls.toml") + section(config_of("plain.toml"), "binance"));
    ASSERT_TRUE(becomes("binance", "live")) << source("binance");
    EXPECT_TRUE(eventually([&] { return source("kraken").find("certificate") != std::string::npos; }, 60s))
        << fault << ' ' << source("kraken");
    EXPECT_NE(feed("kraken"), "live");
    served_.reset();
  }
}

// Each in a way of its own, all at once: the mute one must not hold up the lookups of the others.
TEST_F(Connections, NamesThatDoNotResolveAreSaidAndGapsAndOthersAreUnhurt) {
  const SimulatedVenues venues(dir_.file("c.toml"), 0, {"--dns"});
  serve(config_of("c.toml"));
  const struct {
    const char *venue, *fault, *words;
  } broken[] = {{"bitstamp", "mute", "no answer from the name servers in time"},
                {"kraken", "nxdomain", "there is no such name"},
                {"okx", "servfail", "the name server failed"},
                {"bybit", "refused", "the name server refuses to answer"}};
  for (const char* venue : {"binance", "kraken", "okx", "bybit", "bitstamp"})
    ASSERT_TRUE(becomes(venue, "live")) << source(venue);
  for (const auto& [venue, fault, words] : broken) {
    venues.control(fmt::format("{}?dns={}", venue, fault));
    venues.control(fmt::format("{}/drop", venue));
  }
  for (const auto& [venue, fault, words] : broken) {
    const std::string said = fmt::format("cannot resolve {}.tickspan.test: {}", venue, words);
    EXPECT_TRUE(eventually([&, name = venue] { return source(name).find(said) != std::string::npos; }, 60s))
        << source(venue);
    EXPECT_THAT(feed(venue), AnyOf("backing_off", "connecting"));
    EXPECT_TRUE(eventually([&, name = venue] { return has_gap(name, "disconnect"); }, 30s))
        << served_->get(fmt::format("/api/v1/gaps?venue={}", venue)).body;
  }
  EXPECT_THAT(json_field(served_->get("/price/bitcoin").body, "state"), AnyOf("live", "quiet"));
  expect_unhurt("binance");
  for (const auto& each : broken) venues.control(fmt::format("{}/reset", each.venue));
  for (const auto& each : broken) EXPECT_TRUE(becomes(each.venue, "live", 120s)) << source(each.venue);
  expect_unhurt("binance");
}

}  // namespace
}  // namespace tickspan::test
