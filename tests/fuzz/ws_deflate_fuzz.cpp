#include <cstdint>
#include <string>
#include <string_view>

#include "core/assert.hpp"
#include "net/ws_codec.hpp"
#include "net/ws_deflate.hpp"

// The input as a packed message, and as a text that is packed and unpacked again.

namespace {

using namespace tickspan::net;

constexpr std::size_t kMaxSize = 16 * 1024;

struct Unpacked {
  MessageInflater::Outcome outcome;
  std::string text;
  bool operator==(const Unpacked&) const = default;
};

Unpacked unpack(MessageInflater& inflater, std::string_view packed, std::size_t max_size) {
  std::string_view text;
  const auto outcome = inflater.inflate(packed, max_size, text);
  TS_ASSERT(text.size() <= max_size, "limit kept");
  return {outcome, std::string(text)};
}

void check_unpacking(std::string_view packed) {
  static MessageInflater used;
  MessageInflater fresh;
  const Unpacked first = unpack(used, packed, kMaxSize);
  TS_ASSERT(unpack(fresh, packed, kMaxSize) == first, "nothing is left of the messages before");
  if (first.outcome != MessageInflater::Outcome::ok || first.text.empty()) return;
  TS_ASSERT(unpack(used, packed, first.text.size()) == first, "a message at the limit");
  TS_ASSERT(unpack(used, packed, first.text.size() - 1).outcome == MessageInflater::Outcome::too_big, "and beyond");
}

void check_round_trip(std::string_view text) {
  static MessageDeflater used;
  static MessageInflater inflater;
  MessageDeflater fresh;
  std::string frame, again;
  used.append_text_frame(frame, text);
  fresh.append_text_frame(again, text);
  TS_ASSERT(frame == again, "nothing is left of the messages before");
  TS_ASSERT(frame.size() <= encode_text_frame(text).size(), "never longer");
  const bool utf8 = valid_utf8(text);
  WsDecoder decoder(WsDecoder::Role::client, text.size(), &inflater);
  std::span<char> input(frame);
  WsEvent event;
  const auto step = decoder.next(input, event);
  TS_ASSERT(step == (utf8 ? WsDecoder::Step::event : WsDecoder::Step::failed), "one frame");
  TS_ASSERT(!utf8 || (event.payload == text && event.opcode == WsOpcode::text), "the text comes back");
  TS_ASSERT(utf8 || decoder.failure().code == ws_close::kInvalidPayload, "or it was none");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_unpacking(bytes);
  check_round_trip(bytes);
  return 0;
}
