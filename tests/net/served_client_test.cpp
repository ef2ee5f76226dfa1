// Who a server takes its clients to be.

#include <gmock/gmock.h>

#include <optional>

#include "../support/http_test_client.hpp"
#include "../support/ws_test_client.hpp"
#include "net/http_server.hpp"

namespace tickspan::net {
namespace {

// Tells every client who it is.
class Mirror final : public HttpServer::Handler {
 public:
  struct Socket final : WebSocketHandler {
    void on_open(WebSocketPeer& peer) override { peer.send_text(peer.remote_address()); }
    void on_message(std::string_view) override {}
    void on_close(std::uint16_t) override {}
  };
  void on_request(HttpRequest request, HttpServer::Respond respond) override {
    HttpResponse response;
    response.body = request.remote_address;
    respond(std::move(response));
  }
  std::shared_ptr<WebSocketHandler> on_upgrade(const HttpRequest& request, HttpResponse&) override {
    if (request.path() == "/refused") return nullptr;
    return std::make_shared<Socket>();
  }
  bool wants_stream(const HttpRequest& request) override { return request.path() == "/events"; }
  void on_stream(HttpRequest request, std::shared_ptr<HttpServer::ResponseStream> stream) override {
    stream->write(std::make_shared<const std::string>(request.remote_address));
    stream->close();
  }
};

class ServedClientTest : public ::testing::Test {
 protected:
  void start(const std::vector<std::string>& trusted) {
    loop_.start();
    HttpServerOptions options;
    options.address = "127.0.0.1";
    options.trusted_proxies = *TrustedProxies::parse(trusted);
    server_.emplace(loop_, options, mirror_, metrics_);
    ASSERT_TRUE(server_->start());
  }
  void TearDown() override {
    server_.reset();
    loop_.stop();
  }
  std::string socket_address(const std::string& forwarded_for, const std::string& path = "/ws") {
    test::RawConnection raw(server_->port());
    raw.send("GET " + path + " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nX-Forwarded-For: " +
             forwarded_for + "\r\n\r\n");
    raw.read_until("\r\n\r\n");
    const std::string head = raw.read_exactly(2);
    return raw.read_exactly(static_cast<std::size_t>(head[1]));
  }

  runtime::Metrics metrics_;
  runtime::EventLoop loop_{"test-web"};
  Mirror mirror_;
  std::optional<HttpServer> server_;
};

TEST_F(ServedClientTest, IsWhoATrustedProxySaysRequestByRequest) {
  start({"127.0.0.0/8"});
  test::HttpTestClient client(server_->port());
  EXPECT_EQ(client.get("/", {{"X-Forwarded-For", "198.51.100.1"}}).body, "198.51.100.1");
  EXPECT_EQ(client.get("/", {{"X-Forwarded-For", "2001:db8::1"}, {"X-Forwarded-For", "127.0.0.9"}}).body,
            "2001:db8::1");
  EXPECT_EQ(client.get("/").body, "127.0.0.1");
  EXPECT_EQ(client.get("/events", {{"X-Forwarded-For", "1.1.1.1, 198.51.100.2"}}).body, "198.51.100.2");
  EXPECT_EQ(socket_address("198.51.100.3"), "198.51.100.3");
}

TEST_F(ServedClientTest, CannotMakeItselfAnother) {
  start({"127.0.0.2", "10.0.0.0/8", "::1"});
  test::HttpTestClient client(server_->port());
  for (const char* header : {"X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded", "Client-IP"}) {
    EXPECT_EQ(client.get("/", {{header, "198.51.100.1"}}).body, "127.0.0.1") << header;
    EXPECT_EQ(client.get("/", {{header, "10.0.0.1"}, {header, "127.0.0.2"}}).body, "127.0.0.1") << header;
  }
  EXPECT_EQ(client.get("/events", {{"X-Forwarded-For", "198.51.100.2"}}).body, "127.0.0.1");
  EXPECT_EQ(socket_address("198.51.100.3"), "127.0.0.1");
}

TEST_F(ServedClientTest, StaysApartFromTheNextOneBehindTheSameProxyConnection) {
  start({"127.0.0.1"});
  test::HttpTestClient client(server_->port());
  const auto refused = client.raw(
      "GET /refused HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n");
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(client.get("/", {{"X-Forwarded-For", "198.51.100.2"}}).body, "198.51.100.2");
}

}  // namespace
}  // namespace tickspan::net
