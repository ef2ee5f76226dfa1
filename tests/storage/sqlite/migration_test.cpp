#include <gtest/gtest.h>

#include <filesystem>

#include "../../support/support.hpp"
#include "../fixtures.hpp"
#include "old_schemas.hpp"
#include "sqlite_file.hpp"
#include "storage/sqlite/sqlite_store.hpp"

namespace tickspan::storage::test {
namespace {

using sqlite::make_sqlite_store;

// Every kind of row, as version 1 wrote it.
const std::string kVersion1 = std::string(kVersion1Tables) + R"sql(
PRAGMA user_version = 1;
INSERT INTO meta VALUES('last_write', 1780315320000000000);
INSERT INTO series VALUES(7, 'bitcoin', 'usd', '');
INSERT INTO candles VALUES(7, 0, 1780315200, 6432150, 7850, -2125, 7825, 2, 15, -1, 12, 1);
INSERT INTO candles VALUES(7, 0, 1780315260, 123456789012345678, 5, 1, -3, 4243253755, 0, 0, 0, 14);
INSERT INTO points VALUES(7, 1780315200500, 64321.5, 1.25e12, NULL);
INSERT INTO assets VALUES(1, 'bitcoin', 'btc', 'Bitcoin', 0, 1);
INSERT INTO assets VALUES(2, 'eur', 'eur', 'Euro', 2, 0);
INSERT INTO facts VALUES('bitcoin', 'btc', 'Bitcoin', 1, 6432150, -2, NULL, NULL, 63, 3, NULL, 1.5, 1.25e12, NULL,
  19700000.0, NULL, 21000000.0, 1780315199000000000, 1780315200000000000);
INSERT INTO prices VALUES('bitcoin', 6432150, -2, 1780315320000000000, 'composite');
INSERT INTO gaps VALUES(1780315200000000000, 'kraken', '', 1780315260000000000, 'disk_full');
)sql";

std::unique_ptr<StoreReader> open_reader(HistoryStore& store) {
  const auto opened = store.open();
  EXPECT_TRUE(opened) << opened.error().context;
  auto reader = store.reader();
  EXPECT_TRUE(reader);
  return std::move(*reader);
}

TEST(SqliteMigration, AVersion1FileComesUpWithAllItHas) {
  const tickspan::test::TempDir folder;
  const std::string path = folder.file("history.db");
  SqliteFile(path).run(kVersion1);
  const auto store = make_sqlite_store(path);
  const auto reader = open_reader(*store);
  EXPECT_EQ(reader->info()->schema_version, 5);

  const auto candles = reader->candles({"bitcoin", "usd", "", core::Interval::m1, minute(0), minute(9)});
  ASSERT_TRUE(candles) << candles.error().context;
  ASSERT_EQ(candles->size(), 2u);
  EXPECT_EQ(show((*candles)[0]), show(candle(minute(0), "64321.50", "64400.00", "64300.25", "64399.75", "1.5", 12)));
  EXPECT_EQ(show((*candles)[1]),
            "2026-06-01T12:01:00.000Z 123456789012345678e-5 5e-23 1e-22 -3e-4 v0e0 t0 incomplete flat");
  EXPECT_EQ(reader->points("bitcoin", minute(0), minute(1), 9)->at(0).market_cap, 1.25e12);
  EXPECT_EQ(reader->gaps("", minute(0), minute(1), 9)->at(0).cause, core::GapCause::disk_full);

  const auto state = store->restore(minute(0));
  ASSERT_TRUE(state);
  EXPECT_EQ(state->assets.at(1).kind, core::AssetKind::fiat);
  EXPECT_EQ(state->facts.at(0).low_24h->to_string(), "63000");
  EXPECT_EQ(state->facts.at(0).max_supply, 21e6);
  EXPECT_EQ(state->prices.at(0).price_usd.to_string(), "64321.50");
  EXPECT_EQ(state->minutes.at(0).candles.size(), 2u);
  EXPECT_EQ(state->last_write, minute(2));
}

TEST(SqliteMigration, AMigratedFileTakesWhatIsNew) {
  const tickspan::test::TempDir folder;
  SqliteFile(folder.file("history.db")).run(kVersion1);
  const auto store = make_sqlite_store(folder.file("history.db"));
  const auto reader = open_reader(*store);
  const World world;
  core::WriteBatch batch = world.batch();
  batch.ticks = {trade(world.kraken_btc, 1, minute(0), minute(0), "1", "1")};
  batch.candles = {{world.composite(world.btc), core::Interval::m1, candle(minute(5), "1", "1", "1", "1")}};
  batch.takeovers = {{"bitcoin", minute(3), "composite", "coingecko", core::TakeoverCause::silent}};
  ASSERT_TRUE((*store->writer())->write({batch}));
  EXPECT_EQ(reader->takeovers("bitcoin", minute(0), minute(9), 9)->at(0).to, "coingecko");
  EXPECT_EQ(reader->trades({"bitcoin", "usd", "kraken", minute(0), minute(1)})->size(), 1u);
  EXPECT_EQ(reader->candles({"bitcoin", "usd", "", core::Interval::m1, minute(0), minute(9)})->size(),
            3u);  // the old series
}

TEST(SqliteMigration, AFileOfANewerVersionIsLeftUntouched) {
  const tickspan::test::TempDir folder;
  const std::string path = folder.file("history.db");
  SqliteFile(path).run(std::string(kVersion1) + "PRAGMA user_version = 999;");
  const std::string before = tickspan::test::read_file(path);
  const auto opened = make_sqlite_store(path)->open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, core::ErrorCode::conflict);
  EXPECT_EQ(opened.error().context, "the database '" + path +
                                        "' was written by a newer version (schema 999, this program knows up to 5); "
                                        "install that version or choose another place with --data");
  EXPECT_EQ(tickspan::test::read_file(path), before);
  EXPECT_FALSE(std::filesystem::exists(path + "-wal"));
}

