#include <gmock/gmock.h>

#include <limits>
#include <random>

#include "ws_frames.hpp"

// RFC 6455 as a decoder must read it. Every input is read whole and in all kinds of pieces.

namespace tickspan::net {
namespace {

using Role = WsDecoder::Role;
using Step = WsDecoder::Step;

constexpr Reading kClient{Role::client};

struct Case {
  const char* name;
  std::string bytes;
  std::vector<std::string> events;
  int failure = 0;
};

void expect_all(const std::vector<Case>& cases, const Reading& reading = {}) {
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    expect_seen(c.bytes, {c.events, c.failure}, reading);
  }
}

TEST(WsDecoder, ReadsTheExamplesOfTheRfc) {  // 5.7
  expect_all({{"masked text", std::string("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11), {"text:Hello"}},
              {"masked pong", std::string("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11), {"pong:Hello"}}});
  expect_all(
      {{"text", "\x81\x05Hello", {"text:Hello"}},
       {"fragments", "\x01\x03Hel\x80\x02lo", {"text:Hello"}},
       {"ping", "\x89\x05Hello", {"ping:Hello"}},
       {"256 bytes", std::string("\x82\x7E\x01\x00", 4) + std::string(256, 'b'), {"binary:" + std::string(256, 'b')}},
       {"64 KiB",
        std::string("\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00", 10) + std::string(65536, 'b'),
        {"binary:" + std::string(65536, 'b')}}},
      kClient);
}

TEST(WsDecoder, PutsFragmentsTogether) {  // 5.4
  const std::string text = "fragments";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    std::string bytes;
    for (std::size_t at = 0; at < text.size(); at += size) {
      const bool last = at + size >= text.size();
      bytes += frame((last ? 0x80 : 0) | (at == 0 ? 1 : 0), text.substr(at, size));
    }
    SCOPED_TRACE(size);
    expect_seen(bytes, {{"text:fragments"}});
  }
  expect_all({
      {"all empty", frame(0x01) + frame(0x00) + frame(0x80), {"text:"}},
      {"empty first", frame(0x01) + frame(0x80, "ab"), {"text:ab"}},
      {"empty last", frame(0x01, "ab") + frame(0x80), {"text:ab"}},
      {"empty within", frame(0x01, "a") + frame(0x00) + frame(0x00) + frame(0x80, "b"), {"text:ab"}},
      {"binary", frame(0x02, "\xFF") + frame(0x80, "\xFE"), {"binary:\xFF\xFE"}},
      {"one after another",
       frame(0x01, "a") + frame(0x80, "b") + frame(0x02, "c") + frame(0x80, "d") + frame(0x81, "e"),
       {"text:ab", "binary:cd", "text:e"}},
      {"an empty message", frame(0x81) + frame(0x82), {"text:", "binary:"}},
      {"not all there", frame(0x01, "a") + frame(0x00, "b"), {}},
      {"header alone", frame(0x81, "abc").substr(0, 6), {}},
      {"nothing", "", {}},
  });
}

TEST(WsDecoder, TakesControlFramesBetweenFragments) {  // 5.4, 5.5
  expect_all({
      {"ping and pong",
       frame(0x01, "ab") + frame(0x89, "p1") + frame(0x00) + frame(0x8A, "p2") + frame(0x80, "cd"),
       {"ping:p1", "pong:p2", "text:abcd"}},
      {"empty ones",
       frame(0x01, "ab") + frame(0x89) + frame(0x8A) + frame(0x80, "cd"),
       {"ping:", "pong:", "text:abcd"}},
      {"of full length",
       frame(0x01, "ab") + frame(0x89, std::string(125, 'p')) + frame(0x80, "cd"),
       {"ping:" + std::string(125, 'p'), "text:abcd"}},
      {"within a character",
       frame(0x01, "\xE2\x82") + frame(0x89, "p") + frame(0x80, "\xAC"),
       {"ping:p", "text:\xE2\x82\xAC"}},
      {"any bytes", frame(0x89, "\xFF\xFE"), {"ping:\xFF\xFE"}},
      {"a close", frame(0x01, "ab") + frame(0x88, "\x03\xE8") + frame(0x80, "cd"), {"close::1000"}},
  });
}

TEST(WsDecoder, RefusesBrokenFragmentation) {  // 5.4
  expect_all({
      {"continues nothing", frame(0x80, "x"), {}, 1002},
      {"continues nothing, more to come", frame(0x00, "x"), {}, 1002},
      {"continues what is over", frame(0x81, "x") + frame(0x80, "y"), {"text:x"}, 1002},
      {"continues what is over, in fragments", frame(0x01, "x") + frame(0x80) + frame(0x00), {"text:x"}, 1002},
      {"text in a text", frame(0x01, "x") + frame(0x81, "y"), {}, 1002},
      {"text fragment in a text", frame(0x01, "x") + frame(0x01, "y"), {}, 1002},
      {"binary in a text", frame(0x01, "x") + frame(0x82, "y"), {}, 1002},
      {"after a ping", frame(0x01, "x") + frame(0x89) + frame(0x81, "y"), {"ping:"}, 1002},
  });
}

TEST(WsDecoder, WantsTheMaskOfAClientAndNoneOfAServer) {  // 5.1
  for (const int first : {0x81, 0x82, 0x01, 0x88, 0x89, 0x8A}) {
    SCOPED_TRACE(first);
    expect_seen(frame(first, "\x03\xE8", false), {{}, 1002});
    expect_seen(frame(first, "\x03\xE8", true), {{}, 1002}, kClient);
    expect_seen(frame(first, "", false), {{}, 1002});
  }
  expect_seen(frame(0x01, "x") + frame(0x80, "y", false), {{}, 1002});
  expect_seen(frame(0x01, "x", false) + frame(0x80, "y"), {{}, 1002}, kClient);
  // A mask of zeros is one.
  expect_seen(std::string("\x81\x82\x00\x00\x00\x00ok", 8), {{"text:ok"}});
}

TEST(WsDecoder, RefusesReservedBits) {  // 5.2
  for (const int opcode : {1, 2, 8, 9, 10}) {
    for (int bits = 1; bits < 8; ++bits) {
      SCOPED_TRACE(testing::Message() << "opcode " << opcode << " bits " << bits);
      expect_seen(frame(0x80 | bits << 4 | opcode, "\x03\xE8"), {{}, 1002});
      expect_seen(frame(0x80 | bits << 4 | opcode, "", false), {{}, 1002}, kClient);
    }
  }
  for (int bits = 1; bits < 8; ++bits) {
    expect_seen(frame(0x01, "x") + frame(0x80 | bits << 4, "y"), {{}, 1002});
  }
}

TEST(WsDecoder, RefusesReservedOpcodes) {  // 5.2
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    for (const int fin : {0, 0x80}) {
      SCOPED_TRACE(opcode);
      expect_seen(frame(fin | opcode, "x"), {{}, 1002});
      expect_seen(frame(fin | opcode, ""), {{}, 1002});
      expect_seen(frame(0x81, "a") + frame(fin | opcode), {{"text:a"}, 1002});
      expect_seen(frame(0x01, "a") + frame(fin | opcode), {{}, 1002});
    }
  }
}

TEST(WsDecoder, RefusesBrokenControlFrames) {  // 5.5
  for (const int opcode : {8, 9, 10}) {
    SCOPED_TRACE(opcode);
    expect_seen(frame(opcode, ""), {{}, 1002});
    expect_seen(frame(opcode, "\x03\xE8"), {{}, 1002});
    expect_seen(frame(0x80 | opcode, std::string(126, 'x')), {{}, 1002});
    expect_seen(frame(0x80 | opcode, std::string(65536, 'x')).substr(0, 300), {{}, 1002});
    // Too long is seen in the header.
    expect_seen(RawFrame{0x80 | opcode, "", true, 16, true, 126}.bytes(), {{}, 1002});
    expect_seen(RawFrame{0x80 | opcode, "", true, 16, true, 4}.bytes(), {{}, 1002});
    expect_seen(frame(0x01, "x") + frame(opcode, ""), {{}, 1002});
  }
}

TEST(WsDecoder, ReadsEveryLengthForm) {  // 5.2
  for (const std::size_t size : {0U, 1U, 124U, 125U, 126U, 127U, 128U, 255U, 256U, 65534U, 65535U, 65536U, 70000U}) {
    const std::string text(size, 'x');
    for (const std::size_t piece : {1U, 1000U, 100000U}) {
      EXPECT_EQ(decode(frame(0x81, text), piece), (Seen{{"text:" + text}})) << size;
      EXPECT_EQ(decode(frame(0x81, text, false), piece, kClient), (Seen{{"text:" + text}})) << size;
    }
  }
}

TEST(WsDecoder, RefusesLengthsNotInTheirShortestForm) {  // 5.2
  for (const int opcode : {0x81, 0x82, 0x01, 0x89}) {
    for (const std::uint64_t length : {0U, 1U, 5U, 125U}) {
      SCOPED_TRACE(length);
      expect_seen(RawFrame{opcode, "", true, 16, true, length}.bytes(), {{}, 1002});
      expect_seen(RawFrame{opcode, "", false, 16, true, length}.bytes(), {{}, 1002}, kClient);
    }
    for (const std::uint64_t length : {0U, 1U, 125U, 126U, 255U, 65535U}) {
      SCOPED_TRACE(length);
      expect_seen(RawFrame{opcode, "", true, 64, true, length}.bytes(), {{}, 1002});
      expect_seen(RawFrame{opcode, "", false, 64, true, length}.bytes(), {{}, 1002}, kClient);
    }
  }
}

TEST(WsDecoder, RefusesLengthsThatNoMessageMayHave) {  // 5.2, 7.4.1
  constexpr std::uint64_t kTop = std::uint64_t{1} << 63;
  for (const std::uint64_t length : {kTop, kTop + 5, kTop | 0x10000, ~std::uint64_t{0}}) {
    expect_seen(RawFrame{0x81, "", true, 64, true, length}.bytes(), {{}, 1002});
  }
  // Legal, but more than anyone takes: known before a byte of it has come.
  for (const std::uint64_t length :
       {kTop - 1, std::uint64_t{1} << 32, std::uint64_t{1} << 28, std::uint64_t{(1 << 20) + 1}}) {
    expect_seen(RawFrame{0x81, "", true, 64, true, length}.bytes(), {{}, 1009});
    expect_seen(frame(0x01, "abc") + RawFrame{0x80, "", true, 64, true, length}.bytes(), {{}, 1009});
  }
}

TEST(WsDecoder, HoldsMessagesToTheLimit) {
  const Reading hundred{Role::server, 100};
  const auto a = [](std::size_t size) { return std::string(size, 'a'); };
  expect_all(
      {
          {"one frame, at the limit", frame(0x81, a(100)), {"text:" + a(100)}},
          {"one frame, beyond", frame(0x81, a(101)), {}, 1009},
          {"fragments, at the limit", frame(0x01, a(60)) + frame(0x80, a(40)), {"text:" + a(100)}},
          {"fragments, beyond", frame(0x01, a(60)) + frame(0x80, a(41)), {}, 1009},
          {"beyond at the second", frame(0x01, a(60)) + frame(0x00, a(41)), {}, 1009},
          {"beyond by one", frame(0x01, a(100)) + frame(0x00) + frame(0x80, a(1)), {}, 1009},
          {"the first alone", frame(0x01, a(101)), {}, 1009},
          {"empty ones count nothing", frame(0x01, a(100)) + frame(0x00) + frame(0x80), {"text:" + a(100)}},
          {"control frames don't count",
           frame(0x01, a(60)) + frame(0x89, a(125)) + frame(0x80, a(40)),
           {"ping:" + a(125), "text:" + a(100)}},
          {"each message for itself", frame(0x81, a(100)) + frame(0x81, a(100)), {"text:" + a(100), "text:" + a(100)}},
      },
      hundred);
  expect_all({{"nothing at all", frame(0x81, "a"), {}, 1009}, {"but that", frame(0x81), {"text:"}}}, {Role::server, 0});
}

TEST(WsDecoder, ChecksThatTextIsUtf8) {  // 5.6, 8.1
  const std::string mixed = "gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x90\xB4";
  expect_seen(frame(0x81, mixed), {{"text:" + mixed}});
  // A character may be cut anywhere between fragments.
  for (std::size_t at = 0; at <= mixed.size(); ++at) {
    SCOPED_TRACE(at);
    expect_seen(frame(0x01, mixed.substr(0, at)) + frame(0x80, mixed.substr(at)), {{"text:" + mixed}});
  }
  std::string each = frame(0x01);
  for (const char c : mixed) each += frame(0x00, std::string(1, c));
  expect_seen(each + frame(0x80), {{"text:" + mixed}});

  struct Bad {
    const char* name;
    std::string text;
  };
  for (const Bad& bad :
       {Bad{"stray continuation", "a\x80"}, Bad{"cut short", "a\xC3"}, Bad{"cut short, 3", "\xE2\x82"},
        Bad{"cut short, 4", "\xF0\x9F\x90"}, Bad{"overlong, 2", "\xC0\xAF"}, Bad{"overlong, 3", "\xE0\x9F\xBF"},
        Bad{"overlong, 4", "\xF0\x8F\xBF\xBF"}, Bad{"surrogate", "\xED\xA0\x80"},
        Bad{"surrogates", "\xED\xA0\xBD\xED\xB0\xB4"}, Bad{"beyond Unicode", "\xF4\x90\x80\x80"},
        Bad{"not in use", "\xF8\x88\x80\x80\x80"}, Bad{"never", "\xFE"}, Bad{"never", "\xFF"},
        Bad{"lead where a continuation should be", "\xE2\xE2\xAC"}}) {
    SCOPED_TRACE(bad.name);
    expect_seen(frame(0x81, bad.text), {{}, 1007});
    expect_seen(frame(0x81, "ok") + frame(0x81, "12345678" + bad.text), {{"text:ok"}, 1007});
    for (std::size_t at = 0; at <= bad.text.size(); ++at) {
      expect_seen(frame(0x01, bad.text.substr(0, at)) + frame(0x80, bad.text.substr(at)), {{}, 1007});
      expect_seen(frame(0x01, bad.text.substr(0, at)) + frame(0x89) + frame(0x80, bad.text.substr(at)),
                  {{"ping:"}, 1007});
    }
    // Bytes are none of text's business.
    expect_seen(frame(0x82, bad.text), {{"binary:" + bad.text}});
  }
}

std::string close_of(int code, const std::string& reason = "") {
  return frame(0x88, std::string{static_cast<char>(code >> 8), static_cast<char>(code)} + reason);
}

TEST(WsDecoder, ReadsCloseFrames) {  // 5.5.1, 7.4
  expect_seen(frame(0x88), {{"close::1005"}});
  expect_seen(close_of(1000, "bye"), {{"close:bye:1000"}});
  expect_seen(close_of(1000, std::string(123, 'r')), {{"close:" + std::string(123, 'r') + ":1000"}});
  expect_seen(close_of(1000, "\xE2\x82\xAC"), {{"close:\xE2\x82\xAC:1000"}});
  for (const int code :
       {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999}) {
    expect_seen(close_of(code), {{"close::" + std::to_string(code)}});
  }
}

TEST(WsDecoder, RefusesBrokenCloseFrames) {  // 5.5.1, 7.4
  expect_seen(frame(0x88, "x"), {{}, 1002});
  for (const int code : {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1099, 1100, 2000, 2999, 5000, 9999, 65535}) {
    SCOPED_TRACE(code);
    expect_seen(close_of(code), {{}, 1002});
    expect_seen(close_of(code, "reason"), {{}, 1002});
  }
  for (const char* reason : {"\xFF", "ok\xC3", "\xED\xA0\x80", "\xC0\xAF"})
    expect_seen(close_of(1000, reason), {{}, 1007});
  expect_seen(close_of(1000, std::string(124, 'r')), {{}, 1002});
  // A reason can't go on in another frame.
  expect_seen(frame(0x08, "\x03\xE8") + frame(0x80, "reason"), {{}, 1002});
}

TEST(WsDecoder, IgnoresWhatFollowsAClose) {  // 5.5.1
  for (const std::string& late : {frame(0x81, "late"), frame(0x89, "late"), frame(0x88), frame(0xFF, "reserved"),
                                  frame(0x81, "late", false), std::string(500, '\xFF')}) {
    expect_seen(frame(0x81, "a") + close_of(1000) + late, {{"text:a", "close::1000"}});
  }
}

TEST(WsDecoder, StaysFailed) {
  for (const std::string& bad : {frame(0x80, "x"), frame(0x81, "\xFF"), frame(0x81, std::string(101, 'x'))}) {
    std::string bytes = bad, good = frame(0x81, "x");
    WsDecoder decoder(Role::server, 100);
    WsEvent event;
    std::span<char> input(bytes);
    ASSERT_EQ(decoder.next(input, event), Step::failed);
    const int code = decoder.failure().code;
    input = good;
    EXPECT_EQ(decoder.next(input, event), Step::failed);
    EXPECT_EQ(decoder.failure().code, code);
  }
}

TEST(WsDecoder, IgnoresDataWhenToldTo) {
  const std::string before = frame(0x81, "a") + frame(0x01, "bc") + frame(0x00, "d").substr(0, 5);
  const std::string after = frame(0x00, "d").substr(5) + frame(0x80, "\xFF") + frame(0x81, "\xFF") +
                            frame(0x89, "ping") + frame(0x01, std::string(90, 'x')) + frame(0x8A) +
                            frame(0x00, std::string(90, 'x')) + frame(0x80) + frame(0x82, "bytes") +
                            close_of(1000, "bye");
  for (const std::size_t piece : {1U, 2U, 7U, 1000U}) {
    WsDecoder decoder(Role::server, 100);
    std::vector<std::string> seen;
    const auto feed = [&](std::string bytes) {
      for (std::size_t at = 0; at < bytes.size(); at += piece) {
        std::span<char> input(bytes.data() + at, std::min(piece, bytes.size() - at));
        WsEvent event;
        while (decoder.next(input, event) == Step::event) seen.emplace_back(event.payload);
      }
    };
    feed(before);
    decoder.ignore_data();
    feed(after);
    EXPECT_EQ(seen, (std::vector<std::string>{"a", "ping", "", "bye"})) << piece;
    EXPECT_EQ(decoder.failure().code, 0) << decoder.failure().reason;
  }
  // It is still to be the protocol.
  WsDecoder decoder(Role::server, 100);
  decoder.ignore_data();
  std::string bad = frame(0x80, "x");
  std::span<char> input(bad);
  WsEvent event;
  EXPECT_EQ(decoder.next(input, event), Step::failed);
}

TEST(WsDecoder, AnEventInPiecesIsGoodUntilTheNextCall) {
  std::string bytes = frame(0x01, "one ") + frame(0x80, "message") + frame(0x89, "ping");
  WsDecoder decoder(Role::server, 100);
  std::span<char> input(bytes);
  WsEvent event;
  ASSERT_EQ(decoder.next(input, event), Step::event);
  decoder.ignore_data();  // as a handler does that closes while it reads
  EXPECT_EQ(event.payload, "one message");
  ASSERT_EQ(decoder.next(input, event), Step::event);
  EXPECT_EQ(event.payload, "ping");
}

TEST(WsDecoder, GivesTheSameHoweverTheBytesAreCut) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::string bytes;
    for (int i = 0; i < 6; ++i) {
      const std::string text(random() % 300, static_cast<char>('a' + random() % 26));
      if (random() % 3 == 0) {
        bytes += frame(0x01, text.substr(0, text.size() / 2));
        if (random() % 2 == 0) bytes += frame(0x89, "p");
        bytes += frame(0x80, text.substr(text.size() / 2));
      } else {
        bytes += frame(0x81, text);
      }
    }
    const auto whole = decode(bytes, bytes.size());
    EXPECT_GE(whole.events.size(), 6U);
    EXPECT_EQ(decode(bytes, 1 + random() % 400), whole);
  }
}

}  // namespace
}  // namespace tickspan::net
