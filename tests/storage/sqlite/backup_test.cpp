#include "storage/sqlite/backup.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "../../support/support.hpp"
#include "../fixtures.hpp"
#include "sqlite_file.hpp"
#include "storage/sqlite/sqlite_store.hpp"

namespace tickspan::storage::sqlite {
namespace {

using storage::test::SqliteFile;
using storage::test::World;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;

/// One of everything, `count` times.
core::WriteBatch rows(const World& w, int first, int count) {
  core::WriteBatch batch = w.batch();
  batch.catalogue_changed = true;
  for (int i = first; i < first + count; ++i) {
    const auto at = storage::test::minute(i);
    batch.candles.push_back({w.composite(w.btc), core::Interval::m1, storage::test::candle(at, "1.50", "2", "1", "2")});
    batch.ticks.push_back(
        storage::test::trade(w.binance_btc, static_cast<std::uint64_t>(i) + 1, at, at, "64000.10", "0.5"));
    batch.points.push_back({w.btc, {at, 1.5, 2.5, std::nullopt}});
    batch.gaps.push_back({"binance", "BTCUSDT", at, at + std::chrono::seconds(1), core::GapCause::mute});
  }
  batch.prices.push_back({w.btc, storage::test::dec("64000.10"), storage::test::minute(first), "composite"});
  core::AssetFacts facts;
  facts.asset_id = "bitcoin";
  facts.market_cap = 1e12;
  batch.facts.push_back(facts);
  return batch;
}

/// Every table of the file as text, every row in the order of its key.
std::string everything(const std::string& path) {
  SqliteFile file(path);
  std::string out = file.ask("PRAGMA application_id") + "/" + file.ask("PRAGMA user_version") + "\n";
  const int tables = std::stoi(file.ask("SELECT count(*) FROM sqlite_schema WHERE type = 'table'"));
  EXPECT_GT(tables, 5);
  for (int i = 0; i < tables; ++i) {
    const std::string name = file.ask(
        "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name LIMIT 1 OFFSET " + std::to_string(i));
    const std::string columns =
        file.ask("SELECT group_concat('quote(' || name || ')', '||'',''||') FROM pragma_table_info('" + name + "')");
    out += name + ":" + file.ask("SELECT count(*) FROM " + name) + ":" +
           file.ask("SELECT group_concat(r, ';') FROM (SELECT " + columns + " AS r FROM " + name + " ORDER BY r)") +
           "\n";
  }
  return out;
}

void fill(const std::string& path, int count) {
  const World w;
  auto store = make_sqlite_store(path);
  ASSERT_TRUE(store->open());
  auto writer = store->writer();
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->write({rows(w, 0, count)}));
}

TEST(Backup, RestoredEveryTableIsAsItWas) {
  const tickspan::test::TempDir dir;
  const std::string path = dir.file("tickspan.db"), copy = dir.file("copy.db");
  fill(path, 50);
  const std::string before = everything(path);
  const auto made = backup(path, copy, false);
  ASSERT_TRUE(made) << made.error().context;
  EXPECT_EQ(made->size_bytes, std::filesystem::file_size(copy));
  EXPECT_EQ(everything(copy), before);

  fill(path, 60);  // it goes on, and then the copy is wanted back
  const std::string later = everything(path);
  ASSERT_NE(later, before);
  const auto put_back = restore(copy, path);
  ASSERT_TRUE(put_back) << put_back.error().context;
  EXPECT_EQ(everything(path), before);
  EXPECT_EQ(put_back->kept, path + ".before-restore");
  EXPECT_EQ(everything(put_back->kept), later);
  auto store = make_sqlite_store(path);
  EXPECT_TRUE(store->open());
}

TEST(Backup, WhileAWriterWritesItIsOneMoment) {
  const tickspan::test::TempDir dir;
  const std::string path = dir.file("tickspan.db");
  const World w;
  auto store = make_sqlite_store(path);
  ASSERT_TRUE(store->open());
  auto writer = store->writer();
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->write({rows(w, 0, 2000)}));
  std::atomic<bool> stop = false;
  std::atomic<int> written = 0;
  std::thread thread([&] {
    for (int i = 2000; !stop; i += 20, ++written) {
      if (!(*writer)->write({rows(w, i, 20)})) return;
    }
  });
  ASSERT_TRUE(tickspan::test::eventually([&] { return written > 2; }));
  for (int i = 0; i < 3; ++i) {
    const std::string copy = dir.file("copy" + std::to_string(i));
    const int before = written;
    const auto made = backup(path, copy, false);
    ASSERT_TRUE(made) << made.error().context;
    EXPECT_TRUE(tickspan::test::eventually([&] { return written > before; }));
    // Whole transactions: each adds as many trades as candles, points and gaps.
    SqliteFile file(copy);
    const std::string trades = std::to_string(storage::test::trades_in(copy, {"bitcoin", "tether", "binance"}).size());
    EXPECT_GE(std::stoi(trades), 2000);
    for (const char* table : {"candles", "points", "gaps"}) {
      EXPECT_EQ(file.ask(std::string("SELECT count(*) FROM ") + table), trades) << table;
    }
  }
  stop = true;
  thread.join();
}

