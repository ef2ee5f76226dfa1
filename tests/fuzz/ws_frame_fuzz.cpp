#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/assert.hpp"
#include "net/ws_codec.hpp"
#include "net/ws_deflate.hpp"

// The first byte says who reads and whether permessage-deflate was agreed to, the second how the rest is cut.

namespace {

using tickspan::net::MessageInflater;
using tickspan::net::WsDecoder;
using tickspan::net::WsEvent;
using tickspan::net::WsOpcode;

constexpr std::size_t kMaxMessage = 4096;

struct Reading {
  WsDecoder::Role role;
  bool deflate;
  bool ignore_data;
};

struct Seen {
  std::string all, control;
  int failure = 0;
};

std::size_t next_piece(std::uint32_t& state, unsigned cut) {
  if (cut == 0) return 1;
  state = state * 1664525U + 1013904223U;
  return 1 + (state >> 16) % cut;
}

Seen decode(std::string_view bytes, unsigned cut, const Reading& reading) {
  static MessageInflater inflater;  // shared, as all the connections of a thread do
  WsDecoder decoder(reading.role, kMaxMessage, reading.deflate ? &inflater : nullptr);
  if (reading.ignore_data) decoder.ignore_data();
  Seen seen;
  std::uint32_t state = cut;
  std::string copy(bytes);
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = std::min(cut == 255 ? bytes.size() : next_piece(state, cut), bytes.size() - at);
    // A buffer of its own for each piece, so that reading past its end is noticed; not for single bytes, which are
    // many.
    const auto buffer = std::make_unique<char[]>(cut == 0 ? 0 : size);
    char* const piece = cut == 0 ? copy.data() + at : buffer.get();
    bytes.copy(piece, size, at);
    at += size;
    std::span<char> input(piece, size);
    WsEvent event;
    for (;;) {
      const auto step = decoder.next(input, event);
      if (step == WsDecoder::Step::need_more) {
        TS_ASSERT(input.empty(), "all was used up");
        break;
      }
      if (step == WsDecoder::Step::failed) {
        seen.failure = decoder.failure().code;
        return seen;
      }
      const bool control = event.opcode >= WsOpcode::close;
      TS_ASSERT(event.payload.size() <= (control ? 125 : kMaxMessage), "limit kept");
      TS_ASSERT(event.opcode != WsOpcode::text || tickspan::net::valid_utf8(event.payload), "text is UTF-8");
      std::string text = std::to_string(static_cast<int>(event.opcode)) + ":" + std::to_string(event.close_code) + ":";
      text.append(event.payload);
      seen.all += text;
      if (control) seen.control += text;
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Reading reading{(data[0] & 1) != 0 ? WsDecoder::Role::server : WsDecoder::Role::client, (data[0] & 2) != 0,
                        false};
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Seen whole = decode(bytes, 255, reading);
  for (const unsigned cut : {0U, std::min(254U, static_cast<unsigned>(data[1]))}) {
    const Seen pieces = decode(bytes, cut, reading);
    TS_ASSERT(pieces.all == whole.all && pieces.failure == whole.failure, "however the bytes are cut");
  }
  if (whole.failure == 0) {
    const Seen ignoring = decode(bytes, data[1], {reading.role, reading.deflate, true});
    TS_ASSERT(ignoring.failure == 0 && ignoring.all == whole.control, "the control frames alone");
  }
  return 0;
}
