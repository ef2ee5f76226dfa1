#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "app/commands.hpp"

namespace tickspan::app {
namespace {

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

int cannot(const core::Error& error) {
  std::fprintf(stderr, "tickspan: %s\n", error.context.c_str());
  return 1;
}

core::Result<std::string> data_directory(const Config& config) {
  std::string path = config.data_dir;
  if (path.empty()) {
    const std::string xdg = from_environment("XDG_DATA_HOME"), home = from_environment("HOME");
    if (xdg.empty() && home.empty()) {
      return core::fail(core::ErrorCode::io_error,
                        "neither XDG_DATA_HOME nor HOME is set: say where the database lives with --data DIR");
    }
    path = (xdg.empty() ? home + "/.local/share" : xdg) + "/tickspan";
  }
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error || !std::filesystem::is_directory(path)) {
    return core::fail(core::ErrorCode::io_error,
                      fmt::format("{}: cannot be used as data directory ({}); choose another with --data DIR", path,
                                  error ? error.message() : "it is not a directory"));
  }
  return path;
}

}  // namespace tickspan::app