TEST(Backup, ReplacesNothingUnlessForced) {
  const tickspan::test::TempDir dir;
  const std::string path = dir.file("tickspan.db"), copy = dir.file("copy.db");
  fill(path, 1);
  std::ofstream(copy) << "precious";
  const auto refused = backup(path, copy, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, core::ErrorCode::conflict);
  EXPECT_THAT(refused.error().context, HasSubstr("--force"));
  EXPECT_EQ(tickspan::test::read_file(copy), "precious");
  EXPECT_TRUE(backup(path, copy, true));
  EXPECT_EQ(everything(copy), everything(path));
  EXPECT_FALSE(backup(path, path, true)) << "onto itself";
  EXPECT_FALSE(backup(dir.file("none.db"), dir.file("other.db"), false));
  EXPECT_FALSE(backup(path, dir.file("no/folder/copy.db"), false));
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
    EXPECT_EQ(entry.path().string().find("partial"), std::string::npos) << entry.path();
  }
}

TEST(Restore, LeavesADatabaseInUseAlone) {
  const tickspan::test::TempDir dir;
  const std::string path = dir.file("tickspan.db"), copy = dir.file("copy.db");
  fill(path, 3);
  ASSERT_TRUE(backup(path, copy, false));
  auto store = make_sqlite_store(path);
  ASSERT_TRUE(store->open());
  const auto refused = restore(copy, path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, core::ErrorCode::unavailable);
  EXPECT_THAT(refused.error().context, HasSubstr("in use"));
  EXPECT_FALSE(std::filesystem::exists(path + ".before-restore"));
}

TEST(Restore, TakesOnlyASoundDatabaseOfThisProgram) {
  const tickspan::test::TempDir dir;
  const std::string path = dir.file("tickspan.db");
  fill(path, 200);
  const std::string before = everything(path);
  const auto refused = [&](const std::string& file) {
    const auto put_back = restore(file, path);
    EXPECT_FALSE(put_back) << file;
    EXPECT_EQ(everything(path), before) << file;
    EXPECT_FALSE(std::filesystem::exists(path + ".before-restore")) << file;
    return put_back ? std::string() : put_back.error().context;
  };
  std::ofstream(dir.file("text")) << "this is no database, however long it may be: " << std::string(5000, 'x');
  constexpr const char* kWayOut = "; name a file that tickspan backup wrote";
  EXPECT_THAT(refused(dir.file("text")), AllOf(HasSubstr("/text': file is not a database"), EndsWith(kWayOut)));
  std::ofstream(dir.file("empty")).close();
  EXPECT_THAT(refused(dir.file("empty")), AllOf(HasSubstr("/empty' is an empty database"), EndsWith(kWayOut)));
  EXPECT_THAT(refused(dir.file("absent")), HasSubstr("there is no file '"));
  SqliteFile(dir.file("other")).run("CREATE TABLE t(x)");
  EXPECT_THAT(refused(dir.file("other")), AllOf(HasSubstr("another program"), EndsWith(kWayOut)));

  ASSERT_TRUE(backup(path, dir.file("newer"), false));
  SqliteFile(dir.file("newer")).run("PRAGMA user_version = 999");
  EXPECT_THAT(refused(dir.file("newer")), AllOf(HasSubstr("newer version"), HasSubstr("; install that version")));

  ASSERT_TRUE(backup(path, dir.file("damaged"), false));
  {
    std::fstream file(dir.file("damaged"), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096 * 2);
    for (int i = 0; i < 4096 * 6; ++i) file.put('\x5a');
  }
  const auto faults = check_integrity(dir.file("damaged"));
  EXPECT_TRUE(!faults || !faults->empty());
  EXPECT_THAT(refused(dir.file("damaged")), EndsWith(kWayOut));
}

TEST(Restore, OverADamagedDatabaseKeepsThatOneToo) {
  const tickspan::test::TempDir dir;
  const std::string path = dir.file("tickspan.db"), copy = dir.file("copy.db");
  fill(path, 5);
  const std::string before = everything(path);
  ASSERT_TRUE(backup(path, copy, false));
  std::ofstream(path, std::ios::trunc) << "not a database any more";
  std::ofstream(path + "-wal") << "a log that belongs to nothing";
  const auto first = restore(copy, path);
  ASSERT_TRUE(first) << first.error().context;
  EXPECT_EQ(everything(path), before);
  EXPECT_EQ(tickspan::test::read_file(first->kept), "not a database any more");
  const auto second = restore(copy, path);
  ASSERT_TRUE(second) << second.error().context;
  EXPECT_EQ(second->kept, path + ".before-restore.2") << "what was kept before stays";
}

TEST(ReadOnlyStore, ReadsBesideAWriterAndNeverWrites) {
  const tickspan::test::TempDir dir;
  const std::string path = dir.file("tickspan.db");
  SqliteOptions options;
  options.read_only = true;
  EXPECT_FALSE(make_sqlite_store(path, options)->open()) << "there is none, and none is made";
  EXPECT_FALSE(std::filesystem::exists(path));
  const World w;
  auto store = make_sqlite_store(path);
  ASSERT_TRUE(store->open());
  auto writer = store->writer();
  ASSERT_TRUE(writer && (*writer)->write({rows(w, 0, 4)}));
  auto looked_at = make_sqlite_store(path, options);
  ASSERT_TRUE(looked_at->open());
  EXPECT_FALSE(looked_at->writer());
  auto reader = looked_at->reader();
  ASSERT_TRUE(reader);
  const auto trades =
      (*reader)->trades({"bitcoin", "tether", "binance", storage::test::minute(0), storage::test::minute(100)});
  ASSERT_TRUE(trades);
  EXPECT_EQ(trades->size(), 4U);
  const auto series = (*reader)->series();
  ASSERT_TRUE(series);
  EXPECT_EQ(series->size(), 2U);
}

}  // namespace
}  // namespace tickspan::storage::sqlite
