// The real program, killed at any instant, beside the simulator's own account of what was traded: what was stored
// stays, nothing is there twice, and what is missing lies in a recorded gap that is no longer than store.durability
// says.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <random>
#include <set>

#include "../storage/postgres/server.hpp"
#include "storage/postgres/postgres_store.hpp"
#include "storage/sqlite/sqlite_store.hpp"
#include "stored_truth.hpp"

namespace tickspan::test {
namespace {

using core::Timestamp;
using std::chrono::milliseconds;
using std::chrono::seconds;
using storage::test::PostgresServer;

Timestamp now() {
  return Timestamp{
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count()};
}

int rounds_or(int standard) {
  const char* text = std::getenv("TICKSPAN_SOAK_ROUNDS");
  return text != nullptr && std::atoi(text) > 0 ? std::atoi(text) : standard;
}

/// The program beside simulated venues, again and again on one store.
class Kills : public testing::Test {
 protected:
  struct Kill {
    Timestamp at;
    bool heard_long = false;  // every venue was live for longer than the bound
    bool wrote = true;        // something was in the store
  };
  void begin(const std::string& durability, std::vector<std::string> extra = {}) {
    venues_.emplace(dir_.file("c.toml"), 0, std::vector<std::string>{"--rate", "300"});
    std::ofstream(dir_.file("c.toml"), std::ios::app) << "[[sources]]\nname = \"coingecko\"\nenabled = false\n";
    flags_ = {"--config",    dir_.file("c.toml"),
              "--log-level", "error",
              "--set",       "store.ticks=all",
              "--set",       "store.repair=false",
              "--set",       "store.durability=" + durability};
    flags_.insert(flags_.end(), extra.begin(), extra.end());
  }
  void start() {
    served_.emplace(dir_.file("data"), flags_);
    kills_.push_back({});
    ASSERT_TRUE(eventually([&] { return served_->get("/livez").status == 200; }, seconds(60)))
        << served_->process().err();
  }
  void wait(milliseconds span) {
    const auto until = std::chrono::steady_clock::now() + span;
    eventually([&] { return std::chrono::steady_clock::now() >= until; }, span + seconds(10));
  }
  void kill() {
    kills_.back().at = now();
    served_->process().kill(SIGKILL);
    ASSERT_EQ(served_->process().wait(), 128 + SIGKILL) << served_->process().err();
    served_.reset();
  }
  /// Waits until every exchange is heard.
  void hear_all() {
    const auto hears_all = [&] {
      const std::string body = served_->get("/api/v1/sources").body;
      std::size_t live = 0;
      for (auto at = body.find("\"feed\":\"live\""); at != std::string::npos;
           at = body.find("\"feed\":\"live\"", at + 1))
        ++live;
      return live >= venues_->exchanges().size();
    };
    ASSERT_TRUE(eventually(hears_all, seconds(60))) << served_->get("/api/v1/sources").body;
  }
  /// A last run that hears every venue again and is stopped in order. Returns until when everything is there.
  Timestamp finish() {
    start();
    hear_all();
    wait(seconds(1));
    const Timestamp end = now();
    wait(seconds(4));  // until everything of before has arrived, on a busy machine, too
    served_->process().kill(SIGTERM);
    EXPECT_EQ(served_->process().wait(seconds(60)), 0) << served_->process().err();
    kills_.pop_back();
    return end;
  }
  /// Each kill is in a gap of each venue, which begins no earlier than `bound` before it; or before the kill of an
  /// earlier run, where those between did not live long enough to hear the venue again.
  void expect_bounded(const std::vector<core::Gap>& gaps, core::Duration bound) {
    std::set<std::string> venues;
    for (const core::Gap& gap : gaps) venues.insert(gap.venue);
    EXPECT_EQ(venues.size(), venues_->exchanges().size());
    for (const Kill& kill : kills_) {
      for (const std::string& venue : venues) {
        const auto gap = std::find_if(gaps.begin(), gaps.end(), [&](const core::Gap& g) {
          return g.venue == venue && g.cause == core::GapCause::restart && g.start <= kill.at && kill.at < g.end;
        });
        if (gap == gaps.end()) {
          EXPECT_FALSE(kill.wrote) << venue << ": no gap tells of the kill at " << core::to_rfc3339(kill.at);
          continue;
        }
        const auto first = kill.heard_long ? &kill : &*std::find_if(kills_.begin(), kills_.end(), [&](const Kill& k) {
          return gap->start <= k.at;
        });
        const core::Duration lost = first->at - gap->start;
        longest_ = std::max(longest_, lost);
        EXPECT_LE(lost, bound) << venue << ", in ns, before " << core::to_rfc3339(first->at);
      }
    }
  }
  void report(const char* what, const StoredTruth::Counts& counts, std::size_t minutes) {
    std::cout << fmt::format(
        "{}: {} kills, {} trades stored, {} in recorded gaps, which begin up to {} ms before; {} whole minutes\n", what,
        kills_.size(), counts.stored, counts.in_gaps, longest_.count() / 1'000'000, minutes);
  }

