#include "storage/postgres/schema.hpp"

#include <fmt/format.h>

#include <array>

#include "storage/postgres/timescale.hpp"

namespace tickspan::storage::postgres {
namespace {

using core::ErrorCode;
using core::Result;
using core::Status;

constexpr int kOldestServer = 150000;

// The schema's history. A step that was released is never edited: databases of its form exist. A new one goes at the
// end. `@partition(x)@` stands for the partitioning of the layout, `@rollups@` for what fills them where they were not.
//
// Candles: `start` and the prices as they are, numeric keeping what was written. `form`: bit 0 final, 1 incomplete,
// 2 flat, 3 (roll-ups) a volume that was rounded, 4 rebuilt; from bit 8 on five bits for each of open, high, low, close
// and volume: Numeric::shape. `trades` is an unsigned 32-bit number stored as the signed one of the same bits. Trades:
// `at` to the microsecond, the nanoseconds below it in bits 0-9 of `form`, side in 10-11, bit 12 where `at` is our own
// time, the shapes of price and amount from bit 16 on. `delay` is nanoseconds from `at` to the receipt. Elsewhere
// nanoseconds since 1970 are int8, and exact decimals numeric with their shape beside them.
constexpr std::array kSteps = {
    // 1
    R"sql(
CREATE TABLE state(
  one bool PRIMARY KEY DEFAULT true CHECK (one), last_write int8 NOT NULL DEFAULT 0, writer int8 NOT NULL DEFAULT 0);
INSERT INTO state DEFAULT VALUES;
CREATE TABLE series(
  id int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, base text NOT NULL, quote text NOT NULL, venue text NOT NULL,
  newest_minute timestamptz, newest_trade int8, UNIQUE(base, quote, venue)) WITH (fillfactor = 50);
CREATE TABLE minutes(
  series int4 NOT NULL, trades int4 NOT NULL, start timestamptz NOT NULL, form int4 NOT NULL,
  open numeric NOT NULL, high numeric NOT NULL, low numeric NOT NULL, close numeric NOT NULL, volume numeric NOT NULL,
  PRIMARY KEY(series, start)) @partition(start)@;
CREATE INDEX minutes_by_time ON minutes USING brin(start);
CREATE TABLE candles(
  series int4 NOT NULL, trades int4 NOT NULL, start timestamptz NOT NULL, form int4 NOT NULL, level int2 NOT NULL,
  open numeric NOT NULL, high numeric NOT NULL, low numeric NOT NULL, close numeric NOT NULL, volume numeric NOT NULL,
  PRIMARY KEY(series, level, start)) @partition(start)@;
CREATE TABLE rollups(
  series int4 NOT NULL, trades int4 NOT NULL, start timestamptz NOT NULL, form int4 NOT NULL, level int2 NOT NULL,
  minutes int4 NOT NULL,
  open numeric NOT NULL, high numeric NOT NULL, low numeric NOT NULL, close numeric NOT NULL, volume numeric NOT NULL,
  PRIMARY KEY(series, level, start));
CREATE TABLE trades(
  series int4 NOT NULL, form int4 NOT NULL, at timestamptz NOT NULL, trade int8 NOT NULL, delay int8 NOT NULL,
  price numeric NOT NULL, amount numeric NOT NULL, PRIMARY KEY(series, at, trade)) @partition(at)@;
CREATE INDEX trades_by_time ON trades USING brin(at);
CREATE TABLE points(
  asset text NOT NULL, at timestamptz NOT NULL, price float8 NOT NULL, market_cap float8, volume_24h float8,
  PRIMARY KEY(asset, at));
CREATE INDEX points_by_time ON points(at);
CREATE TABLE assets(
  position int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL UNIQUE, symbol text NOT NULL,
  name text NOT NULL, kind int4 NOT NULL, rank int4 NOT NULL);
CREATE TABLE facts(
  asset text PRIMARY KEY, symbol text NOT NULL, name text NOT NULL, rank int4 NOT NULL,
  price numeric, high_24h numeric, low_24h numeric, shapes int4 NOT NULL,
  change_24h float8, change_24h_pct float8, market_cap float8, volume_24h float8,
  circulating_supply float8, total_supply float8, max_supply float8, updated_at int8 NOT NULL, received_at int8 NOT NULL);
CREATE TABLE prices(
  asset text PRIMARY KEY, price numeric NOT NULL, shape int4 NOT NULL, as_of int8 NOT NULL, source text NOT NULL)
  WITH (fillfactor = 50);
CREATE TABLE gaps(
  start_ns int8 NOT NULL, venue text NOT NULL, symbol text NOT NULL, end_ns int8 NOT NULL, cause text NOT NULL,
  state text NOT NULL, expected int8 NOT NULL, recovered int8 NOT NULL, PRIMARY KEY(start_ns, venue, symbol));
)sql",
    // 2: whose price an asset's was, from when on. `before` is empty where nobody gave one.
    R"sql(
CREATE TABLE takeovers(
  asset text NOT NULL, at_ns int8 NOT NULL, before text NOT NULL, source text NOT NULL, cause text NOT NULL,
  PRIMARY KEY(asset, at_ns));
CREATE INDEX takeovers_by_time ON takeovers(at_ns, asset);
)sql",
    // 3: hours and days are read from `rollups` in every layout.
    "@rollups@",
};

