#include "history/minutes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "history/hole.hpp"
#include "history/level_repair.hpp"
#include "market/candle_builder.hpp"

namespace tickspan::history {
namespace {

using namespace std::chrono_literals;
using core::Decimal;
using core::Timestamp;

constexpr Timestamp kStart = Timestamp::from_s(1'780'000'020);

feeds::HistoryTrade trade(core::Duration after, std::int64_t price, std::int64_t amount, std::uint64_t id) {
  return {kStart + after, {price, -2}, {amount, -4}, id, id, core::Side::buy};
}

TEST(Minutes, OfTradesAreWhatTheLiveOnesWouldHaveBeen) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<feeds::HistoryTrade> trades;
    for (std::uint64_t id = 1; id <= 300; ++id) {
      trades.push_back(trade(core::Duration(static_cast<std::int64_t>(random() % (20 * 60)) * 1'000'000'000),
                             100 + static_cast<std::int64_t>(random() % 50),
                             1 + static_cast<std::int64_t>(random() % 90), id));
    }
    std::sort(trades.begin(), trades.end(),
              [](const auto& a, const auto& b) { return a.at != b.at ? a.at < b.at : a.first_id < b.first_id; });
    market::CandleBuilder live;
    std::vector<core::Candle> expected;
    for (const auto& t : trades) {
      live.advance(t.at, true);
      live.add_trade(t.at, t.price, t.amount, t.first_id);
    }
    live.advance(kStart + 21min, true);
    std::vector<core::Candle> all = live.finished();
    const Timestamp from = all.front().start;
    const auto made = minutes_of_trades(trades, from, kStart + 20min, {});
    std::erase_if(all, [](const core::Candle& c) { return c.start >= kStart + 20min; });
    ASSERT_EQ(made.size(), all.size()) << seed;
    for (std::size_t i = 0; i < made.size(); ++i) EXPECT_TRUE(same(made[i], all[i])) << seed << " " << i;
  }
}

TEST(Minutes, WithoutTradesLeanOnTheCloseBeforeAndWithoutOneDoNotExist) {
  const std::vector<feeds::HistoryTrade> trades{trade(2min + 1s, 500, 10, 7)};
  const auto known = minutes_of_trades(trades, kStart, kStart + 4min, {42, 0});
  ASSERT_EQ(known.size(), 4u);
  EXPECT_TRUE(known[0].flat);
  EXPECT_EQ(known[1].close, (Decimal{42, 0}));
  EXPECT_EQ(known[2].open, (Decimal{5, 0}));
  EXPECT_TRUE(known[3].flat);
  EXPECT_EQ(known[3].close, (Decimal{5, 0}));
  EXPECT_EQ(minutes_of_trades(trades, kStart, kStart + 4min, {}).size(), 2u);
}

TEST(Minutes, TradesReportedAsOneCountAsManyAsTheyAre) {
  feeds::HistoryTrade merged = trade(1s, 100, 10, 5);
  merged.last_id = 7;
  const auto made = minutes_of_trades(std::vector{merged, trade(2s, 100, 10, 8)}, kStart, kStart + 1min, {});
  ASSERT_EQ(made.size(), 1u);
  EXPECT_EQ(made[0].trades, 4u);
}

TEST(Minutes, TheIdsTellWhetherOneIsMissing) {
  const std::vector trades{trade(1s, 1, 1, 5), trade(2s, 1, 1, 6), trade(3s, 1, 1, 8)};
  const TradeCount all = count_trades(trades, kStart, kStart + 1min);
  EXPECT_EQ(all.expected, 4);
  EXPECT_EQ(all.recovered, 3);
  EXPECT_FALSE(all.whole());
  EXPECT_TRUE(count_trades(trades, kStart, kStart + 3s).whole());
  EXPECT_TRUE(count_trades({}, kStart, kStart + 3s).whole());
}

TEST(Minutes, OfTheVenueAreMadeFinalAndFilledUp) {
  core::Candle c;
  c.start = kStart + 1min;
  c.open = c.high = c.low = c.close = {7, 0};
  c.volume = {3, 0};
  const auto made = whole_candles(std::vector{c}, core::Interval::m1, kStart, kStart + 3min, {5, 0});
  ASSERT_EQ(made.size(), 3u);
  EXPECT_EQ(made[0].close, (Decimal{5, 0}));
  EXPECT_TRUE(made[0].flat);
  EXPECT_TRUE(made[1].final);
  EXPECT_EQ(made[1].volume, (Decimal{3, 0}));
  EXPECT_EQ(made[2].close, (Decimal{7, 0}));
}

TEST(Levels, AnHourIsTheSumOfItsMinutesAndIncompleteWhereOneIsMissing) {
  const Timestamp hour = kStart.floor_to(1h);
  std::vector<core::Candle> minutes;
  for (int i = 0; i < 60; ++i) {
    core::Candle c;
    c.start = hour + 1min * i;
    c.open = c.low = {100 + i, 0};
    c.close = c.high = {101 + i, 0};
    c.volume = {5, -1};
    c.trades = 2;
    c.final = true;
    minutes.push_back(c);
  }
  const auto whole = sum_up(minutes, core::Interval::h1, core::Interval::m1, hour);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->start, hour);
  EXPECT_EQ(whole->open, (Decimal{100, 0}));
  EXPECT_EQ(whole->close, (Decimal{160, 0}));
  EXPECT_EQ(whole->volume, (Decimal{30, 0}));
  EXPECT_EQ(whole->trades, 120u);
  EXPECT_TRUE(whole->final);
  EXPECT_FALSE(whole->incomplete);
  minutes.erase(minutes.begin() + 7);
  EXPECT_TRUE(sum_up(minutes, core::Interval::h1, core::Interval::m1, hour)->incomplete);
  EXPECT_FALSE(sum_up({}, core::Interval::h1, core::Interval::m1, hour));
}

TEST(Levels, AreDueWhenTheyAreOverAndTheLiveOnesAreWritten) {
  LevelRepair levels;
  const Timestamp hour = kStart.floor_to(1h);
  levels.changed("bitcoin", "usd", "kraken", hour + 10min, hour + 12min, hour + 13min);
  EXPECT_EQ(levels.size(), 2u);
  EXPECT_TRUE(levels.take_due(hour + 1h, 10).empty());
  const auto due = levels.take_due(hour + 1h + 6min, 10);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].interval, core::Interval::h1);
  EXPECT_EQ(due[0].start, hour);
  EXPECT_EQ(levels.take_due(hour.floor_to(24h) + 24h + 7min, 10).size(), 1u);
}

