#include "net/ws_codec.hpp"

#include <gmock/gmock.h>

#include <vector>

#include "ws_frames.hpp"

// What is written, and the small functions of the handshake; reading is in ws_decoder_test.

namespace tickspan::net {
namespace {

TEST(WsCodec, WritesFramesWithTheShortestLength) {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 255U, 256U, 65535U, 65536U, 70000U}) {
    const std::string text(size, 'x');
    EXPECT_EQ(encode_text_frame(text), frame(0x81, text, false)) << size;
    std::string masked = "kept";
    append_masked_frame(masked, WsOpcode::text, text, 0x37fa213d);
    EXPECT_EQ(masked, "kept" + frame(0x81, text)) << size;
  }
}

TEST(WsCodec, WritesEveryKindOfFrame) {
  for (const WsOpcode opcode :
       {WsOpcode::continuation, WsOpcode::text, WsOpcode::binary, WsOpcode::close, WsOpcode::ping, WsOpcode::pong}) {
    const int first = 0x80 | static_cast<int>(opcode);
    std::string out;
    append_frame(out, opcode, "payload");
    append_frame(out, opcode, "payload", Packed::yes);
    EXPECT_EQ(out, frame(first, "payload", false) + frame(first | 0x40, "payload", false));
    out.clear();
    append_masked_frame(out, opcode, "payload", 0x37fa213d, false);
    EXPECT_EQ(out, frame(static_cast<int>(opcode), "payload"));
  }
  std::string out = "kept";
  append_text_frame(out, "a");
  append_text_frame(out, "");
  EXPECT_EQ(out, std::string("kept\x81\x01"
                             "a\x81\x00",
                             9));
}

TEST(WsCodec, KnowsWhichCodesAPeerMaySend) {  // RFC 6455, 7.4; 1012-1014 are registered since
  const auto valid = [](int code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
  };
  for (int code = 0; code <= 0xFFFF; ++code) {
    ASSERT_EQ(valid_close_code(static_cast<std::uint16_t>(code)), valid(code)) << code;
  }
}

TEST(WsCodec, AcceptKeyIsTheRfcs) {
  EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_TRUE(valid_key("dGhlIHNhbXBsZSBub25jZQ=="));
  EXPECT_FALSE(valid_key("dGhlIHNhbXBsZSBub25jZQ="));
  EXPECT_FALSE(valid_key("dGhlIHNhbXBsZSBub25j!Q=="));
  EXPECT_FALSE(valid_key(""));
}

TEST(WsCodec, CutsALongCloseReasonAtACharacter) {
  std::string reason(122, 'a');
  reason += "\xC3\xBC";
  const std::string payload = close_payload(1000, reason);
  EXPECT_EQ(payload.size(), 124U);
  EXPECT_TRUE(valid_utf8(payload.substr(2)));
  EXPECT_EQ(close_payload(0x1234, std::string(123, 'r')), "\x12\x34" + std::string(123, 'r'));
  EXPECT_EQ(close_payload(1000, std::string(121, 'r') + "\xF0\x9F\x90\xB4"), "\x03\xE8" + std::string(121, 'r'));
  EXPECT_EQ(close_payload(1000, ""), "\x03\xE8");
}

TEST(WsCodec, KnowsUtf8) {
  for (const char* good :
       {"", "a", "\xC2\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF", "12345678\xE2\x82\xAC"}) {
    EXPECT_TRUE(valid_utf8(good)) << good;
  }
  // Overlong forms, surrogates, beyond U+10FFFF, stray and missing continuations.
  for (const char* bad :
       {"\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\xFF", "12345678\xE2\x82", "\xE2\x28\xA1", "\xF0\x9F\x90"}) {
    EXPECT_FALSE(valid_utf8(bad)) << bad;
  }
}

}  // namespace
}  // namespace tickspan::net
