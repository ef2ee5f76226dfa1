// What a feed tells of what it missed, and how it speaks to other hosts.
#include <future>

#include "exchange_feed_fixture.hpp"
#include "feeds/heard_mark.hpp"

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
  EXPECT_EQ(gap.start, seen_.ticks[4].received_at() - 1s);
  EXPECT_EQ(gap.end, seen_.ticks[5].received_at());
}

TEST_F(ExchangeFeedTest, ATradeWhoseNumberIsLeftOutIsAGapOfItsPair) {
  limits_.trade_numbers = TradeNumbers::consecutive;
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

/// Says `words` over and over until told to stop.
void repeat(Peer& peer, const std::vector<std::string>& words, const std::atomic<bool>& stop) {
  while (!peer.gone() && !stop) {
    for (const std::string& word : words) peer.send_text(word);
    peer.receive_text(5ms);
  }
}

TEST_F(ExchangeFeedTest, APairThatAVenueForgetsIsToldAndAskedForOverAFreshConnection) {
  options_.pair_patience = 2s;  // 100 ms at the test's speed, ten times as much at first
  std::atomic<bool> stop{false};
  const Finish finish_first{*this};
  add_server([&](Peer& peer, int number) {
    peer.accept_websocket();
    if (const auto text = peer.receive_text()) hear(*text);
    if (number == 1) peer.send_text("trade B 1");
    repeat(peer,
           number == 1 ? std::vector<std::string>{"trade A 1"} : std::vector<std::string>{"trade A 2", "trade B 2"},
           stop);
  });
  start("AB");
  const auto told = [&](bool heard) {
    std::vector<core::LinkHeard> out;
    for (const core::LinkHeard& link : seen_.links) {
      if (link.heard == heard && link.symbols == std::vector<std::string>{"B"}) out.push_back(link);
    }
    return out;
  };
  ASSERT_TRUE(until([&] { return told(true).size() == 1; }));
  ASSERT_EQ(told(false).size(), 1U);
  const core::LinkHeard silence = told(false)[0];
  const auto first_of_b = std::find_if(seen_.ticks.begin(), seen_.ticks.end(), [](const core::Tick& tick) {
    return tick.instrument() == core::InstrumentId{1};
  });
  EXPECT_TRUE(silence.alone);
  EXPECT_EQ(silence.cause, GapCause::mute);
  EXPECT_EQ(silence.since, first_of_b->received_at() - 1s);
  EXPECT_GE(silence.at - first_of_b->received_at(), 1s);
  EXPECT_EQ(heard(), (std::vector<std::string>{"sub A,B", "sub A,B"}));
  EXPECT_TRUE(seen_.losses.empty()) << "the others were heard all the time";
  EXPECT_FALSE(seen_.saw(FeedState::backing_off));
  stop = true;
}

TEST_F(ExchangeFeedTest, APairThatAVenueIgnoresIsToldAndNotAskedForAllTheTime) {
  options_.pair_patience = 2s;
  std::atomic<bool> stop{false};
  const Finish finish_first{*this};
  add_server([&](Peer& peer, int) {
    peer.accept_websocket();
    if (const auto text = peer.receive_text()) hear(*text);
    repeat(peer, {"trade A 1"}, stop);
  });
  start("AB");
  ASSERT_TRUE(until([&] { return heard().size() == 2; }));
  ASSERT_EQ(seen_.links.back().symbols, std::vector<std::string>{"B"});
  EXPECT_FALSE(seen_.links.back().heard);
  EXPECT_FALSE(seen_.links.back().since.is_set());
  EXPECT_EQ(seen_.states.back().detail, "silent against their own rate: B");
  EXPECT_FALSE(test::eventually([&] { return heard().size() > 2; }, 2s)) << "next in a minute: 3 s at the test's speed";
  want("A");
  EXPECT_TRUE(until([&] { return seen_.links.back().heard; })) << "nobody listens to it any more";
  stop = true;
}

/// What was said of one symbol, in order; what was said again is left out.
std::vector<core::LinkHeard> words_of(const Collected& seen, const std::string& symbol) {
  std::vector<core::LinkHeard> out;
  for (const core::LinkHeard& link : seen.links) {
    const bool named = std::find(link.symbols.begin(), link.symbols.end(), symbol) != link.symbols.end();
    if (named && (out.empty() || out.back().heard != link.heard)) out.push_back(link);
  }
  return out;
}

enum class Word { none, unheard, heard };
Word last_word(const Collected& seen, const std::string& symbol) {
  const auto words = words_of(seen, symbol);
  return words.empty() ? Word::none : words.back().heard ? Word::heard : Word::unheard;
}

TEST_F(ExchangeFeedTest, APairThatAVenueRefusesIsNotHeardUntilItIsListedAndAskedForAgain) {
  options_.symbol_refresh = 10s;  // 500 ms at the test's speed
  std::atomic<bool> open_again{false}, listed{true}, stop{false};
  const Finish finish_first{*this};
  add_server(
      [&](Peer& peer, int) {
        peer.accept_websocket();
        while (!peer.gone() && !stop) {
          const auto text = peer.receive_text(5ms);
          if (text) hear(*text);
          if (text && text->find('B') != std::string::npos && text->starts_with("sub") && !open_again)
            peer.send_text("refuse B is suspended");
          peer.send_text("trade A 1");
          if (text && *text == "sub B" && open_again) peer.send_text("trade B 1");
        }
      },
      [&](Peer& peer) { peer.answer(200, listed ? "pairs AB" : "pairs A"); });
  start("AB");
  ASSERT_TRUE(until([&] { return heard().size() >= 2 && seen_.saw(FeedState::live); }));
  EXPECT_EQ(last_word(seen_, "B"), Word::unheard) << "its silence means nothing, although the venue is live";
  open_again = true;
  ASSERT_TRUE(until([&] { return last_word(seen_, "B") == Word::heard; })) << "asked for when the next list has it";
  EXPECT_TRUE(std::any_of(seen_.ticks.begin(), seen_.ticks.end(),
                          [](const core::Tick& tick) { return tick.instrument() == core::InstrumentId{1}; }));
  EXPECT_EQ(last_word(seen_, "A"), Word::heard);
  stop = true;
}

TEST_F(ExchangeFeedTest, NobodyWaitsForARefusedPairThatIsNotWantedAnyMore) {
  std::atomic<bool> stop{false};
  const Finish finish_first{*this};
  add_server([&](Peer& peer, int) {
    peer.accept_websocket();
    while (!peer.gone() && !stop) {
      const auto text = peer.receive_text(5ms);
      if (text) hear(*text);
      if (text && text->find('B') != std::string::npos) peer.send_text("refuse B is not a valid product");
      peer.send_text("trade A 1");
    }
  });
  start("AB");
  ASSERT_TRUE(until([&] { return heard().size() >= 2 && seen_.saw(FeedState::live); }));
  ASSERT_EQ(last_word(seen_, "B"), Word::unheard);
  want("A");
  EXPECT_TRUE(until([&] { return last_word(seen_, "B") == Word::heard; }));
  stop = true;
}

TEST_F(ExchangeFeedTest, PairsOfAVoidedMessageAreNotHeardBeforeTheyAreAskedForAgain) {
  limits_.symbols_per_message = 2;
  limits_.refusal_voids_message = true;
  std::atomic<bool> stop{false};
  const Finish finish_first{*this};
  add_server([&](Peer& peer, int) {
    peer.accept_websocket();
    while (!peer.gone() && !stop) {
      const auto text = peer.receive_text(5ms);
      if (text) hear(*text);
      if (text && text->find('D') != std::string::npos) peer.send_text("refuse D is not a valid product");
      if (text && *text == "sub C") peer.send_text("trade C 1");
      peer.send_text("trade A 1");
    }
  });
  start("ABCD");
  ASSERT_TRUE(until([&] { return last_word(seen_, "C") == Word::heard; }));
  const auto of_c = std::find_if(seen_.ticks.begin(), seen_.ticks.end(),
                                 [](const core::Tick& tick) { return tick.instrument() == core::InstrumentId{2}; });
  ASSERT_NE(of_c, seen_.ticks.end()) << "told as heard when its message was void";
  EXPECT_GE(words_of(seen_, "C").back().at, of_c->received_at());
  EXPECT_EQ(last_word(seen_, "B"), Word::heard);
  EXPECT_EQ(last_word(seen_, "D"), Word::unheard);
  stop = true;
}

TEST_F(ExchangeFeedTest, APairThatIsAddedToALiveConnectionIsHeardWhenItIsAskedFor) {
  limits_.control_spacing = 4s;  // 200 ms at the test's speed
  std::atomic<bool> stop{false};
  const Finish finish_first{*this};
  add_server([&](Peer& peer, int) {
    peer.accept_websocket();
    while (!peer.gone() && !stop) {
      if (const auto text = peer.receive_text(5ms)) hear(*text);
      peer.send_text("trade A 1");
    }
  });
  start("A");
  ASSERT_TRUE(until([&] { return seen_.saw(FeedState::live); }));
  const core::Timestamp wanted = clock_.now();
  want("AB");
  ASSERT_TRUE(until([&] { return last_word(seen_, "B") == Word::heard; }));
  const auto words = words_of(seen_, "B");
  ASSERT_EQ(words.size(), 2U);
  EXPECT_FALSE(words[0].since.is_set()) << "nobody listened to it before";
  EXPECT_EQ(heard().back(), "sub B");
  EXPECT_GE(words[1].at - wanted, 50ms) << "a venue needs a moment to do as it is told";
  EXPECT_EQ(last_word(seen_, "A"), Word::heard);
  stop = true;
}

TEST_F(ExchangeFeedTest, AFrameThatCannotBeReadIsAGapWhereTradesHaveNoNumbers) {
  for (const TradeNumbers numbers : {TradeNumbers::none, TradeNumbers::consecutive}) {
    limits_.trade_numbers = numbers;
    options_.hosts.clear();
    seen_ = {};
    add_server([this](Peer& peer, int) { serve(peer, {"trade A 1", "what?", "trade A 2", "trade A 3"}); });
    start("A");
    ASSERT_TRUE(until([&] { return seen_.ticks.size() == 3; }));
    const auto lost = [&] {
      seen_.drain(port_);
      return !seen_.losses.empty();
    };
    const bool told = eventually(lost, numbers == TradeNumbers::none ? 10s : 500ms);
    EXPECT_EQ(told, numbers == TradeNumbers::none) << "numbers show by themselves what is missing";
    if (told) {
      EXPECT_EQ(seen_.losses[0].gap.venue, "fake");
      EXPECT_EQ(seen_.losses[0].gap.cause, GapCause::overflow);
      EXPECT_EQ(seen_.losses[0].gap.start, seen_.ticks[0].received_at() - 1s);
      EXPECT_LE(seen_.losses[0].gap.end, seen_.ticks[1].received_at());
    }
    finish();
  }
}

TEST_F(ExchangeFeedTest, AProgramThatWasStoppedForAWhileHasHeardNothingMeanwhile) {
  std::promise<void> go_on;
  const Finish finish_first{*this};
  add_server([&, waits = go_on.get_future().share()](Peer& peer, int number) {
    peer.accept_websocket();
    (void)peer.receive_text();
    peer.send_text("trade A " + std::to_string(number));
    if (number > 1) return peer.hold();
    waits.wait();
    peer.send_text("trade A 2");  // waited in the socket until somebody read it; the rest of that time is lost
  });
  start("A");
  ASSERT_TRUE(until([&] { return seen_.saw(FeedState::live); }));
  const core::Timestamp stopped = clock_.now();
  clock_.jump(10min);
  go_on.set_value();
  ASSERT_TRUE(until([&] { return !seen_.losses.empty(); }));
  EXPECT_LE(seen_.losses[0].gap.start, stopped);
  EXPECT_GE(seen_.losses[0].gap.start, stopped - 5s);
  EXPECT_GT(seen_.losses[0].gap.end, stopped + 10min);
  const auto broken = std::find_if(seen_.states.begin(), seen_.states.end(),
                                   [](const auto& status) { return status.state == FeedState::backing_off; });
  ASSERT_NE(broken, seen_.states.end());
  EXPECT_EQ(broken->heard_until, seen_.losses[0].gap.start);
}

TEST_F(ExchangeFeedTest, WhatBreaksSoonAfterAPauseUnlikeItWasNotHeardSinceThePauseBegan) {
  std::promise<void> go_on;
  const Finish finish_first{*this};
  add_server([&, waits = go_on.get_future().share()](Peer& peer, int number) {
    peer.accept_websocket();
    (void)peer.receive_text();
    if (number > 1) {
      peer.send_text("trade A 100");
      return peer.hold();
    }
    for (int i = 1; i <= 40; ++i) peer.send_text("trade A " + std::to_string(i));
    waits.wait();
    peer.send_text("trade A 41");
  });
  start("A");
  ASSERT_TRUE(until([&] { return seen_.ticks.size() == 40; }));
  const core::Timestamp paused = clock_.now();
  clock_.jump(4s);
  go_on.set_value();
  ASSERT_TRUE(until([&] { return !seen_.losses.empty(); }));
  EXPECT_LE(seen_.losses[0].gap.start, paused);
  EXPECT_GE(seen_.losses[0].gap.start, paused - 3s);
}

TEST_F(ExchangeFeedTest, AConnectionThatIsGivenUpIsNobodysInletAnyMore) {
  const Finish finish_first{*this};
  add_server([this](Peer& peer, int) { serve(peer, {"trade A 1"}); });
  start("A");
  ASSERT_TRUE(until([&] { return seen_.saw(FeedState::live); }));
  loop_.get().run_and_wait([&] {
    EXPECT_EQ(port_.inlets().size(), 1u);
    feed_->stop();
    EXPECT_TRUE(port_.inlets().empty()) << "the session itself outlives this call, and perhaps the feed";
  });
}

TEST_F(ExchangeFeedTest, HeartbeatsDoNotHideThatTheDataHaveCeased) {
  options_.min_mute_deadline = 2s;  // 100 ms at the test's speed; twelve times as much for data at first
  std::atomic<bool> stop{false};
  const Finish finish_first{*this};
  add_server([&](Peer& peer, int number) {
    peer.accept_websocket();
    peer.receive_text();
    peer.send_text("trade A " + std::to_string(number));
    repeat(peer, {"heartbeat"}, stop);
  });
  start("A");
  ASSERT_TRUE(until([&] { return !seen_.losses.empty(); }));
  EXPECT_TRUE(seen_.saw(FeedState::stale));
  const core::Gap& gap = seen_.losses[0].gap;
  EXPECT_EQ(gap.cause, GapCause::mute);
  EXPECT_EQ(gap.start, seen_.ticks[0].received_at() - 1s) << "from the last data on, whatever beat since";
  EXPECT_EQ(gap.end, seen_.ticks[1].received_at());
  stop = true;
}

TEST_F(ExchangeFeedTest, AVenueThatGoesDownForMaintenanceIsNotABrokenConnection) {
  add_server([this](Peer& peer, int number) {
    if (number == 2) {
      peer.answer(503, "maintenance");
      return;
    }
    peer.accept_websocket();
    (void)peer.receive_text();
    peer.send_text("trade A " + std::to_string(number));
    if (number == 1) return;  // the line is cut; the next try tells why
    if (number == 3 && peer.send_close(1012, "maintenance")) return;
    peer.hold();
  });
  start("A");
  ASSERT_TRUE(until([&] { return seen_.losses.size() == 2; }));
  for (const core::FeedLoss& loss : seen_.losses) EXPECT_EQ(loss.gap.cause, GapCause::maintenance);
  std::vector<GapCause> told;
  for (const auto& status : seen_.states) {
    if (status.state == FeedState::backing_off) told.push_back(status.cause);
  }
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[0], GapCause::disconnect);
  EXPECT_EQ(told[1], GapCause::maintenance);
  EXPECT_EQ(told[2], GapCause::maintenance);
  const auto trying = std::find_if(seen_.states.begin(), seen_.states.end(), [](const core::FeedStatus& status) {
    return status.state == FeedState::connecting && status.cause == GapCause::maintenance;
  });
  ASSERT_NE(trying, seen_.states.end());
  EXPECT_NE(trying->detail, "") << "why it is not live, also while it tries";
}

