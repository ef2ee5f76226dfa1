#include "runtime/process_metrics.hpp"

#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

#include "runtime/descriptors.hpp"
#include "runtime/memory.hpp"

namespace tickspan::runtime {
namespace {

/// The fields of /proc/self/stat by their numbers in proc(5).
enum StatField : std::size_t { kUserTicks = 14, kSystemTicks = 15, kStartTicks = 22, kVirtualBytes = 23, kFields = 24 };

double ticks_per_second() {
  return static_cast<double>(sysconf(_SC_CLK_TCK));
}

/// 0 for what can't be read.
std::array<double, kFields> stat_fields() {
  std::array<double, kFields> fields{};
  std::ifstream in("/proc/self/stat");
  std::string line;
  std::getline(in, line);
  // The second field is the program's name in parentheses, and may hold any character; the third is a letter.
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return fields;
  std::istringstream rest(line.substr(name_end + 1));
  std::string state;
  rest >> state;
  for (std::size_t i = 4; i < kFields && rest >> fields[i]; ++i) {
  }
  return fields;
}

/// When the system started, in seconds since 1970.
double boot_time() {
  std::ifstream in("/proc/stat");
  std::string key;
  double value = 0;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    if (words >> key >> value && key == "btime") return value;
  }
  return 0;
}

double cpu_seconds() {
  const auto fields = stat_fields();
  return (fields[kUserTicks] + fields[kSystemTicks]) / ticks_per_second();
}

double start_time() {
  static const double kStarted = boot_time() + stat_fields()[kStartTicks] / ticks_per_second();
  return kStarted;
}

double open_descriptors() {
  std::error_code error;
  double open = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end; it.increment(error))
    ++open;
  return open > 0 ? open - 1 : 0;  // without the one that the look itself takes
}

}  // namespace

ProcessMetrics::ProcessMetrics(Metrics& metrics) {
  const auto add = [&](const char* name, const char* help, bool counter, std::function<double()> read) {
    registrations_.push_back(metrics.observe(name, help, {}, counter, std::move(read)));
  };
  add("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", true, cpu_seconds);
  add("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", false, start_time);
  add("process_resident_memory_bytes", "Resident memory size in bytes.", false,
      [] { return static_cast<double>(resident_bytes()); });
  add("process_virtual_memory_bytes", "Virtual memory size in bytes.", false,
      [] { return stat_fields()[kVirtualBytes]; });
  add("process_open_fds", "Number of open file descriptors.", false, open_descriptors);
  add("process_max_fds", "Maximum number of open file descriptors.", false,
      [] { return static_cast<double>(descriptor_limit()); });
  add("tickspan_process_allocated_bytes",
      "Memory in use by the program's own account; what is resident beyond it is the allocator's reserve.", false,
      [] { return static_cast<double>(allocated_bytes()); });
}

}  // namespace tickspan::runtime
