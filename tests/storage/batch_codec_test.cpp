#include "storage/batch_codec.hpp"

#include <gmock/gmock.h>

#include <random>

#include "fixtures.hpp"
#include "storage/batch_rows.hpp"

namespace tickspan::storage::test {
namespace {

core::WriteBatch full_batch(const World& world) {
  core::WriteBatch batch = world.batch();
  batch.candles = {{world.composite(world.btc), core::Interval::h1,
                    candle(minute(0), "64321.50", "64400.00", "64300.25", "64399.75", "1.2345678", 12)},
                   {{world.btc, world.usdt, world.binance}, core::Interval::m1, flat(minute(1), "0.00001200")}};
  batch.candles[1].candle.incomplete = true;
  batch.ticks = {trade(world.kraken_btc, 12, minute(1), minute(2), "64000.10", "0.5"),
                 trade(world.binance_btc, 0xFFFFFFFFFFFFFFFFULL, {}, minute(2), "1", "-0")};
  batch.prices = {{world.eth, dec("3200.5"), minute(3), "composite"}};
  core::AssetFacts facts;
  facts.asset_id = "bitcoin";
  facts.name = "Bitcoin";
  facts.rank = -1;
  facts.price = dec("64000");
  facts.market_cap = 1.25e12;
  facts.received_at = minute(4);
  batch.facts = {facts};
  batch.points = {{world.btc, {minute(5), 64000.25, 1.2e12, {}}}};
  batch.gaps = {{"kraken", "XBT/USD", minute(0), minute(1), core::GapCause::disk_full, core::GapState::repaired, 7, 6}};
  batch.composites = {{world.composite(world.eth), core::composite_tick(minute(6), dec("3200.50"))}};
  batch.heard_until = minute(7);
  batch.takeovers = {{"bitcoin", minute(8), "composite", "coingecko", core::TakeoverCause::silent}};
  return batch;
}

TEST(BatchCodec, WhatComesOutIsWhatWentIn) {
  const World world;
  core::WriteBatch batch = full_batch(world);
  std::string bytes, again;
  encode_batch(bytes, batch);
  const auto read = decode_batch(bytes);
  ASSERT_TRUE(read);
  EXPECT_TRUE(validate(*read));
  EXPECT_EQ(read->rows(), batch.rows());
  EXPECT_EQ(show(read->candles[0].candle), show(batch.candles[0].candle));
  EXPECT_EQ(show(read->candles[1].candle), show(batch.candles[1].candle));
  EXPECT_EQ(read->candles[0].interval, core::Interval::h1);
  EXPECT_EQ(series_name(*read->catalogue, read->candles[0].series), (SeriesName{"bitcoin", "usd", ""}));
  EXPECT_EQ(series_name(*read->catalogue, read->candles[1].series), (SeriesName{"bitcoin", "tether", "binance"}));
  const core::Tick& tick = read->ticks[1];
  EXPECT_EQ(read->catalogue->instrument(tick.instrument()).venue_symbol,
            world.catalogue->instrument(world.binance_btc).venue_symbol);
  EXPECT_EQ(tick.trade_id(), 0xFFFFFFFFFFFFFFFFULL);
  EXPECT_FALSE(tick.event_time().is_set());
  EXPECT_EQ(read->ticks[0].price().to_string(), "64000.10");
  EXPECT_EQ(read->facts[0].market_cap, 1.25e12);
  EXPECT_FALSE(read->facts[0].volume_24h);
  EXPECT_EQ(read->points[0].point.market_cap, 1.2e12);
  EXPECT_EQ(read->gaps[0].state, core::GapState::repaired);
  EXPECT_EQ(read->gaps[0].recovered, 6);
  EXPECT_EQ(series_name(*read->catalogue, read->composites[0].series), (SeriesName{"ethereum", "usd", ""}));
  EXPECT_EQ(read->composites[0].tick.received_at(), minute(6));
  EXPECT_EQ(read->composites[0].tick.price().to_string(), "3200.50");
  EXPECT_EQ(read->heard_until, minute(7));
  EXPECT_EQ(read->takeovers[0].asset, "bitcoin");
  EXPECT_EQ(read->takeovers[0].at, minute(8));
  EXPECT_EQ(read->takeovers[0].from, "composite");
  EXPECT_EQ(read->takeovers[0].to, "coingecko");
  EXPECT_EQ(read->takeovers[0].cause, core::TakeoverCause::silent);
  encode_batch(again, *read);
  EXPECT_EQ(again, bytes);
}

TEST(BatchCodec, AWholeCatalogueGoesAlongWhenItChanged) {
  const World world;
  core::WriteBatch batch = world.batch();
  batch.catalogue_changed = true;
  std::string bytes;
  encode_batch(bytes, batch);
  const auto read = decode_batch(bytes);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->catalogue->assets().size(), world.catalogue->assets().size());
  for (std::size_t i = 0; i < world.catalogue->assets().size(); ++i)
    EXPECT_EQ(read->catalogue->assets()[i].id, world.catalogue->assets()[i].id);
}

// The program of the day before left it in its spool: without takeovers.
TEST(BatchCodec, TheFormBeforeIsRead) {
  const World world;
  core::WriteBatch batch = full_batch(world);
  batch.takeovers.clear();
  std::string bytes;
  encode_batch(bytes, batch);
  ASSERT_EQ(bytes.front(), 3);
  ASSERT_EQ(bytes.back(), 0);
  bytes.front() = 2;
  bytes.pop_back();
  const auto read = decode_batch(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->rows(), batch.rows());
  EXPECT_EQ(read->heard_until, minute(7));
}

TEST(BatchCodec, DamageIsRefusedAndNeverTrusted) {
  const World world;
  std::string bytes;
  encode_batch(bytes, full_batch(world));
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_batch(bytes.substr(0, size))) << size;
  EXPECT_FALSE(decode_batch(bytes + '\0'));
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = bytes;
    for (int n = 0; n < 3; ++n) damaged[random() % damaged.size()] = static_cast<char>(random());
    if (const auto read = decode_batch(damaged)) {
      std::string again;
      encode_batch(again, *read);  // whatever it is, its ids are sound
    }
  }
}

}  // namespace
}  // namespace tickspan::storage::test
