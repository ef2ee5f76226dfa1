#include "history/repair_watch.hpp"

#include <gtest/gtest.h>

#include "history_fixture.hpp"

namespace tickspan::history {
namespace {

using namespace std::chrono_literals;
using core::Candle;
using core::Decimal;
using core::Interval;
using core::Timestamp;

constexpr Timestamp kStart = Timestamp::from_s(1'780'000'020);

Candle minute(int index, std::int64_t price, std::uint32_t trades = 1) {
  Candle c;
  c.start = kStart + 1min * index;
  c.open = c.high = c.low = c.close = {price, 0};
  c.volume = {trades, 0};
  c.trades = trades;
  c.final = true;
  c.flat = trades == 0;
  return c;
}

/// A watch beside a store, and time that goes on.
class RepairWatchTest : public testing::Test {
 protected:
  void write(const std::vector<Candle>& candles) {
    core::WriteBatch batch;
    batch.catalogue = place_.series.catalogue;
    batch.catalogue_changed = true;
    for (const Candle& c : candles) batch.candles.push_back({place_.series.key, Interval::m1, c});
    ASSERT_TRUE(place_.writer->write({batch}));
  }
  /// As a repair does.
  void repair(const std::vector<Candle>& made) {
    write(made);
    watch_.add(what(made), place_.series.key, now_);
  }
  ChangedCandles what(const std::vector<Candle>& made) const {
    const auto& name = place_.series.name;
    return {name.base, name.quote, name.venue, Interval::m1, made.front().start, made.back().start + 1min, made};
  }
  std::vector<Candle> found(const RepairWatch::Item& item) {
    return *RepairWatch::corrections(*place_.reader, item, now_);
  }
  /// How many candles were written again within `time`.
  std::size_t look_for(core::Duration time) {
    std::size_t written = 0;
    for (const Timestamp end = now_ + time; now_ < end; now_ = now_ + 10s) {
      for (auto& item : watch_.take_due(now_, 50)) {
        const auto wrong = watch_.to_correct(item, found(item));
        if (!wrong.empty()) write(wrong);
        written += wrong.size();
        watch_.looked_at(std::move(item), !wrong.empty(), now_);
      }
    }
    return written;
  }
  Candle stored(int index) {
    for (const Candle& c : place_.candles(Interval::m1)) {
      if (c.start == kStart + 1min * index) return c;
    }
    return {};
  }

  test::Place place_;
  RepairWatch watch_;
  Timestamp now_ = kStart + 30min;
};

TEST_F(RepairWatchTest, TwoHolesThatShareAMinuteDoNotUndoEachOther) {
  repair({minute(0, 5), minute(1, 6, 3)});
  now_ = now_ + 1s;
  repair({minute(1, 7, 2), minute(2, 7)});  // of the other's minute it knows something else
  EXPECT_EQ(look_for(24h), 0u);
  EXPECT_EQ(stored(1).close, Decimal(7, 0));
  EXPECT_EQ(watch_.size(), 0u);
}

TEST_F(RepairWatchTest, WhatALateTradePutsInPlaceOfEitherIsWrittenAgain) {
  repair({minute(0, 5, 4), minute(1, 6, 3)});
  repair({minute(1, 7, 5), minute(2, 7, 5)});
  auto part = minute(1, 9);
  part.incomplete = true;
  write({part, minute(0, 8, 2)});
  EXPECT_EQ(look_for(1h), 2u);
  EXPECT_EQ(stored(0).trades, 4u);
  EXPECT_EQ(stored(1).close, Decimal(7, 0));
}

TEST_F(RepairWatchTest, WhatIsMadeAnewWhileItIsLookedAtIsTheLastWord) {
  repair({minute(0, 5, 4), minute(1, 6, 3)});
  write({minute(1, 8, 0), minute(2, 8, 0)});
  now_ = now_ + 20s;
  auto items = watch_.take_due(now_, 50);
  ASSERT_EQ(items.size(), 1u);
  const auto wrong = found(items.front());
  EXPECT_EQ(wrong.size(), 2u);
  repair({minute(1, 7, 5)});
  EXPECT_TRUE(watch_.to_correct(items.front(), wrong).empty());
  watch_.looked_at(std::move(items.front()), false, now_);
  look_for(24h);
  EXPECT_EQ(stored(1).trades, 5u);
  EXPECT_EQ(stored(2).close, Decimal(7, 0)) << "silence leans on the newer close";
  EXPECT_EQ(watch_.size(), 0u);
}

TEST_F(RepairWatchTest, SilenceBetweenTwoHolesTakesTheEarlierOnesClose) {
  repair({minute(5, 4, 0), minute(6, 4, 0)});  // the newest first; it did not know better
  write({minute(1, 4, 0), minute(2, 4, 0), minute(3, 4, 0), minute(4, 4, 0)});
  repair({minute(0, 9, 3)});
  EXPECT_EQ(look_for(24h), 6u) << "each once";
  for (int i = 1; i <= 6; ++i) EXPECT_EQ(stored(i).close, Decimal(9, 0)) << i;
  EXPECT_EQ(watch_.size(), 0u);
}

TEST_F(RepairWatchTest, WhatSomebodyElseWroteIsNotLookedAfterAnyMore) {
  repair({minute(0, 5), minute(1, 5)});
  write({minute(1, 6)});
  auto taken = what({minute(1, 6)});
  taken.candles.clear();
  watch_.add(taken, place_.series.key, now_);
  EXPECT_EQ(look_for(24h), 0u);
  EXPECT_EQ(stored(1).close, Decimal(6, 0));
}

TEST_F(RepairWatchTest, AMinuteThatWasHeardWithMoreInItStays) {
  repair({minute(0, 5, 3), minute(1, 5, 0)});  // the venue did not tell of the second one yet
  write({minute(1, 8, 2), minute(2, 8, 0)});
  EXPECT_EQ(look_for(24h), 0u);
  EXPECT_EQ(stored(1).close, Decimal(8, 0));
  EXPECT_EQ(stored(2).close, Decimal(8, 0));
}

}  // namespace
}  // namespace tickspan::history
