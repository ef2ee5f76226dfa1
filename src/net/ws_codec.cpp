#include "net/ws_codec.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "net/ws_deflate.hpp"

namespace tickspan::net {
namespace {

constexpr std::size_t kMaxControlPayload = 125;
constexpr std::uint8_t kRsv1 = 0x40;  // on a message's first frame: it is packed

constexpr bool is_control(WsOpcode opcode) {
  return static_cast<std::uint8_t>(opcode) >= 8;
}

constexpr bool known(std::uint8_t opcode) {
  return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

// Bytes of the character that `lead` starts, and the bounds of its second byte (Unicode 15, table 3-7).
struct Utf8Lead {
  int length;
  unsigned char low, high;
};

constexpr Utf8Lead utf8_lead(unsigned char lead) {
  if (lead >= 0xC2 && lead <= 0xDF) return {2, 0x80, 0xBF};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead >= 0xE1 && lead <= 0xEF) return {3, 0x80, 0xBF};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead >= 0xF1 && lead <= 0xF3) return {4, 0x80, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

std::size_t write_header(char* out, WsOpcode opcode, std::size_t size, bool fin, bool masked) {
  const std::uint8_t mask_bit = masked ? 0x80 : 0;
  out[0] = static_cast<char>((fin ? 0x80 : 0) | static_cast<std::uint8_t>(opcode));
  if (size < 126) {
    out[1] = static_cast<char>(mask_bit | size);
    return 2;
  }
  const int bytes = size <= 0xFFFF ? 2 : 8;
  out[1] = static_cast<char>(mask_bit | (bytes == 2 ? 126 : 127));
  for (int i = 0; i < bytes; ++i) out[2 + i] = static_cast<char>(size >> (8 * (bytes - 1 - i)));
  return 2 + static_cast<std::size_t>(bytes);
}

}  // namespace

bool valid_utf8(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = p + text.size();
  while (p < end) {
    if (end - p >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, p, sizeof word);
      if ((word & 0x8080808080808080ULL) == 0) {
        p += 8;
        continue;
      }
    }
    if (*p < 0x80) {
      ++p;
      continue;
    }
    const Utf8Lead lead = utf8_lead(*p);
    if (lead.length == 0 || end - p < lead.length || p[1] < lead.low || p[1] > lead.high) return false;
    for (int i = 2; i < lead.length; ++i) {
      if ((p[i] & 0xC0) != 0x80) return false;
    }
    p += lead.length;
  }
  return true;
}

bool valid_close_code(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

bool WsDecoder::fail(std::uint16_t code, const char* reason) {
  failure_ = {code, reason};
  return false;
}

std::size_t WsDecoder::header_size() const {
  if (header_bytes_ < 2) return 2;
  const auto second = static_cast<std::uint8_t>(header_[1]);
  const std::size_t length_bytes = (second & 0x7F) == 126 ? 2 : (second & 0x7F) == 127 ? 8 : 0;
  return 2 + length_bytes + ((second & 0x80) != 0 ? 4 : 0);
}

// True once the whole header is there; false when bytes are missing.
bool WsDecoder::read_header(std::span<char>& input) {
  while (header_bytes_ < header_size()) {
    if (input.empty()) return false;
    const std::size_t take = std::min(header_size() - header_bytes_, input.size());
    std::memcpy(header_ + header_bytes_, input.data(), take);
    header_bytes_ = static_cast<std::uint8_t>(header_bytes_ + take);
    input = input.subspan(take);
  }
  return true;
}

bool WsDecoder::check_header() {
  const auto first = static_cast<std::uint8_t>(header_[0]);
  const auto second = static_cast<std::uint8_t>(header_[1]);
  if (!known(first & 0x0F)) return fail(ws_close::kProtocolError, "reserved opcode");
  // RSV1 says of a message, on its first frame, that it is packed (RFC 7692, 6).
  const bool rsv1 = (first & kRsv1) != 0;
  const bool starts_message = (first & 0x0F) == 1 || (first & 0x0F) == 2;
  if ((first & 0x30) != 0 || (rsv1 && (inflater_ == nullptr || !starts_message))) {
    return fail(ws_close::kProtocolError, "reserved bit set");
  }
  if (((second & 0x80) != 0) != (role_ == Role::server)) {
    return fail(ws_close::kProtocolError, role_ == Role::server ? "frame is not masked" : "frame is masked");
  }
  fin_ = (first & 0x80) != 0;
  opcode_ = static_cast<WsOpcode>(first & 0x0F);
  length_ = second & 0x7F;
  const int length_bytes = length_ == 126 ? 2 : length_ == 127 ? 8 : 0;
  if (length_bytes > 0) {
    length_ = 0;
    for (int i = 0; i < length_bytes; ++i) length_ = length_ << 8 | static_cast<std::uint8_t>(header_[2 + i]);
    if (length_ < (length_bytes == 2 ? 126U : 0x10000U) || length_ >> 63 != 0) {
      return fail(ws_close::kProtocolError, "length not in its shortest form");
    }
  }
  if (is_control(opcode_)) {
    if (!fin_) return fail(ws_close::kProtocolError, "fragmented control frame");
    if (length_ > kMaxControlPayload) return fail(ws_close::kProtocolError, "control frame too long");
    return true;
  }
  if ((opcode_ == WsOpcode::continuation) != in_message_) {
    return fail(ws_close::kProtocolError, in_message_ ? "message inside a message" : "continuation of nothing");
  }
  if (!in_message_) {
    in_message_ = true;
    message_opcode_ = opcode_;
    packed_ = rsv1;
  }
  const std::size_t limit = packed_ ? packed_limit() : max_message_;
  if (length_ > limit || message_.size() + length_ > limit) return fail(ws_close::kTooBig, "message too big");
  return true;
}

// What does not get smaller grows a little by packing: five bytes for each stored block.
std::size_t WsDecoder::packed_limit() const {
  return max_message_ + max_message_ / 16 + 64;
}

// Buffers are given back, not kept: most messages come whole and never need one, and connections are many.
void WsDecoder::release() {
  if (release_message_ || ignore_data_) std::string().swap(message_);
  if (release_control_) std::string().swap(control_);
  release_message_ = release_control_ = false;
}

void WsDecoder::unmask(std::span<char> bytes) {
  if (role_ != Role::server) return;
  const char* const mask = header_ + header_size() - 4;
  std::array<char, 8> pattern{};
  for (std::size_t i = 0; i < 8; ++i) pattern[i] = mask[(received_ + i) & 3];
  std::uint64_t wide = 0;
  std::memcpy(&wide, pattern.data(), sizeof wide);
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, sizeof word);
    word ^= wide;
    std::memcpy(bytes.data() + i, &word, sizeof word);
  }
  for (; i < bytes.size(); ++i) bytes[i] = static_cast<char>(bytes[i] ^ pattern[i & 7]);
}

