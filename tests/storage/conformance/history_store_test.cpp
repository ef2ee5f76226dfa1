#include "conformance.hpp"

namespace tickspan::storage::test {
namespace {

using std::chrono::nanoseconds;
using testing::ElementsAre;
using testing::IsEmpty;

INSTANTIATE_TEST_SUITE_P(Backends, HistoryStoreConformance, testing::ValuesIn(backends()),
                         [](const auto& backend) { return backend.param.name; });

TEST_P(HistoryStoreConformance, AnEmptyStoreAnswersWithNothing) {
  EXPECT_THAT(get(btc_usd(Interval::m1, {}, minute(1))), IsEmpty());
  EXPECT_THAT(get(btc_usd(Interval::h1, {}, minute(1))), IsEmpty());
  EXPECT_THAT(*reader_->points("bitcoin", {}, minute(1), 10), IsEmpty());
  EXPECT_THAT(*reader_->gaps("", {}, minute(1), 10), IsEmpty());
  EXPECT_THAT(*reader_->trades({"bitcoin", "usd", "kraken", {}, minute(1)}), IsEmpty());
  const auto state = store_->restore({});
  ASSERT_TRUE(state);
  EXPECT_THAT(state->assets, IsEmpty());
  EXPECT_THAT(state->facts, IsEmpty());
  EXPECT_THAT(state->prices, IsEmpty());
  EXPECT_THAT(state->minutes, IsEmpty());
  EXPECT_FALSE(state->last_write.is_set());
}

TEST_P(HistoryStoreConformance, CandlesComeBackToTheDigit) {
  std::vector<core::Candle> written = {
      candle(minute(0), "64321.50", "64321.5", "0.00000012", "999999999999999999", "12.34567800", 7),
      candle(minute(1), "1e-60", "123456789012345678e40", "1e-60", "2", "1e-18", 4'294'967'295),
      candle(minute(2), "100", "1e3", "90", "99.9", "0", 0),
      flat(minute(3), "99.9"),
  };
  written[0].final = false;
  written[1].incomplete = true;
  written[2].rebuilt = true;
  put(world_.composite(world_.btc), written);
  EXPECT_EQ(get(btc_usd(Interval::m1, minute(0), minute(4))), show(written));
}

TEST_P(HistoryStoreConformance, SeriesAndIntervalsAreKeptApart) {
  const auto one = candle(minute(0), "1", "1", "1", "1");
  const auto two = candle(minute(0), "2", "2", "2", "2");
  const auto three = candle(minute(0), "3", "3", "3", "3");
  const auto four = candle(minute(0), "4", "4", "4", "4");
  put(world_.composite(world_.btc), {one});
  put(world_.composite(world_.eth), {two});
  put({world_.btc, world_.usd, world_.kraken}, {three});
  put(world_.composite(world_.btc), {four}, Interval::d1);
  EXPECT_THAT(get(btc_usd(Interval::m1, minute(0), minute(1))), ElementsAre(show(one)));
  EXPECT_THAT(get({"ethereum", "usd", "", Interval::m1, minute(0), minute(1)}), ElementsAre(show(two)));
  EXPECT_THAT(get({"bitcoin", "usd", "kraken", Interval::m1, minute(0), minute(1)}), ElementsAre(show(three)));
  EXPECT_THAT(get(btc_usd(Interval::d1, minute(0), minute(1))), ElementsAre(show(four)));
  EXPECT_THAT(get({"bitcoin", "usd", "binance", Interval::m1, minute(0), minute(1)}), IsEmpty());
}

TEST_P(HistoryStoreConformance, TheRangeIsHalfOpenAndTheNewestOfItAreKept) {
  std::vector<core::Candle> written;
  for (int i = 0; i < 10; ++i)
    written.push_back(candle(minute(i), "1", "1", "1", "1", "0", 1u + static_cast<unsigned>(i)));
  put(world_.composite(world_.btc), written);
  EXPECT_THAT(get(btc_usd(Interval::m1, minute(2), minute(5))),
              ElementsAre(show(written[2]), show(written[3]), show(written[4])));
  EXPECT_THAT(get(btc_usd(Interval::m1, minute(2) + nanoseconds(1), minute(4) + nanoseconds(1))),
              ElementsAre(show(written[3]), show(written[4])));
  EXPECT_THAT(get(btc_usd(Interval::m1, minute(0), minute(8), 2)), ElementsAre(show(written[6]), show(written[7])));
  EXPECT_THAT(get(btc_usd(Interval::m1, minute(0), minute(8), 0)), IsEmpty());
  EXPECT_THAT(get(btc_usd(Interval::m1, minute(5), minute(5))), IsEmpty());
  EXPECT_THAT(get(btc_usd(Interval::m1, minute(5), minute(2))), IsEmpty());
  EXPECT_EQ(get(btc_usd(Interval::m1, {}, {std::numeric_limits<std::int64_t>::max()})).size(), 10u);
  EXPECT_EQ(
      get(btc_usd(Interval::m5, {std::numeric_limits<std::int64_t>::min()}, {std::numeric_limits<std::int64_t>::max()}))
          .size(),
      2u);
}

TEST_P(HistoryStoreConformance, WritingAgainReplacesAndRepeatingChangesNothing) {
  auto open = candle(minute(0), "1", "2", "1", "2", "5", 3);
  open.final = false;
  const auto final = candle(minute(0), "1", "3", "0.5", "2.5", "9", 8);
  put(world_.composite(world_.btc), {open});
  put(world_.composite(world_.btc), {final});
  put(world_.composite(world_.btc), {final});
  EXPECT_THAT(get(btc_usd(Interval::m1, minute(0), minute(1))), ElementsAre(show(final)));
}

TEST_P(HistoryStoreConformance, PointsAreAscendingAndTheNewest) {
  core::WriteBatch batch = world_.batch();
  for (const int i : {3, 1, 2, 0}) {
    batch.points.push_back(
        {world_.btc, {minute(i), 100.25 + i, i == 1 ? std::nullopt : std::optional(1e12 + i), 0.1 * i}});
  }
  batch.points.push_back({world_.eth, {minute(1), 5.0, {}, {}}});
  ASSERT_TRUE(write(batch));
  const auto found = reader_->points("bitcoin", minute(0), minute(3), 2);
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].at, minute(1));
  EXPECT_EQ((*found)[0].price, 101.25);
  EXPECT_EQ((*found)[0].market_cap, std::nullopt);
  EXPECT_EQ((*found)[1].at, minute(2));
  EXPECT_EQ((*found)[1].market_cap, 1e12 + 2);
  EXPECT_EQ((*found)[1].volume_24h, 0.1 * 2);
  EXPECT_EQ(reader_->points("bitcoin", minute(0), minute(9), 100)->size(), 4u);
}

TEST_P(HistoryStoreConformance, PointsAreKeptToTheMillisecondAndReplaced) {
  core::WriteBatch batch = world_.batch();
  batch.points.push_back({world_.btc, {minute(0) + nanoseconds(1'999'999), 1.0, {}, {}}});
  batch.points.push_back({world_.btc, {minute(0) + nanoseconds(1'000'001), 2.0, {}, {}}});
  ASSERT_TRUE(write(batch));
  const auto found = reader_->points("bitcoin", minute(0), minute(1), 10);
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ((*found)[0].at, minute(0) + nanoseconds(1'000'000));
  EXPECT_EQ((*found)[0].price, 2.0);
}

TEST_P(HistoryStoreConformance, TradesAreUniqueByTheirId) {
  core::WriteBatch batch = world_.batch();
  const Timestamp late = minute(0) + nanoseconds(77);
  batch.ticks = {trade(world_.kraken_btc, 12, minute(1), minute(1) + nanoseconds(5), "64000.10", "0.5"),
                 trade(world_.kraken_btc, 11, minute(0), late, "64000.00", "0.25000000"),
                 trade(world_.binance_btc, 11, minute(0), late, "1", "1"),
                 trade(world_.kraken_btc, 0, {}, minute(2), "3", "4"),
                 trade(world_.kraken_btc, 0, {}, minute(2), "3", "5")};
  ASSERT_TRUE(write(batch));
  ASSERT_TRUE(write(batch));
  const auto found = reader_->trades({"bitcoin", "usd", "kraken", minute(0), minute(3)});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 4u);
  EXPECT_EQ((*found)[0].trade_id, 11u);
  EXPECT_EQ((*found)[0].at, minute(0));
  EXPECT_EQ((*found)[0].received_at, late);
  EXPECT_EQ((*found)[0].price.to_string(), "64000.00");
  EXPECT_EQ((*found)[0].amount.to_string(), "0.25000000");
  EXPECT_EQ((*found)[0].side, core::Side::sell);
  EXPECT_EQ((*found)[1].trade_id, 12u);
  EXPECT_EQ((*found)[2].trade_id, 0u);
  EXPECT_EQ((*found)[2].at, minute(2));
  EXPECT_EQ((*found)[2].received_at, minute(2));
  EXPECT_EQ(reader_->trades({"bitcoin", "usd", "kraken", minute(0), minute(2), 1})->at(0).trade_id, 12u);
  EXPECT_EQ(reader_->trades({"bitcoin", "tether", "binance", minute(0), minute(2)})->size(), 1u);
}