TEST_F(ExchangeFeedTest, WhatThePastKnowsGoesBeforeTheFirstThatIsHeard) {
  limits_.trade_numbers = TradeNumbers::consecutive;
  add_server([this](Peer& peer, int) { serve(peer, {"trade A 14"}); });
  start("A");
  ASSERT_TRUE(until([&] { return !seen_.ticks.empty(); }));
  const core::Timestamp known = seen_.ticks[0].received_at() - 40s;
  feed_->know_trade(core::InstrumentId{0}, 10, known);
  ASSERT_TRUE(until([&] { return !seen_.losses.empty(); }));
  EXPECT_EQ(seen_.losses[0].gap.expected, 3);
  EXPECT_EQ(seen_.losses[0].gap.start, known);
  EXPECT_EQ(seen_.losses[0].gap.end, seen_.ticks[0].received_at());
}

TEST_F(ExchangeFeedTest, WhatAVenueKeptBackBeforeAConnectionBrokeIsAGapOfItsPair) {
  limits_.trade_numbers = TradeNumbers::consecutive;
  add_server([this](Peer& peer, int number) {
    if (number > 1) return serve(peer, {"trade A 50", "trade B 51"});
    peer.accept_websocket();
    (void)peer.receive_text();
    for (const char* word : {"trade A 7", "trade B 50", "what?", "trade B 50"}) peer.send_text(word);
  });
  start("AB");
  ASSERT_TRUE(until([&] { return seen_.losses.size() == 2; })) << "a frame that does not decode was lost as well";
  const core::FeedLoss& loss = seen_.losses[1];
  EXPECT_EQ(loss.gap.instrument_symbol, "A") << "of the other pair nothing is missing";
  EXPECT_EQ(loss.gap.expected, 42);
  EXPECT_EQ(loss.gap.start, seen_.ticks[0].received_at());
}

