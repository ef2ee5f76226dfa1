// What a feed tells of what it missed, and how it speaks to other hosts.
#include "exchange_feed_fixture.hpp"

namespace tickspan::feeds {
namespace {

TEST_F(ExchangeFeedTest, AnAlternateIsSpokenToInItsOwnDialect) {
  std::vector<std::string> asked;
  const Finish finish_first{*this};
  add_server([](Peer& peer, int) { peer.answer(451, "restricted"); },
             [](Peer& peer) { peer.answer(451, "restricted"); });
  add_server([this](Peer& peer, int) { serve(peer, {"trade A 1"}); },
             [&](Peer& peer) {
               {
                 const std::lock_guard lock(mutex_);
                 asked.push_back(peer.call().target);
               }
               peer.answer(200, "pairs AB");
             });
  options_.hosts.back().dialect = "loud";
  start("A");
  ASSERT_TRUE(until([&] { return seen_.saw(FeedState::live) && seen_.lists.size() >= 1; }));
  EXPECT_EQ(heard(), std::vector<std::string>{"SUB A"});
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(asked, std::vector<std::string>{"/SYMBOLS"});
}

TEST_F(ExchangeFeedTest, MessagesThatTheVenueCountedAndThatDidNotComeAreAGap) {
  add_server([this](Peer& peer, int) {
    serve(peer, {"#1 ack", "#2 trade A 1", "#3 trade B 1", "#3 trade B 1", "#2 trade A 1", "#4 trade A 2",
                 "#6 trade A 3", "#7 trade A 4"});
  });
  start("AB");
  ASSERT_TRUE(until([&] { return seen_.ticks.size() == 7 && !seen_.losses.empty(); }));
  ASSERT_EQ(seen_.losses.size(), 1U) << "what comes twice or late is no loss";
  const core::Gap& gap = seen_.losses[0].gap;
  EXPECT_EQ(gap.venue, "fake");
  EXPECT_EQ(gap.cause, GapCause::overflow);
  EXPECT_EQ(gap.start, seen_.ticks[4].received_at());
  EXPECT_EQ(gap.end, seen_.ticks[5].received_at());
}

TEST_F(ExchangeFeedTest, ATradeWhoseNumberIsLeftOutIsAGapOfItsPair) {
  limits_.consecutive_trade_ids = true;
  add_server([this](Peer& peer, int) {
    serve(peer, {"trade A 7", "trade B 5", "trade A 8", "trade A 11", "trade B 7", "trade B 6", "trade B 7"});
  });
  start("AB");
  ASSERT_TRUE(until([&] { return seen_.ticks.size() == 7 && !seen_.losses.empty(); }));
  EXPECT_FALSE(test::eventually(
      [&] {
        seen_.drain(port_);
        return seen_.losses.size() > 1;
      },
      300ms))
      << "6 came late, and that is all";
  const core::FeedLoss& loss = seen_.losses[0];
  EXPECT_EQ(loss.gap.venue, "fake");
  EXPECT_EQ(loss.gap.instrument_symbol, "A");
  EXPECT_EQ(loss.gap.cause, GapCause::overflow);
  EXPECT_EQ(loss.gap.expected, 2);
  EXPECT_EQ(loss.gap.start, seen_.ticks[2].received_at());
  EXPECT_EQ(loss.gap.end, seen_.ticks[3].received_at());
  EXPECT_EQ(loss.lost_trades, 0U) << "of a ring";
}

TEST_F(ExchangeFeedTest, WhatWasTradedWhileAConnectionWasAwayIsItsHoleAndNoOther) {
  limits_.consecutive_trade_ids = true;
  add_server([this](Peer& peer, int number) {
    if (number > 1) return serve(peer, {"trade A 50"});
    peer.accept_websocket();
    (void)peer.receive_text();
    peer.send_text("trade A 7");
  });
  start("A");
  ASSERT_TRUE(until([&] { return seen_.ticks.size() == 2 && !seen_.losses.empty(); }));
  EXPECT_FALSE(test::eventually(
      [&] {
        seen_.drain(port_);
        return seen_.losses.size() > 1;
      },
      300ms));
  EXPECT_EQ(seen_.losses[0].gap.cause, GapCause::disconnect);
}

}  // namespace
}  // namespace tickspan::feeds