TEST_P(HistoryStoreConformance, RestoreGivesWhatAStartNeeds) {
  core::WriteBatch batch = world_.batch();
  batch.catalogue_changed = true;
  core::AssetFacts facts;
  facts.asset_id = "bitcoin";
  facts.symbol = "btc";
  facts.name = "Bitcoin";
  facts.rank = 1;
  facts.price = dec("64000.10");
  facts.low_24h = dec("63000");
  facts.market_cap = 1.28e12;
  facts.change_24h_pct = -1.5;
  facts.max_supply = 21e6;
  facts.updated_at = minute(0);
  facts.received_at = minute(1);
  batch.facts = {facts};
  batch.prices = {{world_.btc, dec("64001.20"), minute(3), "composite"},
                  {world_.eth, dec("3000"), minute(1), "coingecko"}};
  batch.heard_until = minute(3);
  for (int i = 0; i < 3; ++i) {
    batch.candles.push_back({world_.composite(world_.btc), Interval::m1, candle(minute(i), "1", "1", "1", "1")});
    batch.candles.push_back(
        {{world_.btc, world_.usd, world_.kraken}, Interval::m1, candle(minute(i), "1", "1", "1", "1")});
    batch.candles.push_back({{world_.btc, world_.usdt, {}}, Interval::m1, candle(minute(i), "1", "1", "1", "1")});
  }
  batch.candles.push_back({world_.composite(world_.eth), Interval::m1, candle(minute(0), "1", "1", "1", "1")});
  ASSERT_TRUE(write(batch));

  const auto state = store_->restore(minute(1));
  ASSERT_TRUE(state) << state.error().context;
  ASSERT_EQ(state->assets.size(), 4u);
  EXPECT_EQ(state->assets[1].id, "ethereum");
  EXPECT_EQ(state->assets[1].symbol, "eth");
  EXPECT_EQ(state->assets[1].rank, 2);
  EXPECT_EQ(state->assets[2].kind, core::AssetKind::fiat);
  ASSERT_EQ(state->facts.size(), 1u);
  const core::AssetFacts& back = state->facts[0];
  EXPECT_EQ(back.name, "Bitcoin");
  EXPECT_EQ(back.price->to_string(), "64000.10");
  EXPECT_EQ(back.high_24h, std::nullopt);
  EXPECT_EQ(back.low_24h, dec("63000"));
  EXPECT_EQ(back.change_24h, std::nullopt);
  EXPECT_EQ(back.change_24h_pct, -1.5);
  EXPECT_EQ(back.market_cap, 1.28e12);
  EXPECT_EQ(back.circulating_supply, std::nullopt);
  EXPECT_EQ(back.max_supply, 21e6);
  EXPECT_EQ(back.updated_at, minute(0));
  EXPECT_EQ(back.received_at, minute(1));
  ASSERT_EQ(state->prices.size(), 2u);
  EXPECT_EQ(state->prices[0].asset_id, "bitcoin");
  EXPECT_EQ(state->prices[0].price_usd.to_string(), "64001.20");
  EXPECT_EQ(state->prices[0].as_of, minute(3));
  EXPECT_EQ(state->prices[1].source, "coingecko");
  ASSERT_EQ(state->minutes.size(), 1u);  // ethereum has none since then; other quotes and venues are not the composite
  EXPECT_EQ(state->minutes[0].asset_id, "bitcoin");
  ASSERT_EQ(state->minutes[0].candles.size(), 2u);
  EXPECT_EQ(state->minutes[0].candles[0].start, minute(1));
  EXPECT_EQ(state->last_write, minute(3));
}

