#include "server/parameters.hpp"

#include <algorithm>
#include <charconv>

#include "core/assert.hpp"
#include "net/http_message.hpp"

namespace tickspan::server {
namespace {

using Parsed = tl::expected<Values::Value, ParameterError>;

tl::unexpected<ParameterError> refuse(const Parameter& parameter, std::string_view value, std::string allowed,
                                      std::vector<std::string> near = {}) {
  return tl::unexpected<ParameterError>(
      ParameterError{std::string(parameter.name), std::string(value), std::move(allowed), std::move(near)});
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

Parsed parse_choice(const Parameter& parameter, std::string_view text) {
  const std::string wanted = core::to_lower(text);
  std::string allowed;
  for (const std::string_view choice : parameter.choices) {
    if (wanted == choice) return Values::Value(std::string(choice));
    allowed += (allowed.empty() ? "" : ", ") + std::string(choice);
  }
  std::vector<std::string> near;
  for (const std::string_view choice : parameter.choices) {
    if (core::edit_distance(wanted.substr(0, 32), choice) <= 2) near.emplace_back(choice);
  }
  return refuse(parameter, text, std::move(allowed), std::move(near));
}

Parsed parse_names(const Parameter& parameter, std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view name = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    const std::size_t first = name.find_first_not_of(' ');
    if (first == std::string_view::npos) continue;
    names.emplace_back(name.substr(first, name.find_last_not_of(' ') - first + 1));
  }
  if (names.size() > static_cast<std::size_t>(parameter.max)) {
    return refuse(parameter, std::to_string(names.size()) + " names",
                  "up to " + std::to_string(parameter.max) + " names");
  }
  return Values::Value(std::move(names));
}

Parsed parse_time(const Parameter& parameter, std::string_view text) {
  constexpr std::int64_t kLatestMs = 9'000'000'000'000;  // the year 2255: nanoseconds still fit
  if (const auto ms = parse_integer(text); ms && *ms > 0 && *ms < kLatestMs)
    return Values::Value(core::Timestamp::from_ms(*ms));
  if (const auto time = core::parse_rfc3339(text); time && time->ns > 0) return Values::Value(*time);
  return refuse(parameter, text, "an RFC 3339 time (2026-06-01T12:00:00Z) or milliseconds since 1970");
}

Parsed parse_one(const Parameter& parameter, std::string_view text) {
  switch (parameter.type) {
    case ParameterType::integer: {
      const auto value = parse_integer(text);
      if (value && *value >= parameter.min && *value <= parameter.max) return Values::Value(*value);
      return refuse(parameter, text,
                    "a whole number from " + std::to_string(parameter.min) + " to " + std::to_string(parameter.max));
    }
    case ParameterType::choice:
      return parse_choice(parameter, text);
    case ParameterType::text:
      if (text.size() <= static_cast<std::size_t>(parameter.max)) return Values::Value(std::string(text));
      return refuse(parameter, text, "up to " + std::to_string(parameter.max) + " bytes");
    case ParameterType::names:
      return parse_names(parameter, text);
    case ParameterType::time:
      return parse_time(parameter, text);
  }
  return Values::Value();
}

// What stands for an absent parameter without a default.
Values::Value nothing(ParameterType type) {
  switch (type) {
    case ParameterType::choice:
    case ParameterType::text:
      return std::string();
    case ParameterType::names:
      return std::vector<std::string>();
    case ParameterType::integer:
    case ParameterType::time:
      break;
  }
  return std::monostate();
}

std::optional<unsigned> nibble(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<unsigned>(digit - 'a') + 10;
  return {};
}

// FNV-1a: stable from run to run, so that a cursor survives a restart.
std::uint32_t context_hash(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

}  // namespace

const Values::Value& Values::find(std::string_view name) const {
  const auto it = std::find_if(values_.begin(), values_.end(), [&](const auto& entry) { return entry.first == name; });
  TS_ASSERT(it != values_.end(), "a handler asked for a parameter that it did not declare");
  return it->second;
}

std::int64_t Values::integer(std::string_view name) const {
  return std::get<std::int64_t>(find(name));
}
const std::string& Values::text(std::string_view name) const {
  return std::get<std::string>(find(name));
}
const std::vector<std::string>& Values::names(std::string_view name) const {
  return std::get<std::vector<std::string>>(find(name));
}
std::optional<core::Timestamp> Values::time(std::string_view name) const {
  const auto* value = std::get_if<core::Timestamp>(&find(name));
  return value == nullptr ? std::nullopt : std::optional(*value);
}

tl::expected<Values, Problem> parse_parameters(std::span<const Parameter> declared, std::string_view query) {
  const auto given = net::parse_query(query);
  Values values;
  std::vector<ParameterError> errors;
  for (const Parameter& parameter : declared) {
    const auto it =
        std::find_if(given.begin(), given.end(), [&](const auto& pair) { return pair.first == parameter.name; });
    const bool optional = parameter.type != ParameterType::integer && parameter.type != ParameterType::choice;
    const bool absent = it == given.end() || (it->second.empty() && optional);
    if (absent && parameter.fallback.empty()) {
      values.set(parameter.name, nothing(parameter.type));
      continue;
    }
    auto parsed = parse_one(parameter, absent ? parameter.fallback : std::string_view(it->second));
    if (parsed)
      values.set(parameter.name, std::move(*parsed));
    else
      errors.push_back(std::move(parsed.error()));
  }
  if (!errors.empty()) return tl::unexpected(invalid_parameters(std::move(errors)));
  return values;
}

std::string make_cursor(std::size_t offset, std::string_view context) {
  char text[32];
  char* end = std::to_chars(text, text + 20, offset, 36).ptr;
  *end++ = '-';
  end = std::to_chars(end, text + sizeof text, context_hash(context), 36).ptr;
  return {text, end};
}

std::optional<std::size_t> read_cursor(std::string_view cursor, std::string_view context) {
  std::size_t offset = 0;
  const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), offset, 36);
  if (error != std::errc{} || make_cursor(offset, context) != cursor) return {};
  return offset;
}

std::string make_place_cursor(std::string_view place, std::string_view context) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(2 * place.size() + 8);
  for (const char c : place) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  char hash[8];
  const char* const end = std::to_chars(hash, hash + sizeof hash, context_hash(context), 36).ptr;
  out += '-';
  out.append(hash, static_cast<std::size_t>(end - hash));
  return out;
}

std::optional<std::string> read_place_cursor(std::string_view cursor, std::string_view context) {
  const std::string_view digits = cursor.substr(0, cursor.find('-'));
  std::string place;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    const auto high = nibble(digits[i]), low = nibble(digits[i + 1]);
    if (!high || !low) return {};
    place += static_cast<char>(*high << 4 | *low);
  }
  if (make_place_cursor(place, context) != cursor) return {};
  return place;
}

}  // namespace tickspan::server
