#include "runtime/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

namespace tickspan::runtime {
namespace {

std::atomic<LogLevel> g_level{LogLevel::warn};

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return spdlog::level::trace;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    spdlog::logger made("tickspan", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made.set_level(spdlog::level::trace);
    made.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v", spdlog::pattern_time_type::utc);
    made.flush_on(spdlog::level::trace);
    return made;
  }();
  return instance;
}

}  // namespace

void configure_log(LogLevel level) {
  g_level.store(level);
}

bool Log::enabled(LogLevel level) noexcept {
  return level >= g_level.load(std::memory_order_relaxed);
}

void Log::emit(LogLevel level, std::string_view module, const std::string& message) {
  logger().log(to_spdlog(level), "{}: {}", module, message);
}

}  // namespace tickspan::runtime
