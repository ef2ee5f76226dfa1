// All exchanges fall silent: the aggregator takes over, the answer says so, history marks it, and back.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>

#include "served.hpp"

namespace tickspan::test {
namespace {

using namespace std::chrono_literals;

TEST(Failover, TheAggregatorTakesOverAndIsNamedNowAndLater) {
  const TempDir dir;
  const SimulatedVenues venues(dir.file("c.toml"));
  const Served served(dir.file("data"), {"--config", dir.file("c.toml"), "--log-level", "error"});
  const auto source = [&] { return json_field(served.get("/price/bitcoin").body, "source"); };
  const auto marks = [&] { return served.get("/api/v1/takeovers?asset=btc").body; };
  ASSERT_TRUE(eventually([&] { return source() == "composite"; }, 60s)) << served.get("/price/bitcoin").body;
  const std::string since = json_field(served.get("/price/bitcoin").body, "source_since");
  ASSERT_TRUE(
      eventually([&] { return marks().find(R"("to":"composite","cause":"first"})") != std::string::npos; }, 30s))
      << marks();
  EXPECT_EQ(json_field(marks().substr(marks().find("\"data\"")), "at"), since);

  for (const std::string& venue : venues.exchanges()) venues.control(fmt::format("{}?maintenance=true", venue));
  ASSERT_TRUE(eventually([&] { return source() == "coingecko"; }, 30s)) << served.get("/price/bitcoin").body;
  const std::string price = served.get("/price/bitcoin").body;
  EXPECT_EQ(json_field(price, "state"), "live");
  EXPECT_GT(json_field(price, "source_since"), since);
  const std::string away = R"("from":"composite","to":"coingecko","cause":"silent"})";
  EXPECT_TRUE(eventually([&] { return marks().find(away) != std::string::npos; }, 30s)) << marks();

  for (const std::string& venue : venues.exchanges()) venues.control(fmt::format("{}/reset", venue));
  EXPECT_TRUE(eventually([&] { return source() == "composite"; }, 60s)) << served.get("/price/bitcoin").body;
  const std::string back = R"("from":"coingecko","to":"composite","cause":"preferred"})";
  EXPECT_TRUE(eventually([&] { return marks().find(back) != std::string::npos; }, 30s)) << marks();
}

}  // namespace
}  // namespace tickspan::test
