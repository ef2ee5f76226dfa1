// A program may be killed at any instant. What it reported as written is there afterwards, whole, once.

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "../../support/support.hpp"
#include "../fixtures.hpp"
#include "sqlite_file.hpp"
#include "storage/history_service.hpp"
#include "storage/sqlite/sqlite_store.hpp"

namespace tickspan::storage::test {
namespace {

namespace fs = std::filesystem;

constexpr int kRows = 40;  // candles, trades and points each in one transaction

int rounds() {
  const char* text = std::getenv("TICKSPAN_SOAK_ROUNDS");
  const int asked = text == nullptr ? 0 : std::atoi(text);
  return asked > 0 ? asked : 25;
}

/// Transaction `n` as two batches. Everything in it is named after `n`, so that a part of it can be told.
std::vector<core::WriteBatch> transaction(const World& world, int n) {
  std::vector<core::WriteBatch> batches(2, world.batch());
  for (int i = 0; i < kRows; ++i) {
    const int row = n * kRows + i;
    core::WriteBatch& batch = batches[static_cast<std::size_t>(i % 2)];
    batch.candles.push_back({world.composite(i % 3 == 0 ? world.eth : world.btc), core::Interval::m1,
                             candle(minute(row), "64321.50", "64400.00", "64300.25", "64399.75", "1.2345678",
                                    static_cast<std::uint32_t>(n))});
    batch.ticks.push_back(
        trade(world.kraken_btc, static_cast<std::uint64_t>(row) + 1, minute(row), minute(row), "64321.50", "0.1"));
    batch.points.push_back({world.eth, {minute(row), 1.0 * n, {}, {}}});
  }
  batches[1].heard_until = minute((n + 1) * kRows);
  batches[1].prices.push_back({world.btc, {n + 1, 0}, minute(n), "composite"});
  return batches;
}

/// Writes one transaction after the other from `first` on and reports each that is written, until killed.
[[noreturn]] void write_until_killed(const std::string& path, int first, int report) {
  const World world;
  const auto store = sqlite::make_sqlite_store(path);
  if (!store->open()) ::_exit(3);
  const auto writer = store->writer();
  if (!writer) ::_exit(4);
  for (int n = first;; ++n) {
    if (!(*writer)->write(transaction(world, n))) ::_exit(5);
    if (::write(report, &n, sizeof n) != sizeof n) ::_exit(6);
  }
}

struct Child {
  pid_t pid = -1;
  int reports = -1;
};

Child start_child(const std::string& path, int first) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const pid_t pid = ::fork();
  if (pid == 0) write_until_killed(path, first, ends[1]);
  ::close(ends[1]);
  return {pid, ends[0]};
}

/// Kills after `reports` reports and `then` more; returns the last transaction reported, or `first` - 1.
int kill_child(const Child& child, int first, int reports, std::chrono::microseconds then) {
  int last = first - 1;
  for (int i = 0; i < reports && ::read(child.reports, &last, sizeof last) == sizeof last; ++i) {
  }
  const auto until = std::chrono::steady_clock::now() + then;
  while (std::chrono::steady_clock::now() < until) {
  }
  EXPECT_EQ(::kill(child.pid, SIGKILL), 0);
  int status = 0;
  EXPECT_EQ(::waitpid(child.pid, &status, 0), child.pid);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << WEXITSTATUS(status);
  while (::read(child.reports, &last, sizeof last) == sizeof last) {
  }
  ::close(child.reports);
  return last;
}

/// How many transactions are in the file; fails the test when one is there in part or twice.
int whole_transactions(const std::string& path) {
  const auto store = sqlite::make_sqlite_store(path);
  const auto opened = store->open();
  if (!opened) {
    ADD_FAILURE() << opened.error().context;
    return -1;
  }
  SqliteFile file(path);
  EXPECT_EQ(file.ask("PRAGMA integrity_check"), "ok");
  const int count = std::atoi(file.ask("SELECT count(*) / 40 FROM candles").c_str());
  const std::string rows = std::to_string(count * kRows);
  for (const std::string table : {"candles", "points"}) {
    EXPECT_EQ(file.ask("SELECT count(*) FROM " + table), rows) << table;
  }
  EXPECT_EQ(file.ask("SELECT count(DISTINCT start) FROM candles"), rows);
  std::set<std::uint64_t> ids;
  const auto trades = trades_in(path);
  for (const StoredTrade& trade : trades) ids.insert(trade.trade_id);
  EXPECT_EQ(trades.size(), ids.size());
  EXPECT_EQ(std::to_string(ids.size()), rows);
  if (count > 0) {
    EXPECT_EQ(file.ask("SELECT max(trades) FROM candles"), std::to_string(count - 1));
    EXPECT_EQ(file.ask("SELECT count(*) FROM candles WHERE trades <> (start - 1780315200) / 60 / 40"), "0");
    EXPECT_EQ(file.ask("SELECT price FROM prices WHERE asset = 'bitcoin'"), std::to_string(count));
    const auto state = store->restore({});
    EXPECT_TRUE(state);
    if (state) {
      EXPECT_EQ(state->last_write, minute(count * kRows));
    }
  }
  return count;
}

TEST(Crash, WhatWasReportedWrittenSurvivesKillsAtAnyInstant) {
  const tickspan::test::TempDir folder;
  const std::string path = folder.file("history.db");
  std::mt19937 random(20260601);
  int written = 0;
  for (int round = 0; round < rounds(); ++round) {
    // The last transaction is written again, as a replay after a crash does: that must change nothing.
    const int first = std::max(0, written - 1);
    const Child child = start_child(path, first);
    const int reported =
        kill_child(child, first, static_cast<int>(random() % 30), std::chrono::microseconds(random() % 8000));
    const int found = whole_transactions(path);
    ASSERT_GE(found, reported + 1) << "round " << round << ": a transaction that was reported is lost";
    ASSERT_LE(found, std::max(written, reported + 2)) << "round " << round << ": more than was ever begun";
    ASSERT_GE(found, written) << "round " << round;
    written = found;
  }
  EXPECT_GT(written, rounds());
}

TEST(Crash, TheServiceTooLosesNothingThatItCounted) {
  const tickspan::test::TempDir folder;
  std::mt19937 random(7);
  for (int round = 0; round < std::max(1, rounds() / 5); ++round) {
    const std::string path = folder.file(fmt::format("{}.db", round));
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      const World world;
      runtime::Metrics metrics;
      HistoryServiceOptions options;
      options.batch_time = std::chrono::milliseconds(1);
      auto store = sqlite::make_sqlite_store(path);
      if (!store->open()) ::_exit(3);
      HistoryService service(std::move(store), options, metrics);
      if (!service.start()) ::_exit(4);
      std::uint64_t counted = 0;
      for (int n = 0;; ++n) {
        core::WriteBatch batch = world.batch();
        batch.candles.push_back(
            {world.composite(world.btc), core::Interval::m1, candle(minute(n), "1", "1", "1", "1")});
        while (service.push(batch) != runtime::PushResult::ok) service.flush();
        if (service.rows_written() == counted) continue;
        counted = service.rows_written();
        if (::write(ends[1], &counted, sizeof counted) != sizeof counted) ::_exit(6);
      }
    }
    ::close(ends[1]);
    std::uint64_t counted = 0, next = 0;
    for (unsigned i = 0; i < 1 + random() % 20 && ::read(ends[0], &next, sizeof next) == sizeof next; ++i)
      counted = next;
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
    while (::read(ends[0], &next, sizeof next) == sizeof next) counted = next;
    ::close(ends[0]);
    const auto store = sqlite::make_sqlite_store(path);
    ASSERT_TRUE(store->open());
    const auto found =
        (*store->reader())
            ->candles({"bitcoin", "usd", "", core::Interval::m1, minute(0), minute(10'000'000), 10'000'000});
    ASSERT_TRUE(found);
    ASSERT_GE(found->size(), counted);
    for (std::size_t i = 0; i < found->size(); ++i)
      ASSERT_EQ((*found)[i].start, minute(static_cast<int>(i)));  // no hole
  }
}