std::string laid_out(std::string sql, Layout layout) {
  constexpr std::string_view kMark = "@partition(";
  for (auto at = sql.find(kMark); at != std::string::npos; at = sql.find(kMark, at)) {
    const auto end = sql.find(")@", at);
    const std::string column = sql.substr(at + kMark.size(), end - at - kMark.size());
    sql.replace(at, end + 2 - at, layout == Layout::partitions ? fmt::format("PARTITION BY RANGE({})", column) : "");
  }
  if (sql == "@rollups@") return layout == Layout::timescale ? fill_rollups() : "";
  return sql;
}

Status run_steps(Connection& connection, const Schema& from) {
  for (auto step = static_cast<std::size_t>(from.version); step < kSteps.size(); ++step) {
    std::string sql = laid_out(kSteps[step], from.layout);
    if (step == 0 && from.layout != Layout::partitions) sql += make_hypertables();
    if (step == 0 && from.layout == Layout::timescale) sql += make_aggregates();
    if (sql.empty()) continue;
    if (auto done = connection.run(sql); !done) return done;
  }
  return connection.run(fmt::format("UPDATE schema_version SET version = {}", kSteps.size()));
}

Result<Layout> parse_layout(const std::string& name, const std::string& location) {
  for (const Layout layout : {Layout::partitions, Layout::hypertables, Layout::timescale}) {
    if (name == to_string(layout)) return layout;
  }
  return core::fail(ErrorCode::conflict, fmt::format("the database at {} has an unknown layout", location));
}

Result<Schema> read_version(Connection& connection, const std::string& location) {
  auto row = connection.ask("SELECT version, layout FROM schema_version");
  if (!row) return tl::unexpected(row.error());
  const auto layout = parse_layout(row->size() == 1 ? row->text(0, 1) : "", location);
  if (!layout) return tl::unexpected(layout.error());
  return Schema{std::atoi(row->text(0, 0).c_str()), *layout};
}

