#include "market/candle_builder.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <sstream>

#include "../support/support.hpp"
#include "market/candle_rollup.hpp"

namespace tickspan::market {
namespace {

using namespace std::chrono_literals;
using core::Candle;
using core::Decimal;
using core::Timestamp;

constexpr Timestamp kStart = Timestamp::from_s(1'700'000'040);  // on a minute
static_assert(kStart.floor_to(1min) == kStart);

Decimal number(std::string_view text) {
  return *Decimal::parse(text);
}

struct Row {
  std::int64_t ms = 0;
  std::uint64_t id = 0;
  Decimal price, amount;
};

std::vector<std::vector<std::string>> read_csv(const std::string& path) {
  std::istringstream in(test::read_file(path));
  std::vector<std::vector<std::string>> rows;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::vector<std::string> fields;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) fields.push_back(cell);
    rows.push_back(std::move(fields));
  }
  return rows;
}

std::vector<Row> recorded_trades(const std::string& dir) {
  std::vector<Row> out;
  for (const auto& f : read_csv(dir + "/binance/trades_XRPETH_20191011.csv.gz")) {
    out.push_back({std::stoll(f[0]), std::stoull(f[1]), number(f[3]), number(f[4])});
  }
  return out;
}

std::map<std::int64_t, Candle> recorded_candles(const std::string& path) {
  std::map<std::int64_t, Candle> out;
  for (const auto& f : read_csv(path)) {
    Candle c;
    c.start = Timestamp::from_ms(std::stoll(f[0]));
    c.open = number(f[1]);
    c.high = number(f[2]);
    c.low = number(f[3]);
    c.close = number(f[4]);
    c.volume = number(f[5]);
    out[c.start.ms()] = c;
  }
  return out;
}

bool same_figures(const Candle& a, const Candle& b) {
  return a.open == b.open && a.high == b.high && a.low == b.low && a.close == b.close && a.volume == b.volume;
}

std::vector<Candle> build_all(const std::vector<Row>& trades, Timestamp end) {
  CandleBuilder builder;
  std::vector<Candle> out;
  for (const Row& t : trades) {
    builder.add_trade(Timestamp::from_ms(t.ms), t.price, t.amount, t.id);
    out.insert(out.end(), builder.finished().begin(), builder.finished().end());
    builder.clear_finished();
  }
  builder.advance(end + CandleBuilder::kLateness, true);
  out.insert(out.end(), builder.finished().begin(), builder.finished().end());
  return out;
}

TEST(CandleBuilder, RecordedTradesGiveExactlyTheRecordedMinutes) {
  const auto dir = test::recordings_dir();
  if (!dir) GTEST_SKIP() << "the recordings are not here";
  const auto expected = recorded_candles(*dir + "/binance/ohlcv_XRPETH_1m_20191011.csv");
  const auto built = build_all(recorded_trades(*dir), expected.rbegin()->second.start + 60s);
  int traded = 0;
  int flat = 0;
  std::map<std::int64_t, int> seen;
  for (const Candle& c : built) {
    const auto it = expected.find(c.start.ms());
    ASSERT_NE(it, expected.end()) << core::to_rfc3339(c.start);
    EXPECT_TRUE(same_figures(c, it->second)) << core::to_rfc3339(c.start);
    EXPECT_TRUE(c.final);
    EXPECT_EQ(c.flat, it->second.volume.is_zero());
    EXPECT_FALSE(c.incomplete);
    (c.flat ? flat : traded) += 1;
    EXPECT_EQ(++seen[c.start.ms()], 1) << "given out twice";
  }
  EXPECT_EQ(traded, 2469);
  EXPECT_EQ(flat, 1091);
  EXPECT_EQ(built.size(), expected.size());
}

TEST(CandleBuilder, RecordedTradesGiveExactlyTheRecordedFiveMinutes) {
  const auto dir = test::recordings_dir();
  if (!dir) GTEST_SKIP() << "the recordings are not here";
  const auto expected = recorded_candles(*dir + "/binance/ohlcv_XRPETH_5m_20191011.csv");
  const auto minutes = build_all(recorded_trades(*dir), expected.rbegin()->second.start + 300s);
  CandleRollup rollup(core::Interval::m5);
  int traded = 0;
  int flat = 0;
  for (const Candle& m : minutes) {
    if (!rollup.add(m)) continue;
    const Candle c = rollup.candle();
    const auto it = expected.find(c.start.ms());
    ASSERT_NE(it, expected.end());
    EXPECT_TRUE(same_figures(c, it->second)) << core::to_rfc3339(c.start);
    EXPECT_FALSE(c.incomplete);
    (c.flat ? flat : traded) += 1;
  }
  EXPECT_EQ(traded, 706);
  EXPECT_EQ(flat, 6);
}

TEST(CandleBuilder, TheOrderOfArrivalWithinAMinuteDoesNotMatter) {
  std::vector<Row> trades;
  std::mt19937 random(5);
  for (std::uint64_t i = 1; i <= 200; ++i) {
    trades.push_back({kStart.ms() + static_cast<std::int64_t>(random() % 6) * 10'000,
                      i,
                      {static_cast<std::int64_t>(1000 + random() % 50), -2},
                      {static_cast<std::int64_t>(random() % 999 + 1), -5}});
  }
  const auto first = build_all(trades, kStart + 60s);
  for (int round = 0; round < 10; ++round) {
    std::shuffle(trades.begin(), trades.end(), random);
    const auto again = build_all(trades, kStart + 60s);
    ASSERT_EQ(again.size(), 1u);
    EXPECT_TRUE(same_figures(again[0], first[0]));
    EXPECT_EQ(again[0].trades, 200u);
  }
}

TEST(CandleBuilder, AMinuteIsFinalTwoSecondsAfterItsEnd) {
  CandleBuilder builder;
  builder.add_trade(kStart + 59s, number("10"), number("1"), 1);
  builder.advance(kStart + 61s + 999ms, true);
  EXPECT_FALSE(builder.has_finished());
  Candle open;
  ASSERT_TRUE(builder.open_candle(open));
  EXPECT_FALSE(open.final);
  EXPECT_EQ(builder.add_trade(kStart + 59s + 500ms, number("11"), number("1"), 2), CandleBuilder::Added::open);
  builder.advance(kStart + 62s, true);
  ASSERT_EQ(builder.finished().size(), 1u);
  EXPECT_TRUE(builder.finished()[0].final);
  EXPECT_EQ(builder.finished()[0].close, number("11"));
  EXPECT_FALSE(builder.open_candle(open));
}

TEST(CandleBuilder, ALateTradeRepairsItsMinuteAndTheFlatOnesThatLeanOnIt) {
  CandleBuilder builder;
  builder.add_trade(kStart + 1s, number("10"), number("1"), 1);
  builder.advance(kStart + 3min + 2s, true);
  ASSERT_EQ(builder.finished().size(), 3u);
  builder.clear_finished();
  EXPECT_EQ(builder.add_trade(kStart + 30s, number("12"), number("0.5"), 2), CandleBuilder::Added::repaired);
  ASSERT_EQ(builder.finished().size(), 3u);
  EXPECT_EQ(builder.finished()[0].close, number("12"));
  EXPECT_EQ(builder.finished()[0].volume, number("1.5"));
  EXPECT_TRUE(builder.finished()[1].flat);
  EXPECT_EQ(builder.finished()[1].open, number("12"));
  EXPECT_EQ(builder.finished()[2].start, kStart + 2min);
  builder.clear_finished();
  builder.advance(kStart + 4min + 2s, true);
  ASSERT_EQ(builder.finished().size(), 1u);
  EXPECT_EQ(builder.finished()[0].close, number("12")) << "the next flat one leans on the repaired close, too";
}

TEST(CandleBuilder, ARepairStopsAtTheNextTradedMinute) {
  CandleBuilder builder;
  builder.add_trade(kStart + 1s, number("10"), number("1"), 1);
  builder.add_trade(kStart + 61s, number("20"), number("1"), 3);
  builder.advance(kStart + 2min + 2s, true);
  builder.clear_finished();
  builder.add_trade(kStart + 2s, number("11"), number("1"), 2);
  ASSERT_EQ(builder.finished().size(), 1u);
  builder.clear_finished();
  builder.advance(kStart + 3min + 2s, true);
  EXPECT_EQ(builder.finished().at(0).close, number("20"));
}

TEST(CandleBuilder, ATradeOlderThanFiveMinutesIsRefusedAndCounted) {
  CandleBuilder builder;
  builder.add_trade(kStart + 10min, number("10"), number("1"), 1);
  builder.advance(kStart + 10min + 2s, true);
  EXPECT_EQ(builder.add_trade(kStart + 4min + 59s, number("1"), number("1"), 2), CandleBuilder::Added::too_late);
  EXPECT_EQ(builder.too_late(), 1u);
  EXPECT_FALSE(builder.has_finished());
}

TEST(CandleBuilder, MinutesInWhichTheSourceWasNotHeardAreNoCandles) {
  CandleBuilder builder;
  builder.add_trade(kStart + 1s, number("10"), number("1"), 1);
  builder.mark_incomplete(kStart + 30s, kStart + 31s);
  builder.advance(kStart + 62s, false);
  ASSERT_EQ(builder.finished().size(), 1u);
  EXPECT_TRUE(builder.finished()[0].incomplete);
  builder.clear_finished();
  builder.advance(kStart + 5min + 2s, false);
  EXPECT_FALSE(builder.has_finished());
  builder.mark_incomplete(kStart + 30s, kStart + 5min + 20s);
  builder.add_trade(kStart + 5min + 30s, number("11"), number("1"), 2);
  builder.advance(kStart + 7min + 2s, true);
  ASSERT_EQ(builder.finished().size(), 2u);
  EXPECT_TRUE(builder.finished()[0].incomplete) << "heard from its twentieth second only";
  EXPECT_FALSE(builder.finished()[1].incomplete);
  EXPECT_TRUE(builder.finished()[1].flat);
}

TEST(CandleBuilder, ALongJumpOfTheClockIsNotFilledMinuteByMinute) {
  CandleBuilder builder;
  builder.add_trade(kStart, number("10"), number("1"), 1);
  builder.advance(kStart + std::chrono::hours(24 * 365), true);
  EXPECT_EQ(builder.finished().size(), 1u + 1u) << "the traded minute, and the one that just ended";
}

TEST(CandleBuilder, ARestoredOpenMinuteGoesOnGrowing) {
  Candle saved;
  saved.start = kStart;
  saved.open = number("10");
  saved.high = number("14");
  saved.low = number("9");
  saved.close = number("12");
  saved.volume = number("3");
  saved.trades = 7;
  CandleBuilder builder;
  builder.restore(saved, kStart + 20s);
  builder.add_price(kStart + 40s, number("15"));
  builder.advance(kStart + 62s, true);
  const Candle& c = builder.finished().at(0);
  EXPECT_EQ(c.open, number("10"));
  EXPECT_EQ(c.high, number("15"));
  EXPECT_EQ(c.low, number("9"));
  EXPECT_EQ(c.close, number("15"));
  EXPECT_EQ(c.trades, 8u);
  EXPECT_TRUE(c.incomplete) << "nobody listened between the two runs";
}

TEST(CandleBuilder, CompositeVolumeAloneMakesACandleAtTheLastClose) {
  CandleBuilder builder;
  builder.add_volume(kStart, number("1"));  // before any price: nothing to hang it on
  builder.add_price(kStart + 61s, number("10"));
  builder.add_volume(kStart + 121s, number("2.5"));
  builder.advance(kStart + 3min + 2s, true);
  ASSERT_EQ(builder.finished().size(), 2u);
  EXPECT_EQ(builder.finished()[1].volume, number("2.5"));
  EXPECT_EQ(builder.finished()[1].close, number("10"));
  EXPECT_FALSE(builder.finished()[1].flat);
}

TEST(TradeTime, TheVenuesTimeUnlessItIsMissingOrFarAhead) {
  EXPECT_EQ(trade_time({}, kStart), kStart);
  EXPECT_EQ(trade_time(kStart - 3s, kStart), kStart - 3s);
  EXPECT_EQ(trade_time(kStart + 1270ms, kStart), kStart + 1270ms) << "a recorder's clock that is behind";
  EXPECT_EQ(trade_time(kStart + 11s, kStart), kStart);
}

TEST(CandleRollup, ALongerCandleWithAMissingMinuteIsIncomplete) {
  CandleRollup rollup(core::Interval::m5);
  const Timestamp start = kStart.floor_to(5min);
  for (const int m : {0, 1, 3, 4}) {
    Candle c;
    c.start = start + m * 1min;
    c.open = c.high = c.low = c.close = number("1");
    c.volume = number("0.1");
    EXPECT_EQ(rollup.add(c), m == 4);
  }
  EXPECT_TRUE(rollup.candle().incomplete);
  EXPECT_EQ(rollup.candle().volume, number("0.4"));
}

}  // namespace
}  // namespace tickspan::market
