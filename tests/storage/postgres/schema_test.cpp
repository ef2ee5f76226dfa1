#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "../fixtures.hpp"
#include "server.hpp"
#include "storage/postgres/partitions.hpp"
#include "storage/postgres/postgres_store.hpp"
#include "storage/postgres/schema.hpp"

namespace tickspan::storage::test {
namespace {

using core::Interval;
using postgres::make_postgres_store;
using postgres::Table;

constexpr const char* kPieces =
    "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind = 'r' AND relispartition";

class PostgresSchema : public testing::Test {
 protected:
  void SetUp() override {
    if (PostgresServer::shared() == nullptr) GTEST_SKIP() << "no PostgreSQL server is installed";
    url_ = fresh_database();
  }
  core::Error refused() {
    const auto opened = make_postgres_store(url_)->open();
    EXPECT_FALSE(opened);
    return opened ? core::Error{} : opened.error();
  }
  std::string url_;
  const World world_;
};

TEST_F(PostgresSchema, TwoProgramsThatStartAtOnceBothComeUp) {
  for (int round = 0; round < 3; ++round) {
    url_ = fresh_database();
    std::atomic<int> up{0};
    std::vector<std::thread> programs;
    for (int i = 0; i < 4; ++i) {
      programs.emplace_back([&] {
        const auto store = make_postgres_store(url_);
        const auto opened = store->open();
        EXPECT_TRUE(opened) << opened.error().context;
        core::WriteBatch batch = world_.batch();
        batch.candles = {{world_.composite(world_.btc), Interval::m1, candle(minute(0), "1", "1", "1", "1")}};
        const auto written = (*store->writer())->write({batch});
        EXPECT_TRUE(written) << written.error().context;
        if (opened && written) ++up;
      });
    }
    for (auto& program : programs) program.join();
    EXPECT_EQ(up, 4);
    EXPECT_EQ(Psql(url_).ask("SELECT count(*) FROM tickspan.minutes"), "1");
    EXPECT_EQ(Psql(url_).ask("SELECT version FROM tickspan.schema_version"),
              std::to_string(postgres::newest_schema_version()));
  }
}

TEST_F(PostgresSchema, ANewerOneIsLeftUntouched) {
  ASSERT_TRUE(make_postgres_store(url_)->open());
  Psql database(url_);
  database.run("UPDATE tickspan.schema_version SET version = 999");
  const std::string before = database.ask("SELECT pg_current_wal_insert_lsn()");
  const core::Error error = refused();
  EXPECT_EQ(error.code, core::ErrorCode::conflict);
  EXPECT_NE(error.context.find("was written by a newer version (schema 999, this program knows up to"),
            std::string::npos)
      << error.context;
  EXPECT_EQ(database.ask("SELECT version FROM tickspan.schema_version"), "999");
}

TEST_F(PostgresSchema, OneOfAnotherProgramIsLeftUntouched) {
  Psql database(url_);
  database.run("CREATE SCHEMA tickspan; CREATE TABLE tickspan.notes(text text)");
  EXPECT_EQ(refused().code, core::ErrorCode::conflict);
  EXPECT_EQ(database.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'tickspan'"), "1");
}

TEST_F(PostgresSchema, AStepThatFailsLeavesNothing) {
  Psql database(url_);
  database.run(
      "CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN "
      "IF to_regclass('tickspan.gaps') IS NOT NULL THEN RAISE EXCEPTION 'no'; END IF; END $$; "
      "CREATE EVENT TRIGGER refuse ON ddl_command_end EXECUTE FUNCTION public.refuse()");
  const auto opened = make_postgres_store(url_)->open();
  database.run("DROP EVENT TRIGGER refuse; DROP FUNCTION public.refuse()");
  EXPECT_FALSE(opened);
  EXPECT_EQ(database.ask("SELECT to_regnamespace('tickspan') IS NULL"), "t");
  EXPECT_TRUE(make_postgres_store(url_)->open());
}

TEST_F(PostgresSchema, OneOfTheFirstVersionComesUpAndTakesWhatIsNew) {
  ASSERT_TRUE(make_postgres_store(url_)->open());
  Psql database(url_);
  database.run("DROP TABLE tickspan.takeovers; UPDATE tickspan.schema_version SET version = 1");
  const auto store = make_postgres_store(url_);
  ASSERT_TRUE(store->open());
  core::WriteBatch batch;
  batch.takeovers = {{"bitcoin", kNoon, "composite", "coingecko", core::TakeoverCause::silent}};
  ASSERT_TRUE((*store->writer())->write({batch}));
  const auto found = (*store->reader())->takeovers("bitcoin", kNoon, kNoon + std::chrono::seconds(1), 9);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->at(0).to, "coingecko");
}

TEST_F(PostgresSchema, AnEmptySchemaMadeByTheOperatorWillDo) {
  Psql database(url_);
  database.run("CREATE SCHEMA tickspan");
  EXPECT_TRUE(make_postgres_store(url_)->open());
}

TEST_F(PostgresSchema, PiecesAreMadeAheadAndDroppedWhole) {
  const auto store = make_postgres_store(url_);
  ASSERT_TRUE(store->open());
  const auto writer = std::move(*store->writer());
  const auto day = std::chrono::hours(24);
  core::WriteBatch batch = world_.batch();
  for (const int back : {70, 40, 0}) {  // 23 March, 22 April, 1 June
    batch.candles.push_back(
        {world_.composite(world_.btc), Interval::m1, candle(kNoon - back * day, "1", "1", "1", "1")});
  }
  batch.candles.push_back({world_.composite(world_.btc), Interval::h4, candle(kNoon, "1", "1", "1", "1")});
  for (const int back : {2, 0}) {
    const auto at = kNoon - back * day;
    batch.ticks.push_back(trade(world_.kraken_btc, 9u - static_cast<unsigned>(back), at, at, "1", "1"));
  }
  const auto written = writer->write({batch});
  ASSERT_TRUE(written) << written.error().context;
  Psql database(url_);
  EXPECT_EQ(database.ask(kPieces),
            "candles_p2026 candles_p2027 minutes_p2026_03 minutes_p2026_04 minutes_p2026_06 minutes_p2026_07 "
            "trades_p2026_05_30 trades_p2026_06_01 trades_p2026_06_02");
  // A piece goes when all of it is past its time, the rest row by row; the count of a piece is the server's estimate.
  const auto expired = writer->expire({kNoon - 35 * day, {}, kNoon}, 100);
  ASSERT_TRUE(expired) << expired.error().context;
  EXPECT_EQ(database.ask(kPieces),
            "candles_p2026 candles_p2027 minutes_p2026_04 minutes_p2026_06 minutes_p2026_07 "
            "trades_p2026_06_01 trades_p2026_06_02");
  EXPECT_EQ(database.ask("SELECT count(*) FROM tickspan.minutes"), "1");
  EXPECT_EQ(database.ask("SELECT count(*) FROM tickspan.trades"), "1");
  // What comes for a piece that is gone makes it again, even where another program has dropped it unseen.
  database.run("DROP TABLE tickspan.minutes_p2026_06");
  batch.ticks.clear();
  const auto again = writer->write({batch});
  ASSERT_TRUE(again) << again.error().context;
  EXPECT_EQ(database.ask("SELECT count(*) FROM tickspan.minutes"), "3");
}

TEST(PostgresPartitions, AreNamedByTheirTime) {
  const auto leap = *core::parse_rfc3339("2028-02-29T23:59:59.999999999Z");
  const auto name = [](Table table, core::Timestamp time) { return postgres::piece_of(table, time).name; };
  EXPECT_EQ(name(Table::minutes, leap), "minutes_p2028_02");
  EXPECT_EQ(name(Table::trades, leap), "trades_p2028_02_29");
  EXPECT_EQ(name(Table::candles, leap), "candles_p2028");
  EXPECT_EQ(name(Table::trades, leap + core::Duration(1)), "trades_p2028_03_01");
  EXPECT_EQ(name(Table::minutes, {0}), "minutes_p1970_01");
  EXPECT_EQ(name(Table::trades, {-1}), "trades_p1969_12_31");
  const auto december = postgres::piece_of(Table::minutes, *core::parse_rfc3339("2026-12-05T00:00:00Z"));
  EXPECT_EQ(core::to_rfc3339(december.start), "2026-12-01T00:00:00.000Z");
  EXPECT_EQ(core::to_rfc3339(december.end), "2027-01-01T00:00:00.000Z");
}

}  // namespace
}  // namespace tickspan::storage::test
