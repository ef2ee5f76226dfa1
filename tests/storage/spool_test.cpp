#include "storage/spool.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "../support/support.hpp"
#include "fixtures.hpp"
#include "storage/spool_view.hpp"

namespace tickspan::storage::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class SpoolTest : public testing::Test {
 protected:
  std::unique_ptr<Spool> open() {
    auto spool = Spool::open(folder_.file("spool"), options_);
    EXPECT_TRUE(spool) << (spool ? "" : spool.error().context);
    return spool ? std::move(*spool) : nullptr;
  }
  /// A record of one candle, told apart by its minute.
  std::vector<core::WriteBatch> record(int number, int rows = 1) const {
    core::WriteBatch batch = world_.batch();
    for (int i = 0; i < rows; ++i)
      batch.candles.push_back({world_.composite(world_.btc), core::Interval::m1, flat(minute(number), "1")});
    return {batch};
  }
  static int number_of(const std::vector<core::WriteBatch>& batches) {
    return static_cast<int>((batches.at(0).candles.at(0).candle.start - minute(0)) / std::chrono::minutes(1));
  }
  static std::vector<int> take_all(Spool& spool) {
    std::vector<int> out;
    while (true) {
      const auto front = spool.front();
      EXPECT_TRUE(front);
      if (!front || !*front) return out;
      out.push_back(number_of(**front));
      spool.pop();
    }
  }
  std::vector<fs::path> files() const {
    std::vector<fs::path> out;
    for (const auto& entry : fs::directory_iterator(folder_.file("spool"))) out.push_back(entry.path());
    std::sort(out.begin(), out.end());
    return out;
  }

  tickspan::test::TempDir folder_;
  World world_;
  SpoolOptions options_{.max_bytes = 1 << 20, .segment_bytes = 1 << 18, .sync = false};
};

TEST_F(SpoolTest, GivesBackInOrderAndLeavesNothingBehind) {
  options_.segment_bytes = 400;  // a few records each
  const auto spool = open();
  EXPECT_TRUE(spool->empty());
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(spool->append(record(i)));
  EXPECT_EQ(spool->rows(), 20U);
  EXPECT_GT(files().size(), 3U);
  const auto all = take_all(*spool);
  ASSERT_EQ(all.size(), 20U);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)], i);
  EXPECT_TRUE(spool->empty());
  EXPECT_EQ(spool->rows(), 0U);
  EXPECT_EQ(spool->bytes(), 0U);
  EXPECT_TRUE(files().empty());
  ASSERT_TRUE(spool->append(record(77)));
  EXPECT_THAT(take_all(*spool), ElementsAre(77));
}

TEST_F(SpoolTest, TakingAndAppendingInTurns) {
  const auto spool = open();
  int next = 0;
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(spool->append(record(i)));
    if (i % 3 == 0) continue;
    const auto front = spool->front();
    ASSERT_TRUE(front && *front);
    EXPECT_EQ(number_of(**front), next++);
    spool->pop();
  }
  for (const int number : take_all(*spool)) EXPECT_EQ(number, next++);
  EXPECT_EQ(next, 300);
}

