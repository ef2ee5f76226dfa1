// What becomes of a host that fails: its breaker, its budget and what people are told of both.

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "served.hpp"

namespace tickspan::test {
namespace {

using namespace std::chrono_literals;

/// What /api/v1/sources says of one host: from its name up to the end of its budget.
std::string upstream(const Served& served, const std::string& venue, const std::string& service) {
  const std::string body = served.get("/api/v1/sources").body;
  const auto at = body.find("/" + venue + "\",\"service\":\"" + service + "\"");
  if (at == std::string::npos) return {};
  return body.substr(at, body.find(service == "rest" ? "\"delayed\"" : "\"budget\"", at) - at);
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

int count(const std::string& text, const std::string& part) {
  int n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(Upstreams, BreakersOpenAndCloseBudgetsPauseAndEverybodyIsTold) {
  const TempDir dir;
  const SimulatedVenues venues(dir.file("c.toml"));
  venues.control("kraken?rest_status=500");
  venues.control("okx?rest_status=451");
  venues.control("bybit?rest_status=429&retry_after=3");
  venues.control("bitstamp?rest_status=429");
  Served served(dir.file("data"), {"--config", dir.file("c.toml"), "--log-level", "info"});
  const auto says = [&](const std::string& venue, const std::string& what, std::chrono::seconds patience) {
    return eventually([&] { return holds(upstream(served, venue, "rest"), what); }, patience);
  };

  EXPECT_TRUE(says("okx", "\"breaker\":\"open\"", 20s)) << upstream(served, "okx", "rest");
  EXPECT_TRUE(says("okx", "HTTP 451", 1s));
  for (const char* throttled : {"bybit", "bitstamp"}) {
    EXPECT_TRUE(says(throttled, "\"paused_until\":\"", 20s)) << upstream(served, throttled, "rest");
    EXPECT_TRUE(says(throttled, "\"breaker\":\"closed\"", 1s)) << "the host lives";
    venues.control(std::string(throttled) + "/reset");
  }
  EXPECT_TRUE(says("kraken", "\"breaker\":\"open\"", 90s)) << upstream(served, "kraken", "rest");
  EXPECT_TRUE(says("kraken", "HTTP 500", 1s));
  EXPECT_TRUE(holds(upstream(served, "binance", "rest"), "\"breaker\":\"closed\"")) << "the others are left in peace";
  const std::string metrics = served.get("/metrics").body;
  EXPECT_TRUE(holds(metrics, "/okx\",service=\"rest\"} 2")) << metrics;
  EXPECT_TRUE(holds(metrics, "tickspan_net_breaker_opened_total")) << metrics;
  EXPECT_FALSE(holds(metrics, "key=\"simulated\""));

  venues.control("kraken/reset");
  EXPECT_TRUE(says("kraken", "\"breaker\":\"closed\"", 150s)) << upstream(served, "kraken", "rest");
  for (const char* again : {"kraken", "bybit", "bitstamp"})
    EXPECT_TRUE(eventually([&] { return holds(upstream(served, again, "stream"), "\"breaker\":\"closed\""); }, 90s));
  EXPECT_TRUE(says("okx", "\"breaker\":\"open\"", 1s)) << "who refuses for good is asked again after half an hour";

  const std::string log = served.process().err();
  EXPECT_EQ(count(log, "/kraken (rest): breaker open for 5.0 s after 5 in a row: HTTP 500"), 1) << log;
  EXPECT_EQ(count(log, "/kraken (rest): breaker half-open"), 1) << log;
  EXPECT_EQ(count(log, "/kraken (rest): breaker closed"), 1) << log;
  EXPECT_EQ(count(log, "/okx (rest): breaker open for 1800.0 s: HTTP 451"), 1) << log;
}

}  // namespace
}  // namespace tickspan::test
