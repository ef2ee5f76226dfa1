#include "storage/sqlite/candle_codec.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "../fixtures.hpp"

namespace tickspan::storage::sqlite {
namespace {

using test::candle;
using test::show;

constexpr auto kLargest = std::numeric_limits<std::int64_t>::max();
constexpr auto kSmallest = std::numeric_limits<std::int64_t>::min();

void expect_round_trip(const core::Candle& written) {
  const auto back = unpack(pack(written));
  ASSERT_TRUE(back) << show(written);
  core::Candle same = *back;
  same.start = written.start;
  EXPECT_EQ(show(same), show(written));
}

TEST(CandleCodec, TheFormOnDiskIsFixed) {
  core::Candle c = candle({}, "64321.50", "64400.00", "64300.25", "64399.75", "1.5", 12);
  c.incomplete = true;
  const PackedCandle packed = pack(c);
  EXPECT_EQ(packed.open, 6'432'150);
  EXPECT_EQ(packed.high, 7'850);
  EXPECT_EQ(packed.low, -2'125);
  EXPECT_EQ(packed.close, 7'825);
  EXPECT_EQ(packed.scale, 2);
  EXPECT_EQ(packed.volume, 15);
  EXPECT_EQ(packed.volume_exp, -1);
  EXPECT_EQ(packed.trades, 12);
  EXPECT_EQ(packed.flags, 3);
  EXPECT_EQ(pack(candle({}, "1", "1.5", "1", "1.25")).scale, 0x02'1202);  // pads 2 1 2 0, two digits
}

TEST(CandleCodec, MixedPrecisionKeepsItsDigits) {
  expect_round_trip(candle({}, "1", "1.50", "0.99", "1.500", "3e2"));
  expect_round_trip(candle({}, "0", "0.000", "0.0", "0"));
  expect_round_trip(candle({}, "-1.5", "2", "-3.25", "1e-15"));
}

TEST(CandleCodec, WhatDoesNotShareAScaleIsKeptRaw) {
  for (const auto& c : {candle({}, "1e-60", "1e40", "1e-60", "1"), candle({}, "5e3", "6e3", "5e3", "5e3"),
                        candle({}, "999999999999999999", "1", "1e-10", "1")}) {
    EXPECT_NE(pack(c).flags & PackedCandle::kRaw, 0);
    expect_round_trip(c);
  }
}

TEST(CandleCodec, ExtremesOfEveryField) {
  core::Candle c;
  c.open = {kLargest, -128};
  c.high = {kSmallest, 127};
  c.low = {kSmallest, -128};
  c.close = {kLargest, 127};
  c.volume = {kSmallest, -128};
  c.trades = std::numeric_limits<std::uint32_t>::max();
  expect_round_trip(c);
  c.high.exponent = c.close.exponent = -128;
  expect_round_trip(c);
}

TEST(CandleCodec, RandomCandlesComeBackExactly) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200'000; ++i) {
    const auto decimal = [&](int spread) {
      const int shift = static_cast<int>(random() % 64);
      return core::Decimal{static_cast<std::int64_t>(random()) >> shift,
                           static_cast<std::int8_t>(
                               -8 - spread + static_cast<int>(random() % (2u * static_cast<unsigned>(spread) + 1)))};
    };
    const int spread = static_cast<int>(random() % 3) * 20;
    core::Candle c;
    c.open = decimal(spread);
    c.high = decimal(spread);
    c.low = decimal(spread);
    c.close = decimal(spread);
    c.volume = decimal(spread);
    c.trades = static_cast<std::uint32_t>(random());
    c.final = random() % 2 == 0;
    c.incomplete = random() % 2 == 0;
    c.flat = random() % 2 == 0;
    ASSERT_NO_FATAL_FAILURE(expect_round_trip(c));
  }
}

TEST(CandleCodec, DamagedNumbersAreRefusedNotRead) {
  const PackedCandle good = pack(candle({}, "1.5", "2.5", "1", "2"));
  ASSERT_TRUE(unpack(good));
  const auto damaged = [&](auto change) {
    PackedCandle p = good;
    change(p);
    return !unpack(p).has_value();
  };
  EXPECT_TRUE(damaged([](auto& p) { p.scale = -1; }));
  EXPECT_TRUE(damaged([](auto& p) { p.scale |= std::int64_t{1} << 40; }));
  EXPECT_TRUE(damaged([](auto& p) { p.scale = 0xff; }));
  EXPECT_TRUE(damaged([](auto& p) { p.low += 1; }));  // not the zeros its pad promises
  EXPECT_TRUE(damaged([](auto& p) { p.open = kLargest; }));
  EXPECT_TRUE(damaged([](auto& p) { p.flags = 32; }));
  EXPECT_TRUE(damaged([](auto& p) { p.flags = PackedCandle::kRaw, p.scale = std::int64_t{1} << 32; }));
  EXPECT_TRUE(damaged([](auto& p) { p.trades = -1; }));
  EXPECT_TRUE(damaged([](auto& p) { p.trades = std::int64_t{1} << 32; }));
  EXPECT_TRUE(damaged([](auto& p) { p.volume_exp = 128; }));
}

TEST(CandleCodec, RandomNumbersNeverMisbehave) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 200'000; ++i) {
    const auto number = [&] { return static_cast<std::int64_t>(random()) >> (random() % 64); };
    const PackedCandle p{number(), number(), number(), number(), number(), number(), number(), number(), number()};
    if (const auto c = unpack(p)) expect_round_trip(*c);
  }
}

}  // namespace
}  // namespace tickspan::storage::sqlite
