#include <gmock/gmock.h>

#include "../support/ws_test_client.hpp"
#include "ws_frames.hpp"

// RFC 7692 as a decoder must read it, where permessage-deflate has been agreed to.

namespace tickspan::net {
namespace {

using test::pack_message;

constexpr Reading kDeflate{WsDecoder::Role::server, 1000, true};
constexpr Reading kClient{WsDecoder::Role::client, 1000, true};

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

const std::string kHello = bytes({0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00});

TEST(WsDecoderPacked, ReadsTheExamplesOfTheRfc) {  // 7.2.3
  // 1: one frame, and in two fragments, of which the first alone has RSV1.
  expect_seen(bytes({0xc1, 0x07}) + kHello, {{"text:Hello"}}, kClient);
  expect_seen(bytes({0x41, 0x03, 0xf2, 0x48, 0xcd, 0x80, 0x04, 0xc9, 0xc9, 0x07, 0x00}), {{"text:Hello"}}, kClient);
  // 2: a second message that relies on the first one's window, which we said we would not keep.
  expect_seen(bytes({0xc1, 0x07}) + kHello + bytes({0xc1, 0x05, 0xf2, 0x00, 0x11, 0x00, 0x00}), {{"text:Hello"}, 1007},
              kClient);
  expect_seen(bytes({0xc1, 0x07}) + kHello + bytes({0xc1, 0x07}) + kHello, {{"text:Hello", "text:Hello"}}, kClient);
  // 3: a block without compression. 4: a last block. 5: two blocks. 6: nothing.
  expect_seen(bytes({0xc1, 0x0b, 0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00}), {{"text:Hello"}},
              kClient);
  expect_seen(bytes({0xc1, 0x08, 0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00}), {{"text:Hello"}}, kClient);
  expect_seen(bytes({0xc1, 0x0d, 0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00}),
              {{"text:Hello"}}, kClient);
  expect_seen(bytes({0xc1, 0x01, 0x00}), {{"text:"}}, kClient);
}

TEST(WsDecoderPacked, TakesPackedAndPlainMessagesInTurn) {
  expect_seen(frame(0x81, "plain") + frame(0xC1, kHello) + frame(0x81, "plain") + frame(0xC2, kHello),
              {{"text:plain", "text:Hello", "text:plain", "binary:Hello"}}, kDeflate);
  expect_seen(frame(0x01, "pl") + frame(0x80, "ain") + frame(0x41, kHello) + frame(0x80) + frame(0x81, ""),
              {{"text:plain", "text:Hello", "text:"}}, kDeflate);
}

TEST(WsDecoderPacked, PutsFragmentsTogetherBeforeUnpacking) {
  for (std::size_t at = 0; at <= kHello.size(); ++at) {
    SCOPED_TRACE(at);
    expect_seen(frame(0x41, kHello.substr(0, at)) + frame(0x80, kHello.substr(at)), {{"text:Hello"}}, kDeflate);
    expect_seen(frame(0x41, kHello.substr(0, at)) + frame(0x89, "p") + frame(0x00) + frame(0x80, kHello.substr(at)),
                {{"ping:p", "text:Hello"}}, kDeflate);
  }
}

TEST(WsDecoderPacked, TakesRsv1OnTheFirstFrameOfAMessageAlone) {  // 6
  for (const int opcode : {8, 9, 10}) expect_seen(frame(0xC0 | opcode, ""), {{}, 1002}, kDeflate);
  expect_seen(frame(0xC0, kHello), {{}, 1002}, kDeflate);
  expect_seen(frame(0x41, kHello) + frame(0xC0), {{}, 1002}, kDeflate);
  expect_seen(frame(0x01, "x") + frame(0xC0, kHello), {{}, 1002}, kDeflate);
  expect_seen(frame(0x41, kHello) + frame(0xC1, kHello), {{}, 1002}, kDeflate);
  for (const int bits : {0x10, 0x20, 0x30, 0x50, 0x60, 0x70})
    expect_seen(frame(0x81 | bits, kHello), {{}, 1002}, kDeflate);
  for (const int opcode : {3, 7, 11, 15}) expect_seen(frame(0xC0 | opcode, kHello), {{}, 1002}, kDeflate);
}

TEST(WsDecoderPacked, IsRefusedWhereItWasNotAgreedTo) {
  expect_seen(frame(0xC1, kHello), {{}, 1002});
  expect_seen(frame(0xC2, kHello), {{}, 1002});
  expect_seen(frame(0x41, kHello), {{}, 1002});
}

TEST(WsDecoderPacked, ChecksThatTextIsUtf8WhenUnpacked) {
  const std::string mixed = "gr\xC3\xBC\xC3\x9F \xF0\x9F\x90\xB4";
  expect_seen(frame(0xC1, pack_message(mixed)), {{"text:" + mixed}}, kDeflate);
  for (const char* bad : {"\xFF", "a\xC3", "\xED\xA0\x80"}) {
    expect_seen(frame(0xC1, pack_message(bad)), {{}, 1007}, kDeflate);
    expect_seen(frame(0xC2, pack_message(bad)), {{"binary:" + std::string(bad)}}, kDeflate);
  }
}

TEST(WsDecoderPacked, HoldsMessagesToTheLimitWhenUnpacked) {
  const auto a = [](std::size_t size) { return std::string(size, 'a'); };
  expect_seen(frame(0xC1, pack_message(a(1000))), {{"text:" + a(1000)}}, kDeflate);
  expect_seen(frame(0xC1, pack_message(a(1001))), {{}, 1009}, kDeflate);
  expect_seen(frame(0xC1, pack_message(a(500'000))), {{}, 1009}, kDeflate);
  const std::string packed = pack_message(a(1001));
  expect_seen(frame(0x41, packed.substr(0, 3)) + frame(0x80, packed.substr(3)), {{}, 1009}, kDeflate);
}

TEST(WsDecoderPacked, TakesAMessageThatPackingHasMadeLonger) {
  // Blocks without compression, of ten bytes each: longer than what they hold, and than the limit.
  std::string packed, text;
  while (text.size() < 100) {
    packed += bytes({0x00, 10, 0, 0xF5, 0xFF}) + "0123456789";
    text += "0123456789";
  }
  packed += '\0';
  ASSERT_GT(packed.size(), 150U);
  expect_seen(frame(0xC1, packed), {{"text:" + text}}, {WsDecoder::Role::server, 100, true});
  // But there is an end to it, seen in the header.
  expect_seen(RawFrame{0xC1, "", true, 0, true, 1000}.bytes(), {{}, 1009}, {WsDecoder::Role::server, 100, true});
  expect_seen(frame(0x41, "x") + RawFrame{0x80, "", true, 0, true, 1000}.bytes(), {{}, 1009},
              {WsDecoder::Role::server, 100, true});
}

TEST(WsDecoderPacked, RefusesWhatCannotBeUnpacked) {
  expect_seen(frame(0xC1, ""), {{}, 1007}, kDeflate);
  expect_seen(frame(0xC1, "plain text"), {{}, 1007}, kDeflate);
  expect_seen(frame(0x41) + frame(0x80), {{}, 1007}, kDeflate);
  for (std::size_t size = 1; size < kHello.size(); ++size) {
    expect_seen(frame(0xC1, kHello.substr(0, size)), {{}, 1007}, kDeflate);
  }
  expect_seen(frame(0x81, "a") + frame(0xC1, "\xFF\xFF") + frame(0x81, "b"), {{"text:a"}, 1007}, kDeflate);
}

TEST(WsDecoderPacked, OneInflaterServesManyDecoders) {
  MessageInflater inflater;
  WsDecoder one(WsDecoder::Role::server, 1000, &inflater), other(WsDecoder::Role::server, 1000, &inflater);
  const std::string message = frame(0xC1, pack_message("one of many"));
  for (int round = 0; round < 3; ++round) {
    // Each has half of a message when the other reads.
    std::string first = message.substr(0, 9), rest = message.substr(9), broken = frame(0xC1, "\xFF");
    WsEvent event;
    std::span<char> input(first);
    EXPECT_EQ(one.next(input, event), WsDecoder::Step::need_more);
    std::string whole = message;
    input = whole;
    ASSERT_EQ(other.next(input, event), WsDecoder::Step::event);
    EXPECT_EQ(event.payload, "one of many");
    WsDecoder third(WsDecoder::Role::server, 1000, &inflater);
    input = broken;
    EXPECT_EQ(third.next(input, event), WsDecoder::Step::failed);
    input = rest;
    ASSERT_EQ(one.next(input, event), WsDecoder::Step::event);
    EXPECT_EQ(event.payload, "one of many");
  }
}

TEST(WsDecoderPacked, IgnoredMessagesAreNotUnpacked) {
  MessageInflater inflater;
  WsDecoder decoder(WsDecoder::Role::server, 1000, &inflater);
  decoder.ignore_data();
  std::string input_bytes =
      frame(0xC1, "\xFF") + frame(0x41, pack_message(std::string(5000, 'a'))) + frame(0x80) + frame(0x89, "p");
  std::span<char> input(input_bytes);
  WsEvent event;
  ASSERT_EQ(decoder.next(input, event), WsDecoder::Step::event);
  EXPECT_EQ(event.payload, "p");
}

}  // namespace
}  // namespace tickspan::net
