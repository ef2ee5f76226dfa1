#include "storage/postgres/timescale.hpp"

#include <gtest/gtest.h>

#include "../fixtures.hpp"
#include "server.hpp"
#include "storage/postgres/postgres_store.hpp"

namespace tickspan::storage::test {
namespace {

using postgres::choose_layout;
using postgres::Extension;
using postgres::Layout;

TEST(PostgresTimescale, TheLicenceDecides) {
  EXPECT_EQ(choose_layout({}), Layout::partitions);
  EXPECT_EQ(choose_layout({"", "apache"}), Layout::partitions);     // preloaded, but not to be created here
  EXPECT_EQ(choose_layout({"", "timescale"}), Layout::partitions);  //
  EXPECT_EQ(choose_layout({"2.19.3", "apache"}), Layout::hypertables);
  EXPECT_EQ(choose_layout({"2.19.3", "timescale"}), Layout::timescale);
  EXPECT_EQ(choose_layout({"2.19.3", ""}), Layout::hypertables);  // says nothing: nothing is taken for granted
  EXPECT_EQ(choose_layout({"2.19.3", "new"}), Layout::hypertables);
}

// Only `make test-timescale` has such a server.
TEST(PostgresTimescale, TheApacheBuildGetsHypertablesAndOurRetention) {
  if (timescale_licence() != "apache") GTEST_SKIP() << "no server with TimescaleDB's Apache build is given";
  const std::string url = fresh_database();
  postgres::PostgresOptions options;
  options.retention = Retention{1, 400, 0, 400, 1};  // which its jobs, had it any, would be set to
  const auto store = postgres::make_postgres_store(url, options);
  const auto opened = store->open();
  ASSERT_TRUE(opened) << opened.error().context;
  Psql database(url);
  EXPECT_EQ(database.ask("SELECT layout FROM tickspan.schema_version"), "hypertables");
  EXPECT_EQ(database.ask("SELECT count(*) FROM timescaledb_information.hypertables"), "3");
  EXPECT_EQ(database.ask("SELECT count(*) FROM timescaledb_information.jobs WHERE hypertable_name IS NOT NULL"), "0");
  const World world;
  core::WriteBatch batch = world.batch();
  const auto old = kNoon - std::chrono::hours(24) * 90;
  for (const auto at : {old, kNoon}) {
    batch.candles.push_back({world.composite(world.btc), core::Interval::m1, candle(at, "1", "1", "1", "1")});
    batch.ticks.push_back(trade(world.kraken_btc, static_cast<std::uint64_t>(at.seconds()), at, at, "1", "1"));
  }
  const auto writer = std::move(*store->writer());
  ASSERT_TRUE(writer->write({batch}));
  EXPECT_EQ(database.ask("SELECT count(*) FROM show_chunks('tickspan.trades')"), "2");
  const auto expired = writer->expire({kNoon - std::chrono::hours(24), {}, kNoon - std::chrono::hours(24)}, 100);
  ASSERT_TRUE(expired) << expired.error().context;
  EXPECT_EQ(database.ask("SELECT count(*) FROM show_chunks('tickspan.trades')"), "1");
  EXPECT_EQ(database.ask("SELECT count(*) FROM tickspan.minutes"), "1");
  EXPECT_GT((*store->reader())->info()->size_bytes, 0u);
}

// Creating the extension would end the session there.
TEST(PostgresTimescale, AServerThatHasItInstalledButNotLoadedIsOneWithout) {
  if (PostgresServer::shared() == nullptr) GTEST_SKIP() << "no PostgreSQL server is installed";
  const std::string url = fresh_database();
  Psql database(url);
  if (database.ask("SELECT count(*) FROM pg_available_extensions WHERE name = 'timescaledb'") == "0" ||
      database.ask("SELECT count(*) FROM pg_settings WHERE name = 'timescaledb.disable_load'") != "0") {
    GTEST_SKIP() << "no server with TimescaleDB installed but not loaded is given";
  }
  const auto opened = postgres::make_postgres_store(url)->open();
  ASSERT_TRUE(opened) << opened.error().context;
  EXPECT_EQ(database.ask("SELECT layout FROM tickspan.schema_version"), "partitions");
}

// The extension's functions put in plain SQL: what the continuous aggregates select must be what the program's own
// roll-ups hold.
TEST(PostgresTimescale, ContinuousAggregatesSelectWhatTheRollUpsHold) {
  if (PostgresServer::shared() == nullptr) GTEST_SKIP() << "no PostgreSQL server is installed";
  const std::string url = fresh_database();
  const auto store = postgres::make_postgres_store(url);
  ASSERT_TRUE(store->open());
  const World world;
  core::WriteBatch batch = world.batch();
  const auto midnight = kNoon.floor_to(std::chrono::hours(24));
  for (int i = 0; i < 3 * 1440; ++i) {
    const auto price = [&](int salt) { return core::Decimal{1000 + (i * 7919 + salt * 104'729) % 977, -1}; };
    core::Candle c = candle(midnight + std::chrono::minutes(i), "1", "1", "1", "1");
    c.open = price(1);
    c.high = price(2);
    c.low = price(3);
    c.close = price(4);
    c.volume = {i, -5};
    c.trades = static_cast<std::uint32_t>(i);
    c.flat = i % 4 == 0 || (i > 120 && i < 200);
    c.final = i % 500 != 0;
    c.incomplete = i % 300 == 7;
    batch.candles.push_back({world.composite(world.btc), core::Interval::m1, c});
  }
  ASSERT_TRUE((*store->writer())->write({batch}));
  Psql database(url);
  database.run("SET search_path = tickspan, pg_temp; SET TIME ZONE 'UTC'");
  for (const auto& [width, level] : {std::pair{"1 hour", 3}, {"1 day", 5}}) {
    std::string select = postgres::rollup_select(width);
    // first(x, t) and last(x, t) as ordered arrays; time_bucket as date_bin.
    const auto replace = [&](const std::string& what, const std::string& with) {
      for (auto at = select.find(what); at != std::string::npos; at = select.find(what, at + with.size())) {
        select.replace(at, what.size(), with);
      }
    };
    replace("first(open, start) FILTER (WHERE form & 4 = 0)",
            "(array_agg(open ORDER BY start) FILTER (WHERE form & 4 = 0))[1]");
    replace("first(open, start)", "(array_agg(open ORDER BY start))[1]");
    replace("last(close, start) FILTER (WHERE form & 4 = 0)",
            "(array_agg(close ORDER BY start DESC) FILTER (WHERE form & 4 = 0))[1]");
    replace("last(close, start)", "(array_agg(close ORDER BY start DESC))[1]");
    replace("time_bucket(interval '" + std::string(width) + "', start)",
            "date_bin('" + std::string(width) + "', start, timestamptz '2000-01-01Z')");
    const std::string ours =
        "SELECT series, trades::int8, start, form, minutes, open, high, low, close, volume FROM "
        "rollups WHERE level = " +
        std::to_string(level);
    const std::string both = "FROM (" + select + ") AS a FULL JOIN (" + ours + ") AS b USING (series, start) ";
    EXPECT_EQ(database.ask("SELECT count(*) " + both + "WHERE b.start IS NULL"), "1") << width;  // the newest is open
    EXPECT_EQ(
        database.ask("SELECT count(*) " + both +
                     "WHERE b.start IS NOT NULL AND (a.trades, a.form, a.minutes, a.open, a.high, a.low, a.close, "
                     "a.volume) IS DISTINCT FROM (b.trades, b.form, b.minutes, b.open, b.high, b.low, b.close, "
                     "b.volume)"),
        "0")
        << width;
  }
}

}  // namespace
}  // namespace tickspan::storage::test
