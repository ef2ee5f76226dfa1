#include "net/websocket_client.hpp"

#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <vector>

#include "../support/scripted_server.hpp"
#include "../support/support.hpp"
#include "loop_fixture.hpp"
#include "runtime/memory.hpp"

namespace tickspan::net {
namespace {

using namespace std::chrono_literals;
using core::ErrorCode;
using test::eventually;
using test::Peer;
using test::ScriptedServer;

class WebSocketClientTest : public testing::Test {
 protected:
  ~WebSocketClientTest() override {
    loop_.run([&] { client_.reset(); });
  }

  void connect(const std::string& url, ClientOptions options = {}, std::size_t max_message = 1 << 20,
               const Headers& headers = {}) {
    WebSocketClient::Callbacks callbacks;
    callbacks.on_open = [this] { ++opened_; };
    callbacks.on_message = [this](std::string_view text, core::Timestamp at) {
      const std::lock_guard lock(mutex_);
      messages_.emplace_back(text);
      stamps_.push_back(at);
      for (std::size_t i = 0; i < 64; ++i) padding_clean_ = padding_clean_ && text.data()[text.size() + i] == '\0';
      if (on_message_) on_message_();
    };
    callbacks.on_control = [this] { ++controls_; };
    callbacks.on_close = [this](core::Error reason, int status) {
      const std::lock_guard lock(mutex_);
      reason_ = std::move(reason);
      status_ = status;
      ++closed_;
      if (on_close_) on_close_();
    };
    loop_.run([&] {
      client_ = std::make_unique<WebSocketClient>(loop_.get(), clock_, std::move(options), std::move(callbacks));
      client_->connect(url, headers, max_message);
    });
  }
  std::vector<std::string> messages() {
    const std::lock_guard lock(mutex_);
    return messages_;
  }

