#include <gmock/gmock.h>

#include "../support/support.hpp"
#include "ws_server_fixture.hpp"

// permessage-deflate from end to end, against a client that shares no code with the server.

namespace tickspan::net {
namespace {

using test::client_frame;
using test::pack_message;
using test::WsTestClient;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kOffer = WsTestClient::kOfferDeflate;

std::string long_text(std::size_t size = 2000) {
  std::string out;
  for (int i = 0; out.size() < size; ++i) out += R"({"price":)" + std::to_string(i * 7919 % 1000) + "},";
  out.resize(size);
  return out;
}

class DeflateServerTest : public WsServerTest {
 protected:
  DeflateServerTest() { options.max_message_bytes = 10'000; }
};

TEST_F(DeflateServerTest, AgreesAndPacksWhatIsLong) {
  start();
  auto c = client(kOffer);
  ASSERT_TRUE(c.accepted()) << c.handshake();
  EXPECT_EQ(c.extensions(), "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  c.send_text("deflates");
  EXPECT_EQ(c.read_text(), "yes");
  for (int round = 0; round < 2; ++round) {
    c.send_text(long_text());
    const auto frame = c.read_frame();
    EXPECT_TRUE(frame.packed);
    EXPECT_EQ(frame.payload, long_text());
    EXPECT_LT(frame.bytes * 2, long_text().size());
  }
  c.send_text(long_text(200));
  const auto frame = c.read_frame();
  EXPECT_FALSE(frame.packed) << "what is short and for one client alone";
  EXPECT_EQ(frame.payload, long_text(200));
}

TEST_F(DeflateServerTest, ReadsPackedMessages) {
  start();
  auto c = client(kOffer);
  c.send_packed("short");
  EXPECT_EQ(c.read_text(), "short");
  c.send_packed(long_text(10'000));
  EXPECT_EQ(c.read_text(), long_text(10'000));
  c.send_packed("");
  EXPECT_EQ(c.read_text(), "");
  // In three fragments, of which only the first says that they are packed, around a ping, byte by byte.
  const std::string packed = pack_message("gr\xC3\xBC\xC3\x9F" + long_text(300));
  const std::string bytes = client_frame(0x41, packed.substr(0, 4), false) + client_frame(0, "", false) +
                            client_frame(9, "p") + client_frame(0, packed.substr(4));
  for (const char byte : bytes) c.connection().send(std::string(1, byte));
  EXPECT_EQ(c.read_frame().opcode, 10);
  EXPECT_EQ(c.read_text(), "gr\xC3\xBC\xC3\x9F" + long_text(300));
}

TEST_F(DeflateServerTest, FramesMadeForAllAreReadByOne) {
  start();
  auto c = client("permessage-deflate; server_max_window_bits=12");
  EXPECT_THAT(c.extensions(), HasSubstr("server_max_window_bits=12"));
  c.send_text("frame:" + long_text());
  const auto frame = c.read_frame();
  EXPECT_TRUE(frame.packed);
  EXPECT_EQ(frame.payload, long_text());
  EXPECT_EQ(c.read_text(), "x");
}

TEST_F(DeflateServerTest, ClientsThatDoNotOfferItAreLeftAlone) {
  start();
  for (const char* extensions : {"", "permessage-foo", "permessage-deflate; server_max_window_bits=9"}) {
    auto c = client(extensions);
    ASSERT_TRUE(c.accepted());
    EXPECT_EQ(c.extensions(), "");
    EXPECT_THAT(c.handshake(), Not(HasSubstr("Extensions")));
    c.send_text("deflates");
    EXPECT_EQ(c.read_text(), "no");
    c.send_text(long_text());
    EXPECT_FALSE(c.read_frame().packed);
    EXPECT_EQ(close_code_for(client_frame(0x41, pack_message("x")), extensions), 1002);
  }
}

TEST_F(DeflateServerTest, IsNotAgreedToWhenTurnedOff) {
  options.deflate = false;
  start();
  auto c = client(kOffer);
  ASSERT_TRUE(c.accepted());
  EXPECT_EQ(c.extensions(), "");
}

TEST_F(DeflateServerTest, AMalformedListIsNotUpgraded) {
  start();
  auto c = client("permessage-deflate; ;");
  EXPECT_THAT(c.handshake(), HasSubstr("HTTP/1.1 400"));
}

TEST_F(DeflateServerTest, SaysWhatIsWrongWithAPackedMessage) {
  start();
  EXPECT_EQ(close_code_for(client_frame(0x41, "not deflate"), kOffer), 1007);
  EXPECT_EQ(close_code_for(client_frame(0x41, pack_message("\xFF\xFE")), kOffer), 1007) << "not UTF-8 when unpacked";
  EXPECT_EQ(close_code_for(client_frame(0x41, ""), kOffer), 1007);
  EXPECT_EQ(close_code_for(client_frame(0x42, pack_message("x")), kOffer), 1003) << "binary";
  EXPECT_EQ(close_code_for(client_frame(0x49, ""), kOffer), 1002) << "a packed ping";
  EXPECT_EQ(close_code_for(client_frame(0x48, ""), kOffer), 1002) << "a packed close";
  EXPECT_EQ(close_code_for(client_frame(0x41, pack_message("x"), false) + client_frame(0x40, "x"), kOffer), 1002)
      << "a packed continuation";
  EXPECT_EQ(close_code_for(client_frame(0x21, "x"), kOffer), 1002) << "RSV2 means nothing still";
}

TEST_F(DeflateServerTest, ABombIsRefusedAndTheNextClientServed) {
  start();
  EXPECT_EQ(close_code_for(client_frame(0x41, pack_message(std::string(10'001, 'a'))), kOffer), 1009);
  EXPECT_EQ(close_code_for(client_frame(0x41, pack_message(std::string(8'000'000, 'a'))), kOffer), 1009);
  auto c = client(kOffer);
  c.send_packed(std::string(10'000, 'a'));
  EXPECT_EQ(c.read_text(), std::string(10'000, 'a'));
}

TEST_F(DeflateServerTest, AfterItsOwnCloseABrokenMessageChangesNothing) {
  start();
  std::string bytes = client_frame(1, "bye");
  for (int i = 0; i < 5; ++i) bytes += client_frame(0x41, "this would be refused if anyone looked");
  bytes += client_frame(8, std::string("\x0F\xA1", 2));
  EXPECT_EQ(close_code_for(bytes, kOffer), 4001);
  ASSERT_TRUE(test::eventually([&] { return last()->closed_with == 4001; }));
  EXPECT_EQ(last()->heard, 1);
}

}  // namespace
}  // namespace tickspan::net
