#include "storage/postgres/replacement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../fixtures.hpp"
#include "history/pages.hpp"
#include "history/store_copy.hpp"
#include "server.hpp"
#include "storage/memory_store.hpp"
#include "storage/sqlite/sqlite_store.hpp"

namespace tickspan::storage::test {
namespace {

using core::Interval;
using testing::HasSubstr;
using testing::IsEmpty;

/// Three days of everything: minutes with holes, every level, trades with and without ids and at one time, composite
/// prices, points, prices, facts, gaps, and the mark.
core::Status fill(HistoryStore& store) {
  const World world;
  auto writer = store.writer();
  if (!writer) return tl::unexpected(writer.error());
  core::WriteBatch batch = world.batch();
  batch.catalogue_changed = true;
  for (int i = 0; i < 3 * 1440; ++i) {
    if (i % 97 == 0) continue;
    core::Candle c = candle(minute(i), "100.10", "1e3", "0.00000012", "99.900", "12.5", static_cast<unsigned>(i));
    c.volume = {i * 7919, -5};
    c.flat = i % 5 == 0;
    c.incomplete = i % 300 == 7;
    c.final = i + 1 < 3 * 1440;
    batch.candles.push_back({world.composite(world.btc), Interval::m1, c});
    if (i % 3 == 0) batch.candles.push_back({{world.btc, world.usd, world.kraken}, Interval::m1, c});
    for (const Interval interval : {Interval::m5, Interval::m15, Interval::h1, Interval::h4, Interval::d1}) {
      const bool starts = c.start == c.start.floor_to(core::width(interval));
      if (starts && i % 2 == 0) batch.candles.push_back({world.composite(world.eth), interval, c});
    }
    for (int k = 0; k < 3; ++k) {
      const auto at = minute(i) + std::chrono::nanoseconds(k == 2 ? 1 : k * 1'234'567);
      const auto id = k == 2 ? 0U : static_cast<std::uint64_t>(i * 10 + k + 1);
      batch.ticks.push_back(
          trade(world.kraken_btc, id, at, at + std::chrono::milliseconds(k * 40), "64321.50", "0.10"));
    }
    batch.composites.push_back({world.composite(world.btc), core::composite_tick(minute(i), {6'432'150 + i, -2})});
    batch.points.push_back({world.btc, {minute(i), 0.5 * i, 1e12, {}}});
    if (i % 500 == 1) {
      core::Gap gap;
      gap.venue = "kraken";
      gap.instrument_symbol = i % 1000 == 1 ? "" : "XBT/USD";
      gap.start = minute(i);
      gap.end = minute(i + 3);
      gap.cause = core::GapCause::mute;
      gap.expected = i;
      batch.gaps.push_back(gap);
    }
  }
  batch.heard_until = minute(3 * 1440);
  batch.prices.push_back({world.btc, dec("64000.50"), minute(5), "composite"});
  core::AssetFacts facts;
  facts.asset_id = "bitcoin";
  facts.symbol = "BTC";
  facts.price = dec("64000.50");
  facts.market_cap = 1.5e12;
  facts.updated_at = minute(4);
  batch.facts.push_back(facts);
  return (*writer)->write({batch});
}

/// Every row of a store, with all digits and flags.
std::string contents(HistoryStore& store) {
  const auto snapshot = std::move(*store.snapshot());
  StoreReader& reader = snapshot->reader();
  const auto state = snapshot->state(history::kEndOfTime);
  std::string out;
  for (const auto& asset : state->assets)
    out += asset.id + asset.symbol + asset.name + std::to_string(asset.rank) + "\n";
  for (const auto& price : state->prices) out += price.asset_id + price.price_usd.to_string() + price.source + "\n";
  for (const auto& facts : state->facts) {
    out += facts.asset_id + facts.symbol + facts.price->to_string() + std::to_string(*facts.market_cap) + "\n";
  }
  out += core::to_rfc3339(state->last_write) + "\n";
  auto series = *reader.series();
  std::sort(series.begin(), series.end());
  constexpr std::size_t kAll = 10'000'000;
  for (const SeriesName& name : series) {
    out += name.base + "/" + name.quote + "@" + name.venue + "\n";
    for (const Interval interval : core::kIntervals) {
      for (const bool stored_only : {true, false}) {
        for (const auto& line :
             show(*reader.candles({name.base, name.quote, name.venue, interval, history::kBeginOfTime,
                                   history::kEndOfTime, kAll, stored_only}))) {
          out += line + "\n";
        }
      }
    }
    const auto trades =
        *reader.trades({name.base, name.quote, name.venue, history::kBeginOfTime, history::kEndOfTime, kAll});
    for (const auto& t : trades) {
      out += std::to_string(t.at.ns) + " " + std::to_string(t.received_at.ns) + " " + t.price.to_string() + " " +
             t.amount.to_string() + " " + std::to_string(t.trade_id) + std::to_string(static_cast<int>(t.side)) + "\n";
    }
  }
  const auto points = *reader.points("bitcoin", history::kBeginOfTime, history::kEndOfTime, kAll);
  for (const auto& point : points) {
    out += std::to_string(point.at.ns) + " " + std::to_string(point.price) + "\n";
  }
  const auto gaps = *reader.gaps("", history::kBeginOfTime, history::kEndOfTime, kAll);
  for (const auto& gap : gaps) {
    out += gap.venue + gap.instrument_symbol + std::to_string(gap.start.ns) + std::to_string(gap.end.ns) +
           std::string(core::to_string(gap.cause)) + std::to_string(gap.expected) + "\n";
  }
  return out;
}

TEST(StoreCopy, EveryRowGoesFromSqliteIntoPostgresAndBack) {
  if (PostgresServer::shared() == nullptr) GTEST_SKIP() << "no PostgreSQL server is installed";
  const tickspan::test::TempDir dir;
  const auto first = sqlite::make_sqlite_store(dir.file("first.db"));
  ASSERT_TRUE(first->open());
  EXPECT_TRUE(*history::is_empty(*first));
  ASSERT_TRUE(fill(*first));
  EXPECT_FALSE(*history::is_empty(*first));
  const std::string expected = contents(*first);

  const std::string url = fresh_database();
  auto replacement = postgres::Replacement::begin(url, {});
  ASSERT_TRUE(replacement) << replacement.error().context;
  {
    const auto writer = std::move(*(*replacement)->store().writer());
    std::uint64_t told = 0;
    const auto copied = history::copy_store(*std::move(*first->snapshot()), *writer,
                                            [&](const std::string&, std::uint64_t rows) { told = rows; });
    ASSERT_TRUE(copied) << copied.error().context;
    EXPECT_EQ(copied->rows(), told);
    EXPECT_EQ(copied->trades, 12'825U + 4'275U /* composite prices */);
    EXPECT_EQ(copied->points, 4'275U);
  }
  const auto kept = (*replacement)->finish();
  ASSERT_TRUE(kept) << kept.error().context;
  EXPECT_EQ(*kept, "") << "there was none";
  replacement->reset();
  const auto second = postgres::make_postgres_store(url);
  ASSERT_TRUE(second->open());
  EXPECT_EQ(contents(*second), expected);

  const auto third = sqlite::make_sqlite_store(dir.file("third.db"));
  ASSERT_TRUE(third->open());
  {
    const auto writer = std::move(*third->writer());
    ASSERT_TRUE(history::copy_store(*std::move(*second->snapshot()), *writer));
    ASSERT_TRUE(history::copy_store(*std::move(*second->snapshot()), *writer)) << "twice is once";
  }
  EXPECT_EQ(contents(*third), expected);
}

TEST(PostgresReplacement, KeepsWritersOutAndTheOldOneBeside) {
  if (PostgresServer::shared() == nullptr) GTEST_SKIP() << "no PostgreSQL server is installed";
  const std::string url = fresh_database();
  Psql psql(url);
  psql.run("DROP SCHEMA IF EXISTS tickspan_before_restore CASCADE");
  const auto store = postgres::make_postgres_store(url);
  ASSERT_TRUE(store->open());
  ASSERT_TRUE(fill(*store));
  const std::string before = contents(*store);
  const World world;
  core::WriteBatch batch = world.batch();
  batch.candles.push_back({world.composite(world.btc), Interval::m1, candle(minute(0), "7", "7", "7", "7")});
  {
    const auto writer = std::move(*store->writer());
    ASSERT_TRUE(writer->write({batch}));
    const auto refused = postgres::Replacement::begin(url, {});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().context, HasSubstr("stop it first"));
  }
  {
    const auto broken_off = postgres::Replacement::begin(url, {});
    ASSERT_TRUE(broken_off) << broken_off.error().context;
    const auto writer = std::move(*store->writer());
    const auto held = writer->write({batch});
    ASSERT_FALSE(held);
    EXPECT_TRUE(held.error().retryable);
    EXPECT_THAT(held.error().context, HasSubstr("a backup is being restored"));
  }
  EXPECT_EQ(psql.ask("SELECT to_regnamespace('tickspan_restoring') IS NULL"), "t");
  auto replacement = postgres::Replacement::begin(url, {});
  ASSERT_TRUE(replacement) << replacement.error().context;
  ASSERT_TRUE((*(*replacement)->store().writer())->write({batch}));
  const auto kept = (*replacement)->finish();
  ASSERT_TRUE(kept) << kept.error().context;
  EXPECT_EQ(*kept, "tickspan_before_restore");
  replacement->reset();
  EXPECT_EQ(psql.ask("SELECT count(*) FROM tickspan.minutes"), "1");
  EXPECT_EQ(psql.ask("SELECT count(*) > 4000 FROM tickspan_before_restore.minutes"), "t");
  const auto writer = std::move(*store->writer());
  EXPECT_TRUE(writer->write({batch})) << "what was open goes on with the new one";
  psql.run("DROP SCHEMA tickspan_before_restore CASCADE");
}

}  // namespace
}  // namespace tickspan::storage::test
