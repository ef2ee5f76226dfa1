#include "sim/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "sim/noise.hpp"
#include "wire/json_writer.hpp"

namespace tickspan::sim {
namespace {

template <typename F>
std::string map_characters(std::string_view text, F f) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [&](unsigned char c) { return static_cast<char>(f(c)); });
  return out;
}

void append_decimal(std::string& out, const core::Decimal& d) {
  char buffer[core::kMaxDecimalText];
  out.append(buffer, d.write(buffer));
}

}  // namespace

void append_fixed(std::string& out, const core::Decimal& d, int places) {
  core::Decimal padded = d;
  while (-padded.exponent < places && padded.mantissa < INT64_MAX / 10 && padded.mantissa > INT64_MIN / 10) {
    padded.mantissa *= 10;
    --padded.exponent;
  }
  append_decimal(out, padded);
}

void append_trimmed(std::string& out, const core::Decimal& d) {
  append_decimal(out, d.normalized());
}

void append_time_us(std::string& out, core::Timestamp t) {
  char buffer[24];
  core::write_rfc3339(buffer, t);
  out.append(buffer, 23);
  fmt::format_to(std::back_inserter(out), "{:03}Z", (t.ns - t.ms() * 1'000'000) / 1000);
}

std::string fixed(const core::Decimal& d, int places) {
  std::string out;
  append_fixed(out, d, places);
  return out;
}

std::string fixed(double value, int places) {
  return fmt::format("{:.{}f}", value, places);
}

std::string trimmed(const core::Decimal& d) {
  std::string out;
  append_trimmed(out, d);
  return out;
}

std::string time_us(core::Timestamp t) {
  std::string out;
  append_time_us(out, t);
  return out;
}

std::string json_text(std::string_view text) {
  std::string out;
  wire::JsonWriter(out).value(text);
  return out.substr(1, out.size() - 2);
}

std::string upper(std::string_view text) {
  return map_characters(text, [](unsigned char c) { return std::toupper(c); });
}
std::string lower(std::string_view text) {
  return map_characters(text, [](unsigned char c) { return std::tolower(c); });
}

std::string make_uuid(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t x = hash(a, b, 1);
  const std::uint64_t y = hash(a, b, 2);
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", x >> 32, (x >> 16) & 0xffff, x & 0xfff,
                     0x8000 | ((y >> 48) & 0x3fff), y & 0xffffffffffff);
}

}  // namespace tickspan::sim
