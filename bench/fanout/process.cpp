#include "process.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

namespace tickspan::bench {
namespace {

std::size_t field_kib(const std::string& path, std::string_view name) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(name)) return std::stoul(line.substr(name.size()));
  }
  return 0;
}

std::size_t socket_pages() {
  std::ifstream in("/proc/net/sockstat");
  for (std::string line; std::getline(in, line);) {
    const auto at = line.find(" mem ");
    if (line.starts_with("TCP:") && at != std::string::npos) return std::stoul(line.substr(at + 5));
  }
  return 0;
}

}  // namespace

bool pin_to_core(int core) {
  if (core < 0) return true;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(core), &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
}

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

// The process's CPU clock counts nanoseconds; /proc/PID/stat the same time in ticks of 10 ms.
std::int64_t cpu_ns(int pid) {
  clockid_t clock{};
  timespec time{};
  if (pid <= 0 || clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

std::vector<ThreadCpu> thread_cpu(int pid) {
  std::vector<ThreadCpu> threads;
  const double tick = 1.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", error)) {
    std::ifstream in(entry.path() / "stat");
    std::string line;
    if (!std::getline(in, line)) continue;
    const auto open = line.find('('), close = line.rfind(')');
    std::istringstream rest(line.substr(close + 2));
    std::string skipped;
    for (int i = 0; i < 11; ++i) rest >> skipped;
    double user = 0, system = 0;
    rest >> user >> system;
    threads.push_back(
        {std::stoi(entry.path().filename()), line.substr(open + 1, close - open - 1), (user + system) * tick});
  }
  return threads;
}

Memory memory_of(int pid) {
  Memory memory;
  const std::string status = "/proc/" + std::to_string(pid) + "/status";
  if (pid > 0) {
    memory.resident_kib = field_kib(status, "VmRSS:");
    memory.anonymous_kib = field_kib(status, "RssAnon:");
  }
  memory.sockets_kib = socket_pages() * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) / 1024;
  return memory;
}

}  // namespace tickspan::bench
