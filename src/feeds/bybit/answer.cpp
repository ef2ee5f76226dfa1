#include "feeds/bybit/answer.hpp"

#include "feeds/decode_support.hpp"

namespace tickspan::feeds::bybit {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

bool read_trade_id(std::string_view text, std::uint64_t& out) {
  constexpr std::size_t kUuid = 36;
  if (text.size() != kUuid) return read_uint(text, out);
  std::uint64_t halves[2] = {};
  std::size_t digits = 0;
  for (std::size_t i = 0; i < kUuid; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (text[i] == '-')) return false;
    if (dash) continue;
    const int digit = hex_digit(text[i]);
    if (digit < 0) return false;
    std::uint64_t& half = halves[digits++ / 16];
    half = half << 4 | static_cast<unsigned>(digit);
  }
  out = (halves[0] ^ halves[1]) & INT64_MAX;
  if (out == 0) out = 1;  // 0 means that a venue has no ids
  return true;
}

}  // namespace tickspan::feeds::bybit
