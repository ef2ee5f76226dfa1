#include <gtest/gtest.h>

#include "../fixtures.hpp"
#include "server.hpp"
#include "storage/postgres/postgres_store.hpp"
#include "storage/postgres/server_set.hpp"

namespace tickspan::storage::test {
namespace {

using core::Interval;
using postgres::LagJudge;
using postgres::make_postgres_store;
using postgres::PostgresOptions;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = std::chrono::steady_clock;
using tickspan::test::eventually;

TEST(PostgresLag, IsJudgedByPositionsNotByTimes) {
  LagJudge judge;
  const Steady::time_point start{};
  EXPECT_FALSE(judge.bound(start, 100));
  judge.sample(start, 100);
  EXPECT_EQ(judge.bound(start, 100), milliseconds(0));
  EXPECT_FALSE(judge.bound(start, 99));
  // An idle primary: an hour later a replica that has all is not behind.
  judge.sample(start + seconds(3600), 100);
  EXPECT_EQ(judge.bound(start + seconds(3600), 100), milliseconds(0));
  judge.sample(start + seconds(3601), 150);
  judge.sample(start + seconds(3602), 200);
  EXPECT_EQ(judge.bound(start + seconds(3602), 220), milliseconds(0));
  EXPECT_EQ(judge.bound(start + seconds(3602), 160), seconds(1));
  EXPECT_EQ(judge.bound(start + seconds(3602), 149), seconds(2));
}

TEST(PostgresLag, ReadsThePositionsAsTheServerWritesThem) {
  EXPECT_EQ(postgres::parse_lsn("16/B374D848"), 0x16B374D848u);
  EXPECT_EQ(postgres::parse_lsn("0/1"), 1u);
  for (const char* bad : {"", "16", "/", "16/", "16/xyz", "x/1", "1/1 "})
    EXPECT_EQ(postgres::parse_lsn(bad), 0u) << bad;
}

/// A store on the shared server that reads from a replica of it.
class PostgresReplica : public testing::Test {
 protected:
  void SetUp() override {
    primary_ = PostgresServer::shared();
    if (primary_ == nullptr) GTEST_SKIP() << "no PostgreSQL server is installed";
    url_ = fresh_database();
    replica_ = PostgresServer::replica_of(*primary_);
    PostgresOptions options;
    options.read_urls = {replica_->url("test")};
    options.replica_check = milliseconds(20);
    options.replica_lag = milliseconds(400);
    options.connect_time = seconds(2);
    options.metrics = &metrics_;
    store_ = make_postgres_store(url_, options);
    const auto opened = store_->open();
    ASSERT_TRUE(opened) << opened.error().context;
    writer_ = std::move(*store_->writer());
    reader_ = std::move(*store_->reader());
    write(0);
    ASSERT_TRUE(becomes("in_order")) << state();
  }
  void write(int index) {
    core::WriteBatch batch = world_.batch();
    batch.candles = {{world_.composite(world_.btc), Interval::m1, candle(minute(index), "1", "1", "1", "1")}};
    const auto written = writer_->write({batch});
    ASSERT_TRUE(written) << written.error().context;
  }
  std::string state() {
    const auto info = reader_->info();
    return info && info->replicas.size() == 1 ? info->replicas[0].state : "no info";
  }
  bool becomes(const std::string& wanted) {
    return eventually([&] { return state() == wanted; }, seconds(30));
  }
  std::size_t minutes() {
    const auto found = reader_->candles({"bitcoin", "usd", "", Interval::m1, minute(0), minute(1000)});
    EXPECT_TRUE(found) << found.error().context;
    return found ? found->size() : 0;
  }
  /// How often the server has looked into the pieces of the minutes: it says so about a second later.
  static int scans(PostgresServer& server) {
    return std::stoi(Psql(server.url("test"))
                         .ask("SELECT coalesce(sum(seq_scan + coalesce(idx_scan, 0)), 0) FROM pg_stat_all_tables "
                              "WHERE relname LIKE 'minutes_p%'"));
  }

  runtime::Metrics metrics_;
  const World world_;
  PostgresServer* primary_ = nullptr;
  std::unique_ptr<PostgresServer> replica_;
  std::string url_;
  std::unique_ptr<HistoryStore> store_;
  std::unique_ptr<StoreWriter> writer_;
  std::unique_ptr<StoreReader> reader_;
};

TEST_F(PostgresReplica, IsReadFromWhileItIsInOrderAndNotWhileItLags) {
  EXPECT_TRUE(eventually([&] { return minutes() == 1 && scans(*replica_) > 0; }, seconds(30)));
  const int of_primary = scans(*primary_);
  const int of_replica = scans(*replica_);
  // What is read is known there about a second later, on either of them.
  EXPECT_TRUE(eventually([&] { return minutes() == 1 && scans(*replica_) > of_replica + 20; }, seconds(30)));
  EXPECT_EQ(scans(*primary_), of_primary) << "the primary is spared";
  EXPECT_NE(metrics_.serialize().find("tickspan_storage_replica_in_use"), std::string::npos);
  // An idle primary: well past the bound the replica is still in order, since there is nothing it could lack.
  const auto begin = Steady::now();
  EXPECT_TRUE(eventually([&] { return state() != "in_order" || Steady::now() - begin > milliseconds(1500); }));
  EXPECT_EQ(state(), "in_order");
  Psql replay(replica_->url("test"));
  replay.run("SELECT pg_wal_replay_pause()");
  write(1);
  EXPECT_TRUE(becomes("lagging"));
  EXPECT_EQ(minutes(), 2u);  // the primary has it
  EXPECT_TRUE(eventually([&] { return minutes() == 2 && scans(*primary_) > of_primary; }, seconds(30)));
  EXPECT_GT((*reader_->info()).replicas[0].lag_ms, 400);
  replay.run("SELECT pg_wal_replay_resume()");
  EXPECT_TRUE(becomes("in_order"));
  EXPECT_TRUE(eventually([&] { return minutes() == 2; }));
}

TEST_F(PostgresReplica, ThatIsDownOrPromotedIsNotReadFrom) {
  EXPECT_TRUE(eventually([&] { return minutes() == 1; }));
  replica_->stop(PostgresServer::How::immediate);
  write(1);
  EXPECT_EQ(minutes(), 2u);  // at once: the read that finds it gone goes on to the primary
  EXPECT_TRUE(becomes("down"));
  replica_->start();
  EXPECT_TRUE(becomes("in_order"));
  replica_->promote();
  EXPECT_TRUE(becomes("promoted"));
  write(2);
  EXPECT_EQ(minutes(), 3u);
}

TEST_F(PostgresReplica, AnswersWhileThePrimaryIsAway) {
  const auto opened = make_postgres_store(replica_->url("test"))->open();
  ASSERT_FALSE(opened);  // it is none itself
  EXPECT_EQ(opened.error().code, core::ErrorCode::unavailable);
  EXPECT_NE(opened.error().context.find("is a replica"), std::string::npos) << opened.error().context;
  EXPECT_TRUE(eventually([&] { return minutes() == 1; }));
  primary_->stop(PostgresServer::How::fast);
  EXPECT_EQ(minutes(), 1u);
  EXPECT_FALSE(writer_->write({world_.batch()}));
  primary_->start();
  EXPECT_TRUE(eventually([&] { return writer_->write({world_.batch()}).has_value(); }));
}

}  // namespace
}  // namespace tickspan::storage::test
