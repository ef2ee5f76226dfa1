#include "runtime/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace tickspan::runtime
