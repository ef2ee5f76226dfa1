#include <gtest/gtest.h>

#include "fixture.hpp"

namespace tickspan::engine {
namespace {

using wire::Topic;
using wire::TopicKind;

class Frames : public testing::Test {
 protected:
  Frames() { b_.connect(); }
  Topic listen(std::string_view name) {
    const auto topic = wire::parse_topic(name, *b_.engine.snapshot()->catalogue);
    EXPECT_TRUE(topic) << name;
    b_.interest.add(*topic);
    return *topic;
  }
  static bool has(const wire::Frame& f, std::string_view text) { return f.json->find(text) != std::string::npos; }
  Bench b_;
};

TEST_F(Frames, NothingIsEncodedThatNobodyListensTo) {
  b_.push_quote(b_.kraken, "BTC/USD", 100, 100);
  b_.push_trade(b_.kraken, "BTC/USD", 100);
  b_.pass(3s);
  EXPECT_TRUE(b_.frames.all.empty());
}

TEST_F(Frames, AWildcardGetsEachChangedCoinUnderItsOwnName) {
  listen("ticker:*");
  b_.push_quote(b_.kraken, "BTC/USD", 60'000, 60'000);
  b_.push_quote(b_.kraken, "EUR/USD", 1.1, 1.1);
  b_.run();
  ASSERT_EQ(b_.frames.all.size(), 1u) << "currencies are not among all coins";
  const wire::Frame& f = b_.frames.all[0];
  EXPECT_TRUE(has(f, R"("channel":"ticker:btc/usd","type":"update")"));
  EXPECT_TRUE(has(f, R"("price":60000)"));
  EXPECT_TRUE(has(f, b_.engine.snapshot()->epoch));
  EXPECT_EQ(f.seq, b_.engine.snapshot()->position);
  EXPECT_EQ(f.topic.base, b_.asset("bitcoin"));
}

TEST_F(Frames, AnExactTopicThatAWildcardCoversIsEncodedOnce) {
  listen("price:*");
  listen("price:btc/usd");
  listen("price:eur/usd");
  b_.push_quote(b_.kraken, "BTC/USD", 60'000, 60'000);
  b_.push_quote(b_.kraken, "EUR/USD", 1.1, 1.1);
  b_.run();
  EXPECT_EQ(b_.frames.all.size(), 2u);
}

// A session takes its snapshot before the engine has heard that somebody listens: a change in between is told later.
TEST_F(Frames, WhatIsListenedToAnewIsToldOnce) {
  b_.push_quote(b_.kraken, "BTC/USD", 60'000, 60'000);
  b_.push_quote(b_.kraken, "EUR/USD", 1.1, 1.1);
  b_.run();
  ASSERT_TRUE(b_.frames.all.empty());
  listen("price:btc/usd");
  b_.pass(1s);
  ASSERT_EQ(b_.frames.all.size(), 1u);
  EXPECT_TRUE(has(b_.frames.all[0], R"("channel":"price:btc/usd","type":"update")"));
  listen("ticker:*");
  b_.pass(1s);
  ASSERT_EQ(b_.frames.all.size(), 2u);
  EXPECT_TRUE(has(b_.frames.all[1], R"("channel":"ticker:btc/usd")"));
}

TEST_F(Frames, AChangeOfStateIsAFrame) {
  listen("price:btc/usd");
  b_.push_quote(b_.kraken, "BTC/USD", 100, 100);
  b_.run();
  b_.frames.all.clear();
  b_.pass(6s);
  ASSERT_EQ(b_.frames.all.size(), 1u);
  EXPECT_TRUE(has(b_.frames.all[0], R"("state":"quiet")"));
}

TEST_F(Frames, AnotherQuoteIsEncodedWhenItsBaseOrItsUnitChanges) {
  b_.push_quote(b_.kraken, "EUR/USD", 1.25, 1.25);
  b_.push_quote(b_.kraken, "BTC/USD", 50'000, 50'000);
  b_.run();
  listen("price:btc/eur");
  b_.push_quote(b_.kraken, "BTC/USD", 60'000, 60'000);
  b_.run();
  ASSERT_EQ(b_.frames.all.size(), 1u);
  EXPECT_TRUE(has(b_.frames.all[0], R"("price":48000)"));
  b_.frames.all.clear();
  for (int i = 0; i < 20; ++i) {  // 400 ms of a unit that moves all the time
    b_.push_quote(b_.kraken, "EUR/USD", 1.2 + i * 0.001, 1.2 + i * 0.001);
    b_.run();
  }
  b_.push_quote(b_.kraken, "EUR/USD", 1.28, 1.28);
  b_.pass(1500ms);
  const auto n = b_.frames.all.size();
  EXPECT_GE(n, 1u);
  EXPECT_LE(n, 3u) << "once a second at most";
  EXPECT_TRUE(has(b_.frames.all.back(), R"("price":46875)")) << "and the last change is not forgotten";
}

TEST_F(Frames, TradesCountByOneAndKeepTheirOrder) {
  listen("trades:kraken:btc/usd");
  for (int i = 0; i < 5; ++i) b_.push_trade(b_.kraken, "BTC/USD", 100 + i);
  b_.push_trade(b_.binance, "BTCUSDT", 99);
  b_.run();
  ASSERT_EQ(b_.frames.all.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(b_.frames.all[i].seq, i + 1);
    EXPECT_TRUE(has(b_.frames.all[i], R"("channel":"trades:kraken:btc/usd")"));
    EXPECT_TRUE(has(b_.frames.all[i], "\"price\":" + std::to_string(100 + i)));
  }
}

TEST_F(Frames, APauseInListeningLeavesANumberOut) {
  const Topic topic = listen("trades:kraken:btc/usd");
  b_.push_trade(b_.kraken, "BTC/USD", 1);
  b_.run();
  b_.interest.remove(topic);
  b_.push_trade(b_.kraken, "BTC/USD", 2);
  b_.run();
  b_.interest.add(topic);
  b_.push_trade(b_.kraken, "BTC/USD", 3);
  b_.run();
  ASSERT_EQ(b_.frames.all.size(), 2u);
  EXPECT_EQ(b_.frames.all[0].seq, 1u);
  EXPECT_EQ(b_.frames.all[1].seq, 3u);
}

TEST_F(Frames, RepeatedTradesAreNotSentTwice) {
  listen("trades:kraken:btc/usd");
  b_.push_trade(b_.kraken, "BTC/USD", 1);
  --b_.trade_id;
  b_.push_trade(b_.kraken, "BTC/USD", 1);
  b_.run();
  EXPECT_EQ(b_.frames.all.size(), 1u);
}

TEST_F(Frames, CandlesComeWhileOpenAndOnceFinal) {
  listen("candles:btc/usd:1m");
  listen("candles:btc/usd:5m");
  for (int s = 0; s < 65; ++s) {
    b_.push_quote(b_.kraken, "BTC/USD", 100 + s, 100 + s);
    b_.pass(1s);
  }
  std::vector<wire::Frame> minutes, fives;
  for (const auto& f : b_.frames.of(TopicKind::candles))
    (f.topic.interval == core::Interval::m1 ? minutes : fives).push_back(f);
  int finals = 0;
  for (std::size_t i = 0; i < minutes.size(); ++i) {
    EXPECT_EQ(minutes[i].seq, i + 1);
    finals += has(minutes[i], R"("final":true)");
  }
  EXPECT_EQ(finals, 1);
  EXPECT_GE(minutes.size(), 50u);
  ASSERT_GE(fives.size(), 50u);
  const auto closed = std::find_if(fives.begin(), fives.end(), [](const auto& f) { return has(f, R"("final":true)"); });
  ASSERT_NE(closed, fives.end()) << "the minute was the last of its five";
  EXPECT_TRUE(has(*closed, R"("open":100,)")) << *closed->json;
  EXPECT_TRUE(has(*closed, R"("complete":false)")) << "the other four were not there";
  EXPECT_TRUE(has(fives.back(), R"("final":false)"));
  EXPECT_TRUE(has(minutes[0], R"("channel":"candles:btc/usd:1m")"));
}

}  // namespace
}  // namespace tickspan::engine
