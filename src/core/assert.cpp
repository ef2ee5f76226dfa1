#include "core/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace tickspan::core {

void assertion_failed(const char* expression, const char* message, const char* file, int line) noexcept {
  std::fprintf(stderr, "tickspan: assertion failed: %s (%s) at %s:%d\n", message, expression, file, line);
  std::abort();
}

}  // namespace tickspan::core
