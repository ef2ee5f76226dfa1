#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "app/config_keys/key.hpp"

namespace tickspan::app {

Refusal set_bool(bool& target, const RawValue& v) {
  if (v.text != "true" && v.text != "false") return "true or false";
  target = v.text == "true";
  return {};
}

Refusal set_int(std::int64_t& target, const RawValue& v, std::int64_t low, std::int64_t high) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(v.text.data(), v.text.data() + v.text.size(), value);
  if (v.type == RawValue::Type::list || error != std::errc{} || end != v.text.data() + v.text.size() || value < low ||
      value > high) {
    return fmt::format("a whole number from {} to {}", low, high);
  }
  target = value;
  return {};
}

Refusal set_count(std::size_t& target, const RawValue& v, std::int64_t low, std::int64_t high) {
  std::int64_t value = 0;
  auto refusal = set_int(value, v, low, high);
  if (!refusal) target = static_cast<std::size_t>(value);
  return refusal;
}

Refusal set_seconds(std::chrono::milliseconds& target, const RawValue& v, std::int64_t low, std::int64_t high) {
  std::int64_t value = 0;
  auto refusal = set_int(value, v, low, high);
  if (!refusal) target = std::chrono::seconds(value);
  return refusal;
}

Refusal set_text(std::string& target, const RawValue& v) {
  if (v.type != RawValue::Type::string) return "text in quotes";
  target = v.text;
  return {};
}

Refusal set_choice(std::string& target, const RawValue& v, const std::vector<std::string>& choices) {
  if (std::find(choices.begin(), choices.end(), v.text) == choices.end())
    return fmt::format("one of {}{}", fmt::join(choices, ", "), did_you_mean(v.text, choices));
  target = v.text;
  return {};
}

Refusal set_url(std::string& target, const RawValue& v, std::string_view scheme) {
  const bool ok =
      v.text.empty() ||
      ((v.text.starts_with(std::string(scheme) + "://") || v.text.starts_with(std::string(scheme) + "s://")) &&
       v.text.find(' ') == std::string::npos);
  if (!ok) return fmt::format("an address that begins with {0}:// or {0}s://", scheme);
  target = v.text;
  return {};
}

}  // namespace tickspan::app
