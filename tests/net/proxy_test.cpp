#include "net/proxy.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace tickspan::net {
namespace {

TEST(Proxy, ReadsAddressAndCredentials) {
  const auto proxy = parse_proxy("http://user:p%40ss@Proxy.Local:3128/");
  ASSERT_TRUE(proxy);
  EXPECT_EQ(proxy->host, "proxy.local");
  EXPECT_EQ(proxy->port, 3128);
  EXPECT_EQ(proxy->authorization, "Basic dXNlcjpwQHNz");  // user:p@ss
  EXPECT_EQ(parse_proxy("proxy:8080")->port, 8080);
  EXPECT_EQ(parse_proxy("http://proxy")->authorization, "");
}

TEST(Proxy, ErrorsDoNotRepeatTheCredentials) {
  for (const char* bad : {"socks5://user:hunter2@h:1", "http://user:hunter2@h:99999", "http://user:hunter2@",
                          "http://user:hunter2@h/path"}) {
    const auto proxy = parse_proxy(bad);
    ASSERT_FALSE(proxy) << bad;
    EXPECT_EQ(proxy.error().context.find("hunter2"), std::string::npos);
  }
}

TEST(Proxy, ListOfExceptionsMatchesWholeLabels) {
  EXPECT_TRUE(bypasses_proxy("api.example.com", "other.org, example.com"));
  EXPECT_TRUE(bypasses_proxy("Example.com", ".example.com"));
  EXPECT_TRUE(bypasses_proxy("a.b", "*"));
  EXPECT_FALSE(bypasses_proxy("notexample.com", "example.com"));
  EXPECT_FALSE(bypasses_proxy("example.com", ""));
}

TEST(Proxy, OnlyTlsBeyondLoopbackGoesThroughIt) {
  ClientOptions options;
  options.proxy_url = "http://proxy:3128";
  options.no_proxy = "inside.net";
  EXPECT_TRUE(*proxy_for(options, *parse_url("wss://outside.net/")));
  EXPECT_FALSE(*proxy_for(options, *parse_url("https://a.inside.net/")));
  EXPECT_FALSE(*proxy_for(options, *parse_url("https://localhost/")));
  EXPECT_FALSE(*proxy_for(options, *parse_url("http://outside.net/")));
  options.proxy_url = "nonsense:port";
  EXPECT_FALSE(proxy_for(options, *parse_url("wss://outside.net/")));
}

TEST(Proxy, AsksForATunnel) {
  const auto text = connect_request({"proxy", 3128, "Basic abc"}, *parse_url("wss://venue.net/x"), "me/1");
  EXPECT_EQ(text,
            "CONNECT venue.net:443 HTTP/1.1\r\nHost: venue.net:443\r\nUser-Agent: me/1\r\nProxy-Authorization: Basic "
            "abc\r\n\r\n");
}

TEST(Proxy, JudgesTheAnswer) {
  const auto url = *parse_url("https://venue.net/");
  EXPECT_TRUE(check_connect_reply("HTTP/1.1 200 Connection established\r\n\r\n", url));
  EXPECT_NE(check_connect_reply("HTTP/1.1 407 Auth\r\n\r\n", url).error().context.find("407"), std::string::npos);
  EXPECT_NE(check_connect_reply("HTTP/1.0 403 No\r\n\r\n", url).error().context.find("403"), std::string::npos);
  EXPECT_EQ(check_connect_reply("SSH-2.0-x\r\n\r\n", url).error().code, core::ErrorCode::protocol_error);
}

TEST(Proxy, ComesFromTheEnvironment) {
  ::setenv("HTTPS_PROXY", "http://proxy:1", 1);
  ::setenv("no_proxy", "x.org", 1);
  const auto options = ClientOptions::from_environment();
  ::unsetenv("HTTPS_PROXY");
  ::unsetenv("no_proxy");
  EXPECT_EQ(options.proxy_url, "http://proxy:1");
  EXPECT_EQ(options.no_proxy, "x.org");
}

}  // namespace
}  // namespace tickspan::net