TEST(Holes, WhatFailsIsTriedAgainLaterAndInTheEndLost) {
  Hole hole;
  hole.gap() = {"kraken", "", kStart, kStart + 5s};
  hole.failed = {"A", "B"};
  EXPECT_FALSE(hole.end_round(kStart, 2, 30s, 24h));
  EXPECT_EQ(hole.todo.size(), 2u);
  EXPECT_EQ(hole.not_before, kStart + 30s);
  hole.todo.clear();
  hole.failed = {"B"};
  hole.repaired = 1;
  EXPECT_TRUE(hole.end_round(kStart, 2, 30s, 24h));
  const auto rows = hole.result();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].state, core::GapState::repaired);
  EXPECT_EQ(rows[1].instrument_symbol, "B");
  EXPECT_EQ(rows[1].state, core::GapState::lost);
  hole.repaired = 0;
  ASSERT_EQ(hole.result().size(), 1u);
  EXPECT_EQ(hole.result()[0].state, core::GapState::lost);
}

TEST(Holes, OneTakesThoseAlongThatTouchItsMinutes) {
  const auto hole_of = [](core::Timestamp start, core::Duration length, const std::string& symbol = "") {
    Hole hole;
    hole.gap() = {"kraken", symbol, start, start + length};
    return hole;
  };
  Hole hole = hole_of(kStart + 10s, 5s);
  EXPECT_FALSE(hole.take(hole_of(kStart + 20s, 5s, "A"), 15min)) << "that is one pair's";
  EXPECT_FALSE(hole.take(hole_of(kStart + 3min, 5s), 15min)) << "a minute lies between them";
  EXPECT_TRUE(hole.take(hole_of(kStart + 70s, 5s), 15min));
  EXPECT_EQ(hole.to(), kStart + 2min);
  EXPECT_FALSE(hole.take(hole_of(kStart + 130s, 20min), 15min)) << "together they are too long";
  EXPECT_TRUE(hole.take(hole_of(kStart + 30s, 5s), 1min)) << "it is inside";
  EXPECT_EQ(hole.from(), kStart);
  EXPECT_EQ(hole.to(), kStart + 2min);
  EXPECT_EQ(hole.result().size(), 3u);
}

}  // namespace
}  // namespace tickspan::history
