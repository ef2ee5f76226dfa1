#include "net/http_client.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include "../support/scripted_server.hpp"
#include "../support/support.hpp"
#include "loop_fixture.hpp"
#include "net/inflate.hpp"

namespace tickspan::net {
namespace {

using namespace std::chrono_literals;
using core::ErrorCode;
using test::Peer;
using test::ScriptedServer;
using Response = core::Result<HttpResponse>;

std::string gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class HttpClientTest : public testing::Test {
 protected:
  Response get(const std::string& url, ClientOptions options = {}, std::chrono::milliseconds timeout = 10s,
               std::size_t max_body = 1 << 20, const Headers& headers = {}) {
    std::promise<Response> promise;
    auto future = promise.get_future();
    std::unique_ptr<HttpClient> client;
    loop_.run([&] {
      client = std::make_unique<HttpClient>(loop_.get(), std::move(options));
      client->get(
          url, headers, timeout, [&](Response result) { promise.set_value(std::move(result)); }, max_body);
    });
    Response result = future.get();
    loop_.run([&] { client.reset(); });
    return result;
  }

  test::RunningLoop loop_;
  test::TempDir folder_;
};

TEST_F(HttpClientTest, SendsARequestAndTakesTheAnswer) {
  test::HttpCall seen;
  ScriptedServer server([&](Peer& peer) {
    seen = peer.call();
    peer.answer(200, "hello", {"X-Thing: 1"});
  });
  Headers headers;
  headers.add("x-key", "abc");
  const auto result = get(server.url("http") + "/a/b?c=d", {}, 10s, 100, headers);
  ASSERT_TRUE(result) << result.error().context;
  EXPECT_EQ(result->status, 200);
  EXPECT_EQ(result->body, "hello");
  EXPECT_EQ(result->headers.find("x-thing"), "1");
  EXPECT_EQ(seen.method, "GET");
  EXPECT_EQ(seen.target, "/a/b?c=d");
  EXPECT_EQ(seen.header("host"), "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_EQ(seen.header("x-key"), "abc");
  EXPECT_NE(seen.header("user-agent").find("tickspan/"), std::string::npos);
}

TEST_F(HttpClientTest, AnyStatusIsAnAnswer) {
  ScriptedServer server([](Peer& peer) { peer.answer(429, "slow down", {"Retry-After: 7"}); });
  const auto result = get(server.url("http"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 429);
  EXPECT_EQ(result->headers.find("retry-after"), "7");
}

TEST_F(HttpClientTest, UnpacksGzip) {
  const std::string text(100'000, 'x');
  ScriptedServer server([&](Peer& peer) {
    EXPECT_NE(peer.call().header("accept-encoding").find("gzip"), std::string::npos);
    peer.answer(200, gzip(text), {"Content-Encoding: gzip"});
  });
  const auto result = get(server.url("http"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->body, text);
  EXPECT_FALSE(result->headers.find("content-encoding"));
}

TEST_F(HttpClientTest, ASmallBodyCannotFillTheMemory) {
  const std::string bomb = gzip(std::string(20'000'000, 'x'));
  ASSERT_LT(bomb.size(), 100'000U);
  ScriptedServer server([&](Peer& peer) { peer.answer(200, bomb, {"Content-Encoding: gzip"}); });
  EXPECT_EQ(get(server.url("http"), {}, 10s, 1'000'000).error().code, ErrorCode::too_large);
}

TEST_F(HttpClientTest, ABrokenPackedBodyIsAnError) {
  const std::string packed = gzip("hello hello hello");
  ScriptedServer server(
      [&](Peer& peer) { peer.answer(200, packed.substr(0, packed.size() - 6), {"Content-Encoding: gzip"}); });
  EXPECT_EQ(get(server.url("http")).error().code, ErrorCode::parse_error);
}

TEST_F(HttpClientTest, TakesChunksAndBodiesThatEndWithTheConnection) {
  ScriptedServer server([](Peer& peer) {
    if (peer.call().target == "/chunked")
      peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
    else
      peer.write("HTTP/1.1 200 OK\r\n\r\nto the end");
  });
  EXPECT_EQ(get(server.url("http") + "/chunked")->body, "hello world");
  EXPECT_EQ(get(server.url("http") + "/open")->body, "to the end");
}

TEST_F(HttpClientTest, RefusesBodiesThatAreTooLarge) {
  ScriptedServer server([](Peer& peer) {
    if (peer.call().target == "/endless") {
      peer.write("HTTP/1.1 200 OK\r\n\r\n");
      while (peer.write(std::string(10'000, 'x'))) continue;
    } else {
      peer.answer(200, std::string(5000, 'x'));
    }
  });
  EXPECT_EQ(get(server.url("http"), {}, 10s, 4999).error().code, ErrorCode::too_large);
  EXPECT_TRUE(get(server.url("http"), {}, 10s, 5000));
  EXPECT_EQ(get(server.url("http") + "/endless", {}, 10s, 100'000).error().code, ErrorCode::too_large);
}

TEST_F(HttpClientTest, AMutePeerIsATimeout) {
  ScriptedServer server([](Peer& peer) { peer.hold(); });
  const auto result = get(server.url("http") + "/x?key=secret", {}, 50ms);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::timeout);
  EXPECT_TRUE(result.error().retryable);
  EXPECT_EQ(result.error().context.find("secret"), std::string::npos);
}

TEST_F(HttpClientTest, SaysWhatIsWrongWithThePeer) {
  ScriptedServer garbage([](Peer& peer) { peer.write("220 mail.example.com ESMTP\r\n\r\n"); });
  EXPECT_EQ(get(garbage.url("http")).error().code, ErrorCode::protocol_error);
  ScriptedServer cut([](Peer& peer) { peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"); });
  EXPECT_EQ(get(cut.url("http")).error().code, ErrorCode::unavailable);
  std::uint16_t free_port = 0;
  {
    ScriptedServer gone([](Peer&) {});
    free_port = gone.port();
  }
  const auto refused = get("http://127.0.0.1:" + std::to_string(free_port));
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_NE(refused.error().context.find("cannot connect to 127.0.0.1"), std::string::npos) << refused.error().context;
  const auto unknown = get("http://nowhere.invalid/");
  EXPECT_EQ(unknown.error().code, ErrorCode::unavailable);
  EXPECT_NE(unknown.error().context.find("cannot resolve nowhere.invalid"), std::string::npos)
      << unknown.error().context;
  EXPECT_EQ(get("nonsense").error().code, ErrorCode::invalid_argument);
}

TEST_F(HttpClientTest, CancelEndsEveryRequestOnce) {
  ScriptedServer server([](Peer& peer) { peer.hold(); });
  std::atomic<int> cancelled{0};
  std::unique_ptr<HttpClient> client;
  loop_.run([&] {
    client = std::make_unique<HttpClient>(loop_.get(), ClientOptions{});
    for (int i = 0; i < 3; ++i) {
      client->get(server.url("http"), {}, 10s, [&](Response result) {
        ASSERT_FALSE(result);
        if (result.error().code == ErrorCode::cancelled) ++cancelled;
      });
    }
  });
  ASSERT_TRUE(test::eventually([&] { return server.connections() == 3; }));
  loop_.run([&] { client->cancel_all(); });
  EXPECT_EQ(cancelled, 3);
  loop_.run([&] { client->get(server.url("http"), {}, 10s, [&](Response) { ++cancelled; }); });
  loop_.run([&] { client.reset(); });
  EXPECT_EQ(cancelled, 4) << "the destructor cancels, too";
}

TEST_F(HttpClientTest, VerifiesTheCertificate) {
  const auto certificate = test::make_certificate(folder_.path(), {"127.0.0.1", "localhost"});
  ScriptedServer server([](Peer& peer) { peer.answer(200, "safe"); }, certificate);
  ClientOptions trusting;
  trusting.tls.ca_file = certificate.certificate_file;
  const auto good = get(server.url("https"), trusting);
  ASSERT_TRUE(good) << good.error().context;
  EXPECT_EQ(good->body, "safe");
  EXPECT_TRUE(get("https://localhost:" + std::to_string(server.port()), trusting));

  const auto unknown = get(server.url("https"));
  EXPECT_EQ(unknown.error().code, ErrorCode::unavailable);
  EXPECT_NE(unknown.error().context.find("certificate is not trusted"), std::string::npos) << unknown.error().context;
  ClientOptions careless;
  careless.tls.verify = false;
  EXPECT_TRUE(get(server.url("https"), careless));
  ClientOptions missing;
  missing.tls.ca_file = folder_.file("absent.pem");
  EXPECT_EQ(get(server.url("https"), missing).error().code, ErrorCode::invalid_argument);
}

TEST_F(HttpClientTest, RefusesACertificateOfAnotherNameOrTime) {
  const auto other = test::make_certificate(folder_.path(), {"venue.example"});
  ScriptedServer server([](Peer& peer) { peer.answer(200, "x"); }, other);
  ClientOptions options;
  options.tls.ca_file = other.certificate_file;
  EXPECT_NE(get(server.url("https"), options).error().context.find("IP address mismatch"), std::string::npos);
  EXPECT_NE(
      get("https://localhost:" + std::to_string(server.port()), options).error().context.find("hostname mismatch"),
      std::string::npos);

  test::TempDir old_folder;
  const auto old = test::make_certificate(old_folder.path(), {"127.0.0.1"}, true);
  ScriptedServer expired([](Peer& peer) { peer.answer(200, "x"); }, old);
  options.tls.ca_file = old.certificate_file;
  EXPECT_NE(get(expired.url("https"), options).error().context.find("expired"), std::string::npos);
}

// Names that only the proxy can resolve prove that the client did not go around it.
TEST_F(HttpClientTest, TunnelsThroughAProxy) {
  const auto certificate = test::make_certificate(folder_.path(), {"venue.invalid"});
  ScriptedServer server([](Peer& peer) { peer.answer(200, "through " + peer.call().header("host")); }, certificate);
  test::HttpCall connect;
  ScriptedServer proxy([&](Peer& peer) {
    connect = peer.call();
    peer.write("HTTP/1.1 200 Connection established\r\n\r\n");
    peer.tunnel_to(server.port());
  });
  ClientOptions options;
  options.tls.ca_file = certificate.certificate_file;
  options.proxy_url = "http://user:pass@127.0.0.1:" + std::to_string(proxy.port());
  const auto result = get("https://venue.invalid/x", options);
  ASSERT_TRUE(result) << result.error().context;
  EXPECT_EQ(result->body, "through venue.invalid");
  EXPECT_EQ(connect.method, "CONNECT");
  EXPECT_EQ(connect.target, "venue.invalid:443");
  EXPECT_EQ(connect.header("proxy-authorization"), "Basic dXNlcjpwYXNz");
}

TEST_F(HttpClientTest, AProxyThatRefusesIsNamedWithoutItsPassword) {
  ScriptedServer proxy([](Peer& peer) { peer.answer(407, "who are you"); });
  ClientOptions options;
  options.proxy_url = "http://user:hunter2@127.0.0.1:" + std::to_string(proxy.port());
  const auto result = get("https://venue.invalid/", options);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().context.find("407"), std::string::npos);
  EXPECT_EQ(result.error().context.find("hunter2"), std::string::npos);

  ScriptedServer endless([](Peer& peer) {
    peer.write("HTTP/1.1 200 OK\r\n");
    while (peer.write("X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")) continue;
  });
  options.proxy_url = "http://127.0.0.1:" + std::to_string(endless.port());
  EXPECT_FALSE(get("https://venue.invalid/", options)) << "its header is bounded";
}

TEST(Inflate, KnowsItsLimits) {
  EXPECT_EQ(*inflate_body(gzip("abc"), 3), "abc");
  EXPECT_EQ(inflate_body(gzip("abcd"), 3).error().code, ErrorCode::too_large);
  EXPECT_EQ(inflate_body("not packed at all", 100).error().code, ErrorCode::parse_error);
  EXPECT_EQ(inflate_body("", 100).error().code, ErrorCode::parse_error);
}

}  // namespace
}  // namespace tickspan::net
