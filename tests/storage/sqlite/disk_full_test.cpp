#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "../../support/support.hpp"
#include "../fixtures.hpp"
#include "sqlite_file.hpp"
#include "storage/history_service.hpp"
#include "storage/sqlite/sqlite_store.hpp"

namespace tickspan::storage::test {
namespace {

/// The kernel lets no file of this process grow past `bytes`: writes fail as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old_);
    rlimit limit = old_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { lift(); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  void lift() {
    setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_{};
  void (*old_handler_)(int) = nullptr;
};

core::WriteBatch minutes(const World& world, int first, int count) {
  core::WriteBatch batch = world.batch();
  for (int i = first; i < first + count; ++i) {
    batch.candles.push_back({world.composite(world.btc), core::Interval::m1,
                             candle(minute(i), "64321.50", "64400.00", "64300.25", "64399.75", "1.2345678", 12)});
  }
  return batch;
}

TEST(DiskFull, AFailedWriteHurtsNothingAndTheRowsArriveWhenThereIsRoom) {
  const tickspan::test::TempDir folder;
  const World world;
  runtime::Metrics metrics;
  HistoryServiceOptions options;
  options.queue_rows = 30'000;
  options.batch_time = options.retry_first = std::chrono::milliseconds(1);
  options.retry_longest = std::chrono::milliseconds(10);
  auto store = sqlite::make_sqlite_store(folder.file("history.db"));
  ASSERT_TRUE(store->open());
  HistoryService service(std::move(store), options, metrics);
  ASSERT_TRUE(service.start());
  auto first = minutes(world, 0, 100);
  ASSERT_EQ(service.push(first), runtime::PushResult::ok);
  service.flush();

  FileSizeLimit limit(std::filesystem::file_size(folder.file("history.db-wal")) + 100'000);
  auto second = minutes(world, 100, 20'000);
  ASSERT_EQ(service.push(second), runtime::PushResult::ok);
  ASSERT_TRUE(tickspan::test::eventually([&] { return !service.healthy(); }));
  EXPECT_EQ(service.rows_written(), 100u);
  EXPECT_EQ(service.rows_waiting(), 20'000u);
  std::atomic<std::size_t> seen{0};
  ASSERT_TRUE(service.read([&](StoreReader& reader) {
    const auto found = reader.candles({"bitcoin", "usd", "", core::Interval::m1, minute(0), minute(99'999)});
    seen = found ? found->size() : 1;
  }));
  ASSERT_TRUE(tickspan::test::eventually([&] { return seen > 0; }));
  EXPECT_EQ(seen, 100u);  // what was written is still answered
  auto third = minutes(world, 30'000, 10'001);
  EXPECT_EQ(service.push(third), runtime::PushResult::full);

  limit.lift();
  service.flush();
  EXPECT_TRUE(service.healthy());
  service.stop();
  SqliteFile file(folder.file("history.db"));
  EXPECT_EQ(file.ask("SELECT count(*) FROM candles"), "20100");
  EXPECT_EQ(file.ask("PRAGMA integrity_check"), "ok");
}

}  // namespace
}  // namespace tickspan::storage::test
