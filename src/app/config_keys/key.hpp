#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.hpp"

namespace tickspan::app {

/// What a setter answers when it refuses: what is allowed instead.
using Refusal = std::optional<std::string>;

/// One key: its name, meaning, default and limits.
template <typename Target>
struct Key {
  std::string name;
  std::string comment;
  std::string default_toml;
  std::function<Refusal(Target&, const RawValue&)> set;
};
using ConfigKey = Key<Config>;
using SourceKey = Key<SourceConfig>;
using SymbolKey = Key<SymbolConfig>;

Refusal set_bool(bool& target, const RawValue& v);
Refusal set_int(std::int64_t& target, const RawValue& v, std::int64_t low, std::int64_t high);
Refusal set_count(std::size_t& target, const RawValue& v, std::int64_t low, std::int64_t high);
/// A whole number of seconds.
Refusal set_seconds(std::chrono::milliseconds& target, const RawValue& v, std::int64_t low, std::int64_t high);
Refusal set_text(std::string& target, const RawValue& v);
Refusal set_choice(std::string& target, const RawValue& v, const std::vector<std::string>& choices);
/// Empty, or `scheme://…` or its secure sister.
Refusal set_url(std::string& target, const RawValue& v, std::string_view scheme);

// One function per section, each in a file of its own.
std::vector<ConfigKey> server_keys();
std::vector<ConfigKey> stream_keys();
std::vector<ConfigKey> store_keys();
std::vector<ConfigKey> market_keys();
std::vector<ConfigKey> feeds_keys();
std::vector<ConfigKey> log_keys();
/// Of a `[[sources]]` table.
std::vector<SourceKey> source_keys();
std::vector<SymbolKey> symbol_keys();

}  // namespace tickspan::app
