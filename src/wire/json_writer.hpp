#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/decimal.hpp"
#include "core/time.hpp"

namespace tickspan::wire {

/// How a client wants numbers and times written; see docs/protocol.md.
struct Format {
  bool number_as_string = false;  ///< `?number_format=string`
  bool time_as_ms = false;        ///< `?time_format=ms`
};

/// Appends JSON to a string. Commas are its business; keys must be plain ASCII that needs no escaping.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out, Format format = {}) : out_(out), format_(format) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);  ///< escaped; invalid UTF-8 is replaced
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool b);
  JsonWriter& value(std::int64_t n);
  JsonWriter& value(std::uint64_t n);
  JsonWriter& value(int n) { return value(static_cast<std::int64_t>(n)); }
  JsonWriter& value(unsigned n) { return value(static_cast<std::uint64_t>(n)); }
  /// A price or an amount, as quoted, never in scientific notation.
  JsonWriter& value(const core::Decimal& d);
  /// Shortest text that reads back the same, never in scientific notation; null when not finite.
  JsonWriter& value(double d);
  /// null when not set.
  JsonWriter& value(core::Timestamp t);
  JsonWriter& null();
  /// Already encoded JSON.
  JsonWriter& raw(std::string_view json);
  template <typename T>
  JsonWriter& value(const std::optional<T>& v) {
    return v ? value(*v) : null();
  }

  template <typename T>
  JsonWriter& field(std::string_view name, const T& v) {
    return key(name).value(v);
  }

 private:
  JsonWriter& open(char c);
  JsonWriter& close(char c);
  JsonWriter& number(std::string_view digits);
  void separate();

  std::string& out_;
  Format format_;
  bool need_comma_ = false;
};

}  // namespace tickspan::wire
