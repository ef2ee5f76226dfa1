#include "net/ws_extensions.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace tickspan::net {
namespace {

constexpr const char* kBoth = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
constexpr const char* kBothAndWindow =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12";

ExtensionAnswer answer_to(const std::vector<std::string>& fields, bool allow = true) {
  Headers headers;
  headers.add("Host", "localhost");
  for (const auto& field : fields) headers.add("Sec-WebSocket-Extensions", field);
  return negotiate_extensions(headers, allow);
}

std::string agreed(const std::string& offer) {
  const auto answer = answer_to({offer});
  EXPECT_FALSE(answer.malformed) << offer;
  EXPECT_EQ(answer.deflate(), !answer.agreed.empty());
  return answer.agreed;
}

TEST(WsExtensions, WithoutAnOfferNothingIsAgreed) {
  EXPECT_FALSE(answer_to({}).malformed);
  EXPECT_EQ(answer_to({}).agreed, "");
  EXPECT_EQ(agreed(""), "");
  EXPECT_EQ(agreed(" ,\t, "), "");
  EXPECT_EQ(agreed("x-webkit-deflate-frame"), "");
  EXPECT_EQ(agreed("permessage-bzip2; level=9, foo; a=\"b\""), "");
}

TEST(WsExtensions, AgreesToWhatClientsOffer) {
  for (const char* offer : {
           "permessage-deflate",
           "permessage-deflate; client_max_window_bits",  // browsers, ws
           "permessage-deflate;client_max_window_bits=15",
           "permessage-deflate; client_max_window_bits=8",
           "permessage-deflate; client_max_window_bits=\"10\"",
           "permessage-deflate; client_max_window_bits=\"1\\0\"",
           "permessage-deflate; server_no_context_takeover",
           "permessage-deflate; client_no_context_takeover",
           "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
           "  permessage-deflate\t;  client_max_window_bits = 12 ; server_no_context_takeover ",
           ",permessage-deflate,,",
       }) {
    EXPECT_EQ(agreed(offer), kBoth) << offer;
  }
}

TEST(WsExtensions, KeepsToAWindowThatIsNamedOrPassesTheOfferOver) {
  for (const int bits : {12, 13, 14, 15}) {
    EXPECT_EQ(agreed("permessage-deflate; server_max_window_bits=" + std::to_string(bits)), kBothAndWindow) << bits;
  }
  // Python's websockets
  EXPECT_EQ(agreed("permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"), kBothAndWindow);
  for (const int bits : {8, 9, 10, 11}) {
    EXPECT_EQ(agreed("permessage-deflate; server_max_window_bits=" + std::to_string(bits)), "") << bits;
  }
}

TEST(WsExtensions, TakesTheFirstOfferThatCanBeKept) {
  // RFC 7692, 7.1.3 and 5.2
  EXPECT_EQ(agreed("permessage-deflate; client_max_window_bits; server_max_window_bits=10, "
                   "permessage-deflate; client_max_window_bits"),
            kBoth);
  EXPECT_EQ(agreed("permessage-foo, permessage-deflate; server_max_window_bits=14, permessage-deflate"),
            kBothAndWindow);
  EXPECT_EQ(answer_to({"permessage-foo; x", "permessage-deflate"}).agreed, kBoth);
  EXPECT_EQ(answer_to({"permessage-deflate; unknown", "permessage-deflate; server_max_window_bits=15"}).agreed,
            kBothAndWindow);
}

TEST(WsExtensions, PassesOverWhatTheRfcForbidsOrDoesNotKnow) {
  for (const char* parameters : {
           "unknown",
           "unknown=1",
           "server_no_context_takeover=true",
           "client_no_context_takeover=1",
           "server_no_context_takeover; server_no_context_takeover",
           "client_no_context_takeover; client_no_context_takeover",
           "client_max_window_bits; client_max_window_bits",
           "client_max_window_bits; client_max_window_bits=10",
           "server_max_window_bits=15; server_max_window_bits=15",
           "server_max_window_bits",
           "server_max_window_bits=7",
           "server_max_window_bits=16",
           "server_max_window_bits=012",
           "server_max_window_bits=0",
           "server_max_window_bits=1x",
           "server_max_window_bits=155",
           "client_max_window_bits=7",
           "client_max_window_bits=16",
           "client_max_window_bits=08",
           "client_max_window_bits=-9",
           "client_max_window_bits=x",
           "Server_No_Context_Takeover",
       }) {
    const std::string offer = std::string("permessage-deflate; ") + parameters;
    EXPECT_EQ(agreed(offer), "") << offer;
    EXPECT_EQ(agreed(offer + ", permessage-deflate"), kBoth) << offer;
  }
}

TEST(WsExtensions, AMalformedListFailsTheHandshake) {
  for (const char* list : {
           ";",
           "=",
           "permessage-deflate;",
           "permessage-deflate; ;",
           "permessage-deflate; ; client_max_window_bits",
           "permessage-deflate; client_max_window_bits=",
           "permessage-deflate; client_max_window_bits=\"\"",
           "permessage-deflate; client_max_window_bits=\"10",
           "permessage-deflate; client_max_window_bits=\"10\\",
           "permessage-deflate; client_max_window_bits=\"1 0\"",
           "permessage-deflate; client_max_window_bits=10 11",
           "permessage-deflate client_max_window_bits",
           "permessage-deflate; =10",
           "permessage-deflate, =",
           "permessage-deflate; client_max_window_bits=\"10\"x",
           "per@message",
           "permessage-deflate\x01",
           "permessage-deflate\xC3\xBC",
       }) {
    EXPECT_TRUE(answer_to({list}).malformed) << list;
    EXPECT_EQ(answer_to({list}).agreed, "") << list;
    EXPECT_TRUE(answer_to({"permessage-deflate", list}).malformed) << list;
    EXPECT_TRUE(answer_to({list}, false).malformed) << list;
  }
}

TEST(WsExtensions, AgreesToNothingWhenItIsNotWanted) {
  const auto answer = answer_to({"permessage-deflate; client_max_window_bits"}, false);
  EXPECT_FALSE(answer.malformed);
  EXPECT_EQ(answer.agreed, "");
}

TEST(WsExtensions, TheNameOfTheFieldHasNoCase) {
  Headers headers;
  headers.add("SEC-websocket-EXTENSIONS", "permessage-deflate");
  EXPECT_EQ(negotiate_extensions(headers, true).agreed, kBoth);
}

}  // namespace
}  // namespace tickspan::net