TEST_F(ExchangeFeedTest, WhatWasTradedWhileAConnectionWasAwayIsItsHoleAndNoOther) {
  limits_.trade_numbers = TradeNumbers::consecutive;
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

TEST_F(ExchangeFeedTest, NobodyIsToldOfATimeWhoseTradesWaitInTheSocket) {
  constexpr int kTrades = 3000;  // of more bytes than are read at once
  std::promise<void> asked, held, sent, go_on;
  auto held_up = held.get_future();
  std::atomic<std::int64_t> all_sent{INT64_MAX};
  std::atomic<int> taken{0}, told_too_early{0};
  const Finish finish{*this};
  add_server([&](Peer& peer, int) {
    peer.accept_websocket();
    if (const auto text = peer.receive_text()) hear(*text);
    asked.set_value();
    held_up.wait();
    for (int i = 1; i <= kTrades; ++i) peer.send_text("trade A " + std::to_string(i));
    sent.set_value();
    peer.hold();
  });
  // Before a frame is taken in.
  options_.tap = [&](core::Timestamp, std::string_view, std::string_view, std::string_view payload) {
    if (!payload.starts_with("trade")) return;
    if (port_.caught_up_until().ns >= all_sent) ++told_too_early;
    ++taken;
  };
  start("A");
  HeardMark mark(loop_.get(), port_, clock_);
  mark.start();
  asked.get_future().wait();
  loop_.get().post([&] {
    held.set_value();
    go_on.get_future().wait();
  });
  sent.get_future().wait();
  all_sent = clock_.now().ns;
  // The next word is due, so that it is given as soon as the thread goes on.
  EXPECT_TRUE(eventually([&] { return clock_.now().ns > all_sent + 2 * HeardMark::kPeriod.count(); }));
  go_on.set_value();
  EXPECT_TRUE(eventually([&] { return taken == kTrades && port_.caught_up_until().ns >= all_sent; }));
  EXPECT_EQ(told_too_early, 0);
  mark.stop();
}

}  // namespace
}  // namespace tickspan::feeds
