#include "feeds/pause_watch.hpp"

#include <gtest/gtest.h>

namespace tickspan::feeds {
namespace {

using namespace std::chrono_literals;

class PauseWatchTest : public testing::Test {
 protected:
  void hear(core::Duration every, int times) {
    for (int i = 0; i < times; ++i) watch_.heard(now_ = now_ + every);
  }
  PauseWatch watch_;
  core::Timestamp now_ = core::Timestamp::from_s(1'800'000'000);
};

TEST_F(PauseWatchTest, WhatWasKeptBackInAPauseIsInDoubtForAWhile) {
  hear(50ms, 100);
  EXPECT_FALSE(watch_.doubted_since(now_).is_set());
  const core::Timestamp before = now_;
  hear(5s, 1);
  EXPECT_EQ(watch_.doubted_since(now_), before);
  hear(50ms, 20);
  hear(3s, 1);
  EXPECT_EQ(watch_.doubted_since(now_), before) << "the first of two that follow each other";
  hear(50ms, 500);
  EXPECT_EQ(watch_.doubted_since(now_), before);
  hear(50ms, 200);
  EXPECT_FALSE(watch_.doubted_since(now_).is_set()) << "by now numbers have told";
}

TEST_F(PauseWatchTest, APauseThatIsLikeTheConnectionIsNone) {
  hear(1s, 100);
  hear(10s, 1);
  EXPECT_FALSE(watch_.doubted_since(now_).is_set());
  hear(50ms, 200);
  hear(1900ms, 1);
  EXPECT_FALSE(watch_.doubted_since(now_).is_set()) << "short";
}

TEST_F(PauseWatchTest, NothingIsKnownOfANewConnectionAndNothingOfATimeThatWasNotListenedTo) {
  hear(50ms, 10);
  hear(5s, 1);
  EXPECT_FALSE(watch_.doubted_since(now_).is_set());
  hear(50ms, 100);
  watch_.resume();
  hear(60s, 1);
  EXPECT_FALSE(watch_.doubted_since(now_).is_set());
}

}  // namespace
}  // namespace tickspan::feeds
