#include "storage/postgres/wire.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "../fixtures.hpp"

namespace tickspan::storage::test {
namespace {

using core::Decimal;
using postgres::Numeric;

std::string binary(const Decimal& value) {
  char bytes[64];
  return {bytes, Numeric::write(bytes, value)};
}

void expect_same(const Decimal& value) {
  const auto back = Numeric::read(binary(value), Numeric::shape(value));
  ASSERT_TRUE(back) << value.mantissa << "e" << int{value.exponent};
  EXPECT_EQ(back->mantissa, value.mantissa) << value.mantissa << "e" << int{value.exponent};
  EXPECT_EQ(back->exponent, value.exponent) << value.mantissa << "e" << int{value.exponent};
}

TEST(PostgresNumeric, ComesBackToTheDigit) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  for (const Decimal value : {Decimal{0, 0},
                              Decimal{0, -8},
                              Decimal{1, 0},
                              Decimal{150, -2},
                              Decimal{15, -1},
                              Decimal{6432150, -2},
                              Decimal{1, 3},
                              Decimal{10, 2},
                              Decimal{100, 1},
                              Decimal{15, 127},
                              Decimal{kMost, 127},
                              Decimal{kMost, -128},
                              Decimal{-kMost, -128},
                              Decimal{-kMost, 0},
                              Decimal{1, -128},
                              Decimal{10'000, 0},
                              Decimal{10'000, -4},
                              Decimal{99'999'999, -8},
                              Decimal{123456789012345678, 40},
                              Decimal{1'000'000'000'000'000'000, 5}}) {
    expect_same(value);
  }
}

TEST(PostgresNumeric, ComesBackToTheDigitAtRandom) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200'000; ++i) {
    const auto bits = static_cast<int>(random() % 63);
    auto mantissa = static_cast<std::int64_t>(random() >> (1 + bits));
    if (random() % 4 == 0) mantissa = mantissa / 1000 * 1000;
    if (random() % 2 == 0) mantissa = -mantissa;
    auto exponent = static_cast<std::int8_t>(static_cast<int>(random() % 256) - 128);
    if (mantissa == 0) exponent = std::min<std::int8_t>(exponent, 0);  // the one that is not kept
    expect_same({mantissa, exponent});
    if (testing::Test::HasFatalFailure()) return;
  }
}

// What the server's own numeric_send gives for these, byte for byte.
TEST(PostgresNumeric, IsPostgresOwnForm) {
  const auto bytes = [](std::initializer_list<int> values) {
    std::string out;
    for (const int v : values) {
      out += static_cast<char>((v >> 8) & 0xff);
      out += static_cast<char>(v & 0xff);
    }
    return out;
  };
  EXPECT_EQ(binary(dec("64321.50")), bytes({3, 1, 0, 2, 6, 4321, 5000}));
  EXPECT_EQ(binary({-5, -3}), bytes({1, -1, 0x4000, 3, 50}));
  EXPECT_EQ(binary({0, -2}), bytes({0, 0, 0, 2}));
  EXPECT_EQ(binary({12, 7}), bytes({2, 2, 0, 0, 1, 2000}));
}

TEST(PostgresNumeric, RefusesWhatItCannotHaveWritten) {
  std::string good = binary(dec("64321.50"));
  EXPECT_FALSE(Numeric::read(good.substr(0, 7), 0));
  EXPECT_FALSE(Numeric::read(good.substr(0, 12), 0));
  std::string not_a_number = good;
  not_a_number[4] = static_cast<char>(0xc0);
  EXPECT_FALSE(Numeric::read(not_a_number, 0));
  std::string wide = good;
  wide[8] = 0x7f;  // a digit above 9999
  EXPECT_FALSE(Numeric::read(wide, 0));
  std::string rough = good;
  rough[7] = 0;  // says that nothing stands behind the point
  EXPECT_FALSE(Numeric::read(rough, 0));
  EXPECT_FALSE(Numeric::read(good, 1));  // no power of ten
  std::string huge = good;
  huge[2] = 0x30;
  EXPECT_FALSE(Numeric::read(huge, 0));
}

TEST(PostgresTime, SaturatesWhereNanosecondsEnd) {
  const core::Timestamp noon = kNoon + std::chrono::microseconds(1);
  EXPECT_EQ(postgres::time_of_us(postgres::us_of_time(noon)), noon);
  EXPECT_EQ(postgres::us_of_time({-1}), postgres::us_of_time({-1000}));
  EXPECT_EQ(postgres::time_of_us(std::numeric_limits<std::int64_t>::max()).ns,
            std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(postgres::time_of_us(std::numeric_limits<std::int64_t>::min()).ns,
            std::numeric_limits<std::int64_t>::min());
}

}  // namespace
}  // namespace tickspan::storage::test
