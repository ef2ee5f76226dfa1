#include "feeds/pair_watch.hpp"

#include <gtest/gtest.h>

#include "feeds/travel_time.hpp"

namespace tickspan::feeds {
namespace {

using namespace std::chrono_literals;

constexpr core::InstrumentId kBtc{0}, kEth{1};
constexpr auto kClock = core::Timestamp::from_s(1'780'000'000);

class PairWatchTest : public testing::Test {
 protected:
  PairWatchTest() {
    watch_.add(kBtc, "BTC", now());
    watch_.add(kEth, "ETH", now());
  }
  PairWatch::Time now() const { return PairWatch::Time{} + 1h + passed_; }
  core::Timestamp at() const { return kClock + passed_; }
  bool hear(core::InstrumentId id) { return watch_.heard(id, at(), now()) != nullptr; }
  void hear_both(core::Duration every, core::Duration how_long) {
    for (const core::Duration end = passed_ + how_long; passed_ < end; passed_ += every) {
      hear(kBtc);
      hear(kEth);
    }
  }
  std::vector<std::string> silent() {
    std::vector<std::string> out;
    for (const auto& silence : watch_.look(now())) out.push_back(silence.symbol);
    return out;
  }

  core::Duration passed_{};
  PairWatch watch_{60s};
};

TEST_F(PairWatchTest, APairThatNeverSpeaksIsToldAfterItsPatience) {
  for (int i = 0; i < 60; ++i, passed_ += 1s) {
    hear(kBtc);
    EXPECT_TRUE(silent().empty());
  }
  passed_ += 1s;
  const auto told = watch_.look(now());
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].symbol, "ETH");
  EXPECT_FALSE(told[0].since.is_set());
  EXPECT_TRUE(watch_.silent("ETH"));
  EXPECT_TRUE(silent().empty()) << "once";
  EXPECT_TRUE(hear(kEth));
  EXPECT_FALSE(hear(kEth));
  EXPECT_TRUE(watch_.silent().empty());
}

TEST_F(PairWatchTest, EachIsHeldToItsOwnRhythm) {
  for (int minute = 0; minute < 20; ++minute) {
    hear(kEth);
    for (int i = 0; i < 30; ++i, passed_ += 1s) hear(kBtc);
    for (int i = 0; i < 30; ++i, passed_ += 1s) hear(kBtc);
  }
  EXPECT_TRUE(silent().empty());
  hear(kEth);
  const core::Timestamp last = at();
  passed_ += 61s;
  EXPECT_EQ(silent(), std::vector<std::string>{"BTC"}) << "it speaks each second, the other each minute";
  passed_ += 178s;
  EXPECT_TRUE(silent().empty());
  passed_ += 2s;
  const auto told = watch_.look(now());
  ASSERT_EQ(told.size(), 1u) << "four times its longest silence";
  EXPECT_EQ(told[0].symbol, "ETH");
  EXPECT_EQ(told[0].since, last);
  EXPECT_EQ(watch_.silent().size(), 2u);
}

TEST_F(PairWatchTest, APairThatIsNotKnownYetHasMorePatience) {
  hear_both(1s, 60s);
  passed_ += 500s;
  EXPECT_TRUE(silent().empty());
  passed_ += 101s;
  EXPECT_EQ(silent().size(), 2u);
}

TEST_F(PairWatchTest, ASlowPairEarnsPatienceForAnHourOrTwo) {
  hear_both(1s, 700s);
  passed_ += 100s;
  EXPECT_EQ(silent().size(), 2u);
  hear_both(1s, 30min);
  passed_ += 300s;
  EXPECT_TRUE(silent().empty()) << "four times 100 s";
  passed_ -= 300s;
  hear_both(1s, 3h);
  passed_ += 61s;
  EXPECT_EQ(silent().size(), 2u);
}

TEST_F(PairWatchTest, WhileNobodyListensNobodyIsSilent) {
  hear_both(1s, 700s);
  passed_ += 10min;
  watch_.resume(now());
  EXPECT_TRUE(silent().empty());
  hear(kBtc);
  hear(kEth);
  passed_ += 61s;
  EXPECT_EQ(silent().size(), 2u) << "the pause was no silence of theirs";
}

TEST_F(PairWatchTest, WhoIsRemovedIsNotWatched) {
  passed_ += 61s;
  EXPECT_EQ(silent().size(), 2u);
  EXPECT_TRUE(watch_.remove("ETH"));
  EXPECT_FALSE(watch_.remove("ETH"));
  EXPECT_EQ(watch_.silent().size(), 1u);
  EXPECT_FALSE(hear(kEth));
}

TEST(TravelTime, IsTheMostOfTheLastSecondsAndNeverLessThanOne) {
  TravelTime travel;
  const auto hear = [&](core::Duration passed, core::Duration late) {
    travel.add(core::Tick(core::Tick::Trade{kBtc, kClock + passed, kClock + passed - late, {1, 0}, {1, 0}, 1, {}}));
  };
  EXPECT_EQ(travel.most(), 1s);
  hear(0s, 20ms);
  EXPECT_EQ(travel.most(), 1s);
  hear(1s, 1500ms);
  hear(2s, -5s);
  EXPECT_EQ(travel.most(), 1500ms);
  hear(12s, 20ms);
  EXPECT_EQ(travel.most(), 1500ms);
  hear(23s, 20ms);
  EXPECT_EQ(travel.most(), 1s);
  hear(24s, 1h);
  EXPECT_EQ(travel.most(), 10s);
  hear(60s, 20ms);
  hear(71s, 20ms);
  travel.add(core::Tick(core::Tick::Quote{kBtc, kClock + 72s, kClock, {1, 0}, {2, 0}, {}, {}}));
  EXPECT_EQ(travel.most(), 1s) << "the last price of a quiet pair, told on subscribing, was on no way";
}

}  // namespace
}  // namespace tickspan::feeds
