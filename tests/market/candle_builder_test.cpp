#include "market/candle_builder.hpp"

#include <gtest/gtest.h>

#include <random>

#include "candle_fixture.hpp"
#include "core/trade_time.hpp"

namespace tickspan::market {
namespace {

using namespace std::chrono_literals;
using core::Candle;
using core::Decimal;
using core::Timestamp;

constexpr Timestamp kStart = Timestamp::from_s(1'700'000'040);  // on a minute
static_assert(kStart.floor_to(1min) == kStart);

std::vector<Candle> build_all(const std::vector<RawTrade>& trades, Timestamp end) {
  CandleBuilder builder;
  std::vector<Candle> out;
  for (const RawTrade& t : trades) {
    builder.add_trade(t.at, t.price, t.amount, t.id);
    out.insert(out.end(), builder.finished().begin(), builder.finished().end());
    builder.clear_finished();
  }
  builder.advance(end + CandleBuilder::kLateness, true);
  out.insert(out.end(), builder.finished().begin(), builder.finished().end());
  return out;
}

TEST(CandleBuilder, TheOrderOfArrivalWithinAMinuteDoesNotMatter) {
  std::vector<RawTrade> trades;
  std::mt19937 random(5);
  for (std::uint64_t i = 1; i <= 200; ++i) {
    trades.push_back({kStart + std::chrono::seconds(random() % 6 * 10),
                      i,
                      {static_cast<std::int64_t>(1000 + random() % 50), -2},
                      {static_cast<std::int64_t>(random() % 999 + 1), -5}});
  }
  const auto first = build_all(trades, kStart + 60s);
  for (int round = 0; round < 10; ++round) {
    std::shuffle(trades.begin(), trades.end(), random);
    const auto again = build_all(trades, kStart + 60s);
    ASSERT_EQ(again.size(), 1u);
    EXPECT_TRUE(same_prices_and_volume(again[0], first[0]));
    EXPECT_EQ(again[0].trades, 200u);
  }
}

TEST(CandleBuilder, AMinuteIsFinalTwoSecondsAfterItsEnd) {
  CandleBuilder builder;
  builder.add_trade(kStart + 59s, number("10"), number("1"), 1);
  builder.advance(kStart + 61s + 999ms, true);
  EXPECT_FALSE(builder.has_finished());
  Candle open;
  ASSERT_TRUE(builder.open_candle(open));
  EXPECT_FALSE(open.final);
  EXPECT_EQ(builder.add_trade(kStart + 59s + 500ms, number("11"), number("1"), 2), CandleBuilder::Added::open);
  builder.advance(kStart + 62s, true);
  ASSERT_EQ(builder.finished().size(), 1u);
  EXPECT_TRUE(builder.finished()[0].final);
  EXPECT_EQ(builder.finished()[0].close, number("11"));
  EXPECT_FALSE(builder.open_candle(open));
}

TEST(CandleBuilder, ALateTradeRepairsItsMinuteAndTheFlatOnesThatLeanOnIt) {
  CandleBuilder builder;
  builder.add_trade(kStart + 1s, number("10"), number("1"), 1);
  builder.advance(kStart + 3min + 2s, true);
  ASSERT_EQ(builder.finished().size(), 3u);
  builder.clear_finished();
  EXPECT_EQ(builder.add_trade(kStart + 30s, number("12"), number("0.5"), 2), CandleBuilder::Added::repaired);
  ASSERT_EQ(builder.finished().size(), 3u);
  EXPECT_EQ(builder.finished()[0].close, number("12"));
  EXPECT_EQ(builder.finished()[0].volume, number("1.5"));
  EXPECT_TRUE(builder.finished()[1].flat);
  EXPECT_EQ(builder.finished()[1].open, number("12"));
  EXPECT_EQ(builder.finished()[2].start, kStart + 2min);
  builder.clear_finished();
  builder.advance(kStart + 4min + 2s, true);
  ASSERT_EQ(builder.finished().size(), 1u);
  EXPECT_EQ(builder.finished()[0].close, number("12")) << "the next flat one leans on the repaired close, too";
}

TEST(CandleBuilder, ARepairStopsAtTheNextTradedMinute) {
  CandleBuilder builder;
  builder.add_trade(kStart + 1s, number("10"), number("1"), 1);
  builder.add_trade(kStart + 61s, number("20"), number("1"), 3);
  builder.advance(kStart + 2min + 2s, true);
  builder.clear_finished();
  builder.add_trade(kStart + 2s, number("11"), number("1"), 2);
  ASSERT_EQ(builder.finished().size(), 1u);
  builder.clear_finished();
  builder.advance(kStart + 3min + 2s, true);
  EXPECT_EQ(builder.finished().at(0).close, number("20"));
}

TEST(CandleBuilder, ATradeOlderThanFiveMinutesIsRefusedAndCounted) {
  CandleBuilder builder;
  builder.add_trade(kStart + 10min, number("10"), number("1"), 1);
  builder.advance(kStart + 10min + 2s, true);
  EXPECT_EQ(builder.add_trade(kStart + 4min + 59s, number("1"), number("1"), 2), CandleBuilder::Added::too_late);
  EXPECT_EQ(builder.too_late(), 1u);
  EXPECT_FALSE(builder.has_finished());
}

TEST(CandleBuilder, MinutesInWhichTheSourceWasNotHeardAreNoCandles) {
  CandleBuilder builder;
  builder.add_trade(kStart + 1s, number("10"), number("1"), 1);
  builder.mark_incomplete(kStart + 30s, kStart + 31s);
  builder.advance(kStart + 62s, false);
  ASSERT_EQ(builder.finished().size(), 1u);
  EXPECT_TRUE(builder.finished()[0].incomplete);
  builder.clear_finished();
  builder.advance(kStart + 5min + 2s, false);
  EXPECT_FALSE(builder.has_finished());
  builder.mark_incomplete(kStart + 30s, kStart + 5min + 20s);
  builder.add_trade(kStart + 5min + 30s, number("11"), number("1"), 2);
  builder.advance(kStart + 7min + 2s, true);
  ASSERT_EQ(builder.finished().size(), 2u);
  EXPECT_TRUE(builder.finished()[0].incomplete) << "heard from its twentieth second only";
  EXPECT_FALSE(builder.finished()[1].incomplete);
  EXPECT_TRUE(builder.finished()[1].flat);
}

TEST(CandleBuilder, ALongJumpOfTheClockIsNotFilledMinuteByMinute) {
  CandleBuilder builder;
  builder.add_trade(kStart, number("10"), number("1"), 1);
  builder.advance(kStart + std::chrono::hours(24 * 365), true);
  EXPECT_EQ(builder.finished().size(), 1u + 1u) << "the traded minute, and the one that just ended";
}

TEST(CandleBuilder, ARestoredOpenMinuteGoesOnGrowing) {
  Candle saved;
  saved.start = kStart;
  saved.open = number("10");
  saved.high = number("14");
  saved.low = number("9");
  saved.close = number("12");
  saved.volume = number("3");
  saved.trades = 7;
  CandleBuilder builder;
  builder.restore(saved, kStart + 15s, kStart + 20s);
  builder.add_price(kStart + 40s, number("15"));
  builder.advance(kStart + 62s, true);
  const Candle& c = builder.finished().at(0);
  EXPECT_EQ(c.open, number("10"));
  EXPECT_EQ(c.high, number("15"));
  EXPECT_EQ(c.low, number("9"));
  EXPECT_EQ(c.close, number("15"));
  EXPECT_EQ(c.trades, 8u);
  EXPECT_TRUE(c.incomplete) << "nobody listened between the two runs";
}

TEST(CandleBuilder, WhatAVenueSendsAgainAfterARestartIsNotCountedTwice) {
  Candle saved;
  saved.start = kStart;
  saved.open = saved.high = saved.low = saved.close = number("10");
  saved.volume = number("3");
  saved.trades = 2;
  CandleBuilder builder;
  builder.restore(saved, kStart + 15s, kStart + 20s);
  EXPECT_EQ(builder.add_trade(kStart + 14s, number("11"), number("1"), 2), CandleBuilder::Added::known);
  EXPECT_EQ(builder.add_trade(kStart - 30s, number("11"), number("1"), 1), CandleBuilder::Added::known);
  EXPECT_EQ(builder.add_trade(kStart + 21s, number("12"), number("1"), 3), CandleBuilder::Added::open);
  builder.advance(kStart + 62s, true);
  EXPECT_EQ(builder.finished().at(0).volume, number("4"));
  EXPECT_EQ(builder.finished().at(0).close, number("12"));
}

TEST(CandleBuilder, SilenceGoesOnAsFlatCandlesAfterAShortStop) {
  Candle saved;
  saved.start = kStart;
  saved.open = saved.high = saved.low = saved.close = number("10");
  saved.final = true;
  for (const auto& [stop, flats] : {std::pair<core::Duration, std::size_t>{119s, 2}, {20min, 0}}) {
    CandleBuilder builder;
    builder.restore(saved, kStart + 62s, kStart + stop);
    builder.advance(kStart + stop + 2min, true);
    ASSERT_EQ(builder.finished().size(), flats);
    for (const Candle& c : builder.finished()) EXPECT_TRUE(c.flat);
    for (const Candle& c : builder.finished()) EXPECT_EQ(c.incomplete, c.start == kStart + 1min) << "nobody listened";
  }
}

TEST(CandleBuilder, AMinuteThatARestartFindsNotFinishedIsNeverTakenForSilence) {
  Candle saved;
  saved.start = kStart;
  saved.open = saved.high = saved.low = saved.close = number("10");
  saved.final = true;
  CandleBuilder builder;  // the last run's last word is of the minute after next, and that is under two seconds old
  builder.restore(saved, kStart + 2min + 500ms, kStart + 2min + 1s);
  builder.advance(kStart + 4min + 2s, true);
  ASSERT_EQ(builder.finished().size(), 3u);
  EXPECT_TRUE(builder.finished()[0].incomplete) << "its connection may have been gone since before";
  EXPECT_TRUE(builder.finished()[1].incomplete) << "the restart";
  EXPECT_FALSE(builder.finished()[2].incomplete);
}

TEST(CandleBuilder, AFinalMinuteThatIsNewerThanTheMarkTakesNothingThatIsSentAgain) {
  Candle saved;
  saved.start = kStart;
  saved.open = saved.high = saved.low = saved.close = number("10");
  saved.volume = number("7");
  saved.trades = 7;
  saved.final = true;
  CandleBuilder builder;
  builder.restore(saved, kStart + 55s, kStart + 65s);
  EXPECT_EQ(builder.add_trade(kStart + 58s, number("10"), number("1"), 7), CandleBuilder::Added::known);
  EXPECT_TRUE(builder.finished().empty()) << "a part of it would take the place of the whole";
  EXPECT_EQ(builder.add_trade(kStart + 60s, number("10"), number("1"), 8), CandleBuilder::Added::open);
}

TEST(CandleBuilder, ALateTradeOfAMinuteThatWasNotHeardMakesAnIncompleteCandle) {
  CandleBuilder builder;
  builder.add_trade(kStart, number("10"), number("1"), 1);
  builder.advance(kStart + 3min + 2s, false);
  builder.clear_finished();
  EXPECT_EQ(builder.add_trade(kStart + 90s, number("11"), number("1"), 2), CandleBuilder::Added::repaired);
  ASSERT_EQ(builder.finished().size(), 1u);
  EXPECT_TRUE(builder.finished()[0].incomplete);
}

TEST(CandleBuilder, TheFirstTradesMayComeInAnyOrder) {
  CandleBuilder builder;
  EXPECT_EQ(builder.add_trade(kStart + 500ms, number("11"), number("1"), 2), CandleBuilder::Added::open);
  EXPECT_EQ(builder.add_trade(kStart - 500ms, number("10"), number("1"), 1), CandleBuilder::Added::open);
  builder.advance(kStart + 62s, true);
  ASSERT_EQ(builder.finished().size(), 2u);
  EXPECT_FALSE(builder.finished()[0].incomplete);
}

TEST(CandleBuilder, LateVolumeRepairsACompositesMinute) {
  CandleBuilder builder;
  builder.add_price(kStart, number("10"));
  builder.add_volume(kStart, number("1"));
  builder.advance(kStart + 2min + 2s, true);
  builder.clear_finished();
  builder.add_volume(kStart + 59s, number("0.5"));
  builder.add_volume(kStart + 60s, number("0.25"));
  ASSERT_EQ(builder.finished().size(), 2u);
  EXPECT_EQ(builder.finished()[0].volume, number("1.5"));
  EXPECT_EQ(builder.finished()[1].volume, number("0.25"));
  EXPECT_FALSE(builder.finished()[1].flat);
  EXPECT_EQ(builder.finished()[1].close, number("10"));
}

TEST(CandleBuilder, CompositeVolumeAloneMakesACandleAtTheLastClose) {
  CandleBuilder builder;
  builder.add_volume(kStart, number("1"));  // before any price: nothing to hang it on
  builder.add_price(kStart + 61s, number("10"));
  builder.add_volume(kStart + 121s, number("2.5"));
  builder.advance(kStart + 3min + 2s, true);
  ASSERT_EQ(builder.finished().size(), 2u);
  EXPECT_EQ(builder.finished()[1].volume, number("2.5"));
  EXPECT_EQ(builder.finished()[1].close, number("10"));
  EXPECT_FALSE(builder.finished()[1].flat);
}

TEST(TradeTime, TheVenuesTimeUnlessItIsMissingOrFarAhead) {
  using core::trade_time;
  EXPECT_EQ(trade_time({}, kStart), kStart);
  EXPECT_EQ(trade_time(kStart - 3s, kStart), kStart - 3s);
  EXPECT_EQ(trade_time(kStart + 1270ms, kStart), kStart + 1270ms) << "a recorder's clock that is behind";
  EXPECT_EQ(trade_time(kStart + 11s, kStart), kStart);
  EXPECT_EQ(trade_time(kStart, {}), kStart) << "of a file: nobody received it";
}

}  // namespace
}  // namespace tickspan::market
