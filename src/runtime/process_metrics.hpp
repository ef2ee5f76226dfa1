#pragma once

#include <memory>
#include <vector>

#include "runtime/metrics.hpp"

namespace tickspan::runtime {

/// What the process takes of its machine, read when scraped, under the names that Prometheus' own client libraries give
/// it (`process_resident_memory_bytes`, `process_open_fds`, …), so that dashboards made for any program show it; and
/// `tickspan_process_allocated_bytes`, which tells memory that is in use from what the allocator keeps.
/// **Threading**: any. **Ownership**: the registry must outlive it.
class ProcessMetrics {
 public:
  explicit ProcessMetrics(Metrics& metrics);

 private:
  std::vector<std::shared_ptr<void>> registrations_;
};

}  // namespace tickspan::runtime