  runtime::ManualClock clock_;
  test::RunningLoop loop_;
  std::unique_ptr<WebSocketClient> client_;
  std::mutex mutex_;
  std::vector<std::string> messages_;
  std::vector<core::Timestamp> stamps_;
  bool padding_clean_ = true;
  std::atomic<int> opened_{0}, closed_{0}, controls_{0};
  core::Error reason_;
  int status_ = -1;
  std::function<void()> on_message_, on_close_;  // on the loop's thread
};

TEST_F(WebSocketClientTest, SpeaksAndListens) {
  test::HttpCall call;
  std::vector<std::string> heard;
  ScriptedServer server([&](Peer& peer) {
    call = peer.call();
    peer.accept_websocket();
    while (auto text = peer.receive_text()) {
      heard.push_back(*text);
      peer.send_text("echo " + *text);
    }
  });
  Headers headers;
  headers.add("X-Extra", "1");
  connect(server.url("ws") + "/stream?x=1", {}, 1 << 20, headers);
  ASSERT_TRUE(eventually([&] { return opened_ == 1; }));
  const std::string large(100'000, 'y');
  loop_.run([&] {
    client_->send_text("one");
    client_->send_text("two");
    client_->send_text(large);
  });
  ASSERT_TRUE(eventually([&] { return messages().size() == 3; }));
  EXPECT_EQ(messages(), (std::vector<std::string>{"echo one", "echo two", "echo " + large}));
  EXPECT_TRUE(padding_clean_) << "64 readable bytes past the end, all zero";
  EXPECT_EQ(stamps_[0], clock_.now());
  EXPECT_EQ(call.target, "/stream?x=1");
  EXPECT_EQ(call.header("x-extra"), "1");
  EXPECT_EQ(call.header("sec-websocket-extensions"), "") << "permessage-deflate is off";
  loop_.run([&] { client_->close(); });
  ASSERT_TRUE(eventually([&] { return closed_ == 1; }));
  EXPECT_EQ(reason_.code, ErrorCode::cancelled);
  EXPECT_EQ(status_, 0);
}

TEST_F(WebSocketClientTest, JoinsFragmentsAndAnswersPings) {
  std::optional<Peer::Frame> pong;
  ScriptedServer server([&](Peer& peer) {
    peer.accept_websocket();
    peer.send_frame(0x1, "first half, ", false);
    peer.send_frame(0x9, "are you there");
    peer.send_frame(0x0, "second half");
    pong = peer.receive();
    peer.send_text("end");
    peer.hold();
  });
  connect(server.url("ws"));
  ASSERT_TRUE(eventually([&] { return messages().size() == 2; }));
  EXPECT_EQ(messages()[0], "first half, second half");
  EXPECT_EQ(controls_, 1);
  ASSERT_TRUE(pong);
  EXPECT_EQ(pong->opcode, 0xa);
  EXPECT_EQ(pong->payload, "are you there");
}

TEST_F(WebSocketClientTest, PingsAndReportsThePong) {
  ScriptedServer server([](Peer& peer) {
    peer.accept_websocket();
    peer.receive_text(5s);
  });
  connect(server.url("ws"));
  ASSERT_TRUE(eventually([&] { return opened_ == 1; }));
  loop_.run([&] { client_->ping(); });
  EXPECT_TRUE(eventually([&] { return controls_ == 1; }));
}

TEST_F(WebSocketClientTest, ARefusedHandshakeCarriesStatusAndWait) {
  ScriptedServer server([](Peer& peer) {
    if (peer.call().target == "/busy")
      peer.answer(429, "{}", {"Retry-After: 9"});
    else
      peer.answer(451, R"({"code":0,"msg":"Service unavailable from a restricted location"})");
  });
  connect(server.url("ws"));
  ASSERT_TRUE(eventually([&] { return closed_ == 1; }));
  EXPECT_EQ(status_, 451);
  EXPECT_EQ(reason_.code, ErrorCode::forbidden);
  EXPECT_FALSE(reason_.retryable);
  EXPECT_EQ(opened_, 0);

  connect(server.url("ws") + "/busy");
  ASSERT_TRUE(eventually([&] { return closed_ == 2; }));
  EXPECT_EQ(status_, 429);
  EXPECT_EQ(reason_.code, ErrorCode::rate_limited);
  EXPECT_EQ(reason_.retry_after_ms, 9000);
}

TEST_F(WebSocketClientTest, ReportsThePeersCloseAndItsReason) {
  ScriptedServer server([](Peer& peer) {
    peer.accept_websocket();
    peer.send_close(1001, "going away");
    peer.hold();
  });
  connect(server.url("ws"));
  ASSERT_TRUE(eventually([&] { return closed_ == 1; }));
  EXPECT_EQ(reason_.code, ErrorCode::unavailable);
  EXPECT_NE(reason_.context.find("1001 going away"), std::string::npos) << reason_.context;
}

TEST_F(WebSocketClientTest, AConnectionThatIsCutIsUnavailable) {
  ScriptedServer server([](Peer& peer) {
    peer.accept_websocket();
    peer.send_text("last");
  });
  connect(server.url("ws"));
  ASSERT_TRUE(eventually([&] { return closed_ == 1; }));
  EXPECT_EQ(messages().size(), 1U);
  EXPECT_EQ(reason_.code, ErrorCode::unavailable);
  EXPECT_TRUE(reason_.retryable);
}

TEST_F(WebSocketClientTest, AMuteHandshakeTimesOut) {
  ScriptedServer server([](Peer& peer) { peer.hold(); });
  ClientOptions options;
  options.connect_timeout = 50ms;
  connect(server.url("ws"), options);
  ASSERT_TRUE(eventually([&] { return closed_ == 1; }));
  EXPECT_EQ(reason_.code, ErrorCode::timeout);
}

TEST_F(WebSocketClientTest, MessagesAreBounded) {
  ScriptedServer server([](Peer& peer) {
    peer.accept_websocket();
    peer.send_text(std::string(1000, 'x'));
    peer.send_text(std::string(1001, 'x'));
    peer.hold();
  });
  connect(server.url("ws"), {}, 1000);
  ASSERT_TRUE(eventually([&] { return closed_ == 1; }));
  EXPECT_EQ(messages().size(), 1U);
  EXPECT_EQ(reason_.code, ErrorCode::too_large);
}

TEST_F(WebSocketClientTest, TellsWhetherMoreHasArrived) {
  std::promise<void> first_is_there;
  ScriptedServer server([&](Peer& peer) {
    peer.accept_websocket();
    peer.send_text("first");
    first_is_there.get_future().wait();
    peer.send_text("second");
    peer.hold();
  });
  bool waits = false;
  on_message_ = [&] {
    if (client_->received() > 1) return;
    first_is_there.set_value();
    waits = eventually([&] { return client_->more_waits(); });
  };
  connect(server.url("ws"));
  ASSERT_TRUE(eventually([&] { return messages().size() == 2; }));
  loop_.run([&] {
    EXPECT_TRUE(waits);
    EXPECT_FALSE(client_->more_waits());
    EXPECT_EQ(client_->received(), 2u);
  });
}

TEST_F(WebSocketClientTest, AGiantsRoomIsGivenBack) {
#ifdef TICKSPAN_SANITIZED
  GTEST_SKIP() << "a sanitizer has an allocator of its own";
#endif
  constexpr std::size_t kGiant = 8 << 20;
  ScriptedServer server([&](Peer& peer) {
    peer.accept_websocket();
    peer.send_text("small");
    peer.receive_text();
    peer.send_text(std::string(kGiant, 'x'));
    peer.send_text("small");
    peer.hold();
  });
  connect(server.url("ws"), {}, 2 * kGiant);
  ASSERT_TRUE(eventually([&] { return messages().size() == 1; }));
  const std::uint64_t before = runtime::allocated_bytes();
  loop_.run([&] { client_->send_text("go on"); });
  ASSERT_TRUE(eventually([&] { return messages().size() == 3; }));
  EXPECT_EQ(messages()[1].size(), kGiant);
  EXPECT_TRUE(padding_clean_);
  messages_ = {};
  EXPECT_LT(runtime::allocated_bytes(), before + kGiant / 4);
}

TEST_F(WebSocketClientTest, AMaskedFrameFromTheServerIsAProtocolError) {
  ScriptedServer server([](Peer& peer) {
    peer.accept_websocket();
    peer.write(std::string("\x81\x81\0\0\0\0x", 7));
    peer.hold();
  });
  connect(server.url("ws"));
  ASSERT_TRUE(eventually([&] { return closed_ == 1; }));
  EXPECT_EQ(reason_.code, ErrorCode::protocol_error);
}

TEST_F(WebSocketClientTest, CloseEndsWithinTwoSecondsEvenIfThePeerIsMute) {
  ScriptedServer server([](Peer& peer) {
    peer.accept_websocket();
    peer.hold();
  });
  connect(server.url("ws"));
  ASSERT_TRUE(eventually([&] { return opened_ == 1; }));
  loop_.run([&] { client_->close(); });
  ASSERT_TRUE(eventually([&] { return closed_ == 1; }, 4s));
  EXPECT_EQ(reason_.code, ErrorCode::cancelled);
}

TEST_F(WebSocketClientTest, MayBeDestroyedInsideItsOwnCallbacks) {
  ScriptedServer server([](Peer& peer) {
    peer.accept_websocket();
    peer.send_text("one");
    peer.send_text("two");
    peer.hold();
  });
  on_message_ = [this] { client_.reset(); };
  connect(server.url("ws"));
  ASSERT_TRUE(eventually([&] { return messages().size() == 1; }));
  loop_.run([] {});
  EXPECT_EQ(messages().size(), 1U);
  EXPECT_EQ(closed_, 0) << "a destroyed client is silent";

  on_message_ = nullptr;
  on_close_ = [this] { client_.reset(); };
  ScriptedServer refusing([](Peer& peer) { peer.answer(500, "no"); });
  connect(refusing.url("ws"));
  ASSERT_TRUE(eventually([&] { return closed_ == 1; }));
}

TEST_F(WebSocketClientTest, MayBeDestroyedAtAnyStage) {
  ScriptedServer mute([](Peer& peer) { peer.hold(); }, {}, true);
  ScriptedServer busy([](Peer& peer) {
    peer.accept_websocket();
    while (peer.send_text("x")) continue;
  });
  for (int i = 0; i < 20; ++i) {
    connect(i % 2 == 0 ? mute.url("ws") : busy.url("ws"));
    if (i % 4 == 3) eventually([&] { return !messages().empty(); });
    loop_.run([&] { client_.reset(); });
  }
  EXPECT_EQ(closed_, 0);
}

TEST_F(WebSocketClientTest, SpeaksTlsThroughAProxy) {
  test::TempDir folder;
  const auto certificate = test::make_certificate(folder.path(), {"venue.invalid"});
  ScriptedServer server(
      [](Peer& peer) {
        peer.accept_websocket();
        while (auto text = peer.receive_text()) peer.send_text("secret " + *text);
      },
      certificate);
  ScriptedServer proxy([&](Peer& peer) {
    peer.write("HTTP/1.1 200 OK\r\n\r\n");
    peer.tunnel_to(server.port());
  });
  ClientOptions options;
  options.tls.ca_file = certificate.certificate_file;
  options.proxy_url = "127.0.0.1:" + std::to_string(proxy.port());
  connect("wss://venue.invalid/", options);
  ASSERT_TRUE(eventually([&] { return opened_ + closed_ == 1; }));
  ASSERT_EQ(opened_, 1) << reason_.context;
  loop_.run([&] { client_->send_text("x"); });
  ASSERT_TRUE(eventually([&] { return messages().size() == 1; }));
  EXPECT_EQ(messages()[0], "secret x");
}

}  // namespace
}  // namespace tickspan::net
