#include "net/client_address.hpp"

#include <gtest/gtest.h>

namespace tickspan::net {
namespace {

TrustedProxies trusting(const std::vector<std::string>& ranges,
                        ForwardedHeader header = ForwardedHeader::x_forwarded_for) {
  const auto parsed = TrustedProxies::parse(ranges, header);
  EXPECT_TRUE(parsed) << parsed.error().context;
  return parsed.value_or(TrustedProxies());
}

struct Case {
  std::vector<std::string> lines;
  std::string peer;
  std::string client;
};

TEST(ClientAddress, IsReadFromXForwardedForOfATrustedPeer) {
  const auto proxies = trusting({"10.0.0.0/8", "127.0.0.1", "fd00::/8", "2001:db8::1"});
  const std::vector<Case> cases = {
      // No header, or from a peer that is not trusted: the peer.
      {{}, "203.0.113.9", "203.0.113.9"},
      {{}, "10.1.2.3", "10.1.2.3"},
      {{"198.51.100.1"}, "203.0.113.9", "203.0.113.9"},
      {{"198.51.100.1", "10.0.0.1"}, "2001:db8::2", "2001:db8::2"},
      {{"127.0.0.1"}, "11.0.0.0", "11.0.0.0"},
      // The right-most that is no proxy, over any number of them; what stands left of it was made up.
      {{"198.51.100.1"}, "10.1.2.3", "198.51.100.1"},
      {{"1.1.1.1, 198.51.100.1"}, "10.1.2.3", "198.51.100.1"},
      {{"1.1.1.1, 198.51.100.1, 10.9.9.9, 127.0.0.1"}, "10.1.2.3", "198.51.100.1"},
      {{"1.1.1.1", "198.51.100.1, fd12::1", "10.9.9.9"}, "10.1.2.3", "198.51.100.1"},
      {{"198.51.100.1"}, "fd00::7", "198.51.100.1"},
      {{"2001:DB8:0:0::5"}, "2001:db8::1", "2001:db8::5"},
      // Only proxies: the first of them.
      {{"10.0.0.1, 10.0.0.2"}, "127.0.0.1", "10.0.0.1"},
      // Ports, brackets, IPv4 written as IPv6, blanks.
      {{"198.51.100.1:567"}, "10.1.2.3", "198.51.100.1"},
      {{"[2001:db8::9]:8"}, "10.1.2.3", "2001:db8::9"},
      {{"[2001:db8::9]"}, "10.1.2.3", "2001:db8::9"},
      {{"::ffff:198.51.100.1"}, "::ffff:10.1.2.3", "198.51.100.1"},
      {{" \t198.51.100.1 \t,\t10.0.0.1 "}, "10.1.2.3", "198.51.100.1"},
      // What can't be read ends the walk at who wrote it.
      {{"198.51.100.1, unknown"}, "10.1.2.3", "10.1.2.3"},
      {{"198.51.100.1, unknown, 10.0.0.2"}, "10.1.2.3", "10.0.0.2"},
      {{"198.51.100.1, , 10.0.0.2"}, "10.1.2.3", "10.0.0.2"},
      {{"198.51.100.1", ", 10.0.0.2"}, "10.1.2.3", "10.0.0.2"},
      {{"198.51.100.1", ""}, "10.1.2.3", "10.1.2.3"},
      {{"198.51.100.1,"}, "10.1.2.3", "10.1.2.3"},
      {{"example.org"}, "10.1.2.3", "10.1.2.3"},
      {{"198.51.100.1:"}, "10.1.2.3", "10.1.2.3"},
      {{"198.51.100.1:99999"}, "10.1.2.3", "10.1.2.3"},
      {{"198.51.100.01"}, "10.1.2.3", "10.1.2.3"},
      {{"198.51.100"}, "10.1.2.3", "10.1.2.3"},
      {{"[198.51.100.1]"}, "10.1.2.3", "10.1.2.3"},
      {{"[::1"}, "10.1.2.3", "10.1.2.3"},
      {{"[::1]8"}, "10.1.2.3", "10.1.2.3"},
      {{"fe80::1%eth0"}, "10.1.2.3", "10.1.2.3"},
      {{"\"198.51.100.1\""}, "10.1.2.3", "10.1.2.3"},
      {{"\", 198.51.100.1"}, "10.1.2.3", "198.51.100.1"},
      {{std::string("198.51.100.1\0", 13)}, "10.1.2.3", "10.1.2.3"},
      {{std::string(5000, '1')}, "10.1.2.3", "10.1.2.3"},
  };
  for (const Case& c : cases) {
    Headers headers;
    headers.add("Forwarded", "for=9.9.9.9");
    std::string shown;
    for (const std::string& line : c.lines) {
      headers.add("x-forwarded-FOR", line);
      headers.add("X-Real-IP", "8.8.8.8");
      shown += line + " | ";
    }
    EXPECT_EQ(proxies.client_of(headers, c.peer), c.client) << c.peer << ": " << shown;
    EXPECT_EQ(TrustedProxies().client_of(headers, c.peer), c.peer) << "nobody is trusted: " << shown;
  }
}

TEST(ClientAddress, IsReadFromForwardedWhereThatIsTheProxysHeader) {
  const auto proxies = trusting({"10.0.0.0/8"}, ForwardedHeader::forwarded);
  const std::vector<Case> cases = {
      {{"for=198.51.100.1"}, "203.0.113.9", "203.0.113.9"},
      {{"for=198.51.100.1"}, "10.1.2.3", "198.51.100.1"},
      {{"For=198.51.100.1;proto=https;by=203.0.113.43"}, "10.1.2.3", "198.51.100.1"},
      {{"by=\"a;b,c\"; for=\"[2001:db8::9]:4711\""}, "10.1.2.3", "2001:db8::9"},
      {{"for=1.1.1.1, for=198.51.100.1, for=10.0.0.2"}, "10.1.2.3", "198.51.100.1"},
      {{"for=1.1.1.1", "for=198.51.100.1"}, "10.1.2.3", "198.51.100.1"},
      // A quotation mark that the client left open does not swallow what the proxy wrote behind it.
      {{"for=\"1.1.1.1, for=198.51.100.1"}, "10.1.2.3", "198.51.100.1"},
      {{"for=\"1.1.1.1\\\", for=198.51.100.1"}, "10.1.2.3", "198.51.100.1"},
      {{"for=198.51.100.1, for=unknown"}, "10.1.2.3", "10.1.2.3"},
      {{"for=198.51.100.1, for=_hidden, for=10.0.0.2"}, "10.1.2.3", "10.0.0.2"},
      {{"for=198.51.100.1, proto=https"}, "10.1.2.3", "10.1.2.3"},
      {{"for=198.51.100.1;for=198.51.100.2"}, "10.1.2.3", "10.1.2.3"},
      {{"for"}, "10.1.2.3", "10.1.2.3"},
      {{"for=\""}, "10.1.2.3", "10.1.2.3"},
      {{""}, "10.1.2.3", "10.1.2.3"},
  };
  for (const Case& c : cases) {
    Headers headers;
    headers.add("X-Forwarded-For", "9.9.9.9");
    std::string shown;
    for (const std::string& line : c.lines) {
      headers.add("Forwarded", line);
      shown += line + " | ";
    }
    EXPECT_EQ(proxies.client_of(headers, c.peer), c.client) << c.peer << ": " << shown;
  }
}

TEST(TrustedProxies, AreAddressesAndRanges) {
  EXPECT_TRUE(TrustedProxies().empty());
  EXPECT_FALSE(TrustedProxies().contains("127.0.0.1"));
  const auto proxies = trusting({"192.0.2.128/25", "10.0.0.1", "2001:db8:8000::/33", "::ffff:172.16.0.0/108"});
  for (const char* in : {"192.0.2.128", "192.0.2.255", "::ffff:192.0.2.200", "10.0.0.1",
                         "2001:db8:8000::", "2001:db8:ffff::1", "172.31.255.255"}) {
    EXPECT_TRUE(proxies.contains(in)) << in;
  }
  for (const char* out : {"192.0.2.127", "192.0.3.128", "10.0.0.2", "2001:db8:7fff::", "172.32.0.0", "::1", "a", ""}) {
    EXPECT_FALSE(proxies.contains(out)) << out;
  }
  const auto all = trusting({"0.0.0.0/0"});
  EXPECT_TRUE(all.contains("203.0.113.9"));
  EXPECT_FALSE(all.contains("2001:db8::1"));
}

TEST(TrustedProxies, NameTheRangeThatIsNone) {
  for (const char* text : {"", "10", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/8x", "10.0.0.0/-1", "/8", "10.0.0.1/8",
                           "::/129", "::1/127", "host", "[::1]", "10.0.0.1:80", "::ffff:0.0.0.0/95"}) {
    const auto parsed = TrustedProxies::parse({"127.0.0.1", text});
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().context.find('"' + std::string(text) + '"'), std::string::npos) << text;
  }
}

TEST(ClientKey, IsTheAddressOrTheSlash64OfIpv6) {
  const auto key = [](const char* text) { return client_key(*parse_ip(text)); };
  EXPECT_EQ(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
  EXPECT_NE(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
  EXPECT_NE(key("192.0.2.1"), key("192.0.2.2"));
  EXPECT_EQ(key("192.0.2.1"), key("::ffff:192.0.2.1"));
}

}  // namespace
}  // namespace tickspan::net