TEST_P(HistoryStoreConformance, AnAssetIsUpdatedInPlace) {
  core::WriteBatch batch = world_.batch();
  batch.catalogue_changed = true;
  ASSERT_TRUE(write(batch));
  auto changed = std::make_shared<core::Catalogue>(*world_.catalogue);
  changed->upsert_asset({"bitcoin", "btc", "Bitcoin", core::AssetKind::coin, 9});
  changed->upsert_asset({"solana", "sol", "Solana", core::AssetKind::coin, 4});
  batch.catalogue = changed;
  batch.catalogue_changed = true;
  ASSERT_TRUE(write(batch));
  const auto state = store_->restore({});
  ASSERT_EQ(state->assets.size(), 5u);
  EXPECT_EQ(state->assets[0].rank, 9);
  EXPECT_EQ(state->assets[4].id, "solana");
}

TEST_P(HistoryStoreConformance, LastWriteIsTheNewestEverAndNeverGoesBack) {
  core::WriteBatch batch = world_.batch();
  batch.candles = {{world_.composite(world_.btc), Interval::m1, candle(minute(5), "1", "1", "1", "1")}};
  batch.heard_until = minute(6);
  ASSERT_TRUE(write(batch));
  EXPECT_EQ(store_->restore(minute(9))->last_write, minute(6));
  batch.heard_until = minute(2);
  ASSERT_TRUE(write(batch));
  EXPECT_EQ(store_->restore(minute(9))->last_write, minute(6));
  // Who writes of the past, or of now without having heard all, says nothing of it.
  batch.heard_until = {};
  batch.candles[0].candle = candle(minute(8), "1", "1", "1", "1");
  batch.ticks = {trade(world_.kraken_btc, 1, minute(8), minute(8), "1", "1")};
  ASSERT_TRUE(write(batch));
  EXPECT_EQ(store_->restore(minute(9))->last_write, minute(6));
  batch = {};
  batch.heard_until = minute(8);
  ASSERT_TRUE(write(batch));
  EXPECT_EQ(store_->restore(minute(9))->last_write, minute(8));
}

