#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tickspan::bench {

/// Binds the whole process to one core; a negative number leaves it free. False: there is no such core.
bool pin_to_core(int core);
/// As many descriptors as this process may have. Returns how many.
std::size_t raise_descriptor_limit();

/// CPU time of a process since it began, nanoseconds; 0 when it is gone.
std::int64_t cpu_ns(int pid);

struct ThreadCpu {
  int id = 0;
  std::string name;
  double seconds = 0;  ///< user and system, in steps of a clock tick
};
std::vector<ThreadCpu> thread_cpu(int pid);

struct Memory {
  std::size_t resident_kib = 0;   ///< VmRSS of the process
  std::size_t anonymous_kib = 0;  ///< RssAnon
  std::size_t sockets_kib = 0;    ///< kernel memory of all TCP sockets of this machine, both ends
};
Memory memory_of(int pid);

}  // namespace tickspan::bench
