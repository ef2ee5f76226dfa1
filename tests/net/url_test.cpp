#include "net/url.hpp"

#include <gtest/gtest.h>

namespace tickspan::net {
namespace {

TEST(Url, TakesApartWhatClientsUse) {
  const auto url = parse_url("WSS://Stream.Binance.com:9443/stream?streams=a#x");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "wss");
  EXPECT_EQ(url->host, "stream.binance.com");
  EXPECT_EQ(url->port, 9443);
  EXPECT_EQ(url->target, "/stream?streams=a");
  EXPECT_TRUE(url->tls());
  EXPECT_EQ(url->authority(), "stream.binance.com:9443");
}

TEST(Url, FillsInPortAndPath) {
  const auto url = parse_url("https://api.example.com");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->target, "/");
  EXPECT_EQ(url->authority(), "api.example.com");
  EXPECT_EQ(url->host_port(), "api.example.com:443");
  EXPECT_EQ(parse_url("ws://h?x=1")->target, "/?x=1");
}

TEST(Url, KnowsIpv6InBrackets) {
  const auto url = parse_url("http://[::1]:8080/x");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->authority(), "[::1]:8080");
}

TEST(Url, RefusesWhatWouldBreakTheRequest) {
  for (const char* bad :
       {"", "example.com", "ftp://h/", "http://", "http://:80", "http://h:0", "http://h:70000", "http://h:8x",
        "http://u:p@h/", "http://h/a b", "http://h/a\r\nX: y", "http://[::1", "http://[::1]x", "http://h_ö/"}) {
    EXPECT_FALSE(parse_url(bad)) << bad;
  }
}

TEST(Url, ErrorsDoNotRepeatTheQuery) {
  const auto url = parse_url("http://h:0/x?key=secret");
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().context.find("secret"), std::string::npos);
  EXPECT_EQ(without_query("http://h/x?key=secret"), "http://h/x");
}

TEST(Url, KnowsLoopback) {
  for (const char* host : {"localhost", "a.localhost", "127.0.0.1", "127.1.2.3", "::1"})
    EXPECT_TRUE(is_loopback_host(host)) << host;
  for (const char* host : {"example.com", "127.example.com", "128.0.0.1", "notlocalhost"})
    EXPECT_FALSE(is_loopback_host(host)) << host;
}

}  // namespace
}  // namespace tickspan::net
