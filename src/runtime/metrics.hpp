#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tickspan::runtime {

using Labels = std::map<std::string, std::string>;

/// Only ever grows. Relaxed atomics: cheap enough for the tick path.
class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void set(double v) noexcept { value_.store(v, std::memory_order_relaxed); }
  double value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

/// The program's metrics, named `tickspan_<module>_<what>_<unit>` (counters end in `_total`), in Prometheus text form.
/// **Threading**: any thread. **Ownership**: hands out references that live as long as the registry.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  /// A value read when scraped; `counter` tells how it is typed. The function must be callable from any thread until
  /// the returned registration is dropped.
  [[nodiscard]] std::shared_ptr<void> observe(const std::string& name, const std::string& help, const Labels& labels,
                                              bool counter, std::function<double()> read);
  /// Prometheus text exposition format 0.0.4.
  std::string serialize() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tickspan::runtime
