#include "feeds/decode_support.hpp"

namespace tickspan::feeds {

NumberKind classify_odd_number(std::string_view text, core::Decimal& out) {
  const auto parsed = core::Decimal::parse(text, true);
  if (!parsed) return NumberKind::invalid;
  out = *parsed;
  if (out.is_zero()) return NumberKind::zero;
  const double magnitude = out.to_double();
  return magnitude >= 1e-30 && magnitude <= 1e30 ? NumberKind::positive : NumberKind::invalid;
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace tickspan::feeds
