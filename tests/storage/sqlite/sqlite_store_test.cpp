#include "storage/sqlite/sqlite_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "../../support/support.hpp"
#include "../fixtures.hpp"
#include "sqlite_file.hpp"

namespace tickspan::storage::test {
namespace {

namespace fs = std::filesystem;
using sqlite::make_sqlite_store;
using testing::HasSubstr;
using testing::Not;

class SqliteStore : public testing::Test {
 protected:
  /// A store with `count` minutes in it, closed again.
  void fill(int count) const {
    const auto store = make_sqlite_store(path_);
    ASSERT_TRUE(store->open());
    core::WriteBatch batch = world_.batch();
    batch.catalogue_changed = true;
    for (int i = 0; i < count; ++i) {
      batch.candles.push_back(
          {world_.composite(world_.btc), core::Interval::m1, candle(minute(i), "1", "1", "1", "1")});
    }
    ASSERT_TRUE((*store->writer())->write({batch}));
  }
  /// One line that names the place and the way out.
  static void expect_refused(const core::Status& status, core::ErrorCode code, const std::string& place) {
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, code) << status.error().context;
    EXPECT_THAT(status.error().context, HasSubstr(place));
    EXPECT_THAT(status.error().context, HasSubstr("--data"));
    EXPECT_THAT(status.error().context, Not(HasSubstr("\n")));
  }

  tickspan::test::TempDir folder_;
  World world_;
  const std::string path_ = folder_.file("history.db");
};

TEST_F(SqliteStore, MakesItsFolderAndKeepsWhatItWasGiven) {
  const std::string deep = folder_.file("a/b/c/history.db");
  {
    const auto store = make_sqlite_store(deep);
    ASSERT_TRUE(store->open());
    core::WriteBatch batch = world_.batch();
    batch.prices = {{world_.btc, dec("64000.10"), minute(0), "composite"}};
    ASSERT_TRUE((*store->writer())->write({batch}));
  }
  const auto store = make_sqlite_store(deep);
  ASSERT_TRUE(store->open());
  EXPECT_EQ(store->restore({})->prices.at(0).price_usd.to_string(), "64000.10");
  EXPECT_EQ((*store->reader())->info()->location, deep);
}

TEST_F(SqliteStore, IsSetUpAsItShouldBe) {
  fill(1);
  EXPECT_FALSE(fs::exists(path_ + "-wal"));  // folded in at the close
  SqliteFile file(path_);
  EXPECT_EQ(file.ask("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(file.ask("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(file.ask("SELECT typeof(open) FROM candles"), "integer");  // exact, not REAL
  EXPECT_THAT(file.ask("SELECT sql FROM sqlite_schema WHERE name = 'candles'"), HasSubstr("WITHOUT ROWID"));
}

TEST_F(SqliteStore, AnUnchangedCatalogueIsNotWrittenAgain) {
  const auto store = make_sqlite_store(path_);
  ASSERT_TRUE(store->open());
  const auto writer = std::move(*store->writer());
  core::WriteBatch batch = world_.batch();
  batch.catalogue_changed = true;
  ASSERT_TRUE(writer->write({batch}));
  const auto size = fs::file_size(path_ + "-wal");
  ASSERT_TRUE(writer->write({batch}));
  EXPECT_EQ(fs::file_size(path_ + "-wal"), size);
}

TEST_F(SqliteStore, NothingWorksBeforeOpen) {
  const auto store = make_sqlite_store(path_);
  EXPECT_EQ(store->writer().error().code, core::ErrorCode::unavailable);
  EXPECT_EQ(store->reader().error().code, core::ErrorCode::unavailable);
  EXPECT_EQ(store->restore({}).error().code, core::ErrorCode::unavailable);
  EXPECT_FALSE(fs::exists(path_));  // making the object touches nothing
}

TEST_F(SqliteStore, HasOneWriter) {
  const auto store = make_sqlite_store(path_);
  ASSERT_TRUE(store->open());
  auto first = store->writer();
  ASSERT_TRUE(first);
  EXPECT_EQ(store->writer().error().code, core::ErrorCode::conflict);
  first->reset();
  EXPECT_TRUE(store->writer());
}

TEST_F(SqliteStore, APathThroughAFileIsRefused) {
  std::ofstream(folder_.file("plain")) << "x";
  expect_refused(make_sqlite_store(folder_.file("plain/history.db"))->open(), core::ErrorCode::io_error,
                 folder_.file("plain"));
  expect_refused(make_sqlite_store(folder_.file("plain/deep/history.db"))->open(), core::ErrorCode::io_error,
                 folder_.file("plain"));
}

TEST_F(SqliteStore, AFolderInItsPlaceIsRefused) {
  fs::create_directories(path_);
  expect_refused(make_sqlite_store(path_)->open(), core::ErrorCode::io_error, path_);
}

TEST_F(SqliteStore, APlaceThatCannotBeWrittenIsRefused) {
  // A kernel's own file system says no to everyone, the superuser too.
  expect_refused(make_sqlite_store("/proc/tickspan/history.db")->open(), core::ErrorCode::io_error, "/proc/tickspan");
}

TEST_F(SqliteStore, AFolderWithoutTheRightIsRefused) {
  if (::geteuid() == 0) GTEST_SKIP() << "the superuser may write everywhere";
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0500), 0);
  expect_refused(make_sqlite_store(path_)->open(), core::ErrorCode::io_error, path_);
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0700), 0);
}