TEST_P(HistoryStoreConformance, ABadBatchIsRefusedWhole) {
  core::WriteBatch good = world_.batch();
  good.candles = {{world_.composite(world_.btc), Interval::m1, candle(minute(0), "1", "1", "1", "1")}};
  std::vector<core::WriteBatch> bad(9, world_.batch());
  bad[0].prices = {{core::AssetId{99}, dec("1"), minute(0), "composite"}};
  bad[1].candles = {{{world_.btc, core::AssetId{}, {}}, Interval::m1, candle(minute(0), "1", "1", "1", "1")}};
  bad[2].ticks = {trade(core::InstrumentId{99}, 1, minute(0), minute(0), "1", "1")};
  bad[3].points = {{world_.btc, {minute(0), 1, {}, {}}}};
  bad[3].catalogue = nullptr;
  bad[4].candles = {
      {world_.composite(world_.btc), Interval::m1, candle(minute(0) + nanoseconds(1), "1", "1", "1", "1")}};
  bad[5].gaps = {{"binance", "", minute(1), minute(0), core::GapCause::mute}};
  bad[6].takeovers = {{"", minute(1), "", "composite", core::TakeoverCause::first}};
  bad[7].candles = good.candles;
  bad[7].catalogue = nullptr;
  bad[8].candles = {{{core::AssetId{99}, world_.usd, {}}, Interval::m1, candle(minute(0), "1", "1", "1", "1")}};
  for (const auto& batch : bad) {
    const auto status = writer_->write({good, batch});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, core::ErrorCode::invalid_argument);
    EXPECT_FALSE(status.error().retryable);
  }
  EXPECT_THAT(get(btc_usd(Interval::m1, minute(0), minute(1))), IsEmpty());
  EXPECT_TRUE(writer_->write({good}));
}

TEST_P(HistoryStoreConformance, ExpireDeletesOldRowsInSmallSteps) {
  core::WriteBatch batch = world_.batch();
  for (int i = 0; i < 10; ++i) {
    batch.candles.push_back({world_.composite(world_.btc), Interval::m1, candle(minute(i), "1", "1", "1", "1")});
    batch.candles.push_back({world_.composite(world_.eth), Interval::m1, candle(minute(i), "1", "1", "1", "1")});
    batch.points.push_back({world_.btc, {minute(i), 1, {}, {}}});
    batch.ticks.push_back(trade(world_.kraken_btc, 1u + static_cast<unsigned>(i), minute(i), minute(i), "1", "1"));
  }
  batch.candles.push_back(
      {world_.composite(world_.btc), Interval::d1, candle(kNoon.floor_to(hours(24)), "1", "1", "1", "1")});
  ASSERT_TRUE(write(batch));
  EXPECT_EQ(*writer_->expire({}, 100), 0u);  // kept forever
  const Expiry expiry{{}, minute(6) + nanoseconds(1), minute(9)};
  std::size_t deleted = 0, steps = 0;
  for (std::size_t last = 5; last == 5; ++steps) deleted += last = *writer_->expire(expiry, 5);
  EXPECT_EQ(deleted, 7u + 9u);
  EXPECT_EQ(steps, 4u);
  EXPECT_EQ(reader_->candles(btc_usd(Interval::m1, minute(0), minute(99)))->size(), 10u);
  EXPECT_EQ(reader_->points("bitcoin", minute(0), minute(99), 99)->size(), 3u);
  EXPECT_EQ(reader_->trades({"bitcoin", "usd", "kraken", minute(0), minute(99)})->size(), 1u);
}

