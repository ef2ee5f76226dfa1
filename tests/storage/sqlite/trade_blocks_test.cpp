// However trades come - in order, late, twice, with another time than before - what is read is what was written last.

#include "storage/sqlite/trade_blocks.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "../../support/support.hpp"
#include "../fixtures.hpp"
#include "sqlite_file.hpp"
#include "storage/sqlite/sqlite_store.hpp"

namespace tickspan::storage::test {
namespace {

using std::chrono::milliseconds;

std::string show(const StoredTrade& t) {
  return fmt::format("{} {} {}e{} {}e{} {} {}", t.at.ns, t.received_at.ns, t.price.mantissa, t.price.exponent,
                     t.amount.mantissa, t.amount.exponent, t.trade_id, static_cast<int>(t.side));
}

std::string show(const core::Tick& t) {
  const auto at = t.event_time().is_set() ? t.event_time() : t.received_at();
  return show({at, t.received_at(), t.price(), t.amount(), t.trade_id(), t.side()});
}

class TradeBlocks : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    writer_.reset();
    store_ = sqlite::make_sqlite_store(path_);
    ASSERT_TRUE(store_->open());
    writer_ = std::move(*store_->writer());
  }
  void write(const std::vector<core::Tick>& trades) {
    core::WriteBatch batch = world_.batch();
    batch.ticks = trades;
    const auto written = writer_->write({batch});
    ASSERT_TRUE(written) << written.error().context;
  }
  core::Tick make(std::uint64_t id, core::Timestamp at, const char* price = "64321.50") const {
    return trade(world_.kraken_btc, id, at, at + milliseconds(40), price, "0.25");
  }
  std::vector<std::string> stored() const {
    std::vector<std::string> out;
    for (const auto& trade : trades_in(path_)) out.push_back(show(trade));
    return out;
  }
  int blocks() const { return std::stoi(SqliteFile(path_).ask("SELECT count(*) FROM trade_blocks")); }

  const World world_;
  const tickspan::test::TempDir folder_;
  const std::string path_ = folder_.file("history.db");
  std::unique_ptr<HistoryStore> store_;
  std::unique_ptr<StoreWriter> writer_;
};

TEST_F(TradeBlocks, AnyOrderAndAnyRepetitionGiveTheSame) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    SqliteFile(path_).run("DELETE FROM trade_blocks");
    open();
    std::mt19937_64 random(seed);
    std::map<std::pair<std::int64_t, std::uint64_t>, core::Tick> expected;  // by time and id
    std::vector<core::Tick> all;
    core::Timestamp at = minute(0);
    for (std::uint64_t id = 1; id <= 600; ++id) {
      at = at + milliseconds(random() % (seed % 2 == 0 ? 30 : 3000));
      core::Tick::Trade t;
      t.instrument = world_.kraken_btc;
      t.trade_id = id;
      t.event_time = at;
      t.received_at = at + core::Duration(static_cast<std::int64_t>(random() % 90'000'000));
      t.price = {6'432'150 + static_cast<std::int64_t>(random() % 100), -2};
      t.amount = {static_cast<std::int64_t>(random() % 1'000'000), static_cast<std::int8_t>(-6 - random() % 2)};
      t.side = random() % 2 == 0 ? core::Side::buy : core::Side::sell;
      all.emplace_back(t);
      expected.emplace(std::pair(at.ns, id), all.back());
    }
    // Shuffled within a window, a third of it twice, in pieces of any size, with restarts between them.
    for (std::size_t i = 0; i < all.size(); ++i)
      std::swap(all[i], all[std::min(all.size() - 1, i + random() % (1 + seed * 20))]);
    for (std::size_t i = 0; i < 200; ++i)
      all.insert(all.begin() + static_cast<std::ptrdiff_t>(random() % all.size()), all[random() % all.size()]);
    for (std::size_t i = 0; i < all.size();) {
      const std::size_t end = std::min(all.size(), i + 1 + random() % 120);
      write({all.begin() + static_cast<std::ptrdiff_t>(i), all.begin() + static_cast<std::ptrdiff_t>(end)});
      i = end;
      if (random() % 8 == 0) open();
    }
    std::vector<std::string> want;
    for (const auto& [key, tick] : expected) want.push_back(show(tick));
    ASSERT_EQ(stored(), want) << "seed " << seed;
    EXPECT_LT(blocks(), 40) << "seed " << seed;  // 600 trades, some 65 to a block
  }
}

TEST_F(TradeBlocks, EveryRangeAndLimitIsCutRight) {
  std::vector<core::Tick> trades;
  for (int i = 0; i < 1700; ++i)
    trades.push_back(make(1 + static_cast<std::uint64_t>(i), minute(0) + milliseconds(i / 3 * 10)));
  write(trades);
  ASSERT_GT(blocks(), 3);
  const auto reader = std::move(*store_->reader());
  std::mt19937 random(5);
  for (int round = 0; round < 500; ++round) {
    const int a = static_cast<int>(random() % 6000) - 50, b = static_cast<int>(random() % 6000) - 50;
    const std::size_t limit = round % 2 == 0 ? 2000 : random() % 500;
    const auto start = minute(0) + milliseconds(a), end = minute(0) + milliseconds(b);
    const auto found = reader->trades({"bitcoin", "usd", "kraken", start, end, limit});
    ASSERT_TRUE(found) << found.error().context;
    std::vector<std::string> want, got;
    for (const auto& t : trades)
      if (t.event_time() >= start && t.event_time() < end) want.push_back(show(t));
    if (want.size() > limit) want.erase(want.begin(), want.end() - static_cast<std::ptrdiff_t>(limit));
    for (const auto& t : *found) got.push_back(show(t));
    ASSERT_EQ(got, want) << a << ".." << b << " limit " << limit;
  }
}

