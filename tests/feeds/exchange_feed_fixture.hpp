#pragma once

#include <gtest/gtest.h>

#include "../net/loop_fixture.hpp"
#include "fake_venue.hpp"
#include "feeds/exchange_feed.hpp"

namespace tickspan::feeds {

using namespace std::chrono_literals;
using core::FeedState;
using core::GapCause;
using test::eventually;
using test::Peer;
using test::ScriptedServer;
using Clock = std::chrono::steady_clock;

/// The time, and later where a test says so.
class JumpingClock final : public runtime::Clock {
 public:
  core::Timestamp now() const noexcept override { return system_.now() + core::Duration(ahead_ns_.load()); }
  void jump(core::Duration by) { ahead_ns_ += by.count(); }

 private:
  runtime::SystemClock system_;
  std::atomic<std::int64_t> ahead_ns_{0};
};

/// One venue, its feed, and what both sides saw. Delays run twenty times as fast; deadlines that a test is not about
/// are out of reach, so that a busy machine changes nothing.
class ExchangeFeedTest : public testing::Test {
 protected:
  ExchangeFeedTest() {
    limits_.control_spacing = 1ms;
    limits_.mute_deadline = 1h;
    options_.min_mute_deadline = 1h;
    options_.client.connect_timeout = 600s;
    options_.time_scale = 0.05;
    options_.seed = 5;
  }
  ~ExchangeFeedTest() override { finish(); }
  void finish() {
    feed_.reset();
    servers_.clear();
  }
  /// Declared after what a test's scripts use, so that they end before it does.
  struct Finish {
    ExchangeFeedTest& test;
    ~Finish() { test.finish(); }
  };

  /// A server whose sockets follow `script`; the number of the connection, from 1, is handed to it.
  ScriptedServer& add_server(std::function<void(Peer&, int)> script, std::function<void(Peer&)> rest = {}) {
    auto count = std::make_shared<std::atomic<int>>(0);
    auto handler = [this, script, rest, count](Peer& peer) {
      if (peer.wants_websocket()) {
        const int number = ++*count;
        note_connection();
        script(peer, number);
      } else if (rest) {
        rest(peer);
      } else {
        peer.answer(200, "pairs ABCDEF");
      }
    };
    servers_.push_back(std::make_unique<ScriptedServer>(handler));
    options_.hosts.push_back({servers_.back()->url("ws"), servers_.back()->url("http")});
    return *servers_.back();
  }

  void start(const std::string& symbols) {
    auto venue = std::make_unique<FakeVenue>();
    venue->limits_ = limits_;
    feed_ = std::make_unique<ExchangeFeed>(std::move(venue), core::VenueId{3}, loop_.get(), port_, clock_, options_);
    feed_->start();
    if (!symbols.empty()) want(symbols);
  }
  void want(const std::string& symbols) {
    auto table = std::make_shared<core::SymbolTable>();
    for (const char symbol : symbols)
      table->add(std::string(1, symbol), core::InstrumentId{static_cast<std::uint32_t>(symbol - 'A')});
    feed_->set_symbols(table);
  }
  bool until(const std::function<bool()>& condition) {
    return eventually([&] {
      seen_.drain(port_);
      return condition();
    });
  }
  void hear(const std::string& text) {
    const std::lock_guard lock(mutex_);
    heard_.push_back(text);
    heard_at_.push_back(Clock::now());
  }
  std::vector<std::string> heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }
  void note_connection() {
    const std::lock_guard lock(mutex_);
    connected_at_.push_back(Clock::now());
  }
  std::vector<Clock::time_point> connected_at() {
    const std::lock_guard lock(mutex_);
    return connected_at_;
  }
  /// Accepts, takes one subscription, says `words`, then keeps the connection open and notes what it hears.
  void serve(Peer& peer, const std::vector<std::string>& words) {
    peer.accept_websocket();
    if (const auto text = peer.receive_text()) hear(*text);
    for (const std::string& word : words) peer.send_text(word);
    while (const auto text = peer.receive_text(60s)) hear(*text);
  }

  JumpingClock clock_;
  runtime::FeedPort port_{4096, [] {}};
  test::RunningLoop loop_;
  VenueLimits limits_;
  ExchangeFeedOptions options_;
  std::vector<std::unique_ptr<ScriptedServer>> servers_;
  std::unique_ptr<ExchangeFeed> feed_;
  Collected seen_;
  std::mutex mutex_;
  std::vector<std::string> heard_;
  std::vector<Clock::time_point> heard_at_, connected_at_;
};

}  // namespace tickspan::feeds
