// The only place that sees toml11.

#include <fmt/format.h>

#include <toml.hpp>

#include "app/config.hpp"

namespace tickspan::app {
namespace {

using core::ErrorCode;

std::string place(const std::string& path, const toml::value& value) {
  return fmt::format("{}:{}", path, value.location().line());
}

core::Result<RawValue> to_raw(const std::string& path, const std::string& key, const toml::value& value) {
  RawValue raw;
  raw.where = place(path, value);
  if (value.is_boolean()) {
    raw.type = RawValue::Type::boolean;
    raw.text = value.as_boolean() ? "true" : "false";
  } else if (value.is_integer()) {
    raw.type = RawValue::Type::integer;
    raw.text = std::to_string(value.as_integer());
  } else if (value.is_string()) {
    raw.text = value.as_string().str;
  } else if (value.is_array()) {
    raw.type = RawValue::Type::list;
    for (const toml::value& item : value.as_array()) {
      if (!item.is_string())
        return core::fail(ErrorCode::invalid_argument, fmt::format("{}: {} must be a list of texts", raw.where, key));
      raw.items.push_back(item.as_string().str);
    }
  } else {
    return core::fail(
        ErrorCode::invalid_argument,
        fmt::format("{}: {} must be text, a whole number, true, false or a list of texts", raw.where, key));
  }
  return raw;
}

core::Status add_table(const std::string& path, const std::string& prefix, int table, const toml::value& value,
                       std::vector<RawEntry>& out) {
  for (const auto& [name, item] : value.as_table()) {
    const std::string key = prefix.empty() ? name : prefix + "." + name;
    if (item.is_table()) {
      if (auto done = add_table(path, key, table, item, out); !done) return done;
      continue;
    }
    if ((key == "sources" || key == "symbols") && item.is_array()) {
      int index = 0;
      for (const toml::value& source : item.as_array()) {
        if (!source.is_table())
          return core::fail(ErrorCode::invalid_argument,
                            fmt::format("{0}: {1} must be tables: [[{1}]]", place(path, item), key));
        if (auto done = add_table(path, key, index++, source, out); !done) return done;
      }
      continue;
    }
    auto raw = to_raw(path, key, item);
    if (!raw) return tl::unexpected(raw.error());
    out.push_back({key, table, std::move(*raw)});
  }
  return {};
}

/// toml11's messages span several lines with a drawing; the first says what, the place is found by its arrow.
std::string first_line(const std::string& text) {
  std::string line = text.substr(0, text.find('\n'));
  if (const auto tag = line.find("[error] "); tag != std::string::npos) line = line.substr(tag + 8);
  if (const auto arrow = text.find("--> "); arrow != std::string::npos) {
    const auto bar = text.find(" | ", arrow);
    const auto begin = text.rfind('\n', bar);
    if (bar != std::string::npos && begin != std::string::npos) {
      std::string number = text.substr(begin + 1, bar - begin - 1);
      number.erase(0, number.find_first_not_of(' '));
      line += " (line " + number + ")";
    }
  }
  return line;
}

}  // namespace

core::Result<std::vector<RawEntry>> read_config_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return core::fail(ErrorCode::io_error, fmt::format("{}: cannot be read", path));
  try {
    const toml::value root = toml::parse(file, path);
    std::vector<RawEntry> entries;
    if (auto done = add_table(path, "", -1, root, entries); !done) return tl::unexpected(done.error());
    return entries;
  } catch (const std::exception& e) {
    return core::fail(ErrorCode::parse_error, fmt::format("{}: {}", path, first_line(e.what())));
  }
}

}  // namespace tickspan::app
