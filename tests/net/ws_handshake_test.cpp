#include "net/ws_handshake.hpp"

#include <gmock/gmock.h>

namespace tickspan::net {
namespace {

HttpRequest request(std::vector<std::pair<std::string, std::string>> changes = {}) {
  HttpRequest out;
  out.target = "/ws";
  out.headers.add("Host", "localhost");
  out.headers.add("Connection", "keep-alive, Upgrade");
  out.headers.add("Upgrade", "websocket");
  out.headers.add("Sec-WebSocket-Version", "13");
  out.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  for (auto& [name, value] : changes) out.headers.set(name, value);
  return out;
}

TEST(WsHandshake, AnswersTheExampleOfTheRfc) {  // RFC 6455, 1.3
  const auto handshake = answer_handshake(request(), true);
  EXPECT_TRUE(handshake.accepted());
  EXPECT_FALSE(handshake.deflate);
  EXPECT_EQ(handshake.answer.headers.find("Upgrade"), "websocket");
  EXPECT_EQ(handshake.answer.headers.find("Connection"), "Upgrade");
  EXPECT_EQ(handshake.answer.headers.find("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_FALSE(handshake.answer.headers.find("Sec-WebSocket-Extensions"));
}

TEST(WsHandshake, AgreesToDeflateUnlessItIsTurnedOff) {
  const auto offer = request({{"Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"}});
  EXPECT_TRUE(answer_handshake(offer, true).deflate);
  EXPECT_EQ(answer_handshake(offer, true).answer.headers.find("Sec-WebSocket-Extensions"),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  EXPECT_TRUE(answer_handshake(offer, false).accepted());
  EXPECT_FALSE(answer_handshake(offer, false).deflate);
  EXPECT_FALSE(answer_handshake(offer, false).answer.headers.find("Sec-WebSocket-Extensions"));
}

TEST(WsHandshake, RefusesOtherVersionsAndNamesItsOwn) {  // RFC 6455, 4.4
  for (const char* version : {"", "8", "12", "14", "013", "13, 8", "x"}) {
    const auto handshake = answer_handshake(request({{"Sec-WebSocket-Version", version}}), true);
    EXPECT_EQ(handshake.answer.status, 426) << version;
    EXPECT_EQ(handshake.answer.headers.find("Sec-WebSocket-Version"), "13");
    EXPECT_FALSE(handshake.accepted());
  }
}

TEST(WsHandshake, RefusesWhatIsMalformed) {
  for (const char* key : {"", "short", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ===",
                          "dGhlIHNhbXBsZSBub25j!Q==", "dGhlIHNhbXBsZSBub25jZQAA"}) {
    EXPECT_EQ(answer_handshake(request({{"Sec-WebSocket-Key", key}}), true).answer.status, 400) << key;
  }
  auto post = request();
  post.method = "POST";
  EXPECT_EQ(answer_handshake(post, true).answer.status, 400);
  EXPECT_EQ(answer_handshake(request({{"Sec-WebSocket-Extensions", "a;;b"}}), true).answer.status, 400);
}

TEST(WsHandshake, KnowsWhoAsksForAWebSocket) {
  EXPECT_TRUE(asks_for_websocket(request()));
  EXPECT_TRUE(asks_for_websocket(request({{"Connection", "UPGRADE"}, {"Upgrade", "WebSocket"}})));
  EXPECT_TRUE(asks_for_websocket(request({{"Connection", "\tclose ,upgrade , x"}, {"Upgrade", "h2c, websocket"}})));
  EXPECT_FALSE(asks_for_websocket(request({{"Connection", "keep-alive"}})));
  EXPECT_FALSE(asks_for_websocket(request({{"Connection", "upgraded"}})));
  EXPECT_FALSE(asks_for_websocket(request({{"Upgrade", "h2c"}})));
  EXPECT_FALSE(asks_for_websocket(HttpRequest()));
  auto two_fields = request({{"Connection", "keep-alive"}});
  two_fields.headers.add("connection", "upgrade");
  EXPECT_TRUE(asks_for_websocket(two_fields));
}

}  // namespace
}  // namespace tickspan::net
