// Bad input and bad manners: each is answered clearly, and costs nobody else anything.

#include <fstream>
#include <thread>

#include "fixture.hpp"

namespace tickspan::stream {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using test::RawConnection;
using test::WsTestClient;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kUpgrade =
    "GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A well-behaved client, and the engine that publishes one message after another for it, each as soon as the one
/// before has arrived: in order, without a hole, and in good time.
class Witness {
 public:
  Witness(std::uint16_t port, Hub& hub, const FakeEngine& engine, std::size_t padding)
      : port_(port), hub_(hub), engine_(engine), padding_(padding), thread_([this] { run(); }) {}
  ~Witness() { finish(); }

  std::uint64_t seen() const { return seen_; }
  /// What went wrong, empty when nothing did.
  std::string finish() {
    done_ = true;
    if (thread_.joinable()) thread_.join();
    return problem_;
  }
  std::chrono::milliseconds slowest() const { return slowest_; }

 private:
  void run() {
    try {
      watch();
    } catch (const std::exception& error) {
      problem_ = error.what();
    }
  }
  void watch() {
    WsTestClient client(port_, "/api/v1/stream");
    client.read_text_with("\"hello\"");
    client.send_text(R"({"id":1,"method":"subscribe","params":{"channels":["trades:kraken:btc/usd"]}})");
    client.read_text_with("\"snapshot\"");
    for (std::uint64_t seq = 1; !done_; ++seq) {
      const auto before = steady_clock::now();
      hub_.publish({{engine_.trade_frame(seq, "\"" + std::string(padding_, 'x') + "\"")}});
      const std::string text = client.read_text_with("trades:");
      const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - before);
      if (text.find("\"type\":\"update\"") == std::string::npos || seq_of(text) != seq)
        throw std::runtime_error("after " + std::to_string(seq - 1) + " came " + text.substr(0, 100));
      slowest_ = std::max(slowest_, took);
      seen_ = seq;
    }
  }

  const std::uint16_t port_;
  Hub& hub_;
  const FakeEngine& engine_;
  const std::size_t padding_;
  std::atomic<bool> done_{false};
  std::atomic<std::uint64_t> seen_{0};
  std::string problem_;
  std::chrono::milliseconds slowest_{0};
  std::thread thread_;
};

class HostileTest : public StreamTest {
 protected:
  void begin() {
    start();
    witness.emplace(port(), *hub, engine, padding);
    ASSERT_TRUE(test::eventually([&] { return witness->seen() > 0; }));
  }
  void TearDown() override {
    if (witness) {
      // It is not over before it has been seen that others go on.
      const std::uint64_t so_far = witness->seen();
      EXPECT_TRUE(test::eventually([&] { return witness->seen() > so_far + 20; }));
      EXPECT_EQ(witness->finish(), "");
      EXPECT_LT(witness->slowest(), 2s);
      EXPECT_EQ(counted("gaps_total"), 0U);
    }
    witness.reset();
    StreamTest::TearDown();
  }
  std::unique_ptr<WsTestClient> client(int receive_buffer = 0) {
    auto made = std::make_unique<WsTestClient>(port(), "/api/v1/stream", receive_buffer);
    made->read_text_with("\"hello\"");
    return made;
  }
  std::string ask(WsTestClient& of, std::string_view message) {
    of.send_text(message);
    for (;;) {
      std::string text = of.read_text();
      if (text.starts_with("{\"id\":")) return text;
    }
  }
  /// Others are served while this goes on.
  void others_go_on(std::uint64_t messages = 5) {
    const std::uint64_t so_far = witness->seen();
    ASSERT_TRUE(test::eventually([&] { return witness->seen() >= so_far + messages; }));
  }
  static std::size_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::size_t total = 0, resident = 0;
    file >> total >> resident;
    return resident * 4096;
  }
  static std::string subscribe_to(const std::string& channels) {
    return R"({"id":1,"method":"subscribe","params":{"channels":[)" + channels + "]}}";
  }

  std::size_t padding = 0;
  std::optional<Witness> witness;
};

// ---- messages that make no sense ----

struct Nonsense {
  const char* message;
  const char* answer;
};

class NonsenseTest : public HostileTest, public ::testing::WithParamInterface<Nonsense> {};

