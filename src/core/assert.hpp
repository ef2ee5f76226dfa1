#pragma once

namespace tickspan::core {
[[noreturn]] void assertion_failed(const char* expression, const char* message, const char* file, int line) noexcept;
}

/// Programmer errors only. Stays on in release builds: prints the message and the place, then aborts.
#define TS_ASSERT(expression, message) \
  ((expression) ? void(0) : ::tickspan::core::assertion_failed(#expression, message, __FILE__, __LINE__))
