// What one client can take from a server, and what it is told when it wants more.

#include <gmock/gmock.h>

#include <future>
#include <optional>

#include "../support/http_test_client.hpp"
#include "../support/scripted_server.hpp"
#include "../support/support.hpp"
#include "../support/ws_test_client.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"

namespace tickspan::net {
namespace {

using namespace std::chrono_literals;
using test::RawConnection;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Plain final : public HttpServer::Handler {
 public:
  struct Socket final : WebSocketHandler {
    void on_open(WebSocketPeer&) override {}
    void on_message(std::string_view) override {}
    void on_close(std::uint16_t) override {}
  };
  void on_request(HttpRequest request, HttpServer::Respond respond) override {
    HttpResponse response;
    if (request.path() == "/big") response.shared_body = std::make_shared<const std::string>(8 * 1024 * 1024, 'b');
    response.body = "fine";
    respond(std::move(response));
  }
  std::shared_ptr<WebSocketHandler> on_upgrade(const HttpRequest& request, HttpResponse&) override {
    return request.path() == "/ws" ? std::make_shared<Socket>() : nullptr;
  }
  bool wants_stream(const HttpRequest& request) override { return request.path() == "/events"; }
  void on_stream(HttpRequest, std::shared_ptr<HttpServer::ResponseStream> stream) override {
    stream->write(std::make_shared<const std::string>("data: 1\n\n"));
  }
};

class ServerLimits : public ::testing::Test {
 protected:
  void SetUp() override { options_.address = "127.0.0.1"; }
  void start() {
    loop_.start();
    server_.emplace(loop_, options_, handler_, metrics_);
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error().context;
  }
  void TearDown() override {
    server_.reset();
    loop_.stop();
  }
  std::uint16_t port() const { return server_->port(); }
  std::uint64_t counted(const std::string& name, const std::string& reason) {
    return metrics_.counter("tickspan_net_server_" + name, "", {{"reason", reason}}).value();
  }
  bool none_left() {
    return test::eventually([&] { return options_.limits->connections() == 0; });
  }
  static std::string handshake(const std::string& path, const std::string& forwarded_for = "127.0.0.1") {
    return "GET " + path + " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nX-Forwarded-For: " +
           forwarded_for + "\r\n\r\n";
  }