TEST_F(SqliteStore, AFileThatIsNoDatabaseIsRefusedAndLeftAlone) {
  std::ofstream(path_) << std::string(10'000, 'x');
  expect_refused(make_sqlite_store(path_)->open(), core::ErrorCode::io_error, path_);
  EXPECT_EQ(tickspan::test::read_file(path_), std::string(10'000, 'x'));
}

TEST_F(SqliteStore, ATruncatedFileIsRefused) {
  fill(5000);
  fs::resize_file(path_, fs::file_size(path_) / 2);
  expect_refused(make_sqlite_store(path_)->open(), core::ErrorCode::io_error, path_);
}

TEST_F(SqliteStore, DamageInsideIsAnErrorOfTheReadNotACrash) {
  fill(5000);
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    const auto size = static_cast<std::streamoff>(fs::file_size(path_));
    for (std::streamoff at = 16 * 4096; at < size; at += 4096) {
      file.seekp(at);
      file << std::string(64, '\x55');
    }
  }
  const auto store = make_sqlite_store(path_);
  ASSERT_TRUE(store->open());
  const auto found = (*store->reader())->candles({"bitcoin", "usd", "", core::Interval::m1, minute(0), minute(9999)});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, core::ErrorCode::io_error);
  EXPECT_THAT(found.error().context, HasSubstr(path_));
}

TEST_F(SqliteStore, NumbersThatCannotBeOursAreAnErrorOfTheRead) {
  fill(1);
  SqliteFile(path_).run("UPDATE candles SET scale = -5");
  const auto store = make_sqlite_store(path_);
  ASSERT_TRUE(store->open());
  const auto found = (*store->reader())->candles({"bitcoin", "usd", "", core::Interval::m1, minute(0), minute(9)});
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().context, HasSubstr("damaged candle"));
  EXPECT_FALSE(store->restore({}));
}

TEST_F(SqliteStore, ASecondProgramIsRefusedWhileTheFirstLives) {
  {
    const auto first = make_sqlite_store(path_);
    ASSERT_TRUE(first->open());
    const auto refused = make_sqlite_store(path_)->open();
    expect_refused(refused, core::ErrorCode::unavailable, path_);
    EXPECT_THAT(refused.error().context, HasSubstr("process " + std::to_string(::getpid())));
    EXPECT_TRUE(first->reader());  // unhurt
  }
  EXPECT_TRUE(make_sqlite_store(path_)->open());
}

TEST_F(SqliteStore, TheLockDoesNotOutliveAKill) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto store = make_sqlite_store(path_);
    const char answer = store->open() ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  expect_refused(make_sqlite_store(path_)->open(), core::ErrorCode::unavailable, "process " + std::to_string(child));
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(make_sqlite_store(path_)->open());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(SqliteStore, DurableCommitsWorkToo) {
  const auto store = make_sqlite_store(path_, {Durability::commit});
  ASSERT_TRUE(store->open());
  core::WriteBatch batch = world_.batch();
  batch.prices = {{world_.btc, dec("1"), minute(0), "composite"}};
  EXPECT_TRUE((*store->writer())->write({batch}));
}

TEST_F(SqliteStore, AFailedTransactionLeavesNothingBehind) {
  const auto store = make_sqlite_store(path_);
  ASSERT_TRUE(store->open());
  auto writer = std::move(*store->writer());
  auto reader = std::move(*store->reader());
  core::WriteBatch batch = world_.batch();
  batch.candles = {{world_.composite(world_.btc), core::Interval::m1, candle(minute(0), "1", "1", "1", "1")}};
  batch.gaps = {{"binance", "", minute(0), minute(1), core::GapCause::mute}};
  SqliteFile(path_).run("CREATE TRIGGER no BEFORE INSERT ON gaps BEGIN SELECT raise(FAIL, 'no'); END");
  EXPECT_FALSE(writer->write({batch}));
  EXPECT_EQ(reader->candles({"bitcoin", "usd", "", core::Interval::m1, minute(0), minute(1)})->size(), 0u);
  EXPECT_EQ(SqliteFile(path_).ask("SELECT count(*) FROM series"), "0");
  SqliteFile(path_).run("DROP TRIGGER no");
  EXPECT_TRUE(writer->write({batch}));  // and the series' number is not a remembered one that was rolled back
  EXPECT_EQ(reader->candles({"bitcoin", "usd", "", core::Interval::m1, minute(0), minute(1)})->size(), 1u);
}

}  // namespace
}  // namespace tickspan::storage::test