  TempDir dir_;
  std::optional<SimulatedVenues> venues_;
  std::vector<std::string> flags_;
  std::optional<Served> served_;
  std::vector<Kill> kills_;
  core::Duration longest_{};
};

class KillsOfSqlite : public Kills {
 protected:
  using Numbers = std::set<std::uint64_t>;
  bool wrote_anything() {
    const auto store = storage::sqlite::make_sqlite_store(dir_.file("data") + "/tickspan.db", {.read_only = true});
    return store->open() && !(*store->reader())->series()->empty();
  }
  /// What a reader has seen is acknowledged, whatever the setting.
  Numbers stored() {
    const auto store = storage::sqlite::make_sqlite_store(dir_.file("data") + "/tickspan.db", {.read_only = true});
    Numbers out;
    if (!store->open()) return out;  // not made yet
    const auto trades = (*store->reader())
                            ->trades({"bitcoin", "usd", "kraken", Timestamp{1},
                                      Timestamp{std::numeric_limits<std::int64_t>::max() / 2}, 10'000'000});
    if (trades) {
      for (const auto& trade : *trades) out.insert(trade.trade_id);
    }
    return out;
  }
  void run(const std::string& durability, core::Duration bound, int rounds, unsigned seed) {
    begin(durability);
    std::mt19937 random(seed);
    Numbers seen;
    for (int round = 0; round < rounds; ++round) {
      ASSERT_NO_FATAL_FAILURE(start());
      // Mostly soon after the start, before everything is heard; now and then late enough to be past the bound.
      const bool long_round = round % 4 == 3;
      if (long_round) {
        ASSERT_NO_FATAL_FAILURE(hear_all());
        wait(std::chrono::duration_cast<milliseconds>(bound));
      }
      wait(milliseconds(random() % (long_round ? 4000 : 1500)));
      const Numbers before = stored();
      ASSERT_NO_FATAL_FAILURE(kill());
      kills_.back().heard_long = long_round;
      kills_.back().wrote = wrote_anything();
      const Numbers after = stored();
      EXPECT_TRUE(std::includes(after.begin(), after.end(), before.begin(), before.end())) << "round " << round;
      EXPECT_TRUE(std::includes(after.begin(), after.end(), seen.begin(), seen.end())) << "round " << round;
      seen = after;
    }
    const Timestamp end = finish();
    const auto store = storage::sqlite::make_sqlite_store(dir_.file("data") + "/tickspan.db");
    ASSERT_TRUE(store->open());
    StoredTruth truth(*venues_, *store);
    const auto counts = truth.check(end);
    const std::size_t minutes = truth.check_minutes(end);
    expect_bounded(truth.gaps(), bound);
    EXPECT_GT(counts.stored, 100u);
    report(durability.c_str(), counts, minutes);
  }
};

// The bounds are those of docs/operations.md for a kill; half a second is for this test's own clock readings.
TEST_F(KillsOfSqlite, Relaxed) {
  run("relaxed", milliseconds(12'500), rounds_or(9), 1);
}
TEST_F(KillsOfSqlite, Second) {
  run("second", milliseconds(3'500), rounds_or(8), 2);
}
TEST_F(KillsOfSqlite, Commit) {
  run("commit", milliseconds(3'500), rounds_or(8), 3);
}

class KillsOfPostgres : public Kills {
 protected:
  void SetUp() override {
    if (PostgresServer::binaries().empty()) GTEST_SKIP() << "no PostgreSQL server is installed";
    server_.emplace(PostgresServer::Settings{{"fsync", "on"}, {"full_page_writes", "on"}});
    url_ = server_->make_database("market");
  }
  std::optional<PostgresServer> server_;
  std::string url_;
};

TEST_F(KillsOfPostgres, OfTheProgramAndOfTheServerUnderIt) {
  begin("second", {"--set", "store.url=" + url_});
  std::mt19937 random(4);
  std::vector<Timestamp> crashes;  // of the server, while the program lived on
  const int rounds = rounds_or(3);
  for (int round = 0; round < rounds; ++round) {
    ASSERT_NO_FATAL_FAILURE(start());
    ASSERT_TRUE(eventually([&] { return json_field(served_->get("/api/v1/status").body, "state") == "ok"; }));
    // So long that the hole of the kill before it is closed.
    ASSERT_NO_FATAL_FAILURE(hear_all());
    wait(milliseconds(1500 + random() % 1500));
    crashes.push_back(now());
    server_->restart(PostgresServer::How::immediate);
    const auto recovered = [&] {
      const std::string body = served_->get("/api/v1/status").body;
      const auto at = body.find("\"store\"");
      return at != std::string::npos && json_field(body.substr(at), "healthy") == "true";
    };
    ASSERT_TRUE(eventually(recovered, seconds(60))) << served_->get("/api/v1/status").body;
    // So long that the kill's own gap cannot reach back to the server's crash.
    wait(milliseconds(5'000 + random() % 1500));
    ASSERT_NO_FATAL_FAILURE(kill());
    kills_.back().heard_long = true;
  }
  const Timestamp end = finish();
  const auto store = storage::postgres::make_postgres_store(url_);
  ASSERT_TRUE(store->open());
  StoredTruth truth(*venues_, *store);
  const auto counts = truth.check(end);
  const std::size_t minutes = truth.check_minutes(end);
  expect_bounded(truth.gaps(), milliseconds(4'500));
  for (const Timestamp crash : crashes) {
    for (const core::Gap& gap : truth.gaps()) {
      const bool covers = gap.start <= crash && crash < gap.end;
      EXPECT_FALSE(covers) << gap.venue << ", " << core::to_string(gap.cause) << ": the server's crash alone at "
                           << core::to_rfc3339(crash) << " took something: " << core::to_rfc3339(gap.start) << " to "
                           << core::to_rfc3339(gap.end);
    }
  }
  EXPECT_GT(counts.stored, 100u);
  report("PostgreSQL", counts, minutes);
}

}  // namespace
}  // namespace tickspan::test
