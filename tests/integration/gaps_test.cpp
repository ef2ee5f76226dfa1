// A venue that goes away for some seconds: what it said meanwhile is fetched afterwards, and nothing is missing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>

#include "core/decimal.hpp"
#include "core/time.hpp"
#include "served.hpp"

namespace tickspan::test {
namespace {

using core::Decimal;
using core::Timestamp;
using testing::HasSubstr;

struct Minute {
  Decimal open, high, low, close;
  core::DecimalSum volume;
  int trades = 0;
};

std::vector<std::smatch> matches(const std::string& text, const std::regex& pattern) {
  return {std::sregex_iterator(text.begin(), text.end(), pattern), std::sregex_iterator()};
}

/// What the simulated venue traded, by minute.
std::map<Timestamp, Minute> truth(const SimulatedVenues& venues, Timestamp from, Timestamp to) {
  const std::string body =
      get(venues.port(), "/control/trades?venue=kraken&pair=BTC/USD&from=" + std::to_string(from.ms()) +
                             "&to=" + std::to_string(to.ms()))
          .body;
  static const std::regex kTrade(R"re("time_ns":(\d+),"price":"([\d.]+)","amount":"([\d.]+)")re");
  std::map<Timestamp, Minute> minutes;
  for (const std::smatch& match : matches(body, kTrade)) {
    Minute& minute = minutes[Timestamp{std::stoll(match[1])}.floor_to(std::chrono::minutes(1))];
    const Decimal price = *Decimal::parse(match[2].str());
    if (minute.trades++ == 0) minute.open = minute.high = minute.low = price;
    minute.high = std::max(minute.high, price);
    minute.low = std::min(minute.low, price);
    minute.close = price;
    minute.volume.add(*Decimal::parse(match[3].str()));
  }
  return minutes;
}

Timestamp field_time(const std::string& json, const std::string& name) {
  std::string text = json_field(json, name);
  std::erase(text, '"');
  return core::parse_rfc3339(text).value_or(Timestamp{});
}

TEST(Gaps, AVenueThatWasAwayIsAskedForWhatWasMissedAndTheCandlesAreTheTruth) {
  const TempDir dir;
  SimulatedVenues venues(dir.file("c.toml"), 0, {"--rate", "100"});
  std::ofstream(dir.file("c.toml"), std::ios::app) << "[[sources]]\nname = \"coingecko\"\nenabled = false\n";
  Served served(dir.file("data"), {"--config", dir.file("c.toml"), "--log-level", "info"});
  const auto kraken_is = [&](const std::string& state) {
    const std::string sources = served.get("/api/v1/sources").body;
    const auto at = sources.find("\"id\":\"kraken\"");
    return at != std::string::npos && json_field(sources.substr(at), "feed").find(state) != std::string::npos;
  };
  ASSERT_TRUE(eventually([&] { return kraken_is("live"); }, std::chrono::seconds(60))) << served.process().err();

  venues.control("kraken?refuse_status=503");
  venues.control("kraken/drop");
  ASSERT_TRUE(eventually([&] { return !kraken_is("live"); }, std::chrono::seconds(30)));
  const auto simulated_now = [&] { return std::stoll(json_field(get(venues.port(), "/control").body, "now_ms")); };
  const auto away_since = simulated_now();
  ASSERT_TRUE(eventually([&] { return simulated_now() > away_since + 5'000; }));
  EXPECT_THAT(served.get("/api/v1/gaps?venue=kraken&state=repaired").body, HasSubstr("\"data\":[]"));
  venues.control("kraken/reset");

  const std::string repaired = "/api/v1/gaps?venue=kraken&pair=btc/usd&state=repaired";
  ASSERT_TRUE(eventually([&] { return served.get(repaired).body.find("\"venue\"") != std::string::npos; },
                         std::chrono::seconds(240)))
      << served.get("/api/v1/gaps").body << served.process().err();
  const std::string answer = served.get(repaired).body;
  const std::string gap = answer.substr(answer.find("\"data\""));
  EXPECT_EQ(json_field(gap, "expected"), json_field(gap, "recovered")) << gap;
  EXPECT_GT(std::stoll(json_field(gap, "recovered")), 0) << gap;

  const Timestamp from = field_time(gap, "start").floor_to(std::chrono::minutes(1));
  const Timestamp to = field_time(gap, "end").floor_to(std::chrono::minutes(1)) + std::chrono::minutes(1);
  ASSERT_TRUE(from.is_set());
  const std::string target =
      "/api/v1/candles/btc/usd?venue=kraken&start=" + core::to_rfc3339(from) + "&end=" + core::to_rfc3339(to);
  ASSERT_TRUE(eventually([&] { return json_field(served.get(target).body, "complete") == "true"; }))
      << served.get(target).body;
  const std::string candles = served.get(target).body;
  static const std::regex kCandle(
      R"re("start":"([^"]+)","open":([\d.]+),"high":([\d.]+),"low":([\d.]+),"close":([\d.]+),"volume":([\d.]+),"trades":(\d+),"final":true,"complete":true)re");
  const auto expected = truth(venues, from, to);
  const auto stored = matches(candles, kCandle);
  ASSERT_EQ(stored.size(), expected.size()) << candles;
  for (const std::smatch& match : stored) {
    const auto it = expected.find(core::parse_rfc3339(match[1].str()).value());
    ASSERT_NE(it, expected.end()) << match[0];
    EXPECT_EQ(*Decimal::parse(match[2].str()), it->second.open) << match[0];
    EXPECT_EQ(*Decimal::parse(match[3].str()), it->second.high) << match[0];
    EXPECT_EQ(*Decimal::parse(match[4].str()), it->second.low) << match[0];
    EXPECT_EQ(*Decimal::parse(match[5].str()), it->second.close) << match[0];
    EXPECT_EQ(*Decimal::parse(match[6].str()), it->second.volume.total()) << match[0];
    EXPECT_EQ(std::stoi(match[7].str()), it->second.trades) << match[0];
  }
}

}  // namespace
}  // namespace tickspan::test