TEST(SqliteMigration, ANewerFileThatWasNotClosedIsLeftUntouchedToo) {
  const tickspan::test::TempDir folder;
  const std::string live = folder.file("live.db"), path = folder.file("history.db");
  SqliteFile writer(live);  // still open: its log is not folded in
  writer.run(std::string(kVersion1) + "PRAGMA user_version = 999;");
  std::filesystem::copy_file(live, path);
  std::filesystem::copy_file(live + "-wal", path + "-wal");
  const std::string before = tickspan::test::read_file(path), log = tickspan::test::read_file(path + "-wal");
  ASSERT_FALSE(log.empty());
  const auto opened = make_sqlite_store(path)->open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, core::ErrorCode::conflict);
  EXPECT_EQ(tickspan::test::read_file(path), before);
  EXPECT_EQ(tickspan::test::read_file(path + "-wal"), log);
}

TEST(SqliteMigration, AForeignDatabaseIsLeftUntouched) {
  for (const char* sql : {"CREATE TABLE notes(text)", "PRAGMA user_version = 1", "PRAGMA application_id = 77"}) {
    const tickspan::test::TempDir folder;
    const std::string path = folder.file("history.db");
    SqliteFile(path).run(sql);
    const std::string before = tickspan::test::read_file(path);
    const auto opened = make_sqlite_store(path)->open();
    ASSERT_FALSE(opened) << sql;
    EXPECT_EQ(opened.error().code, core::ErrorCode::conflict);
    EXPECT_NE(opened.error().context.find("another program"), std::string::npos);
    EXPECT_EQ(tickspan::test::read_file(path), before);
  }
}

TEST(SqliteMigration, AStepThatFailsLeavesTheOldVersionWhole) {
  const tickspan::test::TempDir folder;
  const std::string path = folder.file("history.db");
  SqliteFile(path).run(std::string(kVersion1) + "CREATE TABLE trades_by_time(in_the_way);");
  const auto opened = make_sqlite_store(path)->open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, core::ErrorCode::io_error);
  SqliteFile file(path);
  EXPECT_EQ(file.ask("PRAGMA user_version"), "1");
  EXPECT_EQ(file.ask("SELECT count(*) FROM sqlite_schema WHERE name = 'trades'"), "0");
  EXPECT_EQ(file.ask("SELECT count(*) FROM candles"), "2");
}

}  // namespace
}  // namespace tickspan::storage::test
