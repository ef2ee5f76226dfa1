#include "net/call_budget.hpp"

#include <gtest/gtest.h>

namespace tickspan::net {
namespace {

using namespace std::chrono_literals;
using runtime::ManualClock;

class CallBudgetTest : public testing::Test {
 protected:
  bool live(double cost = 1) { return budget_.try_take(CallClass::live, cost); }
  bool chart() { return budget_.try_take(CallClass::chart); }
  bool repair() { return budget_.try_take(CallClass::repair); }
  bool backfill() { return budget_.try_take(CallClass::backfill); }
  core::Duration wait(CallClass call = CallClass::live) const { return budget_.wait(call); }

  ManualClock clock_;
  CallBudget budget_{clock_};
};

TEST_F(CallBudgetTest, GivesTheBurstThenTheRate) {
  budget_.set_limit({6, 3});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(live());
  EXPECT_FALSE(live());
  EXPECT_GT(wait(), 9s);
  EXPECT_LE(wait(), 10s);
  clock_.advance(10s);
  EXPECT_TRUE(live());
  EXPECT_FALSE(live());
  clock_.advance(1h);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(live()) << "never more than the burst";
  EXPECT_FALSE(live());
}

TEST_F(CallBudgetTest, TheNarrowerLimitCounts) {
  budget_.set_limit({60, 10});
  budget_.set_limit({6, 20});
  EXPECT_EQ(budget_.limit().per_minute, 6);
  EXPECT_EQ(budget_.limit().burst, 10);
}

TEST_F(CallBudgetTest, ChartsLeaveWhatTheNextPollNeeds) {
  budget_.set_limit({5, 5});
  budget_.expect(3, clock_.now());
  EXPECT_TRUE(chart());
  EXPECT_TRUE(chart());
  EXPECT_FALSE(chart());
  EXPECT_GT(wait(CallClass::chart), 0s);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(live());
  EXPECT_FALSE(live());
}

TEST_F(CallBudgetTest, ChartsMayUseWhatFillsUpBeforeThePoll) {
  budget_.set_limit({5, 5});
  budget_.expect(3, clock_.now() + 1min);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(chart()) << i;
  EXPECT_FALSE(chart());
  clock_.advance(1min);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(live());
}

TEST_F(CallBudgetTest, ObeysAPauseAndKeepsTheLonger) {
  budget_.set_limit({60, 10});
  budget_.pause(30s);
  budget_.pause(5s);
  EXPECT_FALSE(live());
  EXPECT_EQ(wait(), 30s);
  EXPECT_EQ(budget_.available(), 0);
  clock_.advance(30s);
  EXPECT_TRUE(live());
}

TEST_F(CallBudgetTest, WithoutALimitOnlyThePeersWordCounts) {
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(backfill());
  budget_.pause(2s);
  EXPECT_FALSE(backfill());
  clock_.advance(2s);
  EXPECT_TRUE(backfill());
}

TEST_F(CallBudgetTest, TheLessImportantLeaveAPartOfTheBurst) {
  budget_.set_limit({60, 10});
  int filled = 0, repaired = 0, polled = 0;
  while (backfill()) ++filled;
  while (repair()) ++repaired;
  while (live()) ++polled;
  EXPECT_EQ(filled, 7);
  EXPECT_EQ(repaired, 2);
  EXPECT_EQ(polled, 1);
}

// Even where only one call fits, the order of importance decides who is next.
TEST_F(CallBudgetTest, ABackfillThatAsksAllTheTimeNeverStarvesAPollOrARepair) {
  budget_.set_limit({60, 1});
  int polls = 0, repairs = 0, fills = 0;
  for (int i = 0; i < 600; ++i) {  // a minute in steps of 100 ms; the least important ask first and always
    if (backfill()) ++fills;
    if (i % 50 < 25 && repairs < 6 && repair()) ++repairs;
    if (i % 100 == 0) {
      for (int tries = 0; !live(); ++tries) {
        ASSERT_LT(tries, 12) << "a poll waits for a token at most";
        clock_.advance(100ms);
        EXPECT_FALSE(backfill());
        EXPECT_FALSE(repair());
      }
      ++polls;
    }
    clock_.advance(100ms);
  }
  EXPECT_EQ(polls, 6);
  EXPECT_EQ(repairs, 6);
  EXPECT_GT(fills, 40) << "and the rest is the backfill's";
}

TEST_F(CallBudgetTest, APlaceIsNotKeptForOneWhoDoesNotComeBack) {
  budget_.set_limit({60, 1});
  EXPECT_TRUE(live());
  EXPECT_FALSE(live());
  clock_.advance(1500ms);
  EXPECT_FALSE(backfill()) << "the poll is expected";
  clock_.advance(600ms);
  EXPECT_TRUE(backfill());
}

TEST_F(CallBudgetTest, WhatThePeerSaysIsLeftIsSharedByImportance) {
  budget_.learn({50, 100, clock_.now() + 30s});
  EXPECT_FALSE(backfill()) << "leaves half";
  EXPECT_TRUE(repair());
  budget_.learn({20, 100, clock_.now() + 30s});
  EXPECT_FALSE(repair()) << "leaves a fifth";
  EXPECT_TRUE(chart());
  budget_.learn({2, 100, clock_.now() + 30s});
  EXPECT_FALSE(chart());
  EXPECT_TRUE(live());
  EXPECT_TRUE(live());
  EXPECT_FALSE(live()) << "what was taken since is counted";
  EXPECT_EQ(budget_.quota()->remaining, 0);
  EXPECT_EQ(wait(), 30s);
  clock_.advance(30s);
  EXPECT_FALSE(budget_.quota());
  EXPECT_TRUE(live());
  EXPECT_TRUE(chart());
  EXPECT_TRUE(repair());
  EXPECT_TRUE(backfill()) << "all of it is there again";
}

TEST_F(CallBudgetTest, AQuotaWithoutAnEndIsBelievedForAMinute) {
  budget_.learn({0, 100, {}});
  EXPECT_EQ(wait(), 1min);
  clock_.advance(1min);
  EXPECT_TRUE(live());
}

TEST_F(CallBudgetTest, AnEmptyQuotaIsLookedAtAgainAfterAnHour) {
  budget_.learn({0, 100, clock_.now() + 20h});
  EXPECT_EQ(wait(), 1h);
}

TEST_F(CallBudgetTest, ALongWindowIsSpreadOverItsTime) {
  budget_.set_limit({60, 1});
  budget_.learn({120, 1000, clock_.now() + 2h});
  EXPECT_TRUE(live());
  EXPECT_NEAR(std::chrono::duration<double>(wait()).count(), 60, 1) << "one a minute";
  budget_.learn({1000, 1000, clock_.now() + 5min});
  clock_.advance(1s);
  EXPECT_TRUE(live()) << "short windows are not";
}

// A day's credits of which each comes back a day after it was used: polled for three days, it never runs dry.
TEST_F(CallBudgetTest, ARollingDayOfCreditsIsUsedAndNotOverdrawn) {
  budget_.set_limit({12, 1});
  budget_.set_quota_window(24h);
  std::vector<core::Timestamp> used;
  int last_day = 0;
  for (int second = 0; second < 3 * 24 * 3600; second += 5) {
    if (live()) {
      used.push_back(clock_.now());
      if (second >= 2 * 24 * 3600) ++last_day;
      const auto spent = std::count_if(used.begin(), used.end(), [&](auto at) { return clock_.now() - at < 24h; });
      ASSERT_LE(spent, 100);
      budget_.learn({100.0 - static_cast<double>(spent), 100, {}});
    }
    clock_.advance(5s);
  }
  EXPECT_GT(last_day, 50);
}

TEST_F(CallBudgetTest, AClockThatIsSetBackFillsNothing) {
  budget_.set_limit({60, 5});
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(live());
  clock_.advance(-1h);
  EXPECT_FALSE(live());
}

}  // namespace
}  // namespace tickspan::net