WsDecoder::Step WsDecoder::next(std::span<char>& input, WsEvent& event) {
  release();
  if (failure_.code != 0) return Step::failed;
  if (closed_) {
    input = {};
    return Step::need_more;
  }
  for (;;) {
    if (!in_frame_) {
      if (!read_header(input)) return Step::need_more;
      if (!check_header()) return Step::failed;
      in_frame_ = true;
      received_ = 0;
    }
    const auto part = input.first(static_cast<std::size_t>(std::min<std::uint64_t>(length_ - received_, input.size())));
    const bool whole = received_ == 0 && part.size() == length_;
    input = input.subspan(part.size());
    const bool ignored = ignore_data_ && !is_control(opcode_);
    if (!ignored) unmask(part);
    received_ += part.size();
    std::string_view payload(part.data(), part.size());
    std::string& pieces = is_control(opcode_) ? control_ : message_;
    // A frame that lies whole in the input is handed out from there; only pieces are copied.
    const bool keep = !ignored && (!whole || (!is_control(opcode_) && (!fin_ || !pieces.empty())));
    if (keep) pieces.append(payload);
    if (received_ < length_) return Step::need_more;
    if (keep) payload = pieces;
    in_frame_ = false;
    header_bytes_ = 0;
    if (!is_control(opcode_) && fin_) in_message_ = false;
    if (ignored || (!is_control(opcode_) && !fin_)) continue;
    return finish_frame(payload, event);
  }
}

