#include "history/composite_past.hpp"

#include <gtest/gtest.h>

#include "market/seed_catalogue.hpp"
#include "storage/memory_store.hpp"

namespace tickspan::history {
namespace {

using namespace std::chrono_literals;
using core::Candle;
using core::Decimal;
using core::Interval;
using core::Timestamp;

constexpr Timestamp kNow = Timestamp::from_s(1'780'272'000);  // a midnight

Candle candle(Timestamp start, std::int64_t price, std::int64_t volume = 1) {
  Candle c;
  c.start = start;
  c.open = c.high = c.low = c.close = Decimal(price, 0);
  c.volume = Decimal(volume, 0);
  c.trades = 1;
  c.final = true;
  return c;
}

/// Two venues' pairs of bitcoin, one of them in tether, which has a price of its own.
class CompositePastTest : public testing::Test {
 protected:
  CompositePastTest() {
    EXPECT_TRUE(store_->open());
    reader_ = std::move(*store_->reader());
    writer_ = std::move(*store_->writer());
    catalogue_ = with_pairs(market::seed_catalogue(), {{"bitcoin", "usd", "kraken"},
                                                       {"bitcoin", "tether", "binance"},
                                                       {"tether", "usd", "kraken"},
                                                       {"nobody-knows-it", "usd", "kraken"},
                                                       {"bitcoin", "usd", ""}});
  }
  void write(const std::string& base, const std::string& quote, const std::string& venue, Interval interval,
             const std::vector<Candle>& candles) {
    core::WriteBatch batch;
    batch.catalogue = catalogue_;
    const core::SeriesKey series{catalogue_->find_id(base), catalogue_->find_id(quote),
                                 venue.empty() ? core::VenueId{} : catalogue_->find_venue(venue)};
    for (const Candle& c : candles) batch.candles.push_back({series, interval, c});
    ASSERT_TRUE(writer_->write({batch}));
  }
  core::Result<std::uint64_t> run(Timestamp from, Timestamp to, bool minutes) {
    CompositeFiller filler(
        *reader_, [this](core::WriteBatch batch) { return writer_->write({std::move(batch)}); },
        [this](const PastProgress& p) { told_.push_back(p); },
        [this]() -> core::Status {
          if (stop_after_ > 0 && told_.size() >= stop_after_) return core::fail(core::ErrorCode::cancelled, "enough");
          return {};
        });
    return filler.run({catalogue_, catalogue_->find_id("bitcoin"), from, to, minutes}, kNow);
  }
  std::vector<Candle> composites(Interval interval, const std::string& base = "bitcoin") {
    return *reader_->candles({.base = base,
                              .quote = "usd",
                              .venue = "",
                              .interval = interval,
                              .start = kNow - 200 * 24h,
                              .end = kNow,
                              .stored_only = true});
  }

  const std::unique_ptr<storage::HistoryStore> store_ = storage::make_memory_store();
  std::unique_ptr<storage::StoreReader> reader_;
  std::unique_ptr<storage::StoreWriter> writer_;
  core::CataloguePtr catalogue_;
  std::vector<PastProgress> told_;
  std::size_t stop_after_ = 0;
};

TEST_F(CompositePastTest, MinutesMakeMinutesHoursAndDaysThatSaySo) {
  std::vector<Candle> minutes;
  for (Timestamp t = kNow - 48h; t < kNow - 24h; t = t + 1min) minutes.push_back(candle(t, 100));
  write("bitcoin", "usd", "kraken", Interval::m1, minutes);
  const auto written = run(kNow - 48h, kNow - 24h, true);
  ASSERT_TRUE(written) << written.error().context;
  EXPECT_EQ(*written, 1440u + 24 + 1);
  for (const Interval interval : {Interval::m1, Interval::h1, Interval::d1}) {
    const auto made = composites(interval);
    ASSERT_EQ(made.size(), static_cast<std::size_t>(24h / core::width(interval)));
    EXPECT_TRUE(made.front().rebuilt && made.front().final && !made.front().incomplete);
    EXPECT_EQ(made.front().close, Decimal(100, 0));
  }
  EXPECT_EQ(composites(Interval::d1)[0].volume, Decimal(1440, 0));
  EXPECT_EQ(told_.back().share, 1);
  EXPECT_EQ(*run(kNow - 48h, kNow - 24h, true), 0u) << "a second time nothing";
}

TEST_F(CompositePastTest, HoursOfHoursWhereNobodyHasTheMinutes) {
  std::vector<Candle> hours, minutes;
  for (Timestamp t = kNow - 96h; t < kNow - 48h; t = t + 1h) hours.push_back(candle(t, 90));
  for (Timestamp t = kNow - 49h; t < kNow - 48h; t = t + 1min) minutes.push_back(candle(t, 91));
  write("bitcoin", "usd", "kraken", Interval::h1, hours);
  write("bitcoin", "usd", "kraken", Interval::m1, minutes);
  ASSERT_TRUE(run(kNow - 96h, kNow - 48h, true));
  const auto made = composites(Interval::h1);
  ASSERT_EQ(made.size(), 48u);
  EXPECT_EQ(made.front().close, Decimal(90, 0));
  EXPECT_EQ(made.back().close, Decimal(91, 0)) << "the sum of its minutes stays";
  EXPECT_EQ(composites(Interval::m1).size(), 60u);
  const auto days = composites(Interval::d1);
  ASSERT_EQ(days.size(), 2u);
  EXPECT_TRUE(days[0].rebuilt && !days[0].incomplete);
  EXPECT_EQ(*run(kNow - 96h, kNow - 48h, true), 0u);
}

TEST_F(CompositePastTest, WhatWasToldWholeStays) {
  std::vector<Candle> hours;
  for (Timestamp t = kNow - 72h; t < kNow - 48h; t = t + 1h) hours.push_back(candle(t, 90));
  write("bitcoin", "usd", "kraken", Interval::h1, hours);
  write("bitcoin", "usd", "", Interval::h1, {candle(kNow - 60h, 89)});
  ASSERT_TRUE(run(kNow - 72h, kNow - 48h, false));
  const auto made = composites(Interval::h1);
  ASSERT_EQ(made.size(), 24u);
  EXPECT_EQ(made[12].close, Decimal(89, 0));
  EXPECT_FALSE(made[12].rebuilt);
  EXPECT_TRUE(made[13].rebuilt);
}

TEST_F(CompositePastTest, WhatAPairIsQuotedInComesFirst) {
  write("bitcoin", "tether", "binance", Interval::h1, {candle(kNow - 60h, 100), candle(kNow - 59h, 100)});
  write("tether", "usd", "kraken", Interval::h1, {candle(kNow - 60h, 2)});
  ASSERT_TRUE(run(kNow - 72h, kNow - 48h, false));
  ASSERT_EQ(composites(Interval::h1, "tether").size(), 1u);
  const auto made = composites(Interval::h1);
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0].close, Decimal(200, 0));
  EXPECT_FALSE(made[0].incomplete);
  EXPECT_TRUE(made[1].incomplete) << "its rate of that hour is not known";
}

TEST_F(CompositePastTest, EndsBetweenPiecesWhenTold) {
  stop_after_ = 2;
  const auto ended = run(kNow - 72h, kNow - 48h, true);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, core::ErrorCode::cancelled);
  EXPECT_EQ(told_.size(), 2u);
}

}  // namespace
}  // namespace tickspan::history
