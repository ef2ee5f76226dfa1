// The power goes at any instant: the file is whole, what is lost are the last transactions, and none that was promised
// to be on the disk by then.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "../../support/support.hpp"
#include "../fixtures.hpp"
#include "power_cut.hpp"
#include "sqlite_file.hpp"
#include "storage/sqlite/sqlite_store.hpp"

namespace tickspan::storage::test {
namespace {

constexpr int kTransactions = 90, kRows = 120;  // enough of both that the log is folded into the file several times

int cuts() {
  const char* text = std::getenv("TICKSPAN_SOAK_ROUNDS");
  const int asked = text == nullptr ? 0 : std::atoi(text);
  return asked > 0 ? asked : 40;
}

core::WriteBatch transaction(const World& world, int n) {
  core::WriteBatch batch = world.batch();
  for (int i = 0; i < kRows; ++i) {
    const int row = n * kRows + i;
    // Spread over two series and the whole of time, so that pages all over the file change.
    const int place = (row * 7919) % (kTransactions * kRows);
    batch.candles.push_back({world.composite(i % 2 == 0 ? world.btc : world.eth), core::Interval::m1,
                             candle(minute(place), "64321.50", "64400.00", "64300.25", "64399.75", "1.2345678",
                                    static_cast<std::uint32_t>(n))});
    batch.ticks.push_back(
        trade(world.kraken_btc, static_cast<std::uint64_t>(row) + 1, minute(row), minute(row), "64321.50", "0.1"));
  }
  batch.heard_until = minute((n + 1) * kRows);
  return batch;
}

struct Run {
  PowerCut power;
  std::vector<std::size_t> written;  // the moment at which transaction n was reported written
  std::vector<std::pair<std::size_t, int>> promised = {{0, 0}};  // from when on how many may not be lost
};

/// Writes, and syncs after every `sync_every`th transaction where that is asked for.
std::unique_ptr<Run> run(const std::string& path, Durability durability, int sync_every) {
  auto run = std::make_unique<Run>();
  const World world;
  const auto store = sqlite::make_sqlite_store(path, {.durability = durability});
  EXPECT_TRUE(store->open());
  const auto writer = std::move(*store->writer());
  for (int n = 0; n < kTransactions; ++n) {
    EXPECT_TRUE(writer->write({transaction(world, n)}));
    run->written.push_back(run->power.now());
    if (durability == Durability::commit) run->promised.emplace_back(run->power.now(), n + 1);
    if (sync_every == 0 || n % sync_every != sync_every - 1) continue;
    EXPECT_TRUE(writer->sync());
    run->promised.emplace_back(run->power.now(), n + 1);
  }
  return run;
}

/// Lays the disk out elsewhere and looks how many transactions are there; fails where one is there in part.
int survivors(const PowerCut::Files& files, const std::string& from, const std::string& to) {
  for (const auto& [path, content] : files) {
    if (!path.starts_with(from) || path.ends_with("-shm")) continue;
    std::ofstream(to + path.substr(from.size()), std::ios::binary) << content;
  }
  const auto store = sqlite::make_sqlite_store(to);
  const auto opened = store->open();
  if (!opened) {
    ADD_FAILURE() << opened.error().context;
    return -1;
  }
  const auto state = store->restore(minute(1'000'000'000));
  EXPECT_TRUE(state) << state.error().context;
  SqliteFile file(to);
  EXPECT_EQ(file.ask("PRAGMA integrity_check"), "ok");
  const int candles = std::atoi(file.ask("SELECT count(*) FROM candles").c_str());
  EXPECT_EQ(candles % kRows, 0) << "part of a transaction";
  const auto trades =
      (*store->reader())->trades({"bitcoin", "usd", "kraken", minute(0), minute(1'000'000), 10'000'000});
  EXPECT_EQ(trades->size(), static_cast<std::size_t>(candles));
  const int count = candles / kRows;
  if (count > 0) {
    EXPECT_EQ(file.ask("SELECT max(trades) FROM candles"), std::to_string(count - 1)) << "not the first ones";
    EXPECT_EQ(state->last_write, minute(count * kRows)) << "it says it has heard more, or less, than is there";
  }
  return count;
}

void cut_everywhere(Durability durability, int sync_every, unsigned seed) {
  const tickspan::test::TempDir folder;
  const std::string path = folder.file("live.db");
  const auto done = run(path, durability, sync_every);
  std::mt19937 random(seed);
  const auto syncs = done->power.syncs();
  ASSERT_GT(syncs.size(), 4u);
  const std::size_t all = done->power.now();
  // Making the tables is one transaction of its own; from its end on.
  const std::size_t first = done->written[0];
  for (int cut = 0; cut < cuts(); ++cut) {
    std::size_t moment = first + random() % (all - first + 1);
    if (cut % 2 == 0) moment = std::clamp(syncs[random() % syncs.size()] + random() % 3, first, all);
    const std::string to = folder.file(fmt::format("cut{}.db", cut));
    const int found = survivors(done->power.disk_at(moment, random), path, to);
    const auto promised = std::prev(std::upper_bound(done->promised.begin(), done->promised.end(),
                                                     std::pair(moment, std::numeric_limits<int>::max())));
    const auto begun = std::upper_bound(done->written.begin(), done->written.end(), moment) - done->written.begin() + 1;
    EXPECT_GE(found, promised->second) << "cut " << cut << " at " << moment << " of " << all;
    EXPECT_LE(found, begun) << "cut " << cut << " at " << moment << " of " << all;
    std::filesystem::remove(to);
  }
}

TEST(PowerCut, CommitLosesNothingThatWasReportedWritten) {
  cut_everywhere(Durability::commit, 0, 1);
}

TEST(PowerCut, SecondLosesNothingThatWasWrittenBeforeTheLastSync) {
  cut_everywhere(Durability::second, 5, 2);
}

TEST(PowerCut, RelaxedLosesNothingThatWasWrittenBeforeTheLastSync) {
  cut_everywhere(Durability::relaxed, 37, 3);
}

// The other tests would be worth nothing if the shim let everything through.
TEST(PowerCut, WithoutASyncTransactionsAreLost) {
  const tickspan::test::TempDir folder;
  const std::string path = folder.file("live.db");
  const auto done = run(path, Durability::relaxed, 0);
  std::mt19937 random(4);
  int lost = 0;
  for (int cut = 0; cut < 10; ++cut) {
    const std::size_t moment = done->written[static_cast<std::size_t>(10 + cut)];
    const int found = survivors(done->power.disk_at(moment, random), path, folder.file(fmt::format("{}.db", cut)));
    lost += 11 + cut - found;
  }
  EXPECT_GT(lost, 0);
}

}  // namespace
}  // namespace tickspan::storage::test
