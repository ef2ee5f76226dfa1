#include "net/ws_deflate.hpp"

#include <gmock/gmock.h>
#include <zlib.h>

#include <random>

#include "net/ws_codec.hpp"

namespace tickspan::net {
namespace {

using Outcome = MessageInflater::Outcome;

struct Frame {
  bool packed = false;
  std::string payload;
};

// An unmasked text frame taken apart by hand.
Frame take_apart(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  EXPECT_EQ(byte(0) & ~0x40, 0x81) << "one whole text frame";
  std::uint64_t length = byte(1);
  std::size_t header = 2;
  if (length >= 126) {
    header = length == 126 ? 4 : 10;
    length = 0;
    for (std::size_t i = 2; i < header; ++i) length = length << 8 | byte(i);
  }
  EXPECT_EQ(bytes.size(), header + length);
  return {(byte(0) & 0x40) != 0, std::string(bytes.substr(header))};
}

std::string json(std::size_t size) {
  std::mt19937 random(11);
  std::string out = R"({"channel":"ticker:*","type":"snapshot","seq":17,"data":[)";
  while (out.size() < size) {
    out += R"({"pair":"btc/usd","price":)" + std::to_string(random() % 100000) + R"(.25,"state":"live"},)";
  }
  out.resize(size);
  return out;
}

std::string inflated(std::string_view packed, std::size_t max_size = 1 << 20) {
  MessageInflater inflater;
  std::string_view text;
  switch (inflater.inflate(packed, max_size, text)) {
    case Outcome::ok:
      return "ok:" + std::string(text);
    case Outcome::too_big:
      return "too_big";
    default:
      return "broken";
  }
}

TEST(MessageDeflater, GivesFramesThatAnyClientCanRead) {
  MessageDeflater deflater;
  for (const std::size_t size : {60U, 120U, 125U, 126U, 127U, 400U, 4096U, 20000U, 65536U, 300000U}) {
    const std::string text = json(size);
    std::string out;
    deflater.append_text_frame(out, text);
    const Frame frame = take_apart(out);
    EXPECT_EQ(frame.packed ? inflated(frame.payload) : "ok:" + frame.payload, "ok:" + text) << size;
    EXPECT_LE(frame.payload.size(), size);
    if (size >= 400) {
      EXPECT_LT(frame.payload.size() * 3, size * 2);
    }
  }
}

TEST(MessageDeflater, NoMessageNeedsTheOneBefore) {
  MessageDeflater deflater;
  std::string first, second, other;
  const std::string text = json(400);
  deflater.append_text_frame(first, text);
  deflater.append_text_frame(second, text);
  EXPECT_EQ(first, second);
  deflater.append_text_frame(other, json(50000));
  other.clear();
  deflater.append_text_frame(other, text);
  EXPECT_EQ(other, first);
}

TEST(MessageDeflater, AppendsToWhatIsThere) {
  MessageDeflater deflater;
  std::string out = "before";
  deflater.append_text_frame(out, json(400));
  EXPECT_TRUE(out.starts_with("before\xC1"));
}

TEST(MessageDeflater, SendsAsItStandsWhatDoesNotGetSmaller) {
  MessageDeflater deflater;
  std::mt19937 random(3);
  std::string noise;
  for (int i = 0; i < 5000; ++i) noise += static_cast<char>(32 + random() % 95);
  for (const std::string& text : {std::string(), std::string("x"), std::string("{}"), noise.substr(0, 40)}) {
    std::string out;
    deflater.append_text_frame(out, text);
    const Frame frame = take_apart(out);
    EXPECT_FALSE(frame.packed) << text;
    EXPECT_EQ(frame.payload, text);
  }
}

TEST(MessageDeflater, FitsTheWindowThatItPromises) {
  MessageDeflater deflater;
  std::mt19937 random(5);
  std::string block;
  for (int i = 0; i < 3000; ++i) block += static_cast<char>(32 + random() % 95);
  const std::string text = block + block + json(20000) + block;
  std::string out;
  deflater.append_text_frame(out, text);
  const std::string packed = take_apart(out).payload + std::string("\x00\x00\xFF\xFF", 4);
  z_stream z{};
  ASSERT_EQ(inflateInit2(&z, -MessageDeflater::kWindowBits), Z_OK);
  z.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
  z.avail_in = static_cast<uInt>(packed.size());
  std::string back;
  char piece[512];  // small, so that the window and not the buffer must hold what is referred to
  for (;;) {
    z.next_out = reinterpret_cast<Bytef*>(piece);
    z.avail_out = sizeof piece;
    if (inflate(&z, Z_SYNC_FLUSH) != Z_OK) break;
    back.append(piece, sizeof piece - z.avail_out);
    if (z.avail_out != 0) break;
  }
  inflateEnd(&z);
  EXPECT_TRUE(back == text);
}

TEST(MessageInflater, ReadsTheExamplesOfTheRfc) {
  // RFC 7692, 7.2.3
  const auto bytes = [](std::initializer_list<int> values) {
    std::string out;
    for (const int value : values) out += static_cast<char>(value);
    return out;
  };
  EXPECT_EQ(inflated(bytes({0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00})), "ok:Hello");
  EXPECT_EQ(inflated(bytes({0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00})), "ok:Hello");
  EXPECT_EQ(inflated(bytes({0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00})), "ok:Hello");
  EXPECT_EQ(inflated(bytes({0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00})),
            "ok:Hello");
  EXPECT_EQ(inflated(bytes({0x00})), "ok:");
  EXPECT_EQ(inflated(bytes({0x02, 0x00})), "ok:");
}

TEST(MessageInflater, GoesOnAfterALastBlock) {
  const std::string hello("\xf3\x48\xcd\xc9\xc9\x07\x00", 7);
  EXPECT_EQ(inflated(hello + hello + std::string(1, '\0')), "ok:HelloHello");
}

TEST(MessageInflater, RefusesWhatIsNotDeflate) {
  const std::string whole("\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
  EXPECT_EQ(inflated(""), "broken");
  EXPECT_EQ(inflated("\xFF"), "broken");
  EXPECT_EQ(inflated("plain text"), "broken");
  for (std::size_t size = 1; size < whole.size(); ++size) EXPECT_EQ(inflated(whole.substr(0, size)), "broken") << size;
  EXPECT_EQ(inflated(std::string("\x00\x05\x00\xfb\xff", 5) + "Hello"), "broken") << "length and its complement";
  // The RFC's second "Hello" of a sender that keeps its window.
  EXPECT_EQ(inflated(std::string("\xf2\x00\x11\x00\x00", 5)), "broken") << "refers to the message before";
  // The next message is no worse for it.
  MessageInflater inflater;
  std::string_view text;
  EXPECT_EQ(inflater.inflate("\xFF", 100, text), Outcome::broken);
  EXPECT_EQ(inflater.inflate(whole, 100, text), Outcome::ok);
  EXPECT_EQ(text, "Hello");
}

TEST(MessageInflater, KeepsNothingOfTheMessageBefore) {
  MessageDeflater deflater;
  MessageInflater inflater;
  std::string_view text;
  for (const std::size_t size : {20000U, 200U, 500000U, 100U}) {
    std::string out;
    deflater.append_text_frame(out, json(size));
    const std::string packed = take_apart(out).payload;
    ASSERT_EQ(inflater.inflate(packed, 1 << 20, text), Outcome::ok);
    EXPECT_EQ(text, json(size));
  }
}

TEST(MessageInflater, StopsABombAtTheLimit) {
  MessageDeflater deflater;
  for (const std::size_t size : {10000U, 1000000U, 50000000U}) {
    std::string out;
    deflater.append_text_frame(out, std::string(size, 'a'));
    const std::string packed = take_apart(out).payload;
    EXPECT_LT(packed.size() * 100, size);
    EXPECT_EQ(inflated(packed, size), "ok:" + std::string(size, 'a'));
    EXPECT_EQ(inflated(packed, size - 1), "too_big");
    EXPECT_EQ(inflated(packed, 64), "too_big");
  }
  EXPECT_EQ(inflated(std::string(1, '\0'), 0), "ok:");
}

}  // namespace
}  // namespace tickspan::net
