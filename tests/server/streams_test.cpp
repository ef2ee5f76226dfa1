// The streams' way through the server: who gets one, and how the others are refused. What they say is stream's
// business.
#include <gmock/gmock.h>

#include "../support/support.hpp"
#include "../support/ws_test_client.hpp"
#include "server_fixture.hpp"

namespace tickspan::server {
namespace {

using test::HttpTestClient;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Streams : public test::ServerTest {
 protected:
  test::TestResponse upgrade(const std::string& target) {
    HttpTestClient client(http->port());
    return client.get(target, {{"Connection", "Upgrade"},
                               {"Upgrade", "websocket"},
                               {"Sec-WebSocket-Version", "13"},
                               {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}});
  }
};

TEST_F(Streams, SocketsAreOpened) {
  start_all();
  for (const char* target : {"/api/v1/stream", "/ws", "/ws/", "/ws?assets=BTC", "/ws/prices",
                             "/ws/prices?currency=eur&limit=2&interval=1"}) {
    const auto response = upgrade(target);
    EXPECT_EQ(response.status, 101) << target << ": " << response.body;
    EXPECT_EQ(response.header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  }
}

TEST_F(Streams, SocketsAreCompressedForThoseWhoOfferIt) {
  start_all();
  for (const char* target : {"/api/v1/stream", "/ws", "/ws/prices"}) {
    test::WsTestClient client(http->port(), target, 0, "127.0.0.1", test::WsTestClient::kOfferDeflate);
    EXPECT_THAT(client.extensions(), StartsWith("permessage-deflate")) << target;
    EXPECT_THAT(client.read_text(), StartsWith("{")) << target;
  }
}

TEST_F(Streams, SocketsAreNotCompressedWhereThatIsTurnedOff) {
  server_options.deflate = false;
  start_all();
  test::WsTestClient client(http->port(), "/ws/prices", 0, "127.0.0.1", test::WsTestClient::kOfferDeflate);
  EXPECT_EQ(client.extensions(), "");
  EXPECT_FALSE(client.read_frame().packed);
}

TEST_F(Streams, WrongParametersAndPathsAreRefusedInWords) {
  start_all();
  for (const auto& [target, status, word] : {std::tuple{"/ws/prices?limit=abc", 400, "limit"},
                                             {"/ws/prices?currency=nope", 404, "nope"},
                                             {"/ws?assets=bitcon", 404, "bitcoin"},
                                             {"/ws/nope", 404, "/ws/prices"},
                                             {"/price/bitcoin", 404, "unknown_path"}}) {
    const auto response = upgrade(target);
    EXPECT_EQ(response.status, status) << target << ": " << response.body;
    EXPECT_EQ(response.header("content-type"), "application/problem+json") << target;
    EXPECT_THAT(response.body, HasSubstr(word));
  }
}

TEST_F(Streams, BeforeThereIsAMarketTheSeedSocketsAreToldToComeBack) {
  start();
  const auto response = upgrade("/ws");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.header("retry-after"), "1");
}

TEST_F(Streams, SocketsCountAgainstTheLimit) {
  start(2);
  serve();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(upgrade("/ws").status, 101);
  EXPECT_EQ(upgrade("/ws").status, 429);
}

TEST_F(Streams, EventsAreAStreamWhereTheRequestIsInOrder) {
  start_all();
  const auto ask = [&](const std::string& target) {
    HttpTestClient client(http->port());
    return client.raw("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n", true);
  };
  const auto stream = ask("/api/v1/events?channels=price:btc/usd,ticker:*");
  EXPECT_EQ(stream.status, 200);
  EXPECT_THAT(stream.header("content-type"), StartsWith("text/event-stream"));
  EXPECT_THAT(error("/api/v1/events?channels=price:bitcon/usd", 404, "/api/v1/events"), HasSubstr("bitcoin"));
  EXPECT_THAT(error("/api/v1/events", 400, "/api/v1/events"), HasSubstr("channels"));
}

TEST_F(Streams, ThePublicFiguresCountClients) {
  start_all();
  HttpTestClient client(http->port());
  ASSERT_EQ(client
                .get("/api/v1/stream", {{"Connection", "Upgrade"},
                                        {"Upgrade", "websocket"},
                                        {"Sec-WebSocket-Version", "13"},
                                        {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}})
                .status,
            101);
  EXPECT_TRUE(test::eventually(
      [&] { return get("/api/v1/status").body.find(R"("stream":{"clients":1,)") != std::string::npos; }));
}

}  // namespace
}  // namespace tickspan::server
