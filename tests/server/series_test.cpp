#include <gmock/gmock.h>

#include "market_fixture.hpp"
#include "server/candle_math.hpp"
#include "server/price_series.hpp"

namespace tickspan::server {
namespace {

using namespace std::chrono_literals;
using core::Candle;
using core::Decimal;
using core::Timestamp;

const Timestamp kStart = Timestamp::from_s(1'780'315'200);  // a whole day

Candle candle(Timestamp start, const char* open, const char* high, const char* low, const char* close) {
  Candle c{.start = start,
           .open = *Decimal::parse(open),
           .high = *Decimal::parse(high),
           .low = *Decimal::parse(low),
           .close = *Decimal::parse(close)};
  c.final = true;
  c.trades = 1;
  c.volume = *Decimal::parse("1.5");
  return c;
}
Candle level(Timestamp start, const char* price) {
  return candle(start, price, price, price, price);
}

TEST(PriceSeriesTest, CandlesComeBeforePoints) {
  PriceSeries series(kStart, kStart + 3min, 1min);
  ASSERT_EQ(series.cells().size(), 3U);
  series.add_points(std::vector<core::MarketPoint>{
      {kStart + 10s, 1.0, 5.0, 6.0}, {kStart + 70s, 2.0, {}, {}}, {kStart + 90s, 3.0, {}, {}}});
  series.add_candles(std::vector{level(kStart, "9")});
  EXPECT_EQ(series.cells()[0].price, *Decimal::parse("9"));
  EXPECT_EQ(series.cells()[0].at, kStart + 1min);
  EXPECT_EQ(series.cells()[0].market_cap, 5.0);
  EXPECT_EQ(series.cells()[1].price, *Decimal::parse("3"));  // the newest of the bucket
  EXPECT_EQ(series.cells()[1].at, kStart + 90s);
  EXPECT_EQ(series.cells()[2].source, PriceSeries::Source::none);
  series.add_points(std::vector<core::MarketPoint>{
      {kStart + 20s, 7.0, {}, {}}, {kStart - 1s, 7.0, {}, {}}, {kStart + 3min, 7.0, {}, {}}});
  EXPECT_EQ(series.cells()[0].price, *Decimal::parse("9"));
}

TEST(PriceSeriesTest, MinutesFillWhatCandlesLack) {
  core::MinuteHistory minutes;
  minutes.end = kStart + 3min;
  auto closes = std::make_shared<std::array<double, core::MinuteHistory::kMinutes>>();
  closes->fill(std::numeric_limits<double>::quiet_NaN());
  (*closes)[1437] = 1;  // the minute that begins at kStart
  (*closes)[1439] = 3;
  minutes.closes = {closes};
  PriceSeries series(kStart, kStart + 3min, 1min);
  series.add_candles(std::vector{level(kStart, "9")});
  series.add_minutes(minutes, {0});
  EXPECT_EQ(series.cells()[0].price, *Decimal::parse("9"));
  EXPECT_EQ(series.cells()[1].source, PriceSeries::Source::none);
  EXPECT_EQ(series.cells()[2].price, *Decimal::parse("3"));
  EXPECT_EQ(series.cells()[2].at, kStart + 3min);
  PriceSeries coarse(kStart, kStart + 5min, 5min);
  coarse.add_minutes(minutes, {0});
  EXPECT_EQ(coarse.cells()[0].price, *Decimal::parse("3"));  // the last of the bucket
  series.add_minutes(minutes, {7});                          // an asset it does not know
}

TEST(PriceSeriesTest, HolesAreWhatNobodyKnows) {
  PriceSeries series(kStart, kStart + 10min, 1min);
  series.add_candles(std::vector{level(kStart + 2min, "1"), level(kStart + 5min, "1")});
  EXPECT_THAT(series.holes(kStart + 10min, 0s),
              ::testing::ElementsAre(TimeSpan{kStart, kStart + 2min}, TimeSpan{kStart + 3min, kStart + 5min},
                                     TimeSpan{kStart + 6min, kStart + 10min}));
  // What is not over is no hole yet.
  EXPECT_THAT(series.holes(kStart + 6min + 30s, 0s), ::testing::SizeIs(2));
  // Points lie apart: the run beside one is none while it is short.
  series.add_points(std::vector<core::MarketPoint>{{kStart + 7min, 1.0, {}, {}}});
  EXPECT_THAT(series.holes(kStart + 10min, 2min), ::testing::SizeIs(2));
  EXPECT_THAT(series.holes(kStart + 10min, 1min), ::testing::SizeIs(3));
}

TEST(PriceSeriesTest, GapsAreShownOnceAndExplainHoles) {
  const std::vector<core::Gap> recorded = {
      {"kraken", "", kStart - 1h, kStart + 2min, core::GapCause::disconnect},
      {"kraken", "XBT/USD", kStart - 1h, kStart + 2min, core::GapCause::disconnect, core::GapState::lost}};
  const auto shown = explain(recorded, {{kStart, kStart + 2min}, {kStart + 4min, kStart + 5min}},
                             {{kStart, kStart + 1min}, {kStart + 8min, kStart + 12min}}, {kStart, kStart + 10min});
  ASSERT_EQ(shown.size(), 3U);
  EXPECT_EQ(shown[0].venue, "kraken");
  EXPECT_EQ(shown[0].span, (TimeSpan{kStart, kStart + 2min}));  // cut to the range
  EXPECT_EQ(shown[0].cause, "disconnect");
  EXPECT_EQ(shown[1].venue, std::nullopt);
  EXPECT_EQ(shown[1].cause, "no_data");
  EXPECT_EQ(shown[2].cause, "partial");
  EXPECT_EQ(shown[2].span, (TimeSpan{kStart + 8min, kStart + 10min}));
}

TEST(PriceSeriesTest, GapsConcernOnlyWhoTradesTheAsset) {
  const test::MarketFixture m;
  const auto btc = m.asset("bitcoin");
  const auto concerns = [&](const char* venue, const char* symbol, core::AssetId base, std::string_view of,
                            core::AssetId quote = {}) {
    return gap_scopes(*m.catalogue, base, quote, of).contains({venue, symbol});
  };
  EXPECT_TRUE(concerns("kraken", "", btc, ""));
  EXPECT_TRUE(concerns("kraken", "XBT/USD", btc, ""));
  EXPECT_FALSE(concerns("kraken", "ETH/USD", btc, ""));
  EXPECT_FALSE(concerns("kraken", "", btc, "binance"));
  EXPECT_FALSE(concerns("binance", "", m.asset("ethereum"), ""));
  EXPECT_FALSE(concerns("coingecko", "", btc, ""));
  EXPECT_TRUE(concerns("coingecko", "", m.asset("dogecoin"), ""));
  EXPECT_TRUE(concerns("kraken", "XBT/USD", btc, "kraken", m.asset("usd")));
  EXPECT_FALSE(concerns("kraken", "XBT/USD", btc, "kraken", m.asset("ethereum"))) << "another pair of the asset";
  EXPECT_FALSE(concerns("coingecko", "", m.asset("dogecoin"), "", m.asset("usd"))) << "a pair that nobody trades";
}

TEST(CandleMath, ConvertsByTheQuotesOwnCandlesWhereItHasThem) {
  const std::vector base = {candle(kStart, "100", "120", "90", "110"),
                            candle(kStart + 1min, "110", "110", "110", "110")};
  const std::vector quote = {candle(kStart, "2", "2", "2", "2.5")};
  const auto out = convert_candles(base, quote, 4);
  ASSERT_EQ(out.candles.size(), 2U);
  EXPECT_EQ(out.candles[0].open, *Decimal::parse("50"));
  EXPECT_EQ(out.candles[0].close, *Decimal::parse("44"));
  EXPECT_EQ(out.candles[0].high, *Decimal::parse("50"));  // widened to hold the open
  EXPECT_EQ(out.candles[0].low, *Decimal::parse("36"));
  EXPECT_EQ(out.candles[1].close, *Decimal::parse("27.5"));
  EXPECT_TRUE(out.own_rates);
  EXPECT_TRUE(out.present_rates);
}

TEST(CandleMath, AggregatesMinutes) {
  Candle flat = level(kStart + 2min, "77");
  flat.flat = true;
  flat.volume = {};
  flat.trades = 0;
  Candle last = candle(kStart + 4min, "4", "9", "4", "5");
  last.incomplete = true;
  const std::vector minutes = {candle(kStart + 1min, "3", "5", "2", "4"), flat, last, level(kStart + 5min, "6")};
  const auto out = aggregate_candles(minutes, core::Interval::m5, kStart + 7min);
  ASSERT_EQ(out.size(), 2U);
  EXPECT_EQ(out[0].start, kStart);
  EXPECT_EQ(out[0].open, *Decimal::parse("3"));
  EXPECT_EQ(out[0].high, *Decimal::parse("9"));  // not the flat minute's
  EXPECT_EQ(out[0].low, *Decimal::parse("2"));
  EXPECT_EQ(out[0].close, *Decimal::parse("5"));
  EXPECT_EQ(out[0].volume, *Decimal::parse("3"));
  EXPECT_EQ(out[0].trades, 2U);
  EXPECT_TRUE(out[0].final);
  EXPECT_TRUE(out[0].incomplete);
  EXPECT_FALSE(out[1].final);  // its interval is not over
  EXPECT_TRUE(aggregate_candles({}, core::Interval::h1, kStart).empty());
}

}  // namespace
}  // namespace tickspan::server