/// Copies of a database that was never closed, as a power cut would leave it: the file, and a log with `count`
/// transactions.
struct Torn {
  explicit Torn(int count) {
    const World world;
    const auto store = sqlite::make_sqlite_store(live);
    if (!store->open()) throw std::runtime_error("cannot open");
    const auto writer = std::move(*store->writer());
    sizes.push_back(fs::file_size(live + "-wal"));
    for (int n = 0; n < count; ++n) {
      if (!writer->write(transaction(world, n))) throw std::runtime_error("cannot write");
      sizes.push_back(fs::file_size(live + "-wal"));
    }
    file = tickspan::test::read_file(live);
    log = tickspan::test::read_file(live + "-wal");
  }
  void lay_out(const std::string& path, const std::string& tail) const {
    std::ofstream(path, std::ios::binary) << file;
    std::ofstream(path + "-wal", std::ios::binary) << tail;
  }
  /// Transactions that lie whole in the first `bytes` of the log.
  int whole_in(std::uintmax_t bytes) const {
    int count = 0;
    while (count + 1 < static_cast<int>(sizes.size()) && sizes[static_cast<std::size_t>(count) + 1] <= bytes) ++count;
    return count;
  }

  tickspan::test::TempDir folder;
  const std::string live = folder.file("live.db");
  std::vector<std::uintmax_t> sizes;  // of the log, after each transaction
  std::string file, log;
};

TEST(Crash, ALogCutOffAnywhereGivesTheTransactionsBeforeTheCut) {
  const Torn torn(12);
  std::mt19937 random(3);
  for (int round = 0; round < rounds(); ++round) {
    const std::size_t cut = torn.sizes[0] + random() % (torn.log.size() - torn.sizes[0] + 1);
    const std::string path = torn.folder.file(fmt::format("cut{}.db", round));
    torn.lay_out(path, torn.log.substr(0, cut));
    EXPECT_EQ(whole_transactions(path), torn.whole_in(cut)) << "cut at " << cut << " of " << torn.log.size();
  }
}

TEST(Crash, ALogDamagedAnywhereGivesTheTransactionsBeforeTheDamage) {
  const Torn torn(12);
  std::mt19937 random(4);
  for (int round = 0; round < rounds(); ++round) {
    const std::size_t at = torn.sizes[0] + random() % (torn.log.size() - torn.sizes[0]);
    std::string log = torn.log;
    for (std::size_t i = at; i < std::min(log.size(), at + 1 + random() % 5000); ++i)
      log[i] = static_cast<char>(~log[i]);
    const std::string path = torn.folder.file(fmt::format("bad{}.db", round));
    torn.lay_out(path, log);
    EXPECT_EQ(whole_transactions(path), torn.whole_in(at)) << "damaged at " << at << " of " << torn.log.size();
  }
}

}  // namespace
}  // namespace tickspan::storage::test
