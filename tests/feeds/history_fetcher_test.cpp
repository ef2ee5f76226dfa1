#include "feeds/history_fetcher.hpp"

#include <gtest/gtest.h>

#include <future>

#include "../net/loop_fixture.hpp"
#include "../support/scripted_server.hpp"
#include "../support/support.hpp"
#include "feeds/history_support.hpp"

namespace tickspan::feeds {
namespace {

using namespace std::chrono_literals;
using core::ErrorCode;
using test::Peer;
using test::ScriptedServer;
using Answer = core::Result<HistoryPage>;

/// A venue whose page is one trade id in a body `N` or, when another page follows, `N>`.
class WordyHistory final : public VenueHistory {
 public:
  HistoryLimits limits_{60'000, 1000};
  std::unique_ptr<WordyHistory> other_;  ///< its dialect `other`
  std::string prefix_ = "/";
  const VenueHistory& dialect(std::string_view name) const override {
    if (name == "other") return *other_;
    return *this;
  }
  const HistoryLimits& limits() const override { return limits_; }
  std::string target(const HistoryQuery& query, std::string_view cursor) const override {
    return prefix_ + query.symbol + "/" + std::string(cursor);
  }
  core::Result<HistoryPage> decode(const HistoryQuery& query, std::string_view, std::string_view body) const override {
    if (body == "busy") return core::fail(ErrorCode::rate_limited, "busy", true);
    HistoryTrade trade;
    trade.first_id = trade.last_id = cursor_number(body.substr(0, body.find('>')));
    trade.at = query.from + core::Duration(static_cast<std::int64_t>(trade.first_id));
    if (trade.first_id == 0) return core::fail(ErrorCode::parse_error, "no number");
    HistoryPage page;
    page.trades.push_back(trade);
    if (body.back() == '>') page.next = std::to_string(trade.first_id);
    return page;
  }
};

class HistoryFetcherTest : public testing::Test {
 protected:
  ~HistoryFetcherTest() override {
    loop_.run([this] { fetcher_.reset(); });
    server_.reset();
  }
  void start(std::function<void(Peer&)> script) {
    server_ = std::make_unique<ScriptedServer>([this, script](Peer& peer) {
      calls_.fetch_add(1);
      script(peer);
    });
    options_.venue = "wordy";
    options_.rest_urls.push_back(server_->url("http"));
    options_.backoff = {1ms, 2ms, 1ms};
    loop_.run([this] { fetcher_ = std::make_unique<HistoryFetcher>(history_, loop_.get(), clock_, desk_, options_); });
  }
  std::future<Answer> ask(const std::string& symbol = "A", bool may_wait = false) {
    auto promise = std::make_shared<std::promise<Answer>>();
    loop_.get().post([this, promise, symbol, may_wait] {
      fetcher_->fetch({HistoryKind::trades, symbol, core::Timestamp::from_s(1'780'000'000), {}, may_wait},
                      [promise](Answer answer) { promise->set_value(std::move(answer)); });
    });
    return promise->get_future();
  }
  static Answer wait(std::future<Answer> future) {
    if (future.wait_for(20s) != std::future_status::ready) return core::fail(ErrorCode::internal, "no answer");
    return future.get();
  }

  test::RunningLoop loop_;
  runtime::SystemClock clock_;
  net::UpstreamDesk desk_{clock_};
  WordyHistory history_;
  HistoryFetcherOptions options_;
  std::atomic<int> calls_{0};
  std::unique_ptr<ScriptedServer> server_;
  std::unique_ptr<HistoryFetcher> fetcher_;
};

TEST_F(HistoryFetcherTest, AllPagesAreOneAnswerInOrder) {
  start([](Peer& peer) {
    const std::string& target = peer.call().target;
    peer.answer(200, target == "/A/" ? "3>" : target == "/A/3" ? "2>" : "1");
  });
  const Answer answer = wait(ask());
  ASSERT_TRUE(answer) << answer.error().context;
  ASSERT_EQ(answer->trades.size(), 3u);
  EXPECT_EQ(answer->trades[0].first_id, 1u);
  EXPECT_EQ(answer->trades[2].first_id, 3u);
}

TEST_F(HistoryFetcherTest, QueriesGoOneAfterTheOther) {
  std::atomic<int> under_way{0}, most{0};
  start([&](Peer& peer) {
    most = std::max(most.load(), ++under_way);
    --under_way;
    peer.answer(200, peer.call().target == "/A/" ? "1" : "2");
  });
  auto first = ask("A");
  auto second = ask("B");
  EXPECT_EQ(wait(std::move(first))->trades[0].first_id, 1u);
  EXPECT_EQ(wait(std::move(second))->trades[0].first_id, 2u);
  EXPECT_EQ(most, 1);
}

TEST_F(HistoryFetcherTest, WhatMayWaitIsAskedAfterAllElse) {
  std::promise<void> all_wait;
  std::vector<std::string> order;
  start([&, wait = all_wait.get_future().share()](Peer& peer) {
    wait.wait();
    order.push_back(peer.call().target);
    peer.answer(200, peer.call().target == "/A/" ? "2>" : "1");
  });
  auto a = ask("A", true);
  ASSERT_TRUE(test::eventually([&] { return calls_ == 1; }));
  auto b = ask("B", true), c = ask("C"), d = ask("D");
  loop_.run([] {});  // all of them were posted before
  all_wait.set_value();
  for (auto* each : {&a, &b, &c, &d}) ASSERT_TRUE(wait(std::move(*each)));
  EXPECT_EQ(order.front(), "/A/");  // it was under way
  EXPECT_EQ(std::vector(order.begin() + 1, order.begin() + 3), (std::vector<std::string>{"/C/", "/D/"}));
  EXPECT_EQ(order.back(), "/B/");
}

TEST_F(HistoryFetcherTest, AVenueThatIsBusyIsAskedAgainWhenItSaid) {
  const auto begin = std::chrono::steady_clock::now();
  start([this](Peer& peer) {
    if (calls_ == 1) return (void)peer.answer(429, "", {"Retry-After: 1"});
    if (calls_ == 2) return (void)peer.answer(200, "busy");
    peer.answer(200, "7");
  });
  const Answer answer = wait(ask());
  ASSERT_TRUE(answer) << answer.error().context;
  EXPECT_EQ(calls_, 3);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 990ms);
  EXPECT_EQ(fetcher_->counters().rate_limited, 2u);
}

TEST_F(HistoryFetcherTest, AnotherDialectBeginsAnew) {
  history_.other_ = std::make_unique<WordyHistory>();
  history_.other_->prefix_ = "/other/";
  std::vector<std::string> asked;
  ScriptedServer alternate([&](Peer& peer) {
    asked.push_back(peer.call().target);
    peer.answer(200, peer.call().target == "/other/A/" ? "9>" : "8");
  });
  options_.rest_urls = {};
  options_.dialects[alternate.url("http")] = "other";
  // The first page comes from the first host, which then refuses for good.
  server_ = std::make_unique<ScriptedServer>(
      [this](Peer& peer) { ++calls_ == 1 ? peer.answer(200, "3>") : peer.answer(451, ""); });
  options_.rest_urls = {server_->url("http"), alternate.url("http")};
  options_.backoff = {1ms, 2ms, 1ms};
  loop_.run([this] { fetcher_ = std::make_unique<HistoryFetcher>(history_, loop_.get(), clock_, desk_, options_); });
  const Answer answer = wait(ask());
  ASSERT_TRUE(answer) << answer.error().context;
  ASSERT_EQ(answer->trades.size(), 2u) << "nothing of the first host's pages";
  EXPECT_EQ(answer->trades[0].first_id, 8u);
  EXPECT_EQ(asked, (std::vector<std::string>{"/other/A/", "/other/A/9"}));
  loop_.run([this] { fetcher_.reset(); });
}

TEST_F(HistoryFetcherTest, AFailureIsTriedAgainAndThenTold) {
  start([this](Peer& peer) { calls_ < 3 ? peer.answer(503, "") : peer.answer(200, "7"); });
  EXPECT_TRUE(wait(ask()));
  EXPECT_EQ(calls_, 3);
  calls_ = -100;
  const Answer answer = wait(ask());
  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error().retryable);
  EXPECT_EQ(calls_, -96);
}

TEST_F(HistoryFetcherTest, WhatCannotBecomeBetterIsToldAtOnce) {
  start([](Peer& peer) { peer.call().target == "/A/" ? peer.answer(404, "") : peer.answer(200, "nonsense"); });
  EXPECT_EQ(wait(ask("A")).error().code, ErrorCode::not_found);
  EXPECT_EQ(wait(ask("B")).error().code, ErrorCode::parse_error);
  EXPECT_EQ(calls_, 2);
}

TEST_F(HistoryFetcherTest, AHistoryWithoutEndIsGivenUp) {
  options_.max_pages = 5;
  start([this](Peer& peer) { peer.answer(200, std::to_string(calls_.load()) + ">"); });
  EXPECT_EQ(wait(ask()).error().code, ErrorCode::too_large);
  EXPECT_EQ(calls_, 5);
}

TEST_F(HistoryFetcherTest, TheBudgetOfTheHostIsKeptToAndShared) {
  history_.limits_ = {600, 1};
  start([](Peer& peer) { peer.answer(200, "1"); });
  const auto begin = std::chrono::steady_clock::now();
  loop_.run([this] { EXPECT_TRUE(desk_.rest("wordy", server_->url("http")).admit()); });
  EXPECT_TRUE(wait(ask()));
  EXPECT_TRUE(wait(ask()));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 190ms);
}

}  // namespace
}  // namespace tickspan::feeds
