#include "core/decimal.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace tickspan::core {
namespace {

__extension__ using Wide = __int128;

constexpr int kMaxDigits = 18;
constexpr int kMinExponent = -100;
constexpr int kMaxExponent = 100;

constexpr std::array<std::int64_t, 19> kPow10 = [] {
  std::array<std::int64_t, 19> table{};
  std::int64_t p = 1;
  for (auto& entry : table) {
    entry = p;
    if (p <= std::numeric_limits<std::int64_t>::max() / 10) p *= 10;
  }
  return table;
}();

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Collects digits; those past the 18th are dropped, with the first dropped one kept for rounding.
struct Mantissa {
  std::uint64_t value = 0;
  int digits = 0;
  int dropped = 0;
  bool dropped_nonzero = false;
  bool round_up = false;

  void push(char c) {
    const unsigned d = static_cast<unsigned>(c - '0');
    if (digits < kMaxDigits) {
      value = value * 10 + d;
      if (value != 0) ++digits;
      return;
    }
    if (dropped == 0) round_up = d >= 5;
    dropped_nonzero = dropped_nonzero || d != 0;
    ++dropped;
  }
};

std::optional<int> parse_exponent(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || !is_digit(text[0]) || error != std::errc{} || end != text.data() + text.size() || value > 1000)
    return {};
  return negative ? -value : value;
}

}  // namespace

std::optional<Decimal> Decimal::parse(std::string_view text, bool round_excess) noexcept {
  std::size_t i = 0;
  bool negative = false;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) negative = text[i++] == '-';
  Mantissa m;
  int fraction = 0;
  const std::size_t whole_begin = i;
  for (; i < text.size() && is_digit(text[i]); ++i) m.push(text[i]);
  if (i == whole_begin) return {};
  if (i < text.size() && text[i] == '.') {
    const std::size_t begin = ++i;
    for (; i < text.size() && is_digit(text[i]); ++i) m.push(text[i]);
    if (i == begin) return {};
    fraction = static_cast<int>(std::min<std::size_t>(i - begin, 10'000));
  }
  int exponent = -fraction;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    const auto e = parse_exponent(text.substr(i + 1));
    if (!e) return {};
    exponent += *e;
    i = text.size();
  }
  if (i != text.size()) return {};
  if (m.dropped_nonzero && !round_excess) return {};
  exponent += m.dropped;
  auto value = static_cast<std::int64_t>(m.value);
  if (m.round_up && ++value == kPow10[kMaxDigits]) {
    value /= 10;
    ++exponent;
  }
  if (value == 0) exponent = std::clamp(exponent, -18, 0);
  if (exponent < kMinExponent || exponent > kMaxExponent) return {};
  return Decimal{negative ? -value : value, static_cast<std::int8_t>(exponent)};
}

std::optional<Decimal> Decimal::from_double(double value, int significant) noexcept {
  if (!std::isfinite(value)) return {};
  if (value == 0) return Decimal{};
  if (std::fabs(value) < 1e-60 || std::fabs(value) > 1e60) return {};
  char text[40];
  const auto end =
      std::to_chars(text, text + sizeof text, value, std::chars_format::scientific, std::clamp(significant, 1, 17) - 1);
  const auto parsed = parse({text, static_cast<std::size_t>(end.ptr - text)});
  if (!parsed) return {};
  return parsed->normalized();
}

