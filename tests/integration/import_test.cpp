// `tickspan import` that is ended in the middle: nothing of its file is kept, and its memory does not grow with it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <regex>

#include "database.hpp"
#include "served.hpp"

namespace tickspan::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr int kRows = 400'000;

class ImportCommand : public testing::Test {
 protected:
  ImportCommand() {
    std::ofstream out(file_);
    out << "ts_ms,trade_id,side,price,amount\n";
    for (int i = 0; i < kRows; ++i)
      out << 1'748'000'000'000 + i * 500LL << ',' << i + 1 << ',' << (i % 3 == 0 ? "sell" : "buy") << ','
          << 60'000 + i % 977 << ".5,0.0" << 1 + i % 999 << '\n';
  }
  std::vector<std::string> command() const {
    return {program(), "import", "trades", "--venue", "kraken", "--pair", "btc/usd", file_, "--data", data_};
  }
  std::string database() const { return data_ + "/tickspan.db"; }
  /// It has begun to write: its transaction is in the write-ahead log, or has grown the file.
  bool writes() const {
    std::error_code absent;
    const auto log = std::filesystem::file_size(database() + "-wal", absent);
    return !absent && log > (1 << 20);
  }
  std::int64_t rows(const std::string& table) const { return ask(database(), "SELECT count(*) FROM " + table); }

  const TempDir dir_;
  const std::string file_ = dir_.file("trades.csv");
  std::string data_ = dir_.file("data");
};

TEST_F(ImportCommand, KilledOrInterruptedItKeepsNothingAndTheNextOneAll) {
  for (const int signal : {SIGTERM, SIGINT, SIGKILL}) {
    data_ = dir_.file("data" + std::to_string(signal));
    Process process(command());
    ASSERT_TRUE(eventually([&] { return writes(); }, 60s)) << process.err();
    process.kill(signal);
    EXPECT_NE(process.wait(60s), 0) << "it was not done yet";
    EXPECT_EQ(rows("candles"), 0);
    EXPECT_EQ(rows("trade_blocks"), 0);
  }
  Process process(command());
  ASSERT_EQ(process.wait(120s), 0) << process.err();
  EXPECT_THAT(process.err(), HasSubstr(std::to_string(kRows) + " rows read, 0 bad ones left out"));
  Process exported({program(), "export", "trades", "--venue", "kraken", "--pair", "btc/usd", dir_.file("again.csv"),
                    "--data", data_});
  ASSERT_EQ(exported.wait(60s), 0) << exported.err();
  EXPECT_THAT(exported.err(), HasSubstr(std::to_string(kRows) + " rows"));
}

TEST_F(ImportCommand, ANameMistypedIsNoEmptyTable) {
  std::ofstream(file_) << "ts_ms,trade_id,side,price,amount\n1748000000000,1,buy,60000.5,0.01\n";
  Process process(command());
  ASSERT_EQ(process.wait(60s), 0) << process.err();
  for (const auto& [venue, pair] : {std::pair{"krakn", "btc/usd"}, {"kraken", "btcc/usd"}, {"", "btc/usd"}}) {
    Process exported(
        {program(), "export", "candles", dir_.file("out.csv"), "--venue", venue, "--pair", pair, "--data", data_});
    EXPECT_EQ(exported.wait(60s), 1) << venue << pair;
    EXPECT_THAT(exported.err(), HasSubstr("the store has nothing of "));
    Process verified({program(), "verify", "--venue", venue, "--pair", pair, "--data", data_});
    EXPECT_EQ(verified.wait(60s), 1) << venue << pair;
    if (*venue == 'k' && std::string(pair) == "btc/usd") {
      EXPECT_THAT(verified.err(), HasSubstr("it has bitcoin/usd@kraken"));
    }
  }
  EXPECT_FALSE(std::filesystem::exists(dir_.file("out.csv")));
}

TEST_F(ImportCommand, ItsMemoryDoesNotGrowWithTheFile) {
  Process process(command());
  std::int64_t most = 0;
  const auto watched = [&] {
    std::ifstream status("/proc/" + std::to_string(process.pid()) + "/status");
    const std::string text{std::istreambuf_iterator<char>(status), {}};
    std::smatch found;
    const bool lives = std::regex_search(text, found, std::regex(R"(VmHWM:\s+(\d+) kB)"));
    if (lives) most = std::max<std::int64_t>(most, std::stoll(found[1]));
    return !lives && most > 0;
  };
  ASSERT_TRUE(eventually(watched, 120s));
  EXPECT_EQ(process.wait(60s), 0);
  EXPECT_GT(most, 0);
  EXPECT_LT(most, 64 * 1024) << "kB resident";
}

}  // namespace
}  // namespace tickspan::test
