#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace tickspan::runtime {

enum class LogLevel { trace, debug, info, warn, error };

/// A named log, one per module: `inline const Log kLog{"feeds"}`. Values only, so that no global order matters.
/// Log or return an error, never both. No secrets, no bodies.
/// **Threading**: any thread.
class Log {
 public:
  explicit constexpr Log(std::string_view module) : module_(module) {}

  template <typename... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) const {
    write(LogLevel::debug, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) const {
    write(LogLevel::info, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) const {
    write(LogLevel::warn, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) const {
    write(LogLevel::error, format, std::forward<Args>(args)...);
  }

 private:
  template <typename... Args>
  void write(LogLevel level, fmt::format_string<Args...> format, Args&&... args) const {
    if (enabled(level)) emit(level, module_, fmt::format(format, std::forward<Args>(args)...));
  }
  static bool enabled(LogLevel level) noexcept;
  static void emit(LogLevel level, std::string_view module, const std::string& message);

  std::string_view module_;
};

/// Sends the log to stderr, from `level` on. Until called, warnings and errors only.
void configure_log(LogLevel level);

}  // namespace tickspan::runtime
