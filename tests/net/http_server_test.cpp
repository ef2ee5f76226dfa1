#include "net/http_server.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

#include "../support/http_test_client.hpp"
#include "../support/support.hpp"
#include "../support/ws_test_client.hpp"
#include "net/ws_codec.hpp"

namespace tickspan::net {
namespace {

using namespace std::chrono_literals;
using test::RawConnection;
using test::WsTestClient;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Echoes messages; says what happened to it.
class Echo final : public WebSocketHandler {
 public:
  void on_open(WebSocketPeer& peer) override { peer_ = &peer; }
  void on_message(std::string_view text) override {
    if (text == "abort") return peer_->abort();
    if (text == "close") return peer_->close(4001, "as asked");
    if (text == "ping") return peer_->send_ping("are you there");
    if (text.starts_with("flood ")) return flood(std::stoul(std::string(text.substr(6))));
    peer_->send_text(text);
  }
  void on_pong(std::string_view payload) override { peer_->send_text("pong:" + std::string(payload)); }
  void on_drained() override { ++drained; }
  void on_close(std::uint16_t code) override { closed_with = code; }
  std::size_t queued() const { return peer_->queued_bytes(); }

  std::atomic<int> closed_with{0}, drained{0};
  std::atomic<std::size_t> queued_after_flood{0};

 private:
  void flood(std::size_t count) {
    const auto frame = std::make_shared<const std::string>(encode_text_frame(std::string(1000, 'f')));
    for (std::size_t i = 0; i < count; ++i) peer_->send_framed(frame);
    queued_after_flood = peer_->queued_bytes();
  }
  WebSocketPeer* peer_ = nullptr;
};

class TestHandler : public HttpServer::Handler {
 public:
  void on_request(HttpRequest request, HttpServer::Respond respond) override {
    const std::lock_guard lock(mutex);
    if (request.path() == "/later") {
      held.push_back(std::move(respond));
      return;
    }
    if (request.path() == "/drop") return;
    HttpResponse response;
    if (request.path() == "/big") {
      response.shared_body = std::make_shared<const std::string>(8 * 1024 * 1024, 'b');
    } else if (request.path() == "/none") {
      response.status = 204;
    } else {
      response.headers.add("Content-Type", "text/plain");
      response.body = request.method + " " + request.target + " " + request.body;
    }
    respond(std::move(response));
  }
  std::shared_ptr<WebSocketHandler> on_upgrade(const HttpRequest& request, HttpResponse& refusal) override {
    if (request.path() != "/ws") {
      refusal.status = 403;
      refusal.body = "not here";
      return nullptr;
    }
    const std::lock_guard lock(mutex);
    return sockets.emplace_back(std::make_shared<Echo>());
  }
  bool wants_stream(const HttpRequest& request) override { return request.path() == "/events"; }
  void on_stream(HttpRequest, std::shared_ptr<HttpServer::ResponseStream> stream) override {
    stream->on_close = [this] { stream_closed = true; };
    stream->headers.add("X-Test", "1");
    stream->write(std::make_shared<const std::string>("data: 1\n\n"));
    stream->write(std::make_shared<const std::string>("data: 2\n\n"));
    const std::lock_guard lock(mutex);
    streams.push_back(std::move(stream));
  }
  std::shared_ptr<Echo> socket(std::size_t i = 0) {
    const std::lock_guard lock(mutex);
    return i < sockets.size() ? sockets[i] : nullptr;
  }

  std::mutex mutex;
  std::vector<HttpServer::Respond> held;
  std::vector<std::shared_ptr<Echo>> sockets;
  std::vector<std::shared_ptr<HttpServer::ResponseStream>> streams;
  std::atomic<bool> stream_closed{false};
};

class HttpServerTest : public ::testing::Test {
 protected:
  void SetUp() override { options.address = "127.0.0.1"; }
  void start() {
    loop.start();
    server.emplace(loop, options, handler, metrics);
    const auto started = server->start();
    ASSERT_TRUE(started) << started.error().context;
  }
  void TearDown() override {
    server.reset();
    loop.run_and_wait([this] {
      handler.held.clear();
      handler.streams.clear();
    });
    loop.stop();
  }
  std::uint16_t port() const { return server->port(); }
  std::uint64_t counted(const std::string& name) { return metrics.counter("tickspan_net_server_" + name, "").value(); }
  std::uint64_t counted(const std::string& name, const std::string& reason) {
    return metrics.counter("tickspan_net_server_" + name, "", {{"reason", reason}}).value();
  }