TEST_P(NonsenseTest, IsAnsweredAndTheConnectionLivesOn) {
  begin();
  const auto one = client();
  const std::string answer = ask(*one, GetParam().message);
  EXPECT_THAT(answer, HasSubstr(R"("error":{"code":"bad_request","message":")"));
  EXPECT_THAT(answer, HasSubstr(GetParam().answer));
  EXPECT_THAT(ask(*one, R"({"id":7,"method":"ping"})"), StartsWith(R"({"id":7,"result":)"));
  EXPECT_EQ(hub->figures().subscriptions, 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Messages, NonsenseTest,
    ::testing::Values(
        Nonsense{"", "not JSON"}, Nonsense{"{", "not JSON"}, Nonsense{"{\"id\":1,}", "not JSON"},
        Nonsense{"\xEF\xBB\xBF{}{}", "not JSON"}, Nonsense{"null", "must be an object"},
        Nonsense{"\"subscribe\"", "must be an object"}, Nonsense{"[{}]", "must be an object"},
        Nonsense{"{}", "method is missing"}, Nonsense{R"({"id":1,"method":7})", "method is missing"},
        Nonsense{R"({"id":1,"method":"SUBSCRIBE"})", "unknown method 'SUBSCRIBE'"},
        Nonsense{R"({"id":1,"method":"subscribe"})", "params is missing"},
        Nonsense{R"({"id":1,"method":"subscribe","params":[]})", "params is missing"},
        Nonsense{R"({"id":1,"method":"subscribe","params":{}})", "params.channels"},
        Nonsense{R"({"id":1,"method":"subscribe","params":{"channels":[]}})", "params.channels"},
        Nonsense{R"({"id":1,"method":"subscribe","params":{"channels":{"a":1}}})", "params.channels"},
        Nonsense{R"({"id":1,"method":"unsubscribe","params":{"channels":[1]}})", "strings only"},
        Nonsense{R"({"id":1,"method":"subscribe","params":{"channels":["x"],"since":5}})", "params.since"},
        Nonsense{R"({"id":1,"method":"subscribe","params":{"channels":["x"],"since":{"x":{"epoch":"e","seq":-1}}}})",
                 "params.since"},
        Nonsense{R"({"id":1,"method":"subscribe","params":{"channels":["x"],"max_rate_ms":"1"}})", "max_rate_ms"},
        Nonsense{R"({"id":1,"method":"subscribe","params":{"channels":["x"],"max_rate_ms":1e300}})", "max_rate_ms"},
        Nonsense{R"({"id":[1],"method":"ping"})", "id must be"},
        Nonsense{R"({"id":true,"method":"ping"})", "id must be"}));

TEST_F(HostileTest, AMissingIdIsAnsweredWithNull) {
  begin();
  EXPECT_THAT(ask(*client(), R"({"method":"ping"})"), StartsWith(R"({"id":null,"result":)"));
}

TEST_F(HostileTest, AHugeIdIsNotEchoed) {
  begin();
  const auto one = client();
  const std::string answer = ask(*one, R"({"id":")" + std::string(10'000, '7') + R"(","method":"ping"})");
  EXPECT_THAT(answer, HasSubstr("id must be"));
  EXPECT_LT(answer.size(), 200U);
  EXPECT_THAT(ask(*one, R"({"id":18446744073709551615,"method":"ping"})"),
              StartsWith(R"({"id":18446744073709551615,)"));
}

TEST_F(HostileTest, UnknownChannelsFailAlone) {
  begin();
  const std::string answer = ask(
      *client(), subscribe_to(R"("price:btcc/usd","price:btc/usd","trades:nowhere:btc/usd","","price:\u0000/usd")"));
  EXPECT_THAT(answer, HasSubstr(R"({"channel":"price:btcc/usd","error":{"code":"unknown_asset")"));
  EXPECT_THAT(answer, HasSubstr(R"({"channel":"price:btc/usd","result":{)"));
  EXPECT_THAT(answer, HasSubstr(R"({"channel":"trades:nowhere:btc/usd","error":{"code":"unknown_venue")"));
  EXPECT_THAT(answer, HasSubstr(R"({"channel":"","error":{"code":"invalid_channel")"));
  EXPECT_EQ(hub->figures().subscriptions, 2U);
}

TEST_F(HostileTest, DeepNestingIsRefused) {
  options.max_message_bytes = 1024 * 1024;
  begin();
  const auto one = client();
  for (const char* bracket : {"[", "{\"a\":"}) {
    std::string deep = R"({"id":1,"method":"subscribe","params":)";
    while (deep.size() < 500'000) deep += bracket;
    EXPECT_THAT(ask(*one, deep), HasSubstr("not JSON"));
  }
}

// ---- too much ----

TEST_F(HostileTest, TenThousandChannelsAreRefusedInGoodTime) {
  options.max_message_bytes = 1024 * 1024;
  begin();
  std::string channels = R"("price:nope/usd")";
  for (int i = 1; i < 10'000; ++i) channels += R"(,"price:nope)" + std::to_string(i) + R"(/usd")";
  const std::size_t before = resident_bytes();
  const auto began = steady_clock::now();
  const std::string answer = ask(*client(), subscribe_to(channels));
  EXPECT_LT(steady_clock::now() - began, 2s);
  EXPECT_THAT(answer, HasSubstr("at most 200 channels in one message"));
  EXPECT_LT(answer.size(), 200U);
  EXPECT_LT(resident_bytes(), before + 64 * 1024 * 1024);
  EXPECT_EQ(hub->figures().subscriptions, 1U);
}

TEST_F(HostileTest, AsManyUnknownChannelsAsOneMessageMayHoldAreEachAnswered) {
  begin();
  std::string channels = R"("price:nope/usd")";
  for (int i = 1; i < 200; ++i) channels += R"(,"price:nope)" + std::to_string(i) + R"(/usd")";
  const auto one = client();
  const std::string answer = ask(*one, subscribe_to(channels));
  std::size_t errors = 0;
  for (auto at = answer.find("\"error\""); at != std::string::npos; at = answer.find("\"error\"", at + 1)) ++errors;
  EXPECT_EQ(errors, 200U);
}

TEST_F(HostileTest, AnAnnouncedHundredMegabytesAreRefusedUnread) {
  begin();
  const auto one = client();
  constexpr std::uint64_t kLength = 100'000'000;
  std::string header = "\x81\xFF";
  for (int shift = 56; shift >= 0; shift -= 8) header += static_cast<char>(kLength >> shift & 0xFF);
  one->connection().send(header + std::string("abcd") + "x");
  EXPECT_EQ(one->read_close(), 1009);
}

TEST_F(HostileTest, AHundredMegabytesOfFragmentsAreRefusedAtTheLimit) {
  begin();
  const auto one = client();
  const std::string first = test::client_frame(1, std::string(1000, ' '), false);
  const std::string next = test::client_frame(0, std::string(1000, ' '), false);
  const std::size_t before = resident_bytes();
  try {
    one->connection().send(first);
    for (int i = 0; i < 100'000; ++i) one->connection().send(next);
  } catch (const std::runtime_error&) {  // cut while it was still talking
  }
  EXPECT_LT(resident_bytes(), before + 16 * 1024 * 1024);
  EXPECT_THAT(one->read_close(), ::testing::AnyOf(1009, 1006));
  // What the server has said arrives for certain when nothing is sent after it.
  const auto other = client();
  std::string fragments = first;
  for (int i = 0; i < 65; ++i) fragments += next;
  other->connection().send(fragments);
  EXPECT_EQ(other->read_close(), 1009);
}

TEST_F(HostileTest, AFloodOfMessagesIsClosed) {
  begin();
  const auto one = client();
  std::string burst;
  for (int i = 0; i < 5'000; ++i) burst += test::client_frame(1, R"({"id":1,"method":"ping"})");
  try {
    one->connection().send(burst);
  } catch (const std::runtime_error&) {
  }
  const std::uint16_t code = one->read_close();
  EXPECT_THAT(code, ::testing::AnyOf(4502, 1006));  // cut with our bytes unread, the system may drop its last words
  EXPECT_EQ(counted("closed_total", {{"reason", "limit"}}), 1U);
}

TEST_F(HostileTest, NonsenseAgainAndAgainIsClosed) {
  begin();
  const auto one = client();
  for (std::size_t i = 0; i < options.max_offences; ++i) one->send_text("?");
  EXPECT_EQ(one->read_close(), 4500);
}

TEST_F(HostileTest, AFloodOfPingsPilesNothingUp) {
  begin();
  const auto one = client(4096);
  std::string pings;
  for (int i = 0; i < 1000; ++i) pings += test::client_frame(9, std::string(125, 'p'));
  const std::size_t before = resident_bytes();
  // Nothing is read meanwhile: 8 MB of pongs are due.
  for (int i = 0; i < 60; ++i) {
    one->connection().send(pings);
    others_go_on(1);
  }
  EXPECT_LT(resident_bytes(), before + 16 * 1024 * 1024);
  EXPECT_THAT(ask(*one, R"({"id":1,"method":"ping"})"), StartsWith(R"({"id":1,"result":)"));
}

TEST_F(HostileTest, OneChannelSubscribedToAndLeftAThousandTimes) {
  options.messages_per_second = 10'000;
  begin();
  const auto one = client();
  for (int i = 0; i < 1000; ++i) {
    EXPECT_THAT(ask(*one, subscribe_to(R"("trades:kraken:btc/usd","price:btc/usd")")), HasSubstr("\"results\""));
    EXPECT_THAT(
        ask(*one, R"({"id":2,"method":"unsubscribe","params":{"channels":["trades:kraken:btc/usd","price:btc/usd"]}})"),
        HasSubstr(R"("result":{"channel":"price:btc/usd"})"));
  }
  EXPECT_EQ(hub->figures().subscriptions, 1U);
  EXPECT_EQ(hub->interest().current()->size(), 1U);
}

// ---- frames that are none ----

TEST_F(HostileTest, WhatIsNotTextIsRefused) {
  begin();
  const auto invalid = client();
  invalid->send_text("{\"id\":\"\xC3\x28\"}");
  EXPECT_EQ(invalid->read_close(), 1007);
  const auto binary = client();
  binary->send_frame(2, "{}");
  EXPECT_EQ(binary->read_close(), 1003);
  const auto unmasked = client();
  unmasked->connection().send("\x81\x02{}");
  EXPECT_EQ(unmasked->read_close(), 1002);
}

TEST_F(HostileTest, AResetInTheMiddleOfAFrame) {
  begin();
  const std::string whole = test::client_frame(1, subscribe_to(R"("price:*","trades:kraken:btc/usd")"));
  for (std::size_t length = 1; length < whole.size(); length += 7) {
    const auto one = client();
    one->connection().send(whole + whole.substr(0, length));
    one->connection().reset();
  }
  EXPECT_TRUE(test::eventually([&] { return hub->figures().clients == 1 && hub->figures().subscriptions == 1; }));
}

// ---- slow ones ----

TEST_F(HostileTest, DribbledHandshakesRunOutOfTime) {
  http.header_timeout = 300ms;
  begin();
  std::vector<std::unique_ptr<RawConnection>> all;
  for (int i = 0; i < 100; ++i) all.push_back(std::make_unique<RawConnection>(port()));
  const std::string endless = kUpgrade + std::string("X-More: ") + std::string(10'000, 'x');
  const auto& timeouts = metrics.counter("tickspan_net_server_timeouts_total", "", {{"reason", "header"}});
  for (const char c : endless) {
    for (const auto& one : all) {
      try {
        one->send({&c, 1});
      } catch (const std::runtime_error&) {  // it has been cut
      }
    }
    if (timeouts.value() >= all.size()) break;
    others_go_on(1);
  }
  EXPECT_EQ(timeouts.value(), all.size());
  EXPECT_EQ(hub->figures().clients, 1U);
}

TEST_F(HostileTest, HalfAnUpgradeIsForgotten) {
  http.header_timeout = 300ms;
  begin();
  RawConnection silent(port()), gone(port()), closed(port());
  silent.send(kUpgrade);
  gone.send(kUpgrade);
  gone.finish_sending();
  closed.send(std::string(kUpgrade) + "\r\n");
  closed.finish_sending();
  EXPECT_THAT(silent.read_all(), StartsWith("HTTP/1.1 408 "));
  gone.read_all();
  closed.read_all();
  EXPECT_TRUE(test::eventually([&] { return hub->figures().clients == 1; }));
}

TEST_F(HostileTest, ReadersOfNothingAreClosed) {
  options.max_queued_bytes = 100'000;
  padding = 2'000;
  begin();
  std::vector<std::unique_ptr<WsTestClient>> slow;
  for (int i = 0; i < 20; ++i) {
    slow.push_back(client(4096));
    slow.back()->send_text(subscribe_to(R"("trades:kraken:btc/usd","price:*")"));
  }
  EXPECT_TRUE(test::eventually([&] { return counted("closed_total", {{"reason", "slow"}}) == slow.size(); }, 60s));
  EXPECT_TRUE(test::eventually([&] { return hub->figures().clients == 1; }));
}

}  // namespace
}  // namespace tickspan::stream
