#include <cstdint>
#include <string>

#include "core/assert.hpp"
#include "net/ws_codec.hpp"

namespace {

using tickspan::net::WsDecoder;
using tickspan::net::WsEvent;

// What a decoder makes of the bytes when they arrive in pieces of `piece`.
std::string decode(std::string bytes, std::size_t piece, WsDecoder::Role role) {
  WsDecoder decoder(role, 4096);
  std::string seen;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    std::string part = bytes.substr(at, piece);
    std::span<char> input(part);
    WsEvent event;
    for (;;) {
      const auto step = decoder.next(input, event);
      if (step == WsDecoder::Step::need_more) break;
      if (step == WsDecoder::Step::failed) return seen + "failed " + std::to_string(decoder.failure().code);
      seen += std::to_string(static_cast<int>(event.opcode)) + ":" + std::to_string(event.close_code) + ":";
      seen.append(event.payload);
      TS_ASSERT(event.payload.size() <= 4096, "limit kept");
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const auto role = (data[0] & 1) != 0 ? WsDecoder::Role::server : WsDecoder::Role::client;
  const std::size_t piece = 1 + data[0] / 2;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  TS_ASSERT(decode(bytes, piece, role) == decode(bytes, bytes.size() + 1, role), "however the bytes are cut");
  return 0;
}
