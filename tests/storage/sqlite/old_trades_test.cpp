// A database of version 3 has a row a trade. It opens at once and is taken over piece by piece; a kill at any instant
// loses nothing and doubles nothing.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <random>

#include "../../support/support.hpp"
#include "../fixtures.hpp"
#include "old_schemas.hpp"
#include "sqlite_file.hpp"
#include "storage/sqlite/sqlite_store.hpp"

namespace tickspan::storage::test {
namespace {

const std::string kVersion3 = std::string(kVersion1Tables) + kVersion3Changes + R"sql(
PRAGMA user_version = 3;
INSERT INTO series VALUES(3, 'bitcoin', 'usd', 'kraken');
INSERT INTO series VALUES(5, 'bitcoin', 'tether', 'binance');
)sql";

// Trade n: half a second each, prices and sides that n tells; every fifth has no id and none of the venue's time.
std::string fill_old(int count) {
  return "BEGIN; WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < " + std::to_string(count) +
         ") INSERT INTO trades SELECT 3 + 2 * (n % 2), iif(n % 5 = 0, -9000000000000000000 + n * 7919 % 65521, n), "
         "1780315200000000000 + n * 500000000, iif(n % 5 = 0, NULL, 1000 + n), 6432150 + n, -2, n, -8 + n % 3, "
         "n % 3 FROM n; COMMIT;";
}

constexpr int kCount = 21'000;
const SeriesName kBinance{"bitcoin", "tether", "binance"};

class OldTrades : public testing::Test {
 protected:
  void SetUp() override { SqliteFile(path_).run(kVersion3 + fill_old(kCount)); }

  /// All of both series, exactly as fill_old wrote them.
  void expect_all() const {
    const auto odd = trades_in(path_, kBinance), even = trades_in(path_);
    ASSERT_EQ(odd.size() + even.size(), static_cast<std::size_t>(kCount));
    for (int n = 1; n <= kCount; ++n) {
      const auto& t = n % 2 == 1 ? odd[static_cast<std::size_t>(n / 2)] : even[static_cast<std::size_t>(n / 2 - 1)];
      const bool anonymous = n % 5 == 0;
      ASSERT_EQ(t.at, minute(0) + std::chrono::milliseconds(500) * n);
      ASSERT_EQ(t.received_at, t.at + core::Duration(anonymous ? 0 : 1000 + n));
      ASSERT_EQ(t.trade_id, anonymous ? 0u : static_cast<std::uint64_t>(n));
      ASSERT_EQ(t.price.mantissa, 6'432'150 + n);
      ASSERT_EQ(t.price.exponent, -2);
      ASSERT_EQ(t.amount.mantissa, n);
      ASSERT_EQ(t.amount.exponent, -8 + n % 3);
      ASSERT_EQ(static_cast<int>(t.side), n % 3);
    }
  }
  bool old_table() const {
    return SqliteFile(path_).ask("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'trades%'") != "0";
  }
  core::WriteBatch anything() const {
    core::WriteBatch batch = world_.batch();
    batch.prices = {{world_.btc, dec("1"), minute(0), "composite"}};
    return batch;
  }

