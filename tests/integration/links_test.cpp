// A venue with more pairs than one connection takes, and one of its connections gone: over real sockets, and killed
// while it is so.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <set>

#include "storage/sqlite/sqlite_store.hpp"
#include "stored_truth.hpp"

namespace tickspan::test {
namespace {

using core::Timestamp;
using std::chrono::seconds;
using testing::HasSubstr;

Timestamp now() {
  return Timestamp{
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count()};
}

class Links : public testing::Test {
 protected:
  Links() : venues_(dir_.file("c.toml"), 0, {"--assets", "1000", "--rate", "300"}) {}
  void start() {
    served_.emplace(dir_.file("data"),
                    std::vector<std::string>{"--config", dir_.file("c.toml"), "--log-level", "warn", "--set",
                                             "store.ticks=all", "--set", "store.repair=false", "--set",
                                             "store.durability=second", "--set", "market.tracked_assets=1000"});
  }
  std::string source() {
    const std::string body = served_->get("/api/v1/sources").body;
    return body.substr(std::min(body.size(), body.find("\"id\":\"coinbase\"")));
  }
  /// All of its connections are live, and there are several.
  bool all_heard() {
    const std::string row = source();
    const auto pairs = std::atoi(json_field(row, "pairs").c_str());
    return pairs > 250 && json_field(row, "feed") == "live" &&
           json_field(row, "detail").find("connections live") == std::string::npos &&
           std::atoi(json_field(row, "live_pairs").c_str()) > 0;
  }
  std::string gaps(const std::string& filter) {
    const std::string body = served_->get("/api/v1/gaps?venue=coinbase&limit=1000" + filter).body;
    return body.substr(std::min(body.size(), body.find("\"data\"")));
  }
  static std::set<std::string> symbols(const std::vector<core::Gap>& all) {
    std::set<std::string> out;
    for (const core::Gap& gap : all) out.insert(gap.instrument_symbol);
    return out;
  }

  const TempDir dir_;
  SimulatedVenues venues_;
  std::optional<Served> served_;
};

TEST_F(Links, OneThatIsGoneIsAHoleOfItsPairsAtOnceAndStaysOneWhenTheProgramIsKilled) {
  start();
  ASSERT_TRUE(eventually([&] { return all_heard(); }, seconds(120))) << source() << served_->process().err();
  const std::string before = gaps("");
  EXPECT_THAT(before, HasSubstr("\"data\":[]"));

  venues_.control("coinbase?refuse_status=503");
  const Timestamp gone = now();
  venues_.control("coinbase/drop?pair=BTC/USD");
  ASSERT_TRUE(
      eventually([&] { return gaps("&pair=btc/usd&state=open").find("BTC-USD") != std::string::npos; }, seconds(30)))
      << source() << gaps("");
  EXPECT_EQ(json_field(source(), "feed"), "live") << "the others go on";
  EXPECT_THAT(source(), HasSubstr("connections live; one is")) << "long before the reconnect";
  const auto long_enough = gone + seconds(70);  // a whole minute of it
  ASSERT_TRUE(eventually([&] { return now() > long_enough; }, seconds(120)));
  served_->process().kill(SIGKILL);
  ASSERT_EQ(served_->process().wait(), 128 + SIGKILL);

  const auto look = [&](auto judge) {
    const auto store = storage::sqlite::make_sqlite_store(dir_.file("data") + "/tickspan.db", {.read_only = true});
    ASSERT_TRUE(store->open());
    judge(*store);
  };
  std::set<std::string> silent;
  look([&](storage::HistoryStore& store) {
    const auto reader = std::move(*store.reader());
    const auto rows = *reader->gaps("coinbase", Timestamp{1}, now() + seconds(60), 100'000);
    silent = symbols(rows);
    EXPECT_TRUE(silent.contains("BTC-USD"));
    EXPECT_FALSE(silent.contains("")) << "the venue as a whole was heard all the time";
    EXPECT_EQ(silent.size(), 250u) << "the share of one connection, no more";
    const Timestamp mark = store.restore(now())->last_write;
    for (const core::Gap& gap : rows) {
      EXPECT_EQ(gap.state, core::GapState::open);
      EXPECT_LE(gap.start, gone + seconds(2));
      EXPECT_GE(gap.end + seconds(1), mark) << gap.instrument_symbol << ": the restart's hole begins there";
    }
    const auto minutes = *reader->candles({"bitcoin", "usd", "coinbase", core::Interval::m1, gone, now()});
    EXPECT_TRUE(minutes.empty()) << "nobody listened";
  });

  venues_.control("coinbase/reset");
  start();
  ASSERT_TRUE(eventually([&] { return all_heard(); }, seconds(120))) << source() << served_->process().err();
  served_->process().kill(SIGTERM);
  EXPECT_EQ(served_->process().wait(), 0) << served_->process().err();
  look([&](storage::HistoryStore& store) {
    StoredTruth truth(venues_, store);
    const auto counts = truth.check(gone + seconds(70));
    EXPECT_GT(counts.stored, 100u);
    EXPECT_GT(counts.in_gaps, 10u);
    truth.check_minutes(gone + seconds(70));
  });
}

}  // namespace
}  // namespace tickspan::test
