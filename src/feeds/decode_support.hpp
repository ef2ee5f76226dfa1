#pragma once

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "core/decimal.hpp"
#include "core/time.hpp"

namespace tickspan::feeds {

// What every decoder needs between JSON tokens and ticks. A token is the source text of one JSON value as the parser
// found it, quotes and trailing blanks included: `"61837.63"`, `12 `, `true`. Reading numbers from it keeps every
// digit, which no detour over double would.

inline std::string_view trim_token(std::string_view token) {
  while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') token.remove_suffix(1);
  return token;
}

/// The text between the quotes, escapes as written; empty when the token is not a string.
inline std::string_view token_text(std::string_view token) {
  token = trim_token(token);
  if (token.size() < 2 || token.front() != '"' || token.back() != '"') return {};
  return token.substr(1, token.size() - 2);
}

/// Whether a raw JSON key (as simdjson points at it: after the opening quote) spells `name`.
inline bool key_is(const char* raw, std::string_view name) {
  return std::memcmp(raw, name.data(), name.size()) == 0 && raw[name.size()] == '"';
}

/// Plain notation with up to 18 digits, which is all that venues send in practice. False means: use the slow way.
inline bool parse_plain_decimal(std::string_view text, core::Decimal& out) {
  const char* p = text.data();
  const char* const end = p + text.size();
  const auto digit = [](char c) { return static_cast<unsigned>(c) - '0'; };
  std::uint64_t value = 0;
  for (; p != end && digit(*p) <= 9; ++p) value = value * 10 + digit(*p);
  const auto whole = p - text.data();
  if (whole == 0) return false;
  std::ptrdiff_t fraction = 0;
  if (p != end && *p == '.') {
    const char* const begin = ++p;
    if (std::endian::native == std::endian::little && end - p >= 8) {
      // Eight digits at once: the usual number of decimals on the busiest venue.
      std::uint64_t word;
      std::memcpy(&word, p, sizeof word);
      const bool digits = ((word & 0xF0F0F0F0F0F0F0F0U) |
                           (((word + 0x0606060606060606U) & 0xF0F0F0F0F0F0F0F0U) >> 4)) == 0x3333333333333333U;
      if (digits) {
        word = (word & 0x0F0F0F0F0F0F0F0FU) * 2561 >> 8;
        word = (word & 0x00FF00FF00FF00FFU) * 6553601 >> 16;
        value = value * 100'000'000 + ((word & 0x0000FFFF0000FFFFU) * 42949672960001U >> 32);
        p += 8;
      }
    }
    for (; p != end && digit(*p) <= 9; ++p) value = value * 10 + digit(*p);
    fraction = p - begin;
    if (fraction == 0) return false;
  }
  if (p != end || whole + fraction > 18) return false;
  out = {static_cast<std::int64_t>(value), static_cast<std::int8_t>(-fraction)};
  return true;
}

enum class NumberKind : std::uint8_t { positive, zero, invalid };

/// Prices and amounts outside 1e-30..1e30 are no market's.
NumberKind classify_odd_number(std::string_view text, core::Decimal& out);

/// A price or an amount from a string or number token. More than 18 significant digits are rounded; what is negative,
/// absurdly large or small, or not a number is invalid.
inline NumberKind read_number(std::string_view token, core::Decimal& out) {
  token = trim_token(token);
  if (token.size() >= 2 && token.front() == '"' && token.back() == '"') token = token.substr(1, token.size() - 2);
  if (parse_plain_decimal(token, out)) return out.mantissa != 0 ? NumberKind::positive : NumberKind::zero;
  return classify_odd_number(token, out);
}

/// An unsigned integer token, the whole of it.
inline bool read_uint(std::string_view token, std::uint64_t& out) {
  token = trim_token(token);
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), out);
  return error == std::errc{} && end == token.data() + token.size() && !token.empty();
}

/// No market is older than Bitcoin, and no clock is trusted more than a day ahead of ours. (Recorders were seen 1.3 s
/// behind the venue.) Without a receive time only the first holds.
inline bool plausible_time(core::Timestamp t, core::Timestamp received_at) {
  constexpr auto kEarliest = core::Timestamp::from_s(1'230'768'000);  // 2009-01-01
  return t >= kEarliest && (!received_at.is_set() || t <= received_at + std::chrono::hours(24));
}

/// Milliseconds since 1970, with or without quotes.
inline bool read_unix_ms(std::string_view token, core::Timestamp received_at, core::Timestamp& out) {
  const std::string_view text = token_text(token);
  std::uint64_t ms = 0;
  if (!read_uint(text.empty() ? token : text, ms) || ms > 9'000'000'000'000) return false;
  out = core::Timestamp::from_ms(static_cast<std::int64_t>(ms));
  return plausible_time(out, received_at);
}

/// Appends `text` as a JSON string.
void append_json_string(std::string& out, std::string_view text);

}  // namespace tickspan::feeds
