#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/time.hpp"
#include "server/problem.hpp"

namespace tickspan::server {

enum class ParameterType : std::uint8_t {
  integer,  ///< `min` to `max`
  choice,   ///< one of `choices`, any case
  text,     ///< up to `max` bytes; empty is as if absent
  names,    ///< up to `max` names, separated by commas
  time,     ///< RFC 3339, or milliseconds since 1970
};

/// One query parameter as declared by its handler. api/openapi.yaml says the same; a test holds them together.
struct Parameter {
  std::string_view name;
  ParameterType type = ParameterType::text;
  std::string_view fallback;  ///< what counts when it is absent; empty: nothing
  std::int64_t min = 0, max = 100;
  std::vector<std::string_view> choices = {};
};

/// Parameters after validation, by name. Asking for one that was not declared is a programmer error.
class Values {
 public:
  std::int64_t integer(std::string_view name) const;
  const std::string& text(std::string_view name) const;  ///< choices in their declared spelling
  const std::vector<std::string>& names(std::string_view name) const;
  std::optional<core::Timestamp> time(std::string_view name) const;

  using Value = std::variant<std::monostate, std::int64_t, std::string, std::vector<std::string>, core::Timestamp>;
  void set(std::string_view name, Value value) { values_.emplace_back(name, std::move(value)); }

 private:
  const Value& find(std::string_view name) const;
  std::vector<std::pair<std::string_view, Value>> values_;
};

/// The first of repeated parameters counts, unknown ones are ignored. The problem names every parameter that is wrong.
tl::expected<Values, Problem> parse_parameters(std::span<const Parameter> declared, std::string_view query);

/// A page of a list: where it starts and where the next one does. The cursor is opaque to clients and bound to the
/// other parameters by `context`, so that it cannot be carried from one list to another.
std::string make_cursor(std::size_t offset, std::string_view context);
std::optional<std::size_t> read_cursor(std::string_view cursor, std::string_view context);
/// The same of a list that grows while it is read: `place` is any text that tells where the next page begins.
std::string make_place_cursor(std::string_view place, std::string_view context);
std::optional<std::string> read_place_cursor(std::string_view cursor, std::string_view context);

}  // namespace tickspan::server
