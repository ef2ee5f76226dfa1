#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/ws_codec.hpp"
#include "net/ws_deflate.hpp"

// Frames put together byte by byte, so that they may be wrong in any way, and what a decoder makes of them.

namespace tickspan::net {

/// A frame as it would be written on the wire.
struct RawFrame {
  int first = 0x81;          ///< FIN, RSV1-3 and the opcode
  std::string payload = "";  ///< before masking
  bool masked = true;
  int length_form = 0;  ///< 0: the shortest; else 7, 16 or 64 bits whatever the length is
  bool declare = false;
  std::uint64_t declared = 0;  ///< with `declare`: the length that the header claims

  std::string bytes() const {
    const std::uint64_t length = declare ? declared : payload.size();
    const int form = length_form != 0 ? length_form : length < 126 ? 7 : length < 0x10000 ? 16 : 64;
    const int mask_bit = masked ? 0x80 : 0;
    std::string out(1, static_cast<char>(first));
    out += static_cast<char>(mask_bit | (form == 7 ? static_cast<int>(length) : form == 16 ? 126 : 127));
    for (int bits = form == 7 ? 0 : form; bits > 0; bits -= 8) out += static_cast<char>(length >> (bits - 8));
    constexpr char kMask[] = {'\x37', '\xfa', '\x21', '\x3d'};
    if (masked) out.append(kMask, 4);
    for (std::size_t i = 0; i < payload.size(); ++i) {
      out += static_cast<char>(masked ? payload[i] ^ kMask[i & 3] : payload[i]);
    }
    return out;
  }
};

inline std::string frame(int first, std::string payload = "", bool masked = true) {
  return RawFrame{first, std::move(payload), masked}.bytes();
}

/// What came out: "text:Hello", "close:bye:1000", ... and the failure's code, 0 for none.
struct Seen {
  std::vector<std::string> events;
  int failure = 0;
  bool operator==(const Seen&) const = default;
};

inline void PrintTo(const Seen& seen, std::ostream* out) {
  for (const std::string& event : seen.events) *out << '[' << event.substr(0, 80) << "] ";
  *out << "failure " << seen.failure;
}

struct Reading {
  WsDecoder::Role role = WsDecoder::Role::server;
  std::size_t max_message = 1 << 20;
  bool deflate = false;
};

/// Feeds the pieces one after another, each from a buffer of its own that ends where the piece does.
inline Seen decode_pieces(const std::vector<std::string_view>& pieces, const Reading& reading = {}) {
  static constexpr const char* kNames[] = {"continuation", "text", "binary", "", "", "", "", "",
                                           "close",        "ping", "pong"};
  MessageInflater inflater;
  WsDecoder decoder(reading.role, reading.max_message, reading.deflate ? &inflater : nullptr);
  Seen seen;
  for (const std::string_view piece : pieces) {
    const auto buffer = std::make_unique<char[]>(piece.size());
    piece.copy(buffer.get(), piece.size());
    std::span<char> input(buffer.get(), piece.size());
    WsEvent event;
    for (;;) {
      const auto step = decoder.next(input, event);
      if (step == WsDecoder::Step::need_more) {
        EXPECT_TRUE(input.empty());
        break;
      }
      if (step == WsDecoder::Step::failed) {
        EXPECT_STRNE(decoder.failure().reason, "");
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

/// In pieces of `size` bytes.
inline Seen decode(std::string_view bytes, std::size_t size, const Reading& reading = {}) {
  std::vector<std::string_view> pieces;
  for (std::size_t at = 0; at < bytes.size(); at += size) pieces.push_back(bytes.substr(at, size));
  return decode_pieces(pieces, reading);
}

/// Whole, byte by byte, in threes, and cut in two at every place (of the first and last 200) it must come to the same.
inline void expect_seen(std::string_view bytes, const Seen& expected, const Reading& reading = {}) {
  for (const std::size_t size : {bytes.size(), std::size_t{1}, std::size_t{3}}) {
    EXPECT_EQ(decode(bytes, size, reading), expected) << "in pieces of " << size;
  }
  for (std::size_t at = 1; at < bytes.size(); ++at) {
    if (at > 200 && at + 200 < bytes.size()) continue;
    ASSERT_EQ(decode_pieces({bytes.substr(0, at), bytes.substr(at)}, reading), expected) << "cut at " << at;
  }
}

}  // namespace tickspan::net
