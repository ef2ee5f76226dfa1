#include "core/time.hpp"

#include <gtest/gtest.h>

namespace tickspan::core {
namespace {

TEST(Time, WritesMillisecondsAndZ) {
  EXPECT_EQ(to_rfc3339(Timestamp::from_ms(1'700'000'000'123)), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(to_rfc3339(Timestamp{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(Timestamp::from_ms(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(Time, ReadsFractionsAndOffsets) {
  EXPECT_EQ(parse_rfc3339("2023-11-14T22:13:20Z"), Timestamp::from_s(1'700'000'000));
  EXPECT_EQ(parse_rfc3339("2021-04-17T16:43:30.244075Z")->ns % 1'000'000'000, 244'075'000);
  EXPECT_EQ(parse_rfc3339("2023-11-14T23:13:20.123456789+01:00")->ns, 1'700'000'000'123'456'789);
}

TEST(Time, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "2023", "2023-02-30T00:00:00Z", "2023-11-14T25:00:00Z", "2023-11-14T22:13:20", "2023-11-14T22:13:20.Z",
        "2023-11-14T22:13:20.1234567890Z", "2023-11-14T22:13:20Zx", "0000-01-01T00:00:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(Time, FloorsTowardsThePast) {
  using namespace std::chrono_literals;
  EXPECT_EQ(Timestamp::from_s(119).floor_to(1min), Timestamp::from_s(60));
  EXPECT_EQ(Timestamp::from_s(-1).floor_to(1min), Timestamp::from_s(-60));
}

}  // namespace
}  // namespace tickspan::core