// Each level of candles goes by itself; what is longer was read as the sum of what goes, and is the same afterwards.
TEST_P(HistoryStoreConformance, LongerCandlesOutliveTheirParts) {
  const core::Timestamp day = kNoon.floor_to(hours(24));
  const auto at = [&](int minutes) { return day + std::chrono::minutes(minutes); };
  std::vector<core::Candle> minutes;
  for (int i = 0; i < 3 * 24 * 60; ++i) {
    if (i >= 100 && i < 130) continue;  // a hole
    minutes.push_back(candle(at(i), "10", std::to_string(11 + i % 7), "9", "10.5", "0.25", 3));
  }
  put(world_.composite(world_.btc), minutes);
  const auto levels = [&](Interval interval) {
    return show(*reader_->candles(btc_usd(interval, day, day + hours(72))));
  };
  const auto before_h1 = levels(Interval::h1), before_h4 = levels(Interval::h4), before_d1 = levels(Interval::d1);
  ASSERT_EQ(before_h1.size(), 72u);
  ASSERT_EQ(before_d1.size(), 3u);
  const auto drain = [&](const Expiry& expiry) {
    std::size_t steps = 0;
    while (*writer_->expire(expiry, 500) >= 500) ++steps;
    return steps;
  };

  // Not on a full hour: the hour stays whole.
  EXPECT_GT(drain({at(24 * 60 + 90), {}, {}}), 1u) << "in small steps";
  EXPECT_EQ(reader_->candles({"bitcoin", "usd", "", Interval::m1, day, day + hours(72)})->front().start, at(25 * 60));
  EXPECT_EQ(levels(Interval::h1), before_h1);
  EXPECT_EQ(levels(Interval::h4), before_h4);
  EXPECT_EQ(levels(Interval::d1), before_d1);

  drain({at(48 * 60), {}, {}, at(48 * 60 + 30)});
  EXPECT_EQ(levels(Interval::h1), std::vector(before_h1.begin() + 48, before_h1.end()));
  EXPECT_EQ(levels(Interval::d1), before_d1);

  drain({at(48 * 60), {}, {}, at(48 * 60), at(24 * 60)});
  EXPECT_EQ(levels(Interval::d1), std::vector(before_d1.begin() + 1, before_d1.end()));
}

// Whose minutes end in the middle of an hour: nothing comes that would close it.
TEST_P(HistoryStoreConformance, TheLastHourOfASeriesOutlivesItsMinutes) {
  const core::Timestamp day = kNoon.floor_to(hours(24));
  std::vector<core::Candle> minutes;
  for (int i = 0; i < 10 * 60 + 17; ++i) {
    minutes.push_back(candle(day + std::chrono::minutes(i), "10", std::to_string(11 + i % 7), "9", "10.5", "0.25", 3));
  }
  put(world_.composite(world_.btc), minutes);
  put(world_.composite(world_.eth), {candle(day + hours(96), "1", "1", "1", "1")});
  const auto levels = [&](Interval interval) {
    return show(*reader_->candles(btc_usd(interval, day, day + hours(72))));
  };
  const auto h1 = levels(Interval::h1), h4 = levels(Interval::h4), d1 = levels(Interval::d1);
  ASSERT_EQ(h1.size(), 11u);
  const auto drain = [&](const Expiry& expiry) {
    for (std::size_t went = 500; went >= 500;) {
      const auto expired = writer_->expire(expiry, 500);
      ASSERT_TRUE(expired) << expired.error().context;
      went = *expired;
    }
  };
  drain({day + hours(48), {}, {}});
  EXPECT_THAT(get(btc_usd(Interval::m1, day, day + hours(72))), IsEmpty());
  EXPECT_EQ(levels(Interval::h1), h1);
  EXPECT_EQ(levels(Interval::h4), h4);
  EXPECT_EQ(levels(Interval::d1), d1);
  drain({day + hours(72), {}, {}, day + hours(48)});
  EXPECT_EQ(levels(Interval::d1), d1);
}

