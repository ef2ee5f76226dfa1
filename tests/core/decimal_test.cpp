#include "core/decimal.hpp"

#include <gtest/gtest.h>

#include <random>

namespace tickspan::core {
namespace {

TEST(Decimal, KeepsTheDigitsItWasQuotedWith) {
  for (const char* text :
       {"0", "1", "61837.63000000", "0.00000012", "-3.50", "123456789012345678", "0.000000000000000001", "1000000"}) {
    const auto d = Decimal::parse(text);
    ASSERT_TRUE(d) << text;
    EXPECT_EQ(d->to_string(), text);
  }
}

TEST(Decimal, ReadsScientificNotationAndWritesPlain) {
  EXPECT_EQ(Decimal::parse("1.5e-7")->to_string(), "0.00000015");
  EXPECT_EQ(Decimal::parse("2E3")->to_string(), "2000");
  EXPECT_EQ(Decimal::parse("5e-14")->to_string(), "0.00000000000005");
}

TEST(Decimal, RefusesWhatIsNoNumber) {
  for (const char* text :
       {"", "-", ".", "1.", ".5", "abc", "1a", "1e", "1e+", "0x10", " 1", "1 ", "1..2", "nan", "1e5000"}) {
    EXPECT_FALSE(Decimal::parse(text)) << text;
  }
}

TEST(Decimal, RefusesMoreDigitsThanItHoldsUnlessToldToRound) {
  const char* text = "0.1234567890123456785";
  EXPECT_FALSE(Decimal::parse(text));
  EXPECT_EQ(Decimal::parse(text, true)->to_string(), "0.123456789012345679");
  EXPECT_EQ(Decimal::parse("999999999999999999.9", true)->to_string(), "1000000000000000000");
  EXPECT_EQ(Decimal::parse("1.00000000000000000000000")->to_double(), 1.0);
}

TEST(Decimal, ComparesByValue) {
  EXPECT_EQ(*Decimal::parse("1.50"), *Decimal::parse("1.5"));
  EXPECT_LT(*Decimal::parse("1.49"), *Decimal::parse("1.5"));
  EXPECT_LT(*Decimal::parse("-1.5"), *Decimal::parse("-1.49"));
  EXPECT_GT(*Decimal::parse("1e30"), *Decimal::parse("999999999999999999e-18"));
  EXPECT_GT(*Decimal::parse("0.1"), *Decimal::parse("0"));
}

TEST(Decimal, FromDoubleKeepsTheSignificantDigits) {
  EXPECT_EQ(Decimal::from_double(64321.123456789, 12)->to_string(), "64321.1234568");
  EXPECT_EQ(Decimal::from_double(1e-9)->to_string(), "0.000000001");
  EXPECT_EQ(Decimal::from_double(100)->to_string(), "100");
  EXPECT_FALSE(Decimal::from_double(1.0 / 0.0));
}

TEST(Decimal, ToDoubleIsTheNearestDouble) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const Decimal d{static_cast<std::int64_t>(random() % 1'000'000'000'000'000'000),
                    static_cast<std::int8_t>(-static_cast<int>(random() % 30))};
    EXPECT_EQ(d.to_double(), std::stod(d.to_string()));
  }
}

TEST(DecimalSum, DoesNotDependOnTheOrder) {
  std::mt19937_64 random(11);
  std::vector<Decimal> values;
  for (int i = 0; i < 500; ++i) {
    values.push_back({static_cast<std::int64_t>(random() % 1'000'000'000),
                      static_cast<std::int8_t>(-static_cast<int>(random() % 9))});
  }
  DecimalSum forward;
  for (const auto& v : values) forward.add(v);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(values.begin(), values.end(), random);
    DecimalSum sum;
    for (const auto& v : values) sum.add(v);
    EXPECT_EQ(sum.total(), forward.total());
    EXPECT_TRUE(sum.exact());
  }
}

TEST(DecimalSum, AddsExactlyWhereDoublesDoNot) {
  DecimalSum sum;
  for (int i = 0; i < 10; ++i) sum.add(*Decimal::parse("0.1"));
  EXPECT_EQ(sum.total(), *Decimal::parse("1"));
  sum.subtract(*Decimal::parse("0.3"));
  EXPECT_EQ(sum.total(), *Decimal::parse("0.7"));
}

}  // namespace
}  // namespace tickspan::core
