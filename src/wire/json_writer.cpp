#include "wire/json_writer.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace tickspan::wire {
namespace {

// 0: copied as it stands, 1: escaped, 2: the first byte of a longer UTF-8 sequence (or a stray one).
constexpr std::array<std::uint8_t, 256> kClass = [] {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t c = 0; c < 256; ++c)
    table[c] = c < 0x20 || c == '"' || c == '\\' || c == 0x7F ? 1 : c >= 0x80 ? 2 : 0;
  return table;
}();

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Bytes of the well-formed UTF-8 sequence that `text` begins with, 0 when there is none (Unicode 15, table 3-7).
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto within = [&](std::size_t i, unsigned low, unsigned high) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned lead = byte(0);
  if (lead >= 0xC2 && lead <= 0xDF) return within(1, 0x80, 0xBF) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;  // no surrogates
    return within(1, low, high) && within(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
    return within(1, low, high) && within(2, 0x80, 0xBF) && within(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

void append_escape(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  const char text[6] = {'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 15]};
  out.append(text, sizeof text);
}

void append_escaped(std::string& out, std::string_view text) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (kClass[c] == 0) {
      ++i;
      continue;
    }
    const std::size_t length = kClass[c] == 2 ? sequence_length(text.substr(i)) : 0;
    if (length > 0) {
      i += length;
      continue;
    }
    out.append(text, begin, i - begin);
    if (kClass[c] == 1)
      append_escape(out, c);
    else
      out += kReplacement;
    begin = ++i;
  }
  out.append(text, begin, text.size() - begin);
}

}  // namespace

void JsonWriter::separate() {
  if (need_comma_) out_ += ',';
  need_comma_ = true;
}

JsonWriter& JsonWriter::open(char c) {
  separate();
  out_ += c;
  need_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char c) {
  out_ += c;
  need_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  out_ += '"';
  out_ += name;
  out_ += "\":";
  need_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  out_ += '"';
  append_escaped(out_, text);
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::value(bool b) {
  return raw(b ? "true" : "false");
}

JsonWriter& JsonWriter::value(std::int64_t n) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, n).ptr;
  return raw({text, static_cast<std::size_t>(end - text)});
}

JsonWriter& JsonWriter::value(std::uint64_t n) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, n).ptr;
  return raw({text, static_cast<std::size_t>(end - text)});
}

JsonWriter& JsonWriter::number(std::string_view digits) {
  if (!format_.number_as_string) return raw(digits);
  separate();
  out_ += '"';
  out_ += digits;
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::value(const core::Decimal& d) {
  char text[core::kMaxDecimalText];
  return number({text, static_cast<std::size_t>(d.write(text) - text)});
}

JsonWriter& JsonWriter::value(double d) {
  if (!std::isfinite(d)) return null();
  char text[400];  // the smallest double with 17 digits has 342 characters in fixed notation
  const auto end = std::to_chars(text, text + sizeof text, d == 0 ? 0.0 : d, std::chars_format::fixed).ptr;
  return number({text, static_cast<std::size_t>(end - text)});
}

JsonWriter& JsonWriter::value(core::Timestamp t) {
  if (!t.is_set()) return null();
  if (format_.time_as_ms) return value(t.ms());
  separate();
  char text[26];
  text[0] = '"';
  *core::write_rfc3339(text + 1, t) = '"';
  out_.append(text, sizeof text);
  return *this;
}

JsonWriter& JsonWriter::null() {
  return raw("null");
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

}  // namespace tickspan::wire
