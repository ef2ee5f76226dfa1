// What is said of a source besides its connection: its clock, and how often it was not believed.
#include <gmock/gmock.h>

#include "fixture.hpp"

namespace tickspan::engine {
namespace {

using ::testing::HasSubstr;

core::SourceRow row_of(Bench& b, core::VenueId venue) {
  return b.engine.snapshot()->sources->at(venue.index());
}

TEST(EngineSources, AVenuesClockIsComparedWithOurs) {
  Bench b;
  b.connect();
  EXPECT_FALSE(row_of(b, b.kraken).clock_offset);
  const auto say = [&](core::Duration late) {
    for (int i = 0; i < 90; ++i) {
      b.port->push(core::Tick(core::Tick::Trade{b.pair(b.kraken, "BTC/USD"), b.clock.now(), b.clock.now() - late,
                                                *core::Decimal::from_double(100), *core::Decimal::from_double(1),
                                                ++b.trade_id, core::Side::buy}));
      b.run();
      b.clock.advance(980ms);
    }
  };
  say(40ms);
  EXPECT_EQ(row_of(b, b.kraken).clock_offset, 40ms);
  EXPECT_FALSE(row_of(b, b.kraken).clock_off);
  EXPECT_FALSE(row_of(b, b.binance).clock_offset);
  say(-1500ms);
  EXPECT_EQ(row_of(b, b.kraken).clock_offset, -1500ms);
  EXPECT_TRUE(row_of(b, b.kraken).clock_off);
  EXPECT_THAT(b.metrics.serialize(), HasSubstr("tickspan_market_clock_offset_seconds{source=\"kraken\"} -1.5"));
  EXPECT_EQ(b.engine.snapshot()->row(b.asset("bitcoin"))->state, core::Freshness::live) << "ages are told by our clock";
}

TEST(EngineSources, TimesThatAPriceWasNotBelievedAreCounted) {
  Bench b;
  b.connect();
  for (int i = 0; i < 20; ++i) {
    b.push_quote(b.kraken, "USDT/USD", 1, 1);
    b.push_quote(b.kraken, "BTC/USD", 100, 100);
    b.push_quote(b.binance, "BTCUSDT", i < 5 || i == 10 ? 100 : 1000, i < 5 || i == 10 ? 100 : 1000);
    b.run();
    b.clock.advance(980ms);
  }
  b.run();
  EXPECT_EQ(b.engine.snapshot()->row(b.asset("bitcoin"))->price.to_double(), 100);
  EXPECT_EQ(row_of(b, b.binance).outliers, 2u);
  EXPECT_THAT(b.metrics.serialize(), HasSubstr("tickspan_market_outliers_total{source=\"binance\"} 2"));
  EXPECT_THAT(b.metrics.serialize(), HasSubstr("tickspan_market_outliers_total{source=\"kraken\"} 0"));
}

}  // namespace
}  // namespace tickspan::engine
