#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tickspan::history {

/// A value of a JSON object as it stands in the line: a string without its quotes, a number, `true`, `false` or `null`.
struct FlatValue {
  bool present = false;
  std::string_view text;
  std::size_t column = 1;  ///< where the value begins, from 1
};
struct FlatFault {
  std::size_t column = 1;
  std::string what;
};

/// Reads one JSON object of one level, `{"a":"1.50","b":2}`, and fills values[i] for names[i]; other names are passed
/// over. Nothing is converted, so that digits stay as written. A fault where the line is not such an object, a value
/// that is wanted has escapes, or a name comes twice. `values` is as long as `names` or longer.
std::optional<FlatFault> read_flat_object(std::string_view line, std::span<const std::string_view> names,
                                          std::span<FlatValue> values);

}  // namespace tickspan::history
