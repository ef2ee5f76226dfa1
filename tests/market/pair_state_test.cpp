#include "market/pair_state.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace tickspan::market {
namespace {

using namespace std::chrono_literals;
using core::Decimal;
using core::Freshness;
using core::Tick;
using core::Timestamp;

constexpr Timestamp kStart = Timestamp::from_s(1'700'000'000);

Tick quote(Timestamp at, std::string_view bid, std::string_view ask) {
  return Tick(Tick::Quote{{1}, at, {}, *Decimal::parse(bid), *Decimal::parse(ask), {}, {}});
}
Tick trade(Timestamp at, std::string_view price, std::uint64_t id, Timestamp event = {}) {
  return Tick(Tick::Trade{{1}, at, event, *Decimal::parse(price), {1, 0}, id, core::Side::buy});
}
VenuePulse alive(Timestamp at) {
  return {true, false, at};
}

TEST(PairState, TheMiddleOfASaneQuoteElseTheLastTrade) {
  PairState p;
  p.on_trade(trade(kStart, "100", 1), 1);
  EXPECT_EQ(p.price(), 100);
  p.on_quote(quote(kStart + 1s, "101", "102"), 1);
  EXPECT_EQ(p.price(), 101.5);
  EXPECT_EQ(p.as_of(), kStart + 1s);
  p.on_quote(quote(kStart + 2s, "103", "102"), 1);
  EXPECT_EQ(p.price(), 100) << "crossed";
  EXPECT_EQ(p.as_of(), kStart) << "the trade's age, not the quote's";
  p.on_quote(quote(kStart + 3s, "100", "106"), 1);
  EXPECT_EQ(p.price(), 100) << "5.8 % apart";
}

TEST(PairState, AQuoteThatEndedWhileTradesGoOnNoLongerCounts) {
  PairState p;
  p.on_quote(quote(kStart, "100", "101"), 1);
  p.on_trade(trade(kStart + 1s, "150", 1), 1);
  EXPECT_EQ(p.price(), 100.5);
  for (int i = 2; i < 20; ++i) p.on_trade(trade(kStart + i * 1s, "150", static_cast<std::uint64_t>(i)), 1);
  EXPECT_EQ(p.price(), 150);
}

TEST(PairState, RepeatedTradesCountOnce) {
  PairState p;
  for (std::uint64_t id = 1; id <= 200; ++id) EXPECT_TRUE(p.on_trade(trade(kStart, "10", id), 1));
  for (std::uint64_t id = 1; id <= 200; ++id) EXPECT_FALSE(p.on_trade(trade(kStart + 1s, "11", id), 2)) << id;
  EXPECT_EQ(p.price(), 10);
  EXPECT_EQ(p.recent_volume(kStart), 2000);
  EXPECT_TRUE(p.on_trade(trade(kStart, "10", 0), 1));
  EXPECT_TRUE(p.on_trade(trade(kStart, "10", 0), 1)) << "a venue without ids";
}

TEST(PairState, AnOlderTickDoesNotReplaceANewerOne) {
  PairState p;
  p.on_trade(trade(kStart + 2s, "20", 2, kStart + 2s), 1);
  EXPECT_TRUE(p.on_trade(trade(kStart + 3s, "10", 1, kStart), 1)) << "new, but of an earlier time";
  EXPECT_EQ(p.price(), 20);
  p.on_quote(quote(kStart + 5s, "30", "30.1"), 1);
  p.on_quote(quote(kStart + 4s, "1", "1.01"), 1);
  EXPECT_NEAR(p.price(), 30.05, 1e-9);
}

TEST(PairState, RecentVolumeDecaysOverTenMinutes) {
  PairState p;
  p.on_trade(trade(kStart, "1000", 1), 1);
  EXPECT_NEAR(p.recent_volume(kStart + 600s), 1000 / std::exp(1.0), 1e-6);
}

TEST(Freshness, LiveForFiveSecondsForABusyPair) {
  PairState p;
  for (int i = 0; i <= 100; ++i) p.on_quote(quote(kStart + i * 100ms, "1", "1.01"), 1);
  const Timestamp last = kStart + 10s;
  EXPECT_EQ(p.freshness(alive(last), last + 5s), Freshness::live);
  EXPECT_EQ(p.freshness(alive(last), last + 5s + 1ns), Freshness::quiet);
}

TEST(TradeIds, WhatTwoConnectionsTellOfABurstCountsOnce) {
  TradeIds in_sequence;
  for (std::uint64_t id = 5'000; id < 6'000; ++id) ASSERT_TRUE(in_sequence.insert(id));
  for (std::uint64_t id = 5'000; id < 6'000; ++id) ASSERT_FALSE(in_sequence.insert(id)) << id;
  TradeIds of_all_pairs;  // numbered together: of one pair they lie anyhow
  std::mt19937_64 random(7);
  std::vector<std::uint64_t> burst(100);
  for (int round = 0; round < 100; ++round) {
    for (std::uint64_t& id : burst) ASSERT_TRUE(of_all_pairs.insert(id = random()));
    for (const std::uint64_t id : burst) ASSERT_FALSE(of_all_pairs.insert(id));
  }
}

TEST(Freshness, TenTimesTheMeanGapForASlowPairAndAMinuteAtMost) {
  PairState p;
  for (int i = 0; i <= 40; ++i) p.on_quote(quote(kStart + i * 2s, "1", "1.01"), 1);
  Timestamp last = kStart + 80s;
  EXPECT_EQ(p.freshness(alive(last + 20s), last + 20s), Freshness::live);
  EXPECT_NE(p.freshness(alive(last + 21s), last + 21s), Freshness::live);
  PairState slow;
  for (int i = 0; i <= 40; ++i) slow.on_quote(quote(kStart + i * 30s, "1", "1.01"), 1);
  last = kStart + 1200s;
  EXPECT_EQ(slow.freshness(alive(last + 60s), last + 60s), Freshness::live);
  EXPECT_EQ(slow.freshness(alive(last + 61s), last + 61s), Freshness::quiet);
}

TEST(Freshness, QuietNeedsProofOfLifeAndEndsAfterFiveMinutes) {
  PairState p;
  p.on_quote(quote(kStart, "1", "1.01"), 1);
  EXPECT_EQ(p.freshness(alive(kStart + 20s), kStart + 30s), Freshness::quiet);
  EXPECT_EQ(p.freshness(alive(kStart + 19s), kStart + 30s), Freshness::stale) << "eleven seconds without a byte";
  EXPECT_EQ(p.freshness(alive(kStart + 300s), kStart + 300s), Freshness::quiet);
  EXPECT_EQ(p.freshness(alive(kStart + 301s), kStart + 301s), Freshness::stale);
}

TEST(Freshness, AMuteOrLostConnectionIsNeverLive) {
  PairState p;
  p.on_quote(quote(kStart, "1", "1.01"), 1);
  EXPECT_EQ(p.freshness({true, true, kStart}, kStart), Freshness::stale);
  EXPECT_EQ(p.freshness({false, false, kStart}, kStart), Freshness::down);
  EXPECT_EQ(PairState().freshness(alive(kStart), kStart), Freshness::down) << "never sent anything";
}

TEST(Freshness, TheGapOfAReconnectIsNotTheStreamsOwn) {
  PairState p;
  for (int i = 0; i <= 10; ++i) p.on_quote(quote(kStart + i * 100ms, "1", "1.01"), 1);
  p.on_quote(quote(kStart + 3600s, "1", "1.01"), 2);
  EXPECT_EQ(p.mean_gap(), 100ms);
}

TEST(Freshness, APolledSourceIsStaleAfterTwoPeriods) {
  EXPECT_EQ(polled_freshness(kStart, 60s, kStart + 120s), Freshness::live);
  EXPECT_EQ(polled_freshness(kStart, 60s, kStart + 121s), Freshness::stale);
  EXPECT_EQ(polled_freshness({}, 60s, kStart), Freshness::down);
}

}  // namespace
}  // namespace tickspan::market
