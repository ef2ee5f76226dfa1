#include "runtime/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <fstream>
#include <memory>
#include <vector>

#include "runtime/descriptors.hpp"
#include "runtime/process_metrics.hpp"

namespace tickspan::runtime {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Metrics, WritesCountersGaugesAndLabels) {
  Metrics metrics;
  metrics.counter("tickspan_x_total", "Things.", {{"venue", "kraken"}}).add(3);
  metrics.counter("tickspan_x_total", "Things.", {{"venue", "kraken"}}).add(2);
  metrics.gauge("tickspan_y", "A level.").set(1.5);
  const std::string text = metrics.serialize();
  EXPECT_THAT(text, HasSubstr("# TYPE tickspan_x_total counter"));
  EXPECT_THAT(text, HasSubstr("tickspan_x_total{venue=\"kraken\"} 5"));
  EXPECT_THAT(text, HasSubstr("tickspan_y 1.5"));
}

TEST(Metrics, AnObservationEndsWithItsRegistration) {
  Metrics metrics;
  auto registration = metrics.observe("tickspan_z", "Read when asked.", {}, false, [] { return 7.0; });
  EXPECT_THAT(metrics.serialize(), HasSubstr("tickspan_z 7"));
  registration.reset();
  EXPECT_THAT(metrics.serialize(), Not(HasSubstr("tickspan_z")));
}

double value_of(const std::string& text, const std::string& name) {
  const auto at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

TEST(ProcessMetrics, TellWhatTheProcessTakesWhenAsked) {
  Metrics metrics;
  const ProcessMetrics process(metrics);
  const std::string before = metrics.serialize();
  EXPECT_GT(value_of(before, "process_resident_memory_bytes"), 1e6);
  EXPECT_GT(value_of(before, "process_virtual_memory_bytes"), value_of(before, "process_resident_memory_bytes"));
  EXPECT_GE(value_of(before, "process_cpu_seconds_total"), 0);
  EXPECT_EQ(value_of(before, "process_max_fds"), static_cast<double>(descriptor_limit()));
  const double started = value_of(before, "process_start_time_seconds");
  const double now = static_cast<double>(std::time(nullptr));
  EXPECT_GT(started, now - 3600);
  EXPECT_LE(started, now + 2);

  std::vector<std::ifstream> files(7);
  for (std::ifstream& file : files) file.open("/proc/self/stat");
  EXPECT_EQ(value_of(metrics.serialize(), "process_open_fds"), value_of(before, "process_open_fds") + 7);
}

TEST(ProcessMetrics, MemoryInUseIsToldApartFromTheAllocatorsReserve) {
#ifdef TICKSPAN_SANITIZED
  GTEST_SKIP() << "a sanitizer has an allocator of its own";
#endif
  Metrics metrics;
  const ProcessMetrics process(metrics);
  const double before = value_of(metrics.serialize(), "tickspan_process_allocated_bytes");
  constexpr std::size_t kBlock = 10'000'000;
  auto block = std::make_unique<std::vector<char>>(kBlock, 'x');
  EXPECT_GE(value_of(metrics.serialize(), "tickspan_process_allocated_bytes"), before + kBlock) << block->back();
  block.reset();
  EXPECT_LT(value_of(metrics.serialize(), "tickspan_process_allocated_bytes"), before + kBlock / 2);
}

}  // namespace
}  // namespace tickspan::runtime
