#include "storage/sqlite/trade_codec.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "../fixtures.hpp"

namespace tickspan::storage::sqlite {
namespace {

using test::dec;

constexpr auto kLargest = std::numeric_limits<std::int64_t>::max();
constexpr auto kSmallest = std::numeric_limits<std::int64_t>::min();
constexpr auto kNoLimit = std::numeric_limits<std::size_t>::max();
constexpr std::int64_t kNoonNs = test::kNoon.ns;

TradeRow row(std::int64_t at, std::int64_t received, std::int64_t key, const char* price, const char* amount,
             core::Side side = core::Side::sell) {
  return {at, received, key, dec(price), dec(amount), side};
}

std::string encoded(const std::vector<TradeRow>& rows) {
  TradeEncoder encoder(rows.front().at, rows.front().key);
  for (const TradeRow& row : rows) EXPECT_TRUE(encoder.append(row, kNoLimit));
  return encoder.bytes();
}

void expect_round_trip(const std::vector<TradeRow>& rows) {
  std::vector<TradeRow> back;
  ASSERT_TRUE(decode_trades(rows.front().at, rows.front().key, encoded(rows), back));
  ASSERT_EQ(back.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_TRUE(back[i].same_as(rows[i])) << "trade " << i;
}

TEST(TradeCodec, TheFormOnDiskIsFixed) {
  const std::string block = encoded({row(kNoonNs, kNoonNs + 5, 12, "64321.50", "0.5", core::Side::buy),
                                     row(kNoonNs, kNoonNs + 5, 13, "64321.49", "1.0", core::Side::sell),
                                     row(kNoonNs + 3'000'000, kNoonNs + 3'000'004, 10, "64321.49", "2.00"),
                                     row(kNoonNs + 3'001'000, kNoonNs + 3'001'004, -2, "1.00", "2.00")});
  // Worked out by hand from the description in the header.
  const std::vector<std::string> parts = {
      std::string("\x4d\xfe\xff\x0a\xac\x96\x91\x06\x0a", 9),      // same time, next id, exponents, 5 ns, 6432150, 5
      std::string("\x8e\x01\x14", 3),                              // same time, next id, received together, -1, 10
      std::string("\x5a\x06\x05\xfe\xfe\x01\x00\x90\x03", 9),      // 3 ms, id - 3, exponents, 1 ns less, 0, 200
      std::string("\x26\x02\xfe\xff\xff\xff\xff\xff\xff\xff", 10)  // 1 us, a whole key
          + std::string("\x00\xe1\x94\x91\x06\x90\x03", 7)};       // as long to arrive, 100 - 6432149, 200
  EXPECT_EQ(block, parts[0] + parts[1] + parts[2] + parts[3]);
}

TEST(TradeCodec, EveryNumberComesBack) {
  expect_round_trip({row(kNoonNs, kNoonNs + 40'000'001, 17, "64321.50", "0.00100000")});
  expect_round_trip({row(kNoonNs, kNoonNs - 1'270'000'000, 17, "1e-60", "123456789012345678e40"),
                     row(kNoonNs, kNoonNs, 18, "1e3", "0", core::Side::unknown),
                     row(kNoonNs + 1, kNoonNs + 1, 5, "1000", "1e-18", core::Side::buy),
                     row(kNoonNs + 1'001, kNoonNs + 1'001, kSmallest, "1000.0", "1", core::Side::buy),
                     row(kNoonNs + 2'001'001, kNoonNs + 1'001, kLargest, "1000.0", "1", core::Side::buy)});
  TradeRow low{kSmallest, kLargest, kSmallest, {kSmallest, -128}, {kSmallest, 127}, core::Side::sell};
  TradeRow high{kLargest, kSmallest, kLargest, {kLargest, 127}, {kLargest, -128}, core::Side::buy};
  expect_round_trip({low, high, low, low, high, high});
}

TEST(TradeCodec, RandomTradesComeBack) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::vector<TradeRow> rows;
    for (std::size_t i = 0; i < 1 + random() % 20; ++i) {
      const auto some = [&] { return static_cast<std::int64_t>(random() >> (random() % 64)); };
      rows.push_back({some(),
                      some(),
                      some(),
                      {some(), static_cast<std::int8_t>(random())},
                      {some(), static_cast<std::int8_t>(random())},
                      static_cast<core::Side>(random() % 3)});
    }
    expect_round_trip(rows);
  }
}

TEST(TradeCodec, OrdinaryTradesTakeFewBytes) {
  std::vector<TradeRow> rows;
  std::mt19937_64 random(1);
  std::int64_t at = kNoonNs, price = 6'432'150;
  for (int i = 0; i < 1000; ++i) {
    at += static_cast<std::int64_t>(random() % 400) * 1'000'000;
    price += static_cast<std::int64_t>(random() % 21) - 10;
    const auto delay = 40'000'000 + static_cast<std::int64_t>(random() % 10'000'000);
    rows.push_back({at,
                    at + delay,
                    1'000'000 + i,
                    {price, -2},
                    {static_cast<std::int64_t>(random() % 100'000'000), -8},
                    random() % 2 == 0 ? core::Side::buy : core::Side::sell});
  }
  EXPECT_LT(static_cast<double>(encoded(rows).size()) / 1000, 15);
}

TEST(TradeCodec, WhatDoesNotFitLeavesTheBlockAsItWas) {
  const TradeRow first = row(kNoonNs, kNoonNs + 7, 1, "1.5", "2");
  TradeRow widest{kLargest, kSmallest, kSmallest, {kSmallest, 127}, {kSmallest, -128}, core::Side::buy};
  TradeEncoder encoder(first.at, first.key);
  ASSERT_TRUE(encoder.append(first, kMaxTradeBytes));
  const std::string before = encoder.bytes();
  EXPECT_FALSE(encoder.append(widest, before.size() + 20));
  EXPECT_EQ(encoder.bytes(), before);
  EXPECT_TRUE(encoder.last().same_as(first));
  EXPECT_TRUE(encoder.append(widest, before.size() + kMaxTradeBytes));
  TradeEncoder alone(widest.at, widest.key);
  EXPECT_TRUE(alone.append(widest, kMaxTradeBytes));
}

TEST(TradeCodec, ABlockCanBeGoneOnWith) {
  const TradeRow a = row(kNoonNs, kNoonNs + 7, 1, "1.5", "2"), b = row(kNoonNs + 9, kNoonNs + 9, 4, "1.25", "2");
  TradeEncoder encoder(encoded({a}), a);
  ASSERT_TRUE(encoder.append(b, kNoLimit));
  EXPECT_EQ(encoder.bytes(), encoded({a, b}));
}

TEST(TradeCodec, ABlockThatIsCutOffOrDamagedIsNoBlockOrAnother) {
  const std::vector<TradeRow> rows = {row(kNoonNs, kNoonNs + 5, 12, "64321.50", "0.5"),
                                      row(kNoonNs + 77, kNoonNs + 99, -12, "64321.49", "1.0")};
  const std::string block = encoded(rows), first = encoded({rows[0]});
  std::vector<TradeRow> out;
  for (std::size_t size = 0; size < block.size(); ++size) {
    out.clear();
    EXPECT_EQ(decode_trades(kNoonNs, 12, block.substr(0, size), out), size == first.size()) << size;
  }
  EXPECT_FALSE(decode_trades(0, 0, "\x03", out));                                              // no such side
  EXPECT_FALSE(decode_trades(0, 0, "\x30", out));                                              // no such key
  EXPECT_FALSE(decode_trades(0, 0, "\x8c\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", out));  // no end
}

}  // namespace
}  // namespace tickspan::storage::sqlite
