// A venue with two hosts that speak different protocols: where one is gone the other takes over, and back.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "storage/sqlite/sqlite_store.hpp"
#include "stored_truth.hpp"

namespace tickspan::test {
namespace {

using core::Timestamp;
using std::chrono::seconds;

const std::vector<std::string> kTwoHosts = {"--venue", "coinbase", "--venue",  "coinbase_advanced",
                                            "--rate",  "100",      "--assets", "20"};

/// Coinbase alone: its Exchange at one address, Advanced Trade at another.
class Alternate : public testing::Test {
 protected:
  Alternate()
      : exchange_(dir_.file("exchange.toml"), 0, kTwoHosts), advanced_(dir_.file("advanced.toml"), 0, kTwoHosts) {
    std::ofstream config(dir_.file("c.toml"));
    for (const char* other : {"binance", "kraken", "okx", "bybit", "bitstamp", "coingecko"})
      config << fmt::format("[[sources]]\nname = \"{}\"\nenabled = false\n", other);
    config << "[[sources]]\nname = \"coinbase\"\n"
           << fmt::format("ws_url = \"ws://{0}/coinbase\"\nrest_url = \"http://{0}/coinbase\"\n", host(exchange_))
           << fmt::format("alternate_ws_url = \"ws://{0}/coinbase_advanced\"\n", host(advanced_))
           << fmt::format("alternate_rest_url = \"http://{0}/coinbase_advanced\"\n", host(advanced_));
    config.close();
    served_.emplace(dir_.file("data"), std::vector<std::string>{"--config", dir_.file("c.toml"), "--log-level", "info",
                                                                "--set", "store.ticks=all"});
  }
  static std::string host(const SimulatedVenues& venues) { return fmt::format("127.0.0.1:{}", venues.port()); }
  std::string source() {
    const std::string body = served_->get("/api/v1/sources").body;
    return body.substr(std::min(body.size(), body.find("\"id\":\"coinbase\"")));
  }
  std::string gaps(const std::string& filter) {
    const std::string body = served_->get("/api/v1/gaps?venue=coinbase" + filter).body;
    return body.substr(std::min(body.size(), body.find("\"data\"")));
  }
  /// It is live at this host, and so many more trades have come from there.
  bool heard_at(const SimulatedVenues& venues, int trades) {
    if (!eventually(
            [&] {
              const std::string row = source();
              return json_field(row, "feed") == "live" && json_field(row, "host") == host(venues);
            },
            seconds(90)))
      return false;
    const auto heard = [&] { return std::atoi(json_field(source(), "trades").c_str()); };
    return eventually([&, until = heard() + trades] { return heard() >= until; }, seconds(60));
  }
  Timestamp now() const {
    return Timestamp::from_ms(std::stoll(json_field(get(exchange_.port(), "/control").body, "now_ms")));
  }

  const TempDir dir_;
  SimulatedVenues exchange_, advanced_;  // one market: their seed is the same
  std::optional<Served> served_;
};

TEST_F(Alternate, TheTradesGoOnWithTheSameNumbersAndTheHoleIsRepairedFromThere) {
  ASSERT_TRUE(heard_at(exchange_, 200)) << source() << served_->process().err();

  exchange_.control("coinbase?maintenance=true");
  ASSERT_TRUE(heard_at(advanced_, 300)) << source() << served_->process().err();
  const Timestamp over_there = now() - seconds(1);
  ASSERT_TRUE(heard_at(advanced_, 100));
  ASSERT_TRUE(eventually([&] { return gaps("&pair=btc/usd&state=repaired").find("\"venue\"") != std::string::npos; },
                         seconds(240)))
      << gaps("") << served_->process().err();
  const std::string gap = gaps("&pair=btc/usd&state=repaired");
  EXPECT_GT(std::stoll(json_field(gap, "recovered")), 0) << gap;
  EXPECT_EQ(json_field(gap, "expected"), json_field(gap, "recovered")) << gap;

  exchange_.control("coinbase/reset");
  advanced_.control("coinbase_advanced?maintenance=true");
  ASSERT_TRUE(heard_at(exchange_, 300)) << source() << served_->process().err();  // long after all was asked for
  const Timestamp back = now() - seconds(1);
  ASSERT_TRUE(heard_at(exchange_, 50));

  served_->process().kill(SIGTERM);
  ASSERT_EQ(served_->process().wait(), 0) << served_->process().err();
  const auto store = storage::sqlite::make_sqlite_store(dir_.file("data") + "/tickspan.db", {.read_only = true});
  ASSERT_TRUE(store->open());
  StoredTruth truth(exchange_, *store);
  EXPECT_GT(truth.check(back).stored, 500u);
  EXPECT_GT(truth.check_minutes(back), 10u);
  for (const Timestamp at : {over_there, back}) {
    EXPECT_TRUE(std::none_of(truth.gaps().begin(), truth.gaps().end(),
                             [&](const core::Gap& hole) { return hole.start <= at && at < hole.end; }))
        << core::to_rfc3339(at) << ": a host was heard";
  }
}

}  // namespace
}  // namespace tickspan::test