TEST_F(SpoolTest, SurvivesTheProgramsEnd) {
  {
    const auto spool = open();
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(spool->append(record(i, 2)));
    ASSERT_TRUE(spool->front());
    spool->pop();
  }
  const auto spool = open();
  EXPECT_EQ(spool->rows(), 10U);  // taken ones come again: writing is upserts
  EXPECT_THAT(take_all(*spool), ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(SpoolTest, ARecordCutShortIsDroppedAndNothingElse) {
  for (std::uintmax_t cut = 1; cut < 60; cut += 7) {
    {
      const auto spool = open();
      for (int i = 0; i < 3; ++i) ASSERT_TRUE(spool->append(record(i)));
    }
    const fs::path file = files().back();
    fs::resize_file(file, fs::file_size(file) - cut);
    const auto spool = open();
    ASSERT_TRUE(spool->append(record(9)));
    EXPECT_THAT(take_all(*spool), ElementsAre(0, 1, 9)) << cut;
    EXPECT_EQ(spool->damaged(), 0U);
  }
}

TEST_F(SpoolTest, AFileThatSomebodyTookAwayIsPassedOverAndCounted) {
  options_.segment_bytes = 400;
  const auto spool = open();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(spool->append(record(i)));
  fs::remove(files().front());
  const auto rest = take_all(*spool);
  ASSERT_FALSE(rest.empty());
  EXPECT_LT(rest.size(), 20U);
  EXPECT_EQ(rest.back(), 19);
  EXPECT_EQ(spool->damaged(), 1U);
  ASSERT_TRUE(spool->append(record(77)));
  fs::remove(files().back());
  EXPECT_THAT(take_all(*spool), testing::IsEmpty());
  EXPECT_EQ(spool->damaged(), 2U);
  EXPECT_TRUE(spool->empty());
  ASSERT_TRUE(spool->append(record(78)));
  EXPECT_THAT(take_all(*spool), ElementsAre(78));
}

TEST_F(SpoolTest, ADamagedRecordIsPassedOverAndCounted) {
  options_.segment_bytes = 1;  // one record a file
  {
    const auto spool = open();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(spool->append(record(i)));
  }
  std::fstream file(files().at(1), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-3, std::ios::end);
  file.put('\x7f');
  file.close();
  const auto spool = open();
  EXPECT_THAT(take_all(*spool), ElementsAre(0, 2));
  EXPECT_EQ(spool->damaged(), 1U);
  EXPECT_TRUE(spool->empty());
}

TEST_F(SpoolTest, AFullSpoolRefusesAndTakesAgainWhenThereIsRoom) {
  options_.max_bytes = 1500;
  options_.segment_bytes = 200;
  const auto spool = open();
  int count = 0;
  core::Status status;
  while ((status = spool->append(record(count)))) ++count;
  EXPECT_EQ(status.error().code, core::ErrorCode::too_large);
  EXPECT_GT(count, 3);
  EXPECT_LE(spool->bytes(), 1500U);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(spool->front());
    spool->pop();
  }
  EXPECT_TRUE(spool->append(record(count)));
}

TEST_F(SpoolTest, AFolderThatCannotBeMadeIsNamed) {
  std::ofstream(folder_.file("spool")) << "a file";
  const auto spool = Spool::open(folder_.file("spool"), options_);
  ASSERT_FALSE(spool);
  EXPECT_EQ(spool.error().code, core::ErrorCode::io_error);
  EXPECT_THAT(spool.error().context, HasSubstr(folder_.file("spool")));
}

/// What a disk may hold of a file after a power cut: the first `synced` bytes, and of the others any sectors, up to any
/// length.
std::string torn(const std::string& content, std::size_t synced, std::mt19937& random) {
  constexpr std::size_t kSector = 512;
  std::string out = content.substr(0, synced + random() % (content.size() - synced + 1));
  for (std::size_t at = synced; at < out.size(); at = (at / kSector + 1) * kSector) {
    const std::size_t end = std::min(out.size(), (at / kSector + 1) * kSector);
    if (random() % 2 == 0)
      std::fill(out.begin() + static_cast<std::ptrdiff_t>(at), out.begin() + static_cast<std::ptrdiff_t>(end), '\0');
  }
  return out;
}

TEST_F(SpoolTest, APowerCutTakesNothingThatWasSyncedAndNothingReturnsThatNeverWas) {
  std::mt19937 random(20260601);
  for (int round = 0; round < 60; ++round) {
    const std::string live = folder_.file("live" + std::to_string(round));
    const std::string dead = folder_.file("dead" + std::to_string(round));
    options_.segment_bytes = 2'000;
    options_.sync = round % 3 == 0;
    auto spool = std::move(*Spool::open(live, options_));
    std::map<std::string, std::size_t> synced;  // bytes of each file
    const auto sizes = [&] {
      std::map<std::string, std::size_t> out;
      for (const auto& entry : fs::directory_iterator(live))
        out[entry.path().filename().string()] = fs::file_size(entry.path());
      return out;
    };
    int promised = 0;
    const int records = 5 + static_cast<int>(random() % 40);
    for (int i = 0; i < records; ++i) {
      ASSERT_TRUE(spool->append(record(i, 1 + static_cast<int>(random() % 12))));
      if (!options_.sync && random() % 6 != 0) continue;
      ASSERT_TRUE(spool->sync());
      synced = sizes();
      promised = i + 1;
    }
    fs::create_directories(dead);
    for (const auto& [name, size] : sizes()) {
      // A segment is synced before the next one is begun.
      const bool newest = name == sizes().rbegin()->first;
      const std::size_t safe = newest ? synced[name] : size;
      std::ofstream(dead + "/" + name, std::ios::binary)
          << torn(tickspan::test::read_file(live + "/" + name), safe, random);
    }
    const auto after = Spool::open(dead, options_);
    ASSERT_TRUE(after);
    const auto found = take_all(**after);
    ASSERT_GE(static_cast<int>(found.size()), promised) << "round " << round;
    ASSERT_LE(static_cast<int>(found.size()), records);
    for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i], static_cast<int>(i)) << "round " << round;
  }
}

