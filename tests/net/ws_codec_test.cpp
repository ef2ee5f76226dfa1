#include "net/ws_codec.hpp"

#include <gmock/gmock.h>

#include <random>
#include <vector>

namespace tickspan::net {
namespace {

using Role = WsDecoder::Role;
using Step = WsDecoder::Step;

std::string masked(WsOpcode opcode, std::string_view payload, bool fin = true, std::uint32_t key = 0xA1B2C3D4) {
  std::string out;
  append_masked_frame(out, opcode, payload, key, fin);
  return out;
}

struct Seen {
  std::vector<std::string> events;
  int failure = 0;
};

// Feeds `bytes` in pieces of `piece` bytes and writes down what comes out.
Seen decode(std::string bytes, std::size_t piece, Role role = Role::server, std::size_t max_message = 1 << 20) {
  static constexpr const char* kNames[] = {"continuation", "text", "binary", "", "", "", "", "",
                                           "close",        "ping", "pong"};
  WsDecoder decoder(role, max_message);
  Seen seen;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    std::string part = bytes.substr(at, piece);
    std::span<char> input(part);
    WsEvent event;
    for (;;) {
      const Step step = decoder.next(input, event);
      if (step == Step::need_more) {
        EXPECT_TRUE(input.empty());
        break;
      }
      if (step == Step::failed) {
        seen.failure = decoder.failure().code;
        return seen;
      }
      std::string text = std::string(kNames[static_cast<int>(event.opcode)]) + ":" + std::string(event.payload);
      if (event.opcode == WsOpcode::close) text += ":" + std::to_string(event.close_code);
      seen.events.push_back(text);
    }
  }
  return seen;
}

// Whole, byte by byte, and in threes must all give the same.
void expect_events(const std::string& bytes, const std::vector<std::string>& events, int failure = 0) {
  for (const std::size_t piece : {bytes.size(), std::size_t{1}, std::size_t{3}}) {
    const Seen seen = decode(bytes, piece);
    EXPECT_EQ(seen.events, events) << "in pieces of " << piece;
    EXPECT_EQ(seen.failure, failure) << "in pieces of " << piece;
  }
}

TEST(WsDecoder, ReadsTheExamplesOfTheRfc) {
  // RFC 6455, 5.7
  const std::string hello_masked("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);
  expect_events(hello_masked, {"text:Hello"});
  const std::string hello("\x81\x05Hello", 7);
  EXPECT_EQ(decode(hello, 2, Role::client).events, std::vector<std::string>{"text:Hello"});
  const std::string fragments("\x01\x03Hel\x80\x02lo", 9);
  EXPECT_EQ(decode(fragments, 1, Role::client).events, std::vector<std::string>{"text:Hello"});
}

TEST(WsDecoder, TakesSeveralMessagesOfOneRead) {
  expect_events(masked(WsOpcode::text, "a") + masked(WsOpcode::text, "") + masked(WsOpcode::binary, "b"),
                {"text:a", "text:", "binary:b"});
}

TEST(WsDecoder, PutsFragmentsTogetherAroundControlFrames) {
  expect_events(masked(WsOpcode::text, "ab", false) + masked(WsOpcode::ping, "p1") +
                    masked(WsOpcode::continuation, "", false) + masked(WsOpcode::pong, "p2") +
                    masked(WsOpcode::continuation, "cd"),
                {"ping:p1", "pong:p2", "text:abcd"});
}

TEST(WsDecoder, ReadsEveryLengthForm) {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 65535U, 65536U, 70000U}) {
    const std::string text(size, 'x');
    EXPECT_EQ(decode(masked(WsOpcode::text, text), 1000).events, std::vector<std::string>{"text:" + text});
    EXPECT_EQ(decode(encode_text_frame(text), 1000, Role::client).events, std::vector<std::string>{"text:" + text});
  }
}

TEST(WsDecoder, WantsTheMaskOfAClientAndNoneOfAServer) {
  EXPECT_EQ(decode(encode_text_frame("x"), 10, Role::server).failure, 1002);
  EXPECT_EQ(decode(masked(WsOpcode::text, "x"), 10, Role::client).failure, 1002);
}

TEST(WsDecoder, RefusesWhatIsReserved) {
  for (const int bit : {0x40, 0x20, 0x10}) {
    std::string frame = masked(WsOpcode::text, "x");
    frame[0] = static_cast<char>(frame[0] | bit);
    expect_events(frame, {}, 1002);
  }
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    std::string frame = masked(WsOpcode::text, "x");
    frame[0] = static_cast<char>(0x80 | opcode);
    expect_events(frame, {}, 1002);
  }
}

