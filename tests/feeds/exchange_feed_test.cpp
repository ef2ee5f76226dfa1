#include "exchange_feed_fixture.hpp"

namespace tickspan::feeds {
namespace {

TEST_F(ExchangeFeedTest, ListsItsPairsAndListensToThoseItIsTold) {
  add_server([this](Peer& peer, int) { serve(peer, {"ack", "trade A 1", "trade B 2", "trade Z 3"}); });
  start("");
  ASSERT_TRUE(until([&] { return seen_.lists.size() >= 1; }));
  EXPECT_EQ(seen_.lists[0].pairs.size(), 6U);
  EXPECT_EQ(seen_.lists[0].venue, core::VenueId{3});
  EXPECT_TRUE(connected_at().empty()) << "nothing is wanted yet";
  ASSERT_TRUE(until([&] { return seen_.saw(FeedState::idle); }));

  want("BA");
  ASSERT_TRUE(until([&] { return seen_.ticks.size() >= 2 && feed_->counters().unknown_symbols == 1; }));
  EXPECT_EQ(heard().at(0), "sub A,B");
  EXPECT_EQ(seen_.ticks[0].trade_id(), 1U);
  EXPECT_EQ(seen_.ticks[1].instrument(), core::InstrumentId{1});
  std::vector<FeedState> order;
  for (const auto& status : seen_.states) {
    if (order.empty() || order.back() != status.state) order.push_back(status.state);
  }
  EXPECT_EQ(order, (std::vector{FeedState::connecting, FeedState::idle, FeedState::connecting, FeedState::subscribing,
                                FeedState::live}));
  EXPECT_EQ(seen_.states.back().host, options_.hosts[0].ws_url.substr(5));
  EXPECT_EQ(feed_->counters().connects, 1U);
  EXPECT_EQ(feed_->counters().trades, 2U);
  EXPECT_EQ(feed_->counters().messages, 4U);
  EXPECT_TRUE(seen_.losses.empty());
}

TEST_F(ExchangeFeedTest, SubscribesOnlyTheDifference) {
  add_server([this](Peer& peer, int) { serve(peer, {"trade A 1"}); });
  start("ABC");
  ASSERT_TRUE(until([&] { return seen_.saw(FeedState::live); }));
  want("BCDE");
  ASSERT_TRUE(until([&] { return heard().size() >= 3; }));
  EXPECT_EQ(heard(), (std::vector<std::string>{"sub A,B,C", "unsub A", "sub D,E"}));
  EXPECT_EQ(connected_at().size(), 1U);
  want("");
  feed_->set_symbols(std::make_shared<core::SymbolTable>());
  EXPECT_TRUE(until([&] { return seen_.states.back().state == FeedState::idle; })) << "nothing wanted, no connection";
}

TEST_F(ExchangeFeedTest, KeepsItsDistanceBetweenMessages) {
  limits_.symbols_per_message = 1;
  limits_.control_spacing = 1s;  // 50 ms at the test's speed
  add_server([this](Peer& peer, int) { serve(peer, {}); });
  start("ABC");
  ASSERT_TRUE(until([&] { return heard().size() >= 3; }));
  const std::lock_guard lock(mutex_);
  EXPECT_GE(heard_at_[2] - heard_at_[0], 80ms);
}

TEST_F(ExchangeFeedTest, SplitsPairsOverConnectionsAndReportsGapsByPair) {
  limits_.symbols_per_connection = 2;
  std::atomic<bool> cut{false};
  const Finish finish_first{*this};
  add_server([&](Peer& peer, int number) {
    peer.accept_websocket();
    const auto text = peer.receive_text();
    if (!text) return;
    hear(*text);
    peer.send_text("trade " + text->substr(4, 1) + " 1");
    while (!peer.gone() && !(number <= 3 && *text == "sub A,B" && cut)) peer.receive_text(5ms);
  });
  start("ABCDE");
  ASSERT_TRUE(until([&] { return seen_.ticks.size() >= 3; }));
  auto all = heard();
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (std::vector<std::string>{"sub A,B", "sub C,D", "sub E"}));
  cut = true;
  const auto told = [&](bool heard) {
    std::vector<core::LinkHeard> out;
    for (const core::LinkHeard& link : seen_.links) {
      if (link.heard == heard && link.symbols == std::vector<std::string>{"A", "B"}) out.push_back(link);
    }
    return out;
  };
  ASSERT_TRUE(until([&] { return told(false).size() == 2 && told(true).size() == 2; }));
  EXPECT_FALSE(told(false)[0].since.is_set()) << "it was not heard before";
  const core::LinkHeard silence = told(false)[1];
  const auto first_of_a = std::find_if(seen_.ticks.begin(), seen_.ticks.end(), [](const core::Tick& tick) {
    return tick.instrument() == core::InstrumentId{0};
  });
  ASSERT_NE(first_of_a, seen_.ticks.end());
  EXPECT_EQ(silence.since, first_of_a->received_at() - 1s) << "what was on its way then did not come";
  EXPECT_EQ(silence.cause, GapCause::disconnect);
  EXPECT_GE(silence.at, silence.since);
  EXPECT_GT(told(true)[1].at, silence.at);
  EXPECT_TRUE(seen_.losses.empty()) << "the two words are the whole of it";
  EXPECT_FALSE(seen_.saw(FeedState::backing_off)) << "the others are live all the time";
  const auto partly = [](const core::FeedStatus& s) {
    return s.state == FeedState::live && s.detail.starts_with("2 of 3 connections live");
  };
  EXPECT_TRUE(std::any_of(seen_.states.begin(), seen_.states.end(), partly));
}

TEST_F(ExchangeFeedTest, AConnectionThatDoesNotComeBackSaysSoBeforeAndNamesItsPairs) {
  limits_.symbols_per_connection = 2;
  std::atomic<bool> cut{false};
  const Finish finish_first{*this};
  add_server([&](Peer& peer, int) {
    if (cut) {
      peer.answer(503, "later");
      return;
    }
    peer.accept_websocket();
    const auto text = peer.receive_text();
    if (!text) return;
    peer.send_text("trade " + text->substr(4, 1) + " 1");
    while (!peer.gone() && !(*text == "sub A,B" && cut)) peer.receive_text(5ms);
  });
  start("ABC");
  ASSERT_TRUE(until([&] { return seen_.ticks.size() >= 2; }));
  cut = true;
  const auto silent = [&] {
    return std::count_if(seen_.links.begin(), seen_.links.end(),
                         [](const core::LinkHeard& link) { return !link.heard && link.since.is_set(); });
  };
  ASSERT_TRUE(until([&] { return silent() == 1 && feed_->counters().connects >= 5; })) << "it goes on trying";
  EXPECT_EQ(silent(), 1) << "told once";
  EXPECT_EQ(seen_.links.back().symbols, (std::vector<std::string>{"A", "B"}));
  EXPECT_FALSE(seen_.saw(FeedState::backing_off)) << "the other is live all the while";
  want("AC");
  ASSERT_TRUE(until([&] { return seen_.links.back().heard; }));
  EXPECT_EQ(seen_.links.back().symbols, std::vector<std::string>{"B"}) << "nobody listens to it any more";
  want("ACD");
  ASSERT_TRUE(until([&] { return !seen_.links.back().heard; }));
  EXPECT_EQ(seen_.links.back().symbols, std::vector<std::string>{"D"});
  EXPECT_FALSE(seen_.links.back().since.is_set());
  feed_->stop();
  seen_.drain(port_);
  EXPECT_TRUE(seen_.links.back().heard);
  EXPECT_EQ(seen_.links.back().symbols, (std::vector<std::string>{"A", "D"}));
}

TEST_F(ExchangeFeedTest, AMuteVenueIsStaleThenReconnectedAndTheGapRecorded) {
  options_.min_mute_deadline = 8s;  // 400 ms at the test's speed
  add_server([this](Peer& peer, int number) { serve(peer, {"trade A " + std::to_string(number)}); });
  start("A");
  ASSERT_TRUE(until([&] { return !seen_.losses.empty(); }));
  ASSERT_GE(seen_.ticks.size(), 2U);
  std::vector<FeedState> order;
  for (const auto& status : seen_.states) order.push_back(status.state);
  const auto stale = std::find(order.begin(), order.end(), FeedState::stale);
  ASSERT_NE(stale, order.end());
  EXPECT_EQ(*(stale - 1), FeedState::live);
  ASSERT_GE(order.end() - stale, 4);
  EXPECT_EQ(*(stale + 1), FeedState::backing_off);
  EXPECT_EQ(*(stale + 2), FeedState::connecting);
  const core::Gap& gap = seen_.losses[0].gap;
  EXPECT_EQ(gap.cause, GapCause::mute);
  EXPECT_EQ(gap.venue, "fake");
  EXPECT_EQ(gap.instrument_symbol, "");
  EXPECT_EQ(gap.start, seen_.ticks[0].received_at() - 1s) << "what was on its way then did not come";
  EXPECT_EQ(gap.end, seen_.ticks[1].received_at());
  EXPECT_GE(gap.end - gap.start, 1400ms);
  EXPECT_EQ(seen_.states[static_cast<std::size_t>(stale - order.begin())].heard_until, gap.start);
}

TEST_F(ExchangeFeedTest, PongsAloneDoNotHideAMuteVenue) {
  options_.min_mute_deadline = 4s;
  limits_.ping_interval = 1s;
  add_server([this](Peer& peer, int) { serve(peer, {}); });
  start("A");
  EXPECT_TRUE(until([&] { return seen_.saw(FeedState::stale); }));
}

TEST_F(ExchangeFeedTest, HeartbeatsKeepAConnectionThatHasNothingToSay) {
  options_.min_mute_deadline = 12s;  // 600 ms at the test's speed
  std::atomic<bool> enough{false};
  const Finish finish_first{*this};
  add_server([&](Peer& peer, int) {
    peer.accept_websocket();
    peer.receive_text();
    peer.send_text("trade A 1");
    const auto until_time = Clock::now() + 1s;
    while (!peer.gone() && Clock::now() < until_time) {
      peer.send_text("heartbeat");
      peer.receive_text(5ms);
    }
    enough = true;
    peer.hold();
  });
  start("A");
  ASSERT_TRUE(until([&] { return enough.load(); }));
  EXPECT_EQ(feed_->counters().connects, 1U);
  EXPECT_GE(seen_.alive.size(), 2U);
  EXPECT_LE(seen_.alive.size(), 22U) << "at most once a second, 50 ms at the test's speed";
}

TEST_F(ExchangeFeedTest, AVenueThatDidNotHearTheQuestionIsAskedAgain) {
  options_.min_mute_deadline = 12s;
  add_server([this](Peer& peer, int number) {
    peer.accept_websocket();
    if (const auto text = peer.receive_text()) hear(*text);
    if (number > 1) peer.send_text("trade A 1");
    while (!peer.gone()) {
      peer.send_text("heartbeat");
      peer.receive_text(5ms);
    }
  });
  start("A");
  ASSERT_TRUE(until([&] { return seen_.saw(FeedState::live); }));
  EXPECT_EQ(heard(), (std::vector<std::string>{"sub A", "sub A"}));
  EXPECT_GE(connected_at()[1] - connected_at()[0], 1500ms) << "30 s, at the test's speed";
}

TEST_F(ExchangeFeedTest, ReconnectsAfterACutWithBackOffAndRecordsTheGap) {
  add_server([this](Peer& peer, int number) {
    peer.accept_websocket();
    if (const auto text = peer.receive_text()) hear(*text);
    peer.send_text("trade A " + std::to_string(number));
    if (number > 1) peer.hold();
  });
  start("AB");
  ASSERT_TRUE(until([&] { return seen_.losses.size() >= 1; }));
  EXPECT_EQ(seen_.losses[0].gap.cause, GapCause::disconnect);
  EXPECT_EQ(seen_.losses[0].gap.start, seen_.ticks[0].received_at() - 1s);
  EXPECT_EQ(heard(), (std::vector<std::string>{"sub A,B", "sub A,B"})) << "everything is subscribed again";
  EXPECT_GE(connected_at()[1] - connected_at()[0], 50ms);
  EXPECT_EQ(feed_->counters().disconnects, 1U);
}

TEST_F(ExchangeFeedTest, AHostThatRefusesForGoodGivesWayToTheNext) {
  auto refuse = [](Peer& peer, int) { peer.answer(451, "restricted"); };
  add_server(refuse, [](Peer& peer) { peer.answer(451, "restricted"); });
  add_server([this](Peer& peer, int) { serve(peer, {"trade A 1"}); });
  start("A");
  ASSERT_TRUE(until([&] { return seen_.saw(FeedState::live) && seen_.lists.size() >= 1; }));
  EXPECT_EQ(seen_.states.back().host, options_.hosts[1].ws_url.substr(5));
}

TEST_F(ExchangeFeedTest, WhenEveryHostRefusesItStopsAndTriesAgainMuchLater) {
  options_.all_refused_pause = 10s;  // 500 ms at the test's speed
  for (int i = 0; i < 2; ++i) add_server([](Peer& peer, int) { peer.answer(403, "no"); });
  start("A");
  ASSERT_TRUE(until([&] { return seen_.saw(FeedState::stopped); }));
  EXPECT_NE(seen_.states.back().detail.find("every host refuses"), std::string::npos) << seen_.states.back().detail;
  EXPECT_EQ(connected_at().size(), 2U);
  ASSERT_TRUE(until([&] { return connected_at().size() >= 3; }));
  EXPECT_GE(connected_at()[2] - connected_at()[1], 450ms);
}

TEST_F(ExchangeFeedTest, ObeysRetryAfterOnTheHandshakeAndOnRest) {
  std::atomic<int> asked{0};
  std::array<Clock::time_point, 2> asked_at;
  const Finish finish_first{*this};
  add_server(
      [this](Peer& peer, int number) {
        if (number == 1)
          peer.answer(429, "", {"Retry-After: 12"});  // 600 ms at the test's speed
        else
          serve(peer, {"trade A 1"});
      },
      [&](Peer& peer) {
        const int number = asked++;
        if (number < 2) asked_at[static_cast<std::size_t>(number)] = Clock::now();
        if (number == 0)
          peer.answer(418, "", {"Retry-After: 12"});
        else
          peer.answer(200, "pairs A");
      });
  start("A");
  ASSERT_TRUE(until([&] { return seen_.saw(FeedState::live) && seen_.lists.size() >= 1; }));
  EXPECT_GE(connected_at()[1] - connected_at()[0], 590ms);
  EXPECT_GE(asked_at[1] - asked_at[0], 590ms);
  EXPECT_EQ(feed_->counters().rate_limited, 2U);
}

TEST_F(ExchangeFeedTest, FramesThatDoNotDecodeAreCountedAndTheSessionGoesOn) {
  add_server([this](Peer& peer, int) {
    serve(peer, {"gibberish", "{\"broken\":", std::string(3, '\0'), "trade A 1", "more", "trade A 2"});
  });
  start("A");
  ASSERT_TRUE(until([&] { return seen_.ticks.size() >= 2; }));
  EXPECT_EQ(feed_->counters().undecodable, 4U);
  EXPECT_EQ(feed_->counters().connects, 1U);
}

TEST_F(ExchangeFeedTest, ASessionThatIsMostlyGarbageEnds) {
  add_server([this](Peer& peer, int number) {
    std::vector<std::string> words(99, "trade A 1");
    words.resize(number == 1 ? 300 : 99, "gibberish");
    serve(peer, words);
  });
  start("A");
  ASSERT_TRUE(until([&] { return feed_->counters().connects == 2 && seen_.ticks.size() >= 198; }));
  EXPECT_EQ(feed_->counters().undecodable, 101U) << "ended by the frame that made it more than half of 200";
}

TEST_F(ExchangeFeedTest, ReconnectsWhenTheVenueAsksForIt) {
  add_server([this](Peer& peer, int number) {
    if (number == 1)
      serve(peer, {"trade A 1", "reconnect"});
    else
      serve(peer, {"trade A 2"});
  });
  start("A");
  ASSERT_TRUE(until([&] { return seen_.losses.size() >= 1; }));
  EXPECT_EQ(seen_.losses[0].gap.cause, GapCause::maintenance);
}

TEST_F(ExchangeFeedTest, OpensAReplacementBeforeTheOldConnectionGoes) {
  limits_.max_connection_age = 10s;  // 500 ms at the test's speed
  std::atomic<int> open{0}, most{0}, next_id{0};
  const Finish finish_first{*this};
  add_server([&](Peer& peer, int) {
    peer.accept_websocket();
    peer.receive_text();
    most = std::max<int>(most, ++open);
    while (!peer.gone()) {
      peer.send_text("trade A " + std::to_string(++next_id));
      peer.receive_text(5ms);
    }
    --open;
  });
  start("A");
  ASSERT_TRUE(until([&] { return connected_at().size() >= 3; }));
  EXPECT_GE(most, 2);
  EXPECT_TRUE(until([&] { return open == 1; })) << "the old one is dropped";
  EXPECT_TRUE(seen_.losses.empty());
  EXPECT_FALSE(seen_.saw(FeedState::backing_off));
  std::set<std::uint64_t> ids;
  for (const auto& tick : seen_.ticks) ids.insert(tick.trade_id());
  EXPECT_EQ(feed_->counters().undecodable, 0U);
}

TEST_F(ExchangeFeedTest, ARefusedSymbolDoesNotTakeTheOthersWithItAndIsNotAskedForAgain) {
  std::atomic<bool> cut{false};
  const Finish finish_first{*this};
  add_server([&](Peer& peer, int number) {
    peer.accept_websocket();
    while (!peer.gone() && !(number == 1 && cut)) {
      const auto text = peer.receive_text(20ms);
      if (!text) continue;
      hear(*text);
      // Like a venue that voids the whole request for one bad symbol in it.
      if (text->starts_with("sub") && text->find('B') != std::string::npos)
        peer.send_text("refuse B is not a valid product");
      else if (text->starts_with("sub"))
        peer.send_text("trade A " + std::to_string(number));
    }
  });
  start("ABC");
  ASSERT_TRUE(until([&] { return seen_.ticks.size() >= 1; }));
  const auto refused = [](const core::FeedStatus& s) { return s.detail == "refused: B is not a valid product"; };
  EXPECT_TRUE(std::any_of(seen_.states.begin(), seen_.states.end(), refused));
  cut = true;
  ASSERT_TRUE(until([&] { return seen_.ticks.size() >= 2; }));
  EXPECT_EQ(heard().back(), "sub A,C");
}

TEST_F(ExchangeFeedTest, AsksAgainForThoseWhoseMessageWasVoidedWhileOthersAreLive) {
  limits_.symbols_per_message = 2;
  limits_.refusal_voids_message = true;
  add_server([this](Peer& peer, int) {
    peer.accept_websocket();
    while (const auto text = peer.receive_text(60s)) {
      hear(*text);
      if (!text->starts_with("sub")) continue;
      if (text->find('D') != std::string::npos)
        peer.send_text("refuse D is not a valid product");
      else
        peer.send_text("trade " + text->substr(4, 1) + " 1");
    }
  });
  start("ABCD");
  const auto c_is_heard = [this] {
    return std::any_of(seen_.ticks.begin(), seen_.ticks.end(),
                       [](const core::Tick& t) { return t.instrument().value == 2; });
  };
  ASSERT_TRUE(until(c_is_heard));  // A's at once, C's after its companion was refused
  const auto asked = heard();
  EXPECT_EQ(asked[0], "sub A,B");
  EXPECT_EQ(asked[1], "sub C,D");
  EXPECT_EQ(asked.back(), "sub C");
}

TEST_F(ExchangeFeedTest, AsksForItsPairsUntilItHasThemAndThenEveryDay) {
  options_.symbol_refresh = 2s;  // 100 ms at the test's speed
  std::atomic<int> asked{0};
  const Finish finish_first{*this};
  add_server([this](Peer& peer, int) { serve(peer, {"trade A 1"}); },
             [&](Peer& peer) {
               const int number = ++asked;
               if (number == 1)
                 peer.answer(500, "broken");
               else if (number == 2)
                 peer.answer(200, "<html>");
               else
                 peer.answer(200, "pairs AB");
             });
  start("");
  ASSERT_TRUE(until([&] { return seen_.lists.size() >= 3; }));
  EXPECT_TRUE(seen_.saw(FeedState::backing_off));
  EXPECT_GE(asked, 5);
}

TEST_F(ExchangeFeedTest, SaysStoppedAndClosesAnOpenGapWhenItStops) {
  add_server([this](Peer& peer, int number) {
    if (number > 1) return peer.hold();
    peer.accept_websocket();
    peer.receive_text();
    peer.send_text("trade A 1");
  });
  start("A");
  ASSERT_TRUE(until([&] { return seen_.saw(FeedState::backing_off); }));
  feed_->stop();
  seen_.drain(port_);
  ASSERT_EQ(seen_.losses.size(), 1U);
  EXPECT_EQ(seen_.losses[0].gap.start, seen_.ticks[0].received_at() - 1s);
  EXPECT_EQ(seen_.states.back().state, FeedState::stopped);
  const auto count = seen_.states.size();
  want("AB");
  loop_.run([] {});
  seen_.drain(port_);
  EXPECT_EQ(seen_.states.size(), count) << "nothing happens after stop()";
}

TEST_F(ExchangeFeedTest, MayBeStoppedAtAnyMoment) {
  add_server([this](Peer& peer, int) {
    peer.accept_websocket();
    while (peer.send_text("trade A 1")) continue;
  });
  for (int i = 0; i < 10; ++i) {
    start("A");
    if (i % 3 == 1) until([&] { return seen_.saw(FeedState::connecting); });
    if (i % 3 == 2) until([&] { return !seen_.ticks.empty(); });
    feed_.reset();
    seen_.drain(port_);
    seen_ = {};
  }
}

TEST_F(ExchangeFeedTest, TheTapSeesEveryRawFrame) {
  std::vector<std::string> kinds;
  std::mutex mutex;
  const Finish finish_first{*this};
  options_.tap = [&](core::Timestamp at, std::string_view venue, std::string_view kind, std::string_view payload) {
    const std::lock_guard lock(mutex);
    EXPECT_TRUE(at.is_set());
    EXPECT_EQ(venue, "fake");
    kinds.push_back(std::string(kind) + " " + std::string(payload));
  };
  add_server([this](Peer& peer, int) { serve(peer, {"ack", "trade A 1"}); });
  const std::string http = options_.hosts[0].rest_url, ws = options_.hosts[0].ws_url;
  start("");
  ASSERT_TRUE(until([&] { return seen_.lists.size() >= 1; }));
  want("A");
  ASSERT_TRUE(until([&] { return seen_.ticks.size() >= 1; }));
  feed_.reset();
  EXPECT_EQ(kinds, (std::vector<std::string>{"rest " + http + "/symbols\tpairs ABCDEF", "open " + ws + "/socket",
                                             "send sub A", "recv ack", "recv trade A 1"}));
}

}  // namespace
}  // namespace tickspan::feeds