double Decimal::to_double() const noexcept {
  // Both operands exact in a double: one correctly rounded operation (Clinger's fast path).
  if (mantissa > -(1LL << 53) && mantissa < (1LL << 53) && exponent >= -22 && exponent <= 22) {
    static constexpr double kExact[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const auto m = static_cast<double>(mantissa);
    return exponent < 0 ? m / kExact[-exponent] : m * kExact[exponent];
  }
  char text[kMaxDecimalText];
  double value = 0;
  std::from_chars(text, write(text), value);
  return value;
}

char* Decimal::write(char* out) const noexcept {
  char digits[24];
  const bool negative = mantissa < 0;
  const auto magnitude = negative ? 0 - static_cast<std::uint64_t>(mantissa) : static_cast<std::uint64_t>(mantissa);
  const auto count = static_cast<int>(std::to_chars(digits, digits + sizeof digits, magnitude).ptr - digits);
  if (negative) *out++ = '-';
  const int point = count + exponent;  // digits before the decimal point
  if (exponent >= 0) {
    std::memcpy(out, digits, static_cast<std::size_t>(count));
    out += count;
    if (magnitude != 0) out = std::fill_n(out, exponent, '0');
  } else if (point > 0) {
    out = std::copy_n(digits, point, out);
    *out++ = '.';
    out = std::copy(digits + point, digits + count, out);
  } else {
    *out++ = '0';
    *out++ = '.';
    out = std::fill_n(out, -point, '0');
    out = std::copy_n(digits, count, out);
  }
  return out;
}

std::string Decimal::to_string() const {
  char text[kMaxDecimalText];
  return {text, write(text)};
}

Decimal Decimal::normalized() const noexcept {
  if (mantissa == 0) return {};
  Decimal d = *this;
  while (d.mantissa % 10 == 0 && d.exponent < kMaxExponent) {
    d.mantissa /= 10;
    ++d.exponent;
  }
  return d;
}

int Decimal::compare(const Decimal& a, const Decimal& b) noexcept {
  const auto sign = [](auto v) { return v > 0 ? 1 : v < 0 ? -1 : 0; };
  if (a.exponent == b.exponent || sign(a.mantissa) != sign(b.mantissa) || a.mantissa == 0) {
    return a.mantissa < b.mantissa ? -1 : a.mantissa > b.mantissa ? 1 : 0;
  }
  const Decimal& fine = a.exponent < b.exponent ? a : b;
  const Decimal& coarse = a.exponent < b.exponent ? b : a;
  const int gap = coarse.exponent - fine.exponent;
  // With more than 19 powers between them the coarse one is larger in magnitude.
  int coarse_vs_fine = sign(coarse.mantissa);
  if (gap <= 19) {
    Wide scaled = coarse.mantissa;
    for (int i = 0; i < gap; ++i) scaled *= 10;
    coarse_vs_fine = sign(scaled - fine.mantissa);
  }
  return &coarse == &a ? coarse_vs_fine : -coarse_vs_fine;
}

void DecimalSum::add(const Decimal& value) noexcept {
  if (value.mantissa != 0) add_wide(value.mantissa, value.exponent);
}

void DecimalSum::add(const DecimalSum& other) noexcept {
  if (other.mantissa_ != 0) add_wide(other.mantissa_, other.exponent_);
  exact_ = exact_ && other.exact_;
}

void DecimalSum::add_scaled(const Decimal& a, const Decimal& b) noexcept {
  if (a.mantissa == 0 || b.mantissa == 0) return;
  add_wide(static_cast<Wide>(a.normalized().mantissa) * b.normalized().mantissa,
           a.normalized().exponent + b.normalized().exponent);
}

void DecimalSum::add_wide(Wide mantissa, int exponent) noexcept {
  if (mantissa_ == 0) {
    mantissa_ = mantissa;
    exponent_ = exponent;
    return;
  }
  const auto magnitude = [](Wide v) { return v < 0 ? -v : v; };
  constexpr Wide kRoom =
      static_cast<Wide>(std::numeric_limits<std::int64_t>::max()) * std::numeric_limits<std::int64_t>::max() / 10;
  while (exponent_ > exponent && magnitude(mantissa_) < kRoom) {
    mantissa_ *= 10;
    --exponent_;
  }
  while (exponent > exponent_ && magnitude(mantissa) < kRoom) {
    mantissa *= 10;
    --exponent;
  }
  for (; exponent_ > exponent; ++exponent) {
    exact_ = exact_ && mantissa % 10 == 0;
    mantissa /= 10;
  }
  for (; exponent > exponent_; ++exponent_) {
    exact_ = exact_ && mantissa_ % 10 == 0;
    mantissa_ /= 10;
  }
  mantissa_ += mantissa;
}

Decimal DecimalSum::total() const noexcept {
  Wide m = mantissa_;
  int exponent = exponent_;
  const bool negative = m < 0;
  if (negative) m = -m;
  bool round_up = false;
  while (m >= kPow10[kMaxDigits]) {
    round_up = m % 10 >= 5;
    m /= 10;
    ++exponent;
  }
  auto value = static_cast<std::int64_t>(m) + (round_up ? 1 : 0);
  if (value == kPow10[kMaxDigits]) {
    value /= 10;
    ++exponent;
  }
  if (value == 0) return {};
  return {negative ? -value : value, static_cast<std::int8_t>(std::clamp(exponent, kMinExponent, kMaxExponent))};
}

double DecimalSum::to_double() const noexcept {
  return total().to_double();
}

}  // namespace tickspan::core
