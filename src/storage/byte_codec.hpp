#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "core/decimal.hpp"

/// The words that batch_codec writes its rows with.
namespace tickspan::storage {

/// Writes numbers of variable length, texts and decimals.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& bytes) : bytes_(bytes) {}
  void byte(std::uint8_t value) { bytes_ += static_cast<char>(value); }
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<std::uint8_t>(value | 0x80));
    byte(static_cast<std::uint8_t>(value));
  }
  void integer(std::int64_t value) {
    number(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  void text(std::string_view value) {
    number(value.size());
    bytes_ += value;
  }
  void real(double value) {
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    bytes_.append(raw, sizeof raw);
  }
  void decimal(const core::Decimal& value) {
    integer(value.mantissa);
    byte(static_cast<std::uint8_t>(value.exponent));
  }
  template <typename T, typename Put>
  void maybe(const std::optional<T>& value, Put put) {
    byte(value ? 1 : 0);
    if (value) put(*value);
  }
  void reals(std::initializer_list<const std::optional<double>*> values) {
    for (const auto* value : values) maybe(*value, [this](double v) { real(v); });
  }

 private:
  std::string& bytes_;
};

/// Reads; once something is wrong everything reads as zero and ok() is false.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }
  bool at_end() const { return bytes_.empty(); }
  std::uint8_t byte() {
    if (bytes_.empty()) return fail();
    const auto value = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return value;
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint8_t b = byte();
      value |= static_cast<std::uint64_t>(b & 0x7F) << shift;
      if ((b & 0x80) == 0) return value;
    }
    return fail();
  }
  std::int64_t integer() {
    const std::uint64_t value = number();
    return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
  }
  std::string text() {
    const std::uint64_t size = number();
    if (size > bytes_.size()) {
      fail();
      return {};
    }
    std::string value(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return value;
  }
  double real() {
    double value = 0;
    if (bytes_.size() < sizeof value) return fail();
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
    return value;
  }
  core::Decimal decimal() {
    const std::int64_t mantissa = integer();
    return {mantissa, static_cast<std::int8_t>(byte())};
  }
  /// How many rows follow; each takes at least a byte.
  std::size_t count() {
    const std::uint64_t value = number();
    return value <= bytes_.size() ? static_cast<std::size_t>(value) : fail();
  }
  template <typename Id>
  Id id(std::size_t known, bool may_be_none = false) {
    const std::uint64_t value = number();
    if (value == 0 && may_be_none) return {};
    if (value == 0 || value > known) {
      fail();
      return {};
    }
    return {static_cast<decltype(Id::value)>(value - 1)};
  }
  template <typename Enum>
  Enum choice(Enum last) {
    const std::uint8_t value = byte();
    if (value <= static_cast<std::uint8_t>(last)) return static_cast<Enum>(value);
    fail();
    return {};
  }
  void reals(std::initializer_list<std::optional<double>*> values) {
    for (auto* value : values) {
      if (byte() != 0) *value = real();
    }
  }

 private:
  std::uint8_t fail() {
    ok_ = false;
    bytes_ = {};
    return 0;
  }
  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace tickspan::storage
