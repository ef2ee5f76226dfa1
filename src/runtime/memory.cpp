#include "runtime/memory.hpp"

#include <malloc.h>
#include <unistd.h>

#include <fstream>

namespace tickspan::runtime {
namespace {

constexpr int kOwnMapping = 1 << 20;
// What an arena keeps at its end, so that it does not go to and fro between it and the system.
constexpr int kKept = 4 << 20;

}  // namespace

std::uint64_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  in >> total >> resident;
  return in ? resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

std::uint64_t allocated_bytes() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

void settle_allocator() {
  // Refused, as by another allocator, it is as it was before.
  mallopt(M_MMAP_THRESHOLD, kOwnMapping);
  mallopt(M_TRIM_THRESHOLD, kKept);
}

}  // namespace tickspan::runtime