TEST(WsDecoder, RefusesBrokenControlFrames) {
  expect_events(masked(WsOpcode::ping, "x", false), {}, 1002);
  expect_events(masked(WsOpcode::ping, std::string(126, 'x')), {}, 1002);
  expect_events(masked(WsOpcode::ping, std::string(125, 'x')), {"ping:" + std::string(125, 'x')});
}

TEST(WsDecoder, RefusesBrokenFragmentation) {
  expect_events(masked(WsOpcode::continuation, "x"), {}, 1002);
  expect_events(masked(WsOpcode::text, "x", false) + masked(WsOpcode::text, "y"), {}, 1002);
  expect_events(masked(WsOpcode::text, "x") + masked(WsOpcode::continuation, "y"), {"text:x"}, 1002);
}

TEST(WsDecoder, RefusesLengthsNotInTheirShortestForm) {
  expect_events(std::string("\x81\xFE\x00\x05", 4) + "mask" + "Hello", {}, 1002);
  expect_events(std::string("\x81\xFF\x00\x00\x00\x00\x00\x00\xFF\xFF", 10) + "mask", {}, 1002);
  expect_events(std::string("\x81\xFF\x80\x00\x00\x00\x00\x01\x00\x00", 10) + "mask", {}, 1002);
}

TEST(WsDecoder, RefusesTooMuchAtTheHeaderAndOverFragments) {
  const std::string header("\x81\xFF\x00\x00\x00\x00\x10\x00\x00\x00mask", 14);  // 256 MiB are promised
  EXPECT_EQ(decode(header, 1).failure, 1009);
  const std::string parts =
      masked(WsOpcode::text, std::string(60, 'a'), false) + masked(WsOpcode::continuation, std::string(41, 'a'));
  EXPECT_EQ(decode(parts, 7, Role::server, 100).failure, 1009);
  EXPECT_EQ(decode(parts, 7, Role::server, 101).events.size(), 1U);
}

TEST(WsDecoder, ChecksThatTextIsUtf8) {
  expect_events(masked(WsOpcode::text, "gr\xC3\xBC\xC3\x9F \xF0\x9F\x90\xB4"),
                {"text:gr\xC3\xBC\xC3\x9F \xF0\x9F\x90\xB4"});
  expect_events(masked(WsOpcode::text, "\xC3"), {}, 1007);
  // A character may be split between fragments.
  expect_events(masked(WsOpcode::text, "\xC3", false) + masked(WsOpcode::continuation, "\xBC"), {"text:\xC3\xBC"});
  expect_events(masked(WsOpcode::binary, "\xC3"), {"binary:\xC3"});
}

TEST(WsDecoder, ReadsCloseFrames) {
  expect_events(masked(WsOpcode::close, ""), {"close::1005"});
  expect_events(masked(WsOpcode::close, close_payload(1000, "bye")), {"close:bye:1000"});
  expect_events(masked(WsOpcode::close, close_payload(4999, "")), {"close::4999"});
  expect_events(masked(WsOpcode::close, "x"), {}, 1002);
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535}) {
    expect_events(masked(WsOpcode::close, close_payload(static_cast<std::uint16_t>(code), "")), {}, 1002);
  }
  expect_events(masked(WsOpcode::close, close_payload(1000, "\xFF")), {}, 1007);
}

TEST(WsDecoder, IgnoresWhatFollowsAClose) {
  expect_events(masked(WsOpcode::close, close_payload(1000, "")) + masked(WsOpcode::text, "late"), {"close::1000"});
}

TEST(WsDecoder, StaysFailed) {
  WsDecoder decoder(Role::server, 100);
  std::string bad = masked(WsOpcode::continuation, "x");
  std::string good = masked(WsOpcode::text, "x");
  WsEvent event;
  std::span<char> input(bad);
  EXPECT_EQ(decoder.next(input, event), Step::failed);
  input = good;
  EXPECT_EQ(decoder.next(input, event), Step::failed);
}

TEST(WsDecoder, GivesTheSameHoweverTheBytesAreCut) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::string bytes;
    for (int i = 0; i < 6; ++i) {
      const std::string text(random() % 300, static_cast<char>('a' + random() % 26));
      if (random() % 3 == 0) {
        bytes += masked(WsOpcode::text, text.substr(0, text.size() / 2), false, random());
        if (random() % 2 == 0) bytes += masked(WsOpcode::ping, "p", true, random());
        bytes += masked(WsOpcode::continuation, text.substr(text.size() / 2), true, random());
      } else {
        bytes += masked(WsOpcode::text, text, true, random());
      }
    }
    const auto whole = decode(bytes, bytes.size());
    EXPECT_GE(whole.events.size(), 6U);
    EXPECT_EQ(decode(bytes, 1 + random() % 400).events, whole.events);
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