  runtime::Metrics metrics;
  runtime::EventLoop loop{"test-web"};
  TestHandler handler;
  HttpServerOptions options;
  std::optional<HttpServer> server;
};

TEST_F(HttpServerTest, AnswersOverOneKeptConnection) {
  start();
  test::HttpTestClient client(port());
  for (int i = 0; i < 3; ++i) {
    const auto response = client.get("/a?b=" + std::to_string(i));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "GET /a?b=" + std::to_string(i) + " ");
    EXPECT_EQ(response.header("content-type"), "text/plain");
    EXPECT_THAT(response.header("date"), HasSubstr("GMT"));
  }
  EXPECT_EQ(counted("accepted_total"), 1U);
  EXPECT_EQ(counted("requests_total"), 3U);
  EXPECT_THAT(metrics.serialize(), HasSubstr("tickspan_net_server_connections{"));
}

TEST_F(HttpServerTest, KeepsPipelinedRequestsInOrder) {
  start();
  RawConnection raw(port());
  raw.send(
      "GET /later HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
      "GET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(test::eventually([&] {
    const std::lock_guard lock(handler.mutex);
    return handler.held.size() == 1;
  }));
  loop.run_and_wait([&] {
    HttpResponse response;
    response.body = "first";
    handler.held[0](response);
    handler.held[0](response);  // a second answer is not sent
  });
  const std::string all = raw.read_all();
  const auto first = all.find("first"), second = all.find("POST /2 abc"), third = all.find("GET /3 ");
  ASSERT_NE(third, std::string::npos) << all;
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_EQ(all.find("first", first + 1), std::string::npos);
}

