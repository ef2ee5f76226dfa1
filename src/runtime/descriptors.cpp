#include "runtime/descriptors.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace tickspan::runtime {

std::size_t descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;  // what POSIX systems give without being asked
  return static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur, std::numeric_limits<int>::max()));
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  [[maybe_unused]] const int refused = setrlimit(RLIMIT_NOFILE, &limit);  // descriptor_limit() says what holds
}

}  // namespace tickspan::runtime