TEST_F(SpoolTest, AViewSeesWhatWaitsWhileItIsWrittenAndTaken) {
  const auto seen = [&](SpoolView& view) {
    std::vector<int> out;
    EXPECT_TRUE(view.each([&](const std::vector<core::WriteBatch>& batches) {
      out.push_back(number_of(batches));
      return core::Status{};
    }));
    return out;
  };
  const auto look = [&] { return std::move(*SpoolView::open(folder_.file("spool"))); };
  EXPECT_TRUE(look()->empty()) << "no folder";
  for (const std::uint64_t segment_bytes : {1ULL << 18, 250ULL}) {  // one file; a few records each
    options_.segment_bytes = segment_bytes;
    const auto spool = open();
    for (int i = 0; i < 6; ++i) ASSERT_TRUE(spool->append(record(i)));
    const auto all = look();
    EXPECT_TRUE(*all->is_current());
    for (int taken = 0; taken < 6; ++taken) {
      const auto before = look();
      const auto front = spool->front();
      ASSERT_TRUE(front && *front);
      EXPECT_TRUE(*before->is_current()) << "on its way into the store, not taken yet";
      spool->pop();
      EXPECT_FALSE(*before->is_current());
      std::vector<int> left;
      for (int i = taken + 1; i < 6; ++i) left.push_back(i);
      EXPECT_EQ(seen(*look()), left);
      EXPECT_EQ(look()->empty(), left.empty());
    }
    EXPECT_THAT(seen(*all), ElementsAre(0, 1, 2, 3, 4, 5)) << "though the files are gone";
    for (int i = 0; i < 6; ++i) ASSERT_TRUE(spool->append(record(i)));
    EXPECT_FALSE(*all->is_current()) << "files of the same names";
    take_all(*spool);
  }
}

TEST_F(SpoolTest, AViewPassesOverWhatIsDamagedOrBeingWritten) {
  const auto spool = open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(spool->append(record(i)));
  const auto file = files().front();
  const auto size = fs::file_size(file);
  std::vector<int> out;
  const auto visit = [&](const std::vector<core::WriteBatch>& batches) {
    out.push_back(number_of(batches));
    return core::Status{};
  };
  fs::resize_file(file, size - 5);
  auto view = std::move(*SpoolView::open(folder_.file("spool")));
  ASSERT_TRUE(view->each(visit));
  EXPECT_THAT(out, ElementsAre(0, 1));
  EXPECT_EQ(view->damaged(), 0U);
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(static_cast<std::streamoff>(size / 2))
      << "x";
  out.clear();
  view = std::move(*SpoolView::open(folder_.file("spool")));
  ASSERT_TRUE(view->each(visit));
  EXPECT_THAT(out, ElementsAre(0));
  EXPECT_EQ(view->damaged(), 1U);
}

}  // namespace
}  // namespace tickspan::storage::test