/// Version 0 where there is no schema yet: makes the bare frame of it.
Result<Schema> find_or_make(Connection& connection, const std::string& location) {
  auto found = connection.ask(
      fmt::format("SELECT to_regnamespace('{0}') IS NOT NULL, to_regclass('{0}.schema_version') IS NOT NULL, (SELECT "
                  "count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '{0}')",
                  connection.schema()));
  if (!found) return tl::unexpected(found.error());
  const bool has_schema = found->text(0, 0) == "t", has_version = found->text(0, 1) == "t";
  if (!has_version && found->text(0, 2) != "0") {
    return core::fail(ErrorCode::conflict,
                      fmt::format("the database at {} has a schema '{}' of another program; name another database in "
                                  "store.url",
                                  location, connection.schema()));
  }
  if (has_version) return read_version(connection, location);
  const auto extension = find_extension(connection);
  if (!extension) return tl::unexpected(extension.error());
  const Layout layout = choose_layout(*extension);
  const auto made = connection.run(fmt::format(
      "{} CREATE TABLE schema_version(one bool PRIMARY KEY DEFAULT true CHECK (one), version int4 NOT NULL, "
      "layout text NOT NULL); INSERT INTO schema_version(version, layout) VALUES(0, '{}')",
      has_schema ? "" : fmt::format("CREATE SCHEMA {};", connection.schema()), to_string(layout)));
  if (!made) return tl::unexpected(made.error());
  return Schema{0, layout};
}

Result<Schema> migrate_locked(Connection& connection, const std::string& location) {
  auto schema = find_or_make(connection, location);
  if (!schema) return schema;
  if (schema->version > newest_schema_version() || schema->version < 0) {
    return core::fail(
        ErrorCode::conflict,
        fmt::format("the database at {} was written by a newer version (schema {}, this program knows up to {}); "
                    "install that version or name another database in store.url",
                    location, schema->version, newest_schema_version()));
  }
  if (schema->version < newest_schema_version()) {
    if (auto done = run_steps(connection, *schema); !done) return tl::unexpected(done.error());
  }
  return Schema{newest_schema_version(), schema->layout};
}

}  // namespace

std::string_view to_string(Layout layout) noexcept {
  switch (layout) {
    case Layout::partitions:
      return "partitions";
    case Layout::hypertables:
      return "hypertables";
    case Layout::timescale:
      return "timescale";
  }
  return "";
}

std::string session_setup(const Target& target) {
  return fmt::format("SET search_path = {}, public;", target.schema);
}

int newest_schema_version() {
  return static_cast<int>(kSteps.size());
}

Result<Schema> look_at(Connection& connection, const std::string& location) {
  auto found = connection.ask(fmt::format("SELECT to_regclass('{}.schema_version') IS NOT NULL", connection.schema()));
  if (!found) return tl::unexpected(found.error());
  if (found->text(0, 0) != "t") {
    return core::fail(ErrorCode::not_found, fmt::format("the database at {} has no history of this program", location));
  }
  auto schema = read_version(connection, location);
  if (schema && schema->version != newest_schema_version()) {
    return core::fail(ErrorCode::conflict,
                      fmt::format("the database at {} has schema {}, this program reads {}; start it with this version "
                                  "once",
                                  location, schema->version, newest_schema_version()));
  }
  return schema;
}

Result<Schema> migrate(Connection& connection, const std::string& location) {
  if (connection.server_version() < kOldestServer) {
    return core::fail(ErrorCode::conflict,
                      fmt::format("the server of {} is older than PostgreSQL 15; install a newer one", location));
  }
  auto replica = connection.ask("SELECT pg_is_in_recovery()");
  if (!replica) return tl::unexpected(replica.error());
  if (replica->text(0, 0) == "t") {
    return core::fail(ErrorCode::unavailable, fmt::format("{} is a replica; name the primary in store.url", location),
                      true);
  }
  if (auto begun = connection.run(fmt::format("BEGIN; SELECT pg_advisory_xact_lock({})", kMigrationLock)); !begun) {
    return tl::unexpected(begun.error());
  }
  auto schema = migrate_locked(connection, location);
  const auto ended = connection.run(schema ? "COMMIT" : "ROLLBACK");
  if (schema && !ended) return tl::unexpected(ended.error());
  return schema;
}

}  // namespace tickspan::storage::postgres