TEST_P(HistoryStoreConformance, CompositePricesAreTradesOfTheirSeries) {
  core::WriteBatch batch = world_.batch();
  for (int i = 0; i < 5; ++i)
    batch.composites.push_back({world_.composite(world_.btc), core::composite_tick(minute(i), dec("64000.125"))});
  batch.composites.push_back({world_.composite(world_.eth), core::composite_tick(minute(2), dec("3000"))});
  batch.ticks = {trade(world_.kraken_btc, 7, minute(1), minute(1), "64001", "2")};
  ASSERT_TRUE(write(batch));
  ASSERT_TRUE(write(batch));  // twice changes nothing
  const auto found = reader_->trades({"bitcoin", "usd", "", minute(1), minute(4)});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 3u);
  EXPECT_EQ(found->front().at, minute(1));
  EXPECT_EQ(found->front().received_at, minute(1));
  EXPECT_EQ(found->front().price.to_string(), "64000.125");
  EXPECT_TRUE(found->front().amount.is_zero());
  EXPECT_EQ(found->front().trade_id, 0u);
  EXPECT_EQ(reader_->trades({"ethereum", "usd", "", minute(0), minute(9)})->size(), 1u);
  EXPECT_EQ(reader_->trades({"bitcoin", "usd", "kraken", minute(0), minute(9)})->size(), 1u);
  ASSERT_TRUE(writer_->sync());
}

TEST_P(HistoryStoreConformance, AReaderSeesWholeTransactionsOnly) {
  constexpr int kRounds = 200, kRows = 40;
  std::atomic<bool> done{false};
  std::thread writing([&] {
    for (int round = 0; round < kRounds; ++round) {
      std::vector<core::WriteBatch> batches(2, world_.batch());
      for (int i = 0; i < kRows; ++i) {
        const auto c = candle(minute(i), "1", "1", "1", "1", "0", static_cast<std::uint32_t>(round));
        batches[static_cast<std::size_t>(i % 2)].candles.push_back({world_.composite(world_.btc), Interval::m1, c});
      }
      const auto hour = candle(minute(60), "1", "1", "1", "1", "0", static_cast<std::uint32_t>(round));
      batches[1].candles.push_back({world_.composite(world_.btc), Interval::h1, hour});
      ASSERT_TRUE(writer_->write(batches));
    }
    done = true;
  });
  std::size_t mixed = 0;
  while (!done) {
    const auto found = reader_->candles(btc_usd(Interval::m1, minute(0), minute(kRows)));
    ASSERT_TRUE(found);
    if (found->empty()) continue;
    ASSERT_EQ(found->size(), static_cast<std::size_t>(kRows));
    for (const auto& c : *found) mixed += c.trades != found->front().trades ? 1 : 0;
    const auto hour = reader_->candles(btc_usd(Interval::h1, minute(0), minute(120)));
    ASSERT_EQ(hour->size(), 2u);  // one aggregated, one stored: several looks at one state
    mixed += hour->at(0).trades != hour->at(1).trades * kRows ? 1 : 0;
  }
  writing.join();
  EXPECT_EQ(mixed, 0u);
}

TEST_P(HistoryStoreConformance, InfoNamesThePlaceAndTheSize) {
  const auto info = reader_->info();
  ASSERT_TRUE(info);
  EXPECT_EQ(info->backend, GetParam().name);
  EXPECT_FALSE(info->location.empty());
  put(world_.composite(world_.btc), {candle(minute(0), "1", "1", "1", "1")});
  EXPECT_GT(reader_->info()->size_bytes, 0u);
}

TEST_P(HistoryStoreConformance, AWriterCanFollowAWriter) {
  writer_.reset();
  auto next = store_->writer();
  ASSERT_TRUE(next);
  writer_ = std::move(*next);
  put(world_.composite(world_.btc), {candle(minute(0), "1", "1", "1", "1")});
  EXPECT_EQ(get(btc_usd(Interval::m1, minute(0), minute(1))).size(), 1u);
}

}  // namespace
}  // namespace tickspan::storage::test