  runtime::Metrics metrics_;
  runtime::EventLoop loop_{"test-web"};
  Plain handler_;
  HttpServerOptions options_;
  std::optional<HttpServer> server_;
};

TEST_F(ServerLimits, ConnectionsAreCountedOverAllServersThatShareThem) {
  options_.limits = std::make_shared<ConnectionLimits>(2, 0);
  start();
  runtime::EventLoop other_loop("test-other");
  other_loop.start();
  {
    HttpServer other(other_loop, options_, handler_, metrics_);
    ASSERT_TRUE(other.start());
    std::optional<test::HttpTestClient> a(port());
    test::HttpTestClient b(other.port());
    EXPECT_EQ(a->get("/").status, 200);
    EXPECT_EQ(b.get("/").status, 200);
    for (const std::uint16_t place : {port(), other.port()}) {
      RawConnection refused(place);
      refused.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      const std::string answer = refused.read_all();
      EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
      EXPECT_THAT(answer, AllOf(HasSubstr("Retry-After: 1"), HasSubstr("\"code\":\"overloaded\""),
                                HasSubstr("Connection: close")));
    }
    EXPECT_THAT(RawConnection(port()).read_all(), StartsWith("HTTP/1.1 503 ")) << "also without a request";
    EXPECT_EQ(counted("refused_total", "connections"), 3U);
    EXPECT_EQ(b.get("/").status, 200);
    a.reset();
    EXPECT_TRUE(test::eventually([&] { return options_.limits->connections() == 1; }));
    EXPECT_EQ(test::http_get(other.port(), "/").status, 200);
  }
  EXPECT_TRUE(none_left());
  other_loop.stop();
}

TEST_F(ServerLimits, AnAddressHasItsShareAndNoMore) {
  options_.limits = std::make_shared<ConnectionLimits>(100, 2);
  start();
  {
    const RawConnection a(port()), b(port());
    RawConnection c(port());
    c.send(handshake("/ws"));
    EXPECT_THAT(c.read_all(), AllOf(StartsWith("HTTP/1.1 429 "), HasSubstr("Retry-After: 5"),
                                    HasSubstr("application/problem+json"), HasSubstr("\"code\":\"rate_limited\"")));
    EXPECT_EQ(counted("refused_total", "address"), 1U);
    RawConnection other(port(), 0, "127.0.0.1", "127.0.0.77");
    other.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(other.read_all(), EndsWith("fine"));
  }
  EXPECT_TRUE(none_left());
  EXPECT_EQ(test::http_get(port(), "/").status, 200);
}

TEST_F(ServerLimits, AProxysClientsHaveTheirSharesEach) {
  options_.limits = std::make_shared<ConnectionLimits>(100, 2);
  options_.trusted_proxies = *TrustedProxies::parse({"127.0.0.1"});
  start();
  std::vector<std::unique_ptr<RawConnection>> open;
  const auto upgrade = [&](const std::string& client) {
    open.push_back(std::make_unique<RawConnection>(port()));
    open.back()->send(handshake("/ws", client));
    return open.back()->read_until("\r\n\r\n").substr(9, 3);
  };
  EXPECT_EQ(upgrade("198.51.100.1"), "101");
  EXPECT_EQ(upgrade("198.51.100.1"), "101");
  EXPECT_EQ(upgrade("198.51.100.1"), "429");
  EXPECT_EQ(upgrade("198.51.100.2"), "101");
  EXPECT_EQ(upgrade("2001:db8::1"), "101");
  EXPECT_EQ(upgrade("2001:db8:0:0:1::2"), "101");
  EXPECT_EQ(upgrade("2001:db8::3"), "429") << "one network is one client";
  EXPECT_EQ(counted("refused_total", "address"), 2U);

  // The proxy's connection is good for the next request, of whomever.
  RawConnection& reused = *open[2];
  reused.read_until("\"errors\":[]}");
  reused.send("GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n");
  EXPECT_THAT(reused.read_until("fine"), StartsWith("HTTP/1.1 200 "));
  reused.send("GET /events HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 198.51.100.2\r\n\r\n");
  EXPECT_THAT(reused.read_until("data: 1"), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(upgrade("198.51.100.2"), "429") << "an event stream counts as well";
  open.clear();
  EXPECT_TRUE(none_left());
  EXPECT_EQ(options_.limits->clients(), 0U);
}

TEST_F(ServerLimits, ARefusedUpgradeDoesNotCount) {
  options_.limits = std::make_shared<ConnectionLimits>(100, 1);
  options_.trusted_proxies = *TrustedProxies::parse({"127.0.0.1"});
  start();
  RawConnection a(port());
  a.send(handshake("/nowhere", "198.51.100.1"));
  EXPECT_THAT(a.read_until("\"errors\":[]}"), StartsWith("HTTP/1.1 404 "));
  // The place is given back when the answer is on its way.
  EXPECT_TRUE(test::eventually([&] { return options_.limits->clients() == 0U; }));
  EXPECT_EQ(options_.limits->connections(), 1U);
}

TEST_F(ServerLimits, OverTlsTheRefusalComesAfterTheHandshake) {
  const test::TempDir folder;
  const auto certificate = test::make_certificate(folder.path(), {"127.0.0.1"});
  options_.tls_certificate_file = certificate.certificate_file;
  options_.tls_key_file = certificate.key_file;
  options_.limits = std::make_shared<ConnectionLimits>(100, 1);
  start();
  const RawConnection holder(port());
  EXPECT_TRUE(test::eventually([&] { return options_.limits->connections() == 1; }));
  ClientOptions client_options;
  client_options.tls.ca_file = certificate.certificate_file;
  std::promise<core::Result<HttpResponse>> answer;
  std::optional<HttpClient> client;
  loop_.run_and_wait([&] {
    client.emplace(loop_, client_options);
    client->get("https://127.0.0.1:" + std::to_string(port()) + "/", {}, 10s,
                [&](auto result) { answer.set_value(std::move(result)); });
  });
  const auto result = answer.get_future().get();
  loop_.run_and_wait([&] { client.reset(); });
  ASSERT_TRUE(result) << result.error().context;
  EXPECT_EQ(result->status, 429);
}

TEST_F(ServerLimits, EndASlowHeaderAndASilentConnection) {
  options_.header_timeout = 100ms;
  options_.idle_timeout = 100ms;
  start();
  RawConnection silent(port()), half(port()), kept(port()), body(port());
  half.send("GET / HTTP/1.1\r\nHost:");
  kept.send("GET /k HTTP/1.1\r\nHost: x\r\n\r\n");
  body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf");
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_THAT(half.read_all(), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(body.read_all(), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(kept.read_all(), EndsWith("fine"));
  EXPECT_EQ(counted("timeouts_total", "header"), 2U);
  EXPECT_EQ(counted("timeouts_total", "body"), 1U);
  EXPECT_EQ(counted("timeouts_total", "idle"), 1U);
}

// A byte now and then keeps a connection alive nowhere: neither in a handshake, nor in the next request's header, nor
// in a body. Others notice nothing.
TEST_F(ServerLimits, EndAHandshakeThatTricklesIn) {
  options_.header_timeout = 200ms;
  options_.idle_timeout = 300ms;
  start();
  RawConnection first(port()), second(port()), body(port());
  second.send("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /ws HTTP/1.1\r\nHost: x\r\n");
  second.read_until("fine");
  body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
  first.send("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n");
  test::HttpTestClient other(port());
  int answered = 0, asked = 0;
  const auto over = [&] { return counted("timeouts_total", "header") == 2 && counted("timeouts_total", "body") == 1; };
  EXPECT_TRUE(test::eventually([&] {
    try {
      first.send("X");
      second.send("X");
      body.send("X");
    } catch (const std::runtime_error&) {  // cut already: that is what is waited for
    }
    ++asked;
    answered += other.get("/").status == 200 ? 1 : 0;
    return over();
  }));
  EXPECT_THAT(first.read_all(), StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(answered, asked);
}

TEST_F(ServerLimits, EndAClientThatDoesNotReadItsAnswer) {
  options_.idle_timeout = 200ms;
  start();
  RawConnection raw(port(), 4096);
  raw.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(test::eventually([&] { return counted("timeouts_total", "write") == 1; }));
}

}  // namespace
}  // namespace tickspan::net
