#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "core/decimal.hpp"
#include "core/time.hpp"

namespace tickspan::storage::postgres {

// PostgreSQL's binary forms: big-endian integers, timestamptz as microseconds since 2000, numeric in base 10,000.

template <typename T>
T read_be(const char* in) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>((value << 8) | static_cast<unsigned char>(in[i]));
  return value;
}

template <typename T>
char* write_be(char* out, T value) {
  for (std::size_t i = sizeof(T); i-- > 0; value = static_cast<T>(value >> 8)) out[i] = static_cast<char>(value & 0xff);
  return out + sizeof(T);
}
template <>
inline char* write_be<std::uint8_t>(char* out, std::uint8_t value) {
  *out = static_cast<char>(value);
  return out + 1;
}

inline constexpr std::int64_t kEpoch2000Us = 946'684'800'000'000;

/// Rounded down to the microsecond.
inline std::int64_t us_of_time(core::Timestamp t) {
  return t.ns / 1000 - (t.ns % 1000 < 0 ? 1 : 0) - kEpoch2000Us;
}
core::Timestamp time_of_us(std::int64_t us);

/// A decimal as `numeric`, which keeps the value and, below the point, how many digits were written (1.50 stays 1.50).
/// What it cannot keep is a positive power of ten (15e2 reads back as 1500): the caller stores a `shape` beside it,
/// 0 for most, else 1 + the zeros at the end of the mantissa. 0e5 comes back as 0.
struct Numeric {
  static constexpr int kShapeBits = 5;
  static int shape(const core::Decimal& value);
  /// At most 64 bytes; returns the end. Without a length in front.
  static char* write(char* out, const core::Decimal& value);
  /// Nothing where it is not finite, not of this shape, or has more digits than a decimal holds.
  static std::optional<core::Decimal> read(std::string_view bytes, int shape);
};

/// The stream of a COPY … (FORMAT binary).
class CopyStream {
 public:
  CopyStream();
  void begin_row(int columns) { put<std::uint16_t>(static_cast<std::uint16_t>(columns)); }
  CopyStream& int2(std::int64_t value) { return field<std::uint16_t>(value); }
  CopyStream& int4(std::int64_t value) { return field<std::uint32_t>(value); }
  CopyStream& int8(std::int64_t value) { return field<std::uint64_t>(value); }
  CopyStream& time(core::Timestamp value) { return int8(us_of_time(value)); }
  CopyStream& numeric(const core::Decimal& value);
  /// What was added since the stream began or was last taken from, for sending it in parts.
  std::string_view part() const { return data_; }
  void take_part() { data_.clear(); }
  /// The rest of the stream, with its end. Nothing may be added afterwards.
  std::string_view finish();
  void clear();

 private:
  template <typename T>
  void put(T value) {
    char bytes[sizeof(T)];
    write_be<T>(bytes, value);
    data_.append(bytes, sizeof(T));
  }
  template <typename T>
  CopyStream& field(std::int64_t value) {
    char bytes[4 + sizeof(T)];
    write_be<T>(write_be<std::uint32_t>(bytes, sizeof(T)), static_cast<T>(value));
    data_.append(bytes, sizeof(bytes));
    return *this;
  }
  std::string data_;
};

}  // namespace tickspan::storage::postgres