WsDecoder::Step WsDecoder::finish_frame(std::string_view payload, WsEvent& event) {
  if (!is_control(opcode_)) return finish_data(payload, event);
  release_control_ = true;
  if (opcode_ == WsOpcode::close) return finish_close(payload, event);
  event = {opcode_, payload, 0};
  return Step::event;
}

WsDecoder::Step WsDecoder::finish_data(std::string_view payload, WsEvent& event) {
  release_message_ = true;
  if (packed_ && !unpack(payload)) return Step::failed;
  if (message_opcode_ == WsOpcode::text && !valid_utf8(payload)) {
    fail(ws_close::kInvalidPayload, "text is not UTF-8");
    return Step::failed;
  }
  event = {message_opcode_, payload, 0};
  return Step::event;
}

bool WsDecoder::unpack(std::string_view& payload) {
  switch (inflater_->inflate(payload, max_message_, payload)) {
    case MessageInflater::Outcome::ok:
      return true;
    case MessageInflater::Outcome::too_big:
      return fail(ws_close::kTooBig, "message too big");
    case MessageInflater::Outcome::broken:
      break;
  }
  return fail(ws_close::kInvalidPayload, "message is not deflate data");
}

WsDecoder::Step WsDecoder::finish_close(std::string_view payload, WsEvent& event) {
  std::uint16_t code = ws_close::kNoStatus;
  if (payload.size() >= 2) {
    code =
        static_cast<std::uint16_t>(static_cast<std::uint8_t>(payload[0]) << 8 | static_cast<std::uint8_t>(payload[1]));
  }
  if (payload.size() == 1 || (payload.size() >= 2 && !valid_close_code(code))) {
    fail(ws_close::kProtocolError, "bad close code");
    return Step::failed;
  }
  const std::string_view reason = payload.size() >= 2 ? payload.substr(2) : std::string_view();
  if (!valid_utf8(reason)) {
    fail(ws_close::kInvalidPayload, "close reason is not UTF-8");
    return Step::failed;
  }
  closed_ = true;
  event = {WsOpcode::close, reason, code};
  return Step::event;
}

void append_frame(std::string& out, WsOpcode opcode, std::string_view payload, Packed packed) {
  char header[10];
  const std::size_t size = write_header(header, opcode, payload.size(), true, false);
  if (packed == Packed::yes) header[0] = static_cast<char>(header[0] | kRsv1);
  out.append(header, size);
  out.append(payload);
}

void append_text_frame(std::string& out, std::string_view text) {
  append_frame(out, WsOpcode::text, text);
}

std::string encode_text_frame(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 10);
  append_text_frame(out, text);
  return out;
}

void append_masked_frame(std::string& out, WsOpcode opcode, std::string_view payload, std::uint32_t key, bool fin) {
  char header[14];
  std::size_t size = write_header(header, opcode, payload.size(), fin, true);
  const char mask[4] = {static_cast<char>(key >> 24), static_cast<char>(key >> 16), static_cast<char>(key >> 8),
                        static_cast<char>(key)};
  std::memcpy(header + size, mask, 4);
  size += 4;
  out.append(header, size);
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ mask[i & 3]);
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  std::size_t fits = std::min(reason.size(), kMaxControlPayload - 2);
  while (fits < reason.size() && fits > 0 && (static_cast<unsigned char>(reason[fits]) & 0xC0) == 0x80) --fits;
  std::string out{static_cast<char>(code >> 8), static_cast<char>(code)};
  out.append(reason.substr(0, fits));
  return out;
}

bool valid_key(std::string_view key) {
  if (key.size() != 24 || key[22] != '=' || key[23] != '=') return false;
  return std::all_of(key.begin(), key.begin() + 22, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  });
}

std::string accept_key(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::array<unsigned char, 32> encoded{};  // 28 characters and the terminating zero
  const int size = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size()));
  return {reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(size)};
}

}  // namespace tickspan::net
