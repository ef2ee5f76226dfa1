// The disk fills up under the real program: it says so, tells of what it leaves out, and goes on when there is room.

#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "storage/sqlite/sqlite_store.hpp"
#include "stored_truth.hpp"

namespace tickspan::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

/// A file system of its own in memory.
class SmallDisk {
 public:
  explicit SmallDisk(std::string path) : path_(std::move(path)) {
    fs::create_directories(path_);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=24m") == 0;
    why_ = std::strerror(errno);
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool mounted() const { return mounted_; }
  const std::string& why() const { return why_; }
  /// Takes all room but `left`.
  void fill(std::uintmax_t left) const {
    std::ofstream ballast(path_ + "/ballast", std::ios::binary);
    const std::string block(4096, 'x');
    while (ballast && fs::space(path_).available > left + block.size()) ballast.write(block.data(), 4096).flush();
  }
  void free() const { fs::remove(path_ + "/ballast"); }

 private:
  std::string path_, why_;
  bool mounted_ = false;
};

TEST(FullDisk, TheProgramSaysSoTellsWhatItLeavesOutAndRecovers) {
  const TempDir dir;
  const SmallDisk disk(dir.file("data"));
  if (!disk.mounted()) GTEST_SKIP() << "no file system can be mounted here: " << disk.why();
  SimulatedVenues venues(dir.file("c.toml"), 0, {"--rate", "1000"});
  std::ofstream(dir.file("c.toml"), std::ios::app) << "[[sources]]\nname = \"coingecko\"\nenabled = false\n";
  Served served(dir.file("data"), {"--config", dir.file("c.toml"), "--log-level", "error", "--set", "store.ticks=all",
                                   "--set", "store.repair=false", "--set", "store.durability=second"});
  const auto state = [&] {
    const std::string body = served.get("/api/v1/status").body;
    const auto at = body.find("\"store\"");
    return at == std::string::npos ? std::string() : json_field(body.substr(at), "state");
  };
  ASSERT_TRUE(served.shows("bitcoin", "live")) << served.process().err();
  ASSERT_TRUE(eventually([&] { return state() == "ok"; }));

  disk.fill(300'000);
  ASSERT_TRUE(eventually([&] { return !state().empty() && state() != "ok"; }, seconds(60))) << state();
  EXPECT_EQ(served.get("/api/v1/candles/btc/usd?interval=1h").status, 200) << "what is stored is still answered";
  EXPECT_EQ(served.get("/readyz").status, 503);
  disk.free();
  ASSERT_TRUE(eventually([&] { return state() == "ok"; }, seconds(90))) << state() << served.process().err();
  const auto rows = [&] { return std::atoll(json_field(served.get("/api/v1/status").body, "rows_written").c_str()); };
  const auto then = rows();
  ASSERT_TRUE(eventually([&] { return rows() > then + 2'000; }, seconds(30)));

  const core::Timestamp end{std::chrono::duration_cast<std::chrono::nanoseconds>(
                                std::chrono::system_clock::now().time_since_epoch() - seconds(1))
                                .count()};
  const auto later = rows();
  ASSERT_TRUE(eventually([&] { return rows() > later + 4'000; }, seconds(30)));  // what was on its way has arrived
  served.process().kill(SIGTERM);
  ASSERT_EQ(served.process().wait(seconds(60)), 0) << served.process().err();
  const auto store = storage::sqlite::make_sqlite_store(dir.file("data") + "/tickspan.db");
  ASSERT_TRUE(store->open());
  StoredTruth truth(venues, *store);
  const auto counts = truth.check(end);
  truth.check_minutes(end);
  EXPECT_GT(counts.stored, 1'000u);
  EXPECT_GT(counts.in_gaps, 0u) << "nothing was left out: the disk was not full";
  const auto told = [&](bool of_composites) {
    return std::any_of(truth.gaps().begin(), truth.gaps().end(), [&](const core::Gap& gap) {
      return gap.cause == core::GapCause::disk_full && (gap.venue == core::kComposite) == of_composites;
    });
  };
  EXPECT_TRUE(told(false));
  EXPECT_TRUE(told(true));
}

}  // namespace
}  // namespace tickspan::test
