// The recorded tables: in and out, and against each other.

#include <gtest/gtest.h>

#include <map>

#include "history/recount.hpp"
#include "history_fixture.hpp"

namespace tickspan::history {
namespace {

using core::Candle;
using core::Interval;
using test::contents;
using test::Place;

std::map<core::Timestamp, Candle> venue_table(const std::string& path, Interval interval) {
  std::map<core::Timestamp, Candle> out;
  auto reader = TableReader::open(path);
  std::string_view line;
  while (reader && *(*reader)->next(line)) {
    if ((*reader)->line_number() == 1) continue;
    const auto candle = parse_candle(TableForm::csv, interval, line);
    EXPECT_TRUE(candle) << path << " " << line;
    out[candle->start] = *candle;
  }
  return out;
}

TEST(Import, TradesOfAVenueMakeItsOwnCandles) {
  const auto recordings = tickspan::test::recordings_dir();
  if (!recordings) GTEST_SKIP() << "no recordings here";
  const tickspan::test::TempDir dir;
  Place place("binance", "xrp/eth", storage::sqlite::make_sqlite_store(dir.file("t.db")));
  const std::string table = *recordings + "/binance/trades_XRPETH_20191011.csv.gz";
  const auto result = place.import(table, TableKind::trades);
  ASSERT_TRUE(result) << result.error().context;
  EXPECT_EQ(result->rows, 12'477U);
  EXPECT_EQ(place.trades().size(), 12'477U);
  for (const Interval interval : {Interval::m1, Interval::m5}) {
    const auto expected = venue_table(
        *recordings + "/binance/ohlcv_XRPETH_" + std::string(core::to_string(interval)) + "_20191011.csv", interval);
    std::size_t compared = 0;
    for (const Candle& candle : place.candles(interval)) {
      const auto found = expected.find(candle.start);
      if (found == expected.end()) continue;
      ++compared;
      EXPECT_TRUE(same_numbers(candle, found->second)) << core::to_rfc3339(candle.start);
      EXPECT_EQ(candle.flat, found->second.flat) << core::to_rfc3339(candle.start);
      EXPECT_TRUE(candle.final);
    }
    EXPECT_EQ(compared, expected.size()) << core::to_string(interval);
  }
  EXPECT_FALSE(place.candles(Interval::h1).empty());
  EXPECT_EQ(place.candles(Interval::d1).size(), 3U);

  const std::string once = contents(place);
  const auto again = place.import(table, TableKind::trades);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->minutes_built, 0U);
  EXPECT_EQ(contents(place), once) << "twice is once";
}

TEST(Import, EveryTableOfCandlesComesBackByteByByte) {
  const auto recordings = tickspan::test::recordings_dir();
  if (!recordings) GTEST_SKIP() << "no recordings here";
  struct Table {
    std::string name;
    Interval interval;
    std::uint64_t rows;  // as noted beside them
  };
  const std::vector<Table> tables = {
      {"binance/ohlcv_ADABTC_1m_20211127.csv", Interval::m1, 1440},
      {"binance/ohlcv_XRPETH_1m_20191011.csv", Interval::m1, 3560},
      {"binance/ohlcv_XRPETH_5m_20191011.csv", Interval::m5, 712},
      {"binance/ohlcv_BTCUSDT_1h_201910.csv", Interval::h1, 585},
      {"binance/ohlcv_ETHBTC_1m_201801.csv.gz", Interval::m1, 14397},
      {"binance/ohlcv_ETHBTC_5m_201801.csv.gz", Interval::m5, 5760},
      {"coinbase/ohlcv_BTCUSD_1h_2017_2019.csv.gz", Interval::h1, 20111},
  };
  for (const auto& [name, interval, rows] : tables) {
    const tickspan::test::TempDir dir;
    Place place;
    const auto result = place.import(*recordings + "/" + name, TableKind::candles, interval);
    ASSERT_TRUE(result) << result.error().context;
    EXPECT_EQ(result->rows, rows) << name;
    EXPECT_EQ(result->bad_rows, 0U) << name << (result->bad.empty() ? "" : describe(result->bad.front()));
    ExportRequest request{TableKind::candles, TableForm::csv, interval, {}, {}};
    const auto summary = place.write(dir.file("out.csv"), request);
    EXPECT_EQ(summary.rows, result->rows);
    EXPECT_EQ(tickspan::test::read_file(dir.file("out.csv")), tickspan::test::read_file(*recordings + "/" + name));
    const auto again = place.import(dir.file("out.csv"), TableKind::candles, interval);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->unchanged, result->rows) << name;
  }
}

TEST(Import, FiveMinutesOfATableAreTheSumOfItsMinutes) {
  const auto recordings = tickspan::test::recordings_dir();
  if (!recordings) GTEST_SKIP() << "no recordings here";
  Place place;
  ASSERT_TRUE(place.import(*recordings + "/binance/ohlcv_ETHBTC_1m_201801.csv.gz", TableKind::candles));
  const auto minutes = place.candles(Interval::m1);
  std::map<core::Timestamp, int> present;
  for (const Candle& minute : minutes) ++present[minute.start.floor_to(core::width(Interval::m5))];
  const auto expected = venue_table(*recordings + "/binance/ohlcv_ETHBTC_5m_201801.csv.gz", Interval::m5);
  int compared = 0;
  for (const Candle& candle : place.candles(Interval::m5)) {
    if (present[candle.start] != 5 || !expected.contains(candle.start)) continue;
    EXPECT_TRUE(same_numbers(candle, expected.at(candle.start))) << core::to_rfc3339(candle.start);
    ++compared;
  }
  EXPECT_EQ(compared, 2878);
}
}  // namespace
}  // namespace tickspan::history