  const World world_;
  const tickspan::test::TempDir folder_;
  const std::string path_ = folder_.file("history.db");
};

TEST_F(OldTrades, AreReadAtOnceAndTakenOverPieceByPiece) {
  const auto store = sqlite::make_sqlite_store(path_);
  ASSERT_TRUE(store->open());
  EXPECT_EQ(SqliteFile(path_).ask("SELECT count(*) FROM trades"), std::to_string(kCount));  // opening moves nothing
  expect_all();
  const auto writer = std::move(*store->writer());
  const auto reader = std::move(*store->reader());
  int writes = 0;
  for (; old_table() && writes < 100; ++writes) {
    ASSERT_TRUE(writer->write({anything()}));
    const auto found = reader->trades({"bitcoin", "usd", "kraken", {}, minute(9999), 1'000'000});
    ASSERT_TRUE(found) << found.error().context;
    ASSERT_EQ(found->size(), kCount / 2u) << "after write " << writes;
  }
  EXPECT_GT(writes, 3);
  EXPECT_FALSE(old_table());
  expect_all();
  ASSERT_TRUE(writer->write({anything()}));
}

TEST_F(OldTrades, GiveWayToWhatIsWrittenMeanwhile) {
  const auto store = sqlite::make_sqlite_store(path_);
  ASSERT_TRUE(store->open());
  const auto writer = std::move(*store->writer());
  const auto late = minute(0) + std::chrono::milliseconds(500) * 20'002;
  core::WriteBatch batch = world_.batch();
  batch.ticks = {trade(world_.kraken_btc, 20'002, late, late, "9", "1"),                 // again, repaired
                 trade(world_.kraken_btc, 99'999, minute(999), minute(999), "8", "1")};  // new
  ASSERT_TRUE(writer->write({batch}));
  for (int i = 0; i < 2; ++i) {
    const auto found = trades_in(path_);
    ASSERT_EQ(found.size(), kCount / 2u + 1);
    EXPECT_EQ(found[20'002 / 2 - 1].price.to_string(), "9");
    EXPECT_EQ(found.back().price.to_string(), "8");
    for (int n = 0; n < 20; ++n) ASSERT_TRUE(writer->write({anything()}));
  }
  EXPECT_FALSE(old_table());
}

TEST_F(OldTrades, AreMovedByOneProgramOnly) {
  const auto store = sqlite::make_sqlite_store(path_);
  ASSERT_TRUE(store->open());
  const auto other = sqlite::make_sqlite_store(path_, {.beside = true});
  ASSERT_TRUE(other->open());
  const auto beside = std::move(*other->writer());
  for (int n = 0; n < 20; ++n) ASSERT_TRUE(beside->write({anything()}));
  EXPECT_EQ(SqliteFile(path_).ask("SELECT count(*) FROM trades"), std::to_string(kCount));
}

TEST_F(OldTrades, ThatAreGoneAreNotLookedForAgain) {
  const auto store = sqlite::make_sqlite_store(path_);
  ASSERT_TRUE(store->open());
  const auto writer = std::move(*store->writer());
  SqliteFile(path_).run("DROP TABLE trades");
  core::WriteBatch batch = world_.batch();
  batch.ticks = {trade(world_.kraken_btc, 99'999, minute(999), minute(999), "8", "1")};
  const bool at_once = writer->write({batch}).has_value();
  ASSERT_TRUE(at_once || writer->write({batch})) << "it fails for good";
  EXPECT_EQ(trades_in(path_).size(), 1u);
}

TEST_F(OldTrades, ExpireWithTheOthers) {
  const auto store = sqlite::make_sqlite_store(path_);
  ASSERT_TRUE(store->open());
  const auto writer = std::move(*store->writer());
  ASSERT_TRUE(writer->write({anything()}));  // some lie in blocks, most do not
  const auto bound = minute(0) + std::chrono::milliseconds(500) * 15'001;
  EXPECT_EQ(*writer->expire({{}, {}, bound}, 100'000), 15'000u);
  EXPECT_EQ(trades_in(path_).size() + trades_in(path_, kBinance).size(), kCount - 15'000u);
}

// The child makes so many writes and no more, so that kills fall among them however slow the machine is.
TEST_F(OldTrades, AKillAtAnyInstantLosesNothingAndDoublesNothing) {
  std::mt19937 random(11);
  int half_done = 0;
  for (int round = 0; round < 25; ++round) {
    if (!old_table()) {
      for (const char* part : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + part);
      SetUp();
    }
    const unsigned writes = 1 + random() % 3;
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto store = sqlite::make_sqlite_store(path_);
      if (!store->open()) ::_exit(3);
      const auto writer = store->writer();
      if (!writer) ::_exit(4);
      for (unsigned i = 0; i < writes; ++i) {
        if (::write(ends[1], "w", 1) != 1 || !(*writer)->write({anything()})) ::_exit(5);
      }
      while (true) ::pause();
    }
    ::close(ends[1]);
    char begun = 0;
    for (unsigned i = 0; i < writes && ::read(ends[0], &begun, 1) == 1; ++i) {
    }
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(random() % 20'000);
    while (std::chrono::steady_clock::now() < until) {
    }
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << WEXITSTATUS(status);
    ::close(ends[0]);
    ASSERT_TRUE(sqlite::make_sqlite_store(path_)->open());
    expect_all();
    const std::string blocks = SqliteFile(path_).ask("SELECT count(*) FROM trade_blocks");
    half_done += old_table() && blocks != "0" ? 1 : 0;
  }
  EXPECT_GT(half_done, 5);
  EXPECT_EQ(SqliteFile(path_).ask("PRAGMA integrity_check"), "ok");
}

}  // namespace
}  // namespace tickspan::storage::test
