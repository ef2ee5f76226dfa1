#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tickspan::core {

/// A decimal number as a venue quoted it: mantissa * 10^exponent, up to 18 significant digits, exact.
/// Trailing zeros of the source text are kept in the representation ("1.50" is 150e-2) and ignored by comparison.
struct Decimal {
  std::int64_t mantissa = 0;
  std::int8_t exponent = 0;

  /// Plain or scientific notation ("61837.63000000", "1e-7", "+3", "5.E2" is not accepted). No spaces. Digits that do
  /// not fit 18 significant places are an error unless they are zeros after the point, or `round_excess` is given.
  static std::optional<Decimal> parse(std::string_view text, bool round_excess = false) noexcept;

  /// The decimal nearest to `value` with at most `significant` (1..17) digits, trailing zeros removed.
  /// Nothing for NaN, infinities and magnitudes outside 1e-60..1e60.
  static std::optional<Decimal> from_double(double value, int significant = 12) noexcept;

  double to_double() const noexcept;
  /// Never in scientific notation. At most 160 bytes; returns the end.
  char* write(char* out) const noexcept;
  std::string to_string() const;
  /// The same value with no trailing zeros in the mantissa; zero is {0, 0}.
  Decimal normalized() const noexcept;

  bool is_zero() const noexcept { return mantissa == 0; }
  bool is_positive() const noexcept { return mantissa > 0; }

  /// Numeric, not representational: 1.50 == 1.5.
  friend bool operator==(const Decimal& a, const Decimal& b) noexcept { return compare(a, b) == 0; }
  friend std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) noexcept { return compare(a, b) <=> 0; }

 private:
  static int compare(const Decimal& a, const Decimal& b) noexcept;
};

inline constexpr int kMaxDecimalText = 160;

/// An exact running sum of decimals in 128 bits: the order of addition does not matter.
/// Exact while all exponents lie within 18 powers of ten of each other; beyond that the smallest digits are dropped and
/// `exact()` turns false.
class DecimalSum {
 public:
  void add(const Decimal& value) noexcept;
  void add(const DecimalSum& other) noexcept;
  void add_scaled(const Decimal& a, const Decimal& b) noexcept;  ///< adds a * b
  /// Takes `value` back out; the exact inverse of add().
  void subtract(const Decimal& value) noexcept { add({-value.mantissa, value.exponent}); }
  /// The sum rounded to 18 significant digits, half away from zero.
  Decimal total() const noexcept;
  double to_double() const noexcept;
  bool exact() const noexcept { return exact_; }

 private:
  __extension__ using Wide = __int128;
  void add_wide(Wide mantissa, int exponent) noexcept;
  Wide mantissa_ = 0;
  int exponent_ = 0;
  bool exact_ = true;
};

}  // namespace tickspan::core
