#include <gmock/gmock.h>

#include "../support/support.hpp"
#include "ws_server_fixture.hpp"

// The closing handshake of RFC 6455, 5.5.1 and 7, as a client meets it.

namespace tickspan::net {
namespace {

using test::client_frame;
using test::eventually;
using test::WsTestClient;

std::string code_bytes(int code, const std::string& reason = "") {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code)} + reason;
}

class WsCloseTest : public WsServerTest {
 protected:
  // Sends `bytes` and reads the answer: one close frame, then the end.
  WsTestClient::Frame closing_of(const std::string& bytes) {
    WsTestClient c = client();
    c.connection().send(bytes);
    WsTestClient::Frame close = c.read_frame();
    EXPECT_EQ(close.opcode, 8);
    EXPECT_EQ(c.read_frame().opcode, -1) << "nothing comes after a close";
    return close;
  }
  // The handler is told once, when the connection is gone.
  void expect_told(int code) {
    EXPECT_TRUE(eventually([&] { return last()->closed_with != 0; }));
    EXPECT_EQ(last()->closed_with, code);
    EXPECT_EQ(last()->closings, 1);
  }
};

TEST_F(WsCloseTest, AnswersWithTheCodeThatCame) {
  start();
  for (const int code : {1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999}) {
    const auto close = closing_of(client_frame(8, code_bytes(code, "done")));
    EXPECT_EQ(close.close_code, code);
    EXPECT_EQ(close.payload, "");
    expect_told(code);
  }
}

TEST_F(WsCloseTest, AnswersACloseWithoutACodeWithOne) {
  start();
  EXPECT_EQ(closing_of(client_frame(8, "")).close_code, 1005) << "an empty one";
  expect_told(1005);
}

TEST_F(WsCloseTest, SaysWhatIsWrongWithAClose) {
  start();
  struct Case {
    std::string payload;
    int code;
  };
  for (const Case& c :
       {Case{"x", 1002}, Case{code_bytes(999), 1002}, Case{code_bytes(1005), 1002}, Case{code_bytes(1006), 1002},
        Case{code_bytes(1015), 1002}, Case{code_bytes(2999), 1002}, Case{code_bytes(5000), 1002},
        Case{code_bytes(1000, "\xFF"), 1007}, Case{code_bytes(1000, std::string(124, 'r')), 1002}}) {
    EXPECT_EQ(closing_of(client_frame(8, c.payload)).close_code, c.code);
    expect_told(c.code);
  }
}

TEST_F(WsCloseTest, HearsNothingAfterAClose) {
  start();
  for (const std::string& late : {client_frame(1, "late"), client_frame(9, "late"), client_frame(8, ""),
                                  client_frame(0x7F, "garbage"), std::string(3000, '\xFF')}) {
    EXPECT_EQ(closing_of(client_frame(8, code_bytes(1000)) + late).close_code, 1000);
    expect_told(1000);
    EXPECT_EQ(last()->heard, 0);
  }
}

TEST_F(WsCloseTest, AnswersWhatCameBeforeTheClose) {
  start();
  WsTestClient c = client();
  c.connection().send(client_frame(1, "one") + client_frame(9, "p") + client_frame(1, "tw", false) +
                      client_frame(8, code_bytes(1000)) + client_frame(0, "o"));
  EXPECT_EQ(c.read_frame().payload, "one");
  EXPECT_EQ(c.read_frame().opcode, 10);
  EXPECT_EQ(c.read_frame().close_code, 1000) << "the message under way is lost";
}

TEST_F(WsCloseTest, AClientMayCloseWhileTheServerDoes) {
  start();
  // Its close crosses ours on the way: ours counts.
  EXPECT_EQ(closing_of(client_frame(1, "bye") + client_frame(8, code_bytes(3000))).close_code, 4001);
  expect_told(4001);
}

TEST_F(WsCloseTest, SaysNothingAfterItsOwnClose) {
  start();
  const auto close = closing_of(client_frame(1, "bye") + client_frame(1, "still there?") + client_frame(9, "p") +
                                client_frame(8, code_bytes(4001)));
  EXPECT_EQ(close.close_code, 4001);
  EXPECT_EQ(close.payload, "as asked");
  expect_told(4001);
  EXPECT_EQ(last()->heard, 1);
}

TEST_F(WsCloseTest, AConnectionThatIsCutClosesWith1006) {
  start();
  {
    WsTestClient c = client();
    c.send_text("hello");
    EXPECT_EQ(c.read_text(), "hello");
    c.connection().send(client_frame(1, "half a frame").substr(0, 5));
  }
  expect_told(1006);
}

TEST_F(WsCloseTest, AFailureInTheMiddleOfAReadEndsIt) {
  start();
  EXPECT_EQ(
      closing_of(client_frame(3, "reserved") + client_frame(1, "late") + client_frame(8, code_bytes(1000))).close_code,
      1002);
  EXPECT_EQ(last()->heard, 0);
}

}  // namespace
}  // namespace tickspan::net
