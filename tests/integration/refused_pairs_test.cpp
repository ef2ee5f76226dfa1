// Pairs that a venue lists and does not have: named, not asked for again, and no harm to the others.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "served.hpp"

namespace tickspan::test {
namespace {

using namespace std::chrono_literals;

// Those that say no. Binance acknowledges what it does not know.
const std::vector<std::string> kVenues = {"coinbase", "kraken", "okx", "bybit", "bitstamp"};

std::vector<std::string> flags() {
  std::vector<std::string> out = {"--rate", "500"};
  for (const std::string& venue : kVenues) out.insert(out.end(), {"--fault", fmt::format("{}:no_pairs=6", venue)});
  return out;
}

TEST(RefusedPairs, AreNamedAndNotAskedForAgainAndTheOthersGoOn) {
  const TempDir dir;
  const SimulatedVenues venues(dir.file("c.toml"), 0, flags());
  Served served(dir.file("data"), {"--config", dir.file("c.toml"), "--log-level", "error"});
  const auto row = [&](const std::string& venue) {
    const std::string body = served.get("/api/v1/sources").body;
    return body.substr(std::min(body.size(), body.find("\"id\":\"" + venue + "\"")));
  };
  const auto number = [&](const std::string& venue, const char* field) {
    return std::atoi(json_field(row(venue), field).c_str());
  };
  const auto refused = [&](const std::string& venue) {
    return std::atoi(json_field(get(venues.port(), "/control/" + venue).body, "refused").c_str());
  };
  // It is live, names what it does not have, and trades have come since.
  const auto goes_on = [&](const std::string& venue) {
    const auto named = [&] {
      return json_field(row(venue), "feed") == "live" &&
             json_field(row(venue), "detail").find("refused by the venue, until its next list: ") != std::string::npos;
    };
    return eventually(named, 60s) &&
           eventually([&, until = number(venue, "trades") + 20] { return number(venue, "trades") >= until; }, 60s);
  };
  for (const std::string& venue : kVenues) ASSERT_TRUE(goes_on(venue)) << row(venue);

  std::map<std::string, int> asked, connected;
  for (const std::string& venue : kVenues) {
    asked[venue] = refused(venue);
    EXPECT_GT(asked[venue], 0) << venue;
    connected[venue] = number(venue, "connects");
    venues.control(venue + "/drop");
  }
  for (const std::string& venue : kVenues) {
    EXPECT_TRUE(eventually([&] { return number(venue, "connects") > connected[venue]; }, 60s)) << row(venue);
    EXPECT_TRUE(goes_on(venue)) << row(venue);
    EXPECT_EQ(refused(venue), asked[venue]) << venue << ": asked for once";
  }
}

}  // namespace
}  // namespace tickspan::test