TEST_F(HttpServerTest, HeadAndEmptyAnswersHaveNoBody) {
  start();
  RawConnection raw(port());
  raw.send("HEAD /x HTTP/1.1\r\nHost: x\r\n\r\nGET /none HTTP/1.1\r\nHost: x\r\n\r\nGET /end HTTP/1.0\r\n\r\n");
  const std::string all = raw.read_all();
  EXPECT_THAT(all, HasSubstr("Content-Length: 8\r\n"));
  EXPECT_THAT(all, Not(HasSubstr("HEAD /x")));
  EXPECT_THAT(all, HasSubstr("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(all, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(all, ::testing::EndsWith("GET /end "));
}

TEST_F(HttpServerTest, TakesARequestByteByByteAndChunked) {
  start();
  RawConnection raw(port());
  for (const char c :
       std::string_view("POST /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                        "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")) {
    raw.send(std::string_view(&c, 1));
  }
  EXPECT_THAT(raw.read_all(), ::testing::EndsWith("POST /slow abcde"));
}

TEST_F(HttpServerTest, SendsLargeSharedBodiesToSlowReaders) {
  start();
  RawConnection raw(port(), 4096);
  raw.send("GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string all = raw.read_all();
  EXPECT_EQ(all.size() - all.find("\r\n\r\n") - 4, 8U * 1024 * 1024);
}

TEST_F(HttpServerTest, AnswersExpectContinue) {
  start();
  RawConnection raw(port());
  raw.send("POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(raw.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 100 Continue"));
  raw.send("ok");
  EXPECT_THAT(raw.read_all(), ::testing::EndsWith("POST /e ok"));
}

struct BadRequest {
  const char* name;
  std::string bytes;
  int status;
};

TEST_F(HttpServerTest, RefusesBadRequestsAsProblems) {
  options.max_body_bytes = 100;
  start();
  const std::vector<BadRequest> all = {
      {"nonsense", "nonsense\r\n\r\n", 400},
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"not a path", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"bad length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
      {"two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {"long body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", 413},
      {"long chunks", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n70\r\n" + std::string(0x70, 'x'),
       413},
      {"long target", "GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"longer target", "GET /" + std::string(40000, 'x'), 414},
      {"long header", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20000, 'x') + "\r\n\r\n", 431},
  };
  for (const BadRequest& bad : all) {
    RawConnection raw(port());
    raw.send(bad.bytes);
    const std::string answer = raw.read_all();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(bad.status) + " ")) << bad.name;
    EXPECT_THAT(answer, HasSubstr("Content-Type: application/problem+json")) << bad.name;
    EXPECT_THAT(answer, HasSubstr("\"status\":" + std::to_string(bad.status))) << bad.name;
  }
  EXPECT_EQ(counted("bad_requests_total", "malformed"), all.size() - 5);
  EXPECT_EQ(counted("bad_requests_total", "body_bytes"), 2U);
  EXPECT_EQ(counted("bad_requests_total", "header_bytes"), 3U);
  EXPECT_EQ(test::http_get(port(), "/still-here").status, 200);
}

TEST_F(HttpServerTest, AnswersARequestThatWasDropped) {
  start();
  EXPECT_EQ(test::http_get(port(), "/drop").status, 500);
}

TEST_F(HttpServerTest, NamesATakenPortAndABadAddress) {
  start();
  HttpServerOptions again = options;
  again.port = port();
  HttpServer second(loop, again, handler, metrics);
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, core::ErrorCode::io_error);
  EXPECT_THAT(started.error().context, HasSubstr("127.0.0.1:" + std::to_string(port())));
  again.address = "nowhere";
  HttpServer third(loop, again, handler, metrics);
  EXPECT_FALSE(third.start());
}

TEST_F(HttpServerTest, ListensOnIpv6) {
  options.address = "::1";
  loop.start();
  server.emplace(loop, options, handler, metrics);
  if (!server->start()) GTEST_SKIP() << "no IPv6 here";
  WsTestClient client(port(), "/ws", 0, "::1");
  EXPECT_TRUE(client.accepted());
}

TEST_F(HttpServerTest, SharesAPortBetweenLoops) {
  options.reuse_port = true;
  start();
  runtime::EventLoop other("test-web-2");
  other.start();
  HttpServerOptions same = options;
  same.port = port();
  HttpServer second(other, same, handler, metrics);
  ASSERT_TRUE(second.start());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(test::http_get(port(), "/").status, 200);
}

TEST_F(HttpServerTest, StreamsInChunksAndTellsTheEnd) {
  start();
  RawConnection raw(port());
  raw.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string head = raw.read_until("\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("Content-Type: text/event-stream\r\n"));
  EXPECT_THAT(head, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(head, HasSubstr("X-Test: 1\r\n"));
  EXPECT_EQ(raw.read_exactly(28), "9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n");
  loop.run_and_wait([&] { handler.streams[0]->close(); });
  EXPECT_EQ(raw.read_all(), "0\r\n\r\n");
  RawConnection leaving(port());
  leaving.send("GET /events HTTP/1.0\r\n\r\n");
  EXPECT_THAT(leaving.read_until("data: 2\n\n"), HasSubstr("\r\n\r\ndata: 1\n\ndata: 2\n\n"));
  handler.stream_closed = false;
  leaving.finish_sending();
  EXPECT_TRUE(test::eventually([&] { return handler.stream_closed.load(); }));
}

// ---- WebSocket ----

TEST_F(HttpServerTest, UpgradesAndEchoes) {
  start();
  WsTestClient client(port(), "/ws");
  ASSERT_TRUE(client.accepted());
  EXPECT_THAT(client.handshake(), HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  client.send_text("hello");
  EXPECT_EQ(client.read_text(), "hello");
  client.send_frame(1, "he", false);
  client.send_frame(9, "mid");
  client.send_frame(0, "llo");
  const auto pong = client.read_frame();
  EXPECT_EQ(pong.opcode, 10);
  EXPECT_EQ(pong.payload, "mid");
  EXPECT_EQ(client.read_text(), "hello");
  const std::string large(60'000, 'l');
  client.send_text(large);
  EXPECT_EQ(client.read_text(), large);
}

TEST_F(HttpServerTest, TakesMessagesThatCameWithTheHandshake) {
  start();
  RawConnection raw(port());
  raw.send(
      "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
      test::client_frame(1, "early"));
  raw.read_until("\r\n\r\n");
  EXPECT_EQ(raw.read_exactly(7), std::string("\x81\x05", 2) + "early");
}

TEST_F(HttpServerTest, RefusesUpgradesThatAreNone) {
  start();
  WsTestClient elsewhere(port(), "/nowhere");
  EXPECT_THAT(elsewhere.handshake(), StartsWith("HTTP/1.1 403 "));
  const auto ask = [&](const std::string& fields) {
    RawConnection raw(port());
    raw.send("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + fields + "\r\n");
    return raw.read_until("\r\n\r\n");
  };
  EXPECT_THAT(ask("Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
              ::testing::AllOf(StartsWith("HTTP/1.1 426 "), HasSubstr("Sec-WebSocket-Version: 13\r\n")));
  EXPECT_THAT(ask("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask("Sec-WebSocket-Version: 13\r\n"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpServerTest, ClosesOnBrokenProtocolWithItsCode) {
  options.max_message_bytes = 1000;
  start();
  const auto close_after = [&](const std::string& bytes) {
    WsTestClient client(port(), "/ws");
    client.connection().send(bytes);
    return client.read_close();
  };
  EXPECT_EQ(close_after(test::client_frame(1, std::string(1001, 'x'))), 1009);
  EXPECT_EQ(close_after(std::string("\x81\xFF\x00\x00\x00\x00\x06\x40\x00\x00mask", 14)), 1009);  // 100 MiB promised
  EXPECT_EQ(counted("websocket_failures_total", "message_bytes"), 2U);
  EXPECT_EQ(close_after(std::string("\x81\x01x", 3)), 1002);
  EXPECT_EQ(close_after(test::client_frame(1, "\xFF")), 1007);
  EXPECT_EQ(counted("websocket_failures_total", "protocol"), 2U);
  EXPECT_EQ(close_after(test::client_frame(2, "binary")), 1003);
  EXPECT_EQ(close_after(test::client_frame(8, std::string("\x03\xE8", 2))), 1000);
  EXPECT_EQ(close_after(test::client_frame(8, "")), 1005);
  EXPECT_TRUE(test::eventually([&] { return handler.socket(6) && handler.socket(6)->closed_with == 1005; }));
}

TEST_F(HttpServerTest, ClosesWhenTheHandlerAsks) {
  start();
  WsTestClient client(port(), "/ws");
  client.send_text("close");
  EXPECT_EQ(client.read_close(), 4001);
  client.send_frame(8, std::string("\x0F\xA1", 2));
  EXPECT_EQ(client.read_frame().opcode, -1);
  EXPECT_TRUE(test::eventually([&] { return handler.socket()->closed_with == 4001; }));
  WsTestClient cut(port(), "/ws");
  cut.send_text("abort");
  EXPECT_EQ(cut.read_close(), 1006);
  EXPECT_TRUE(test::eventually([&] { return handler.socket(1)->closed_with == 1006; }));
}

TEST_F(HttpServerTest, DeliversPongs) {
  start();
  WsTestClient client(port(), "/ws");
  client.send_text("ping");
  const auto ping = client.read_frame();
  EXPECT_EQ(ping.opcode, 9);
  client.send_frame(10, ping.payload);
  EXPECT_EQ(client.read_text(), "pong:are you there");
}

TEST_F(HttpServerTest, QueuesForASlowReaderInOrderAndTellsWhenDrained) {
  start();
  WsTestClient client(port(), "/ws", 4096);
  client.send_text("flood 3000");
  client.send_text("after");
  ASSERT_TRUE(test::eventually([&] { return handler.socket()->queued_after_flood > 100'000; }));
  for (int i = 0; i < 3000; ++i) ASSERT_EQ(client.read_text().size(), 1000U);
  EXPECT_EQ(client.read_text(), "after");
  EXPECT_TRUE(test::eventually([&] { return handler.socket()->drained > 0; }));
  std::size_t queued = 1;
  loop.run_and_wait([&] { queued = handler.socket()->queued(); });
  EXPECT_EQ(queued, 0U);
}

TEST_F(HttpServerTest, OneSlowReaderDoesNotDelayAnother) {
  start();
  WsTestClient slow(port(), "/ws", 4096), quick(port(), "/ws");
  slow.send_text("flood 5000");
  ASSERT_TRUE(test::eventually([&] { return handler.socket()->queued_after_flood > 1'000'000; }));
  for (int i = 0; i < 100; ++i) {
    quick.send_text("quick");
    ASSERT_EQ(quick.read_text(), "quick");
  }
}

TEST_F(HttpServerTest, CutsAPeerThatDoesNotAnswerTheClose) {
  start();
  WsTestClient client(port(), "/ws");
  client.send_text("close");
  ASSERT_EQ(client.read_close(), 4001);
  EXPECT_EQ(client.read_frame().opcode, -1);  // though we never answered
  EXPECT_TRUE(test::eventually([&] { return handler.socket()->closed_with == 4001; }));
}

TEST_F(HttpServerTest, StopsPolitely) {
  start();
  WsTestClient client(port(), "/ws");
  RawConnection waiting(port()), idle(port());
  waiting.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  client.send_text("x");
  EXPECT_EQ(client.read_text(), "x");
  ASSERT_TRUE(test::eventually([&] {
    const std::lock_guard lock(handler.mutex);
    return handler.held.size() == 1;
  }));
  std::thread stopping([&] { server->stop(4000, 5s); });
  const auto close = client.read_frame();
  EXPECT_EQ(close.close_code, 4000);
  EXPECT_EQ(close.payload, "shutdown");
  client.send_frame(8, std::string("\x0F\xA0", 2));
  loop.run_and_wait([&] {
    HttpResponse response;
    response.body = "in time";
    handler.held[0](response);
  });
  EXPECT_THAT(waiting.read_all(), ::testing::EndsWith("in time"));
  waiting.finish_sending();
  stopping.join();
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_THROW(RawConnection again(port()), std::runtime_error);
}

TEST_F(HttpServerTest, AcceptsACrowdAtOnce) {
  start();
  std::vector<std::unique_ptr<RawConnection>> crowd;
  for (int i = 0; i < 500; ++i) crowd.push_back(std::make_unique<RawConnection>(port()));
  for (auto& one : crowd) one->send("GET /c HTTP/1.1\r\nHost: x\r\n\r\n");
  for (auto& one : crowd) EXPECT_THAT(one->read_until("GET /c "), ::testing::EndsWith("GET /c "));
  crowd.clear();
  EXPECT_TRUE(test::eventually([&] { return metrics.serialize().find("server_connections{") != std::string::npos; }));
}

}  // namespace
}  // namespace tickspan::net