TEST_F(TradeBlocks, ATradeThatComesAgainWithATimeNearByIsTheSameTrade) {
  std::vector<core::Tick> trades;
  for (std::uint64_t id = 1; id <= 300; ++id)
    trades.push_back(make(id, minute(0) + milliseconds(100) * static_cast<int>(id)));
  write(trades);
  const auto before = make(100, minute(0) + milliseconds(9'999)), after = make(300, minute(0) + milliseconds(30'700));
  write({before});
  write({after});
  open();
  write({after});
  const auto found = trades_in(path_);
  ASSERT_EQ(found.size(), 300u);
  EXPECT_EQ(show(found[99]), show(before));
  EXPECT_EQ(show(found[299]), show(after));
}

TEST_F(TradeBlocks, WhatIsThereAlreadyIsNotWrittenAgain) {
  std::vector<core::Tick> trades;
  for (std::uint64_t id = 1; id <= 300; ++id) trades.push_back(make(id, minute(static_cast<int>(id))));
  write(trades);
  SqliteFile(path_).run("CREATE TRIGGER no BEFORE INSERT ON trade_blocks BEGIN SELECT raise(FAIL, 'no'); END");
  write(trades);
  write({trades[7], trades[250], trades[7]});
}

TEST_F(TradeBlocks, ATransactionThatFailsLeavesNothingInMemoryEither) {
  write({make(1, minute(0))});
  SqliteFile(path_).run("CREATE TRIGGER no BEFORE INSERT ON gaps BEGIN SELECT raise(FAIL, 'no'); END");
  core::WriteBatch batch = world_.batch();
  batch.ticks = {make(2, minute(1)), make(3, minute(-9))};
  batch.gaps = {{"kraken", "", minute(0), minute(1), core::GapCause::mute}};
  EXPECT_FALSE(writer_->write({batch}));
  SqliteFile(path_).run("DROP TRIGGER no");
  write({make(4, minute(2))});
  EXPECT_EQ(stored(), (std::vector{show(make(1, minute(0))), show(make(4, minute(2)))}));
}

TEST_F(TradeBlocks, WritingGoesOnBesideADamagedBlock) {
  write({make(1, minute(0)), make(2, minute(1))});
  SqliteFile(path_).run("UPDATE trade_blocks SET rows = x'ff'");
  open();
  write({make(3, minute(2))});
  write({make(4, minute(1))});
  const auto reader = std::move(*store_->reader());
  EXPECT_EQ(reader->trades({"bitcoin", "usd", "kraken", minute(2), minute(9)})->size(), 1u);
  const auto damaged = reader->trades({"bitcoin", "usd", "kraken", minute(0), minute(9)});
  ASSERT_FALSE(damaged);
  EXPECT_NE(damaged.error().context.find("damaged block of trades"), std::string::npos);
  EXPECT_TRUE(writer_->expire({{}, {}, minute(1)}, 10));  // retention takes it away
  EXPECT_EQ(stored().size(), 2u);
}

TEST_F(TradeBlocks, RetentionTakesTheOldestFirstAndAppendingGoesOn) {
  std::vector<core::Tick> trades;
  for (std::uint64_t id = 1; id <= 400; ++id)
    trades.push_back(make(id, minute(0) + milliseconds(static_cast<int>(id))));
  write(trades);
  EXPECT_EQ(*writer_->expire({{}, {}, minute(0) + milliseconds(390)}, 33), 33u);
  EXPECT_EQ(trades_in(path_).front().trade_id, 34u);
  EXPECT_EQ(*writer_->expire({{}, {}, minute(0) + milliseconds(390)}, 1000), 389u - 33u);
  write({make(401, minute(1))});
  const auto left = trades_in(path_);
  ASSERT_EQ(left.size(), 12u);
  EXPECT_EQ(left.front().trade_id, 390u);
  EXPECT_EQ(left.back().trade_id, 401u);
  EXPECT_EQ(*writer_->expire({{}, {}, minute(2)}, 1000), 12u);
  EXPECT_EQ(blocks(), 0);
  write({make(1, minute(0))});
  EXPECT_EQ(trades_in(path_).size(), 1u);
}

TEST_F(TradeBlocks, ATradeTakesLessThanFortyBytes) {
  std::mt19937_64 random(3);
  std::uint64_t id = 0;
  core::Timestamp at = minute(0);
  for (int batch = 0; batch < 100; ++batch) {
    std::vector<core::Tick> trades;
    for (int i = 0; i < 1700; ++i) {
      at = at + milliseconds(random() % 40);
      core::Tick::Trade t;
      t.instrument = i % 3 == 0 ? world_.binance_btc : i % 3 == 1 ? world_.binance_eth : world_.kraken_btc;
      t.trade_id = ++id;
      t.event_time = at;
      t.received_at = at + core::Duration(static_cast<std::int64_t>(random() % 90'000'000));
      t.price = {6'432'150 + static_cast<std::int64_t>(random() % 100), -2};
      t.amount = {static_cast<std::int64_t>(random() % 100'000'000), -8};
      t.side = core::Side::buy;
      trades.emplace_back(t);
    }
    write(trades);
  }
  SqliteFile file(path_);
  const double pages = std::stod(file.ask("SELECT count(*) FROM dbstat WHERE name = 'trade_blocks'"));
  EXPECT_LT(pages * 4096 / static_cast<double>(id), 25);
}

}  // namespace
}  // namespace tickspan::storage::test
