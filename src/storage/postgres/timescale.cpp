#include "storage/postgres/timescale.hpp"

#include <fmt/format.h>

namespace tickspan::storage::postgres {

Layout choose_layout(const Extension& extension) {
  if (extension.version.empty()) return Layout::partitions;
  return extension.license == "timescale" ? Layout::timescale : Layout::hypertables;
}

core::Result<Extension> find_extension(Connection& connection) {
  // Where it is installed and not preloaded, creating it ends the session; a setting of its loader tells.
  auto known = connection.ask(
      "SELECT EXISTS(SELECT FROM pg_available_extensions WHERE name = 'timescaledb') "
      "AND EXISTS(SELECT FROM pg_settings WHERE name = 'timescaledb.disable_load')");
  if (!known) return tl::unexpected(known.error());
  if (known->text(0, 0) != "t") return Extension{};
  // This user may lack the right to create it: then the server is one without it. Not into our own schema, which a
  // restore replaces.
  if (auto point = connection.run("SAVEPOINT extension"); !point) return tl::unexpected(point.error());
  if (!connection.run("CREATE EXTENSION IF NOT EXISTS timescaledb SCHEMA public")) {
    if (auto back = connection.run("ROLLBACK TO SAVEPOINT extension"); !back) return tl::unexpected(back.error());
  }
  auto said = connection.ask(
      "SELECT coalesce((SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'), ''), "
      "coalesce(current_setting('timescaledb.license', true), '')");
  if (!said) return tl::unexpected(said.error());
  return Extension{said->text(0, 0), said->text(0, 1)};
}

std::string make_hypertables() {
  return R"sql(
SELECT create_hypertable('minutes', 'start', chunk_time_interval => interval '1 month', create_default_indexes => false);
SELECT create_hypertable('candles', 'start', chunk_time_interval => interval '1 year', create_default_indexes => false);
SELECT create_hypertable('trades', 'at', chunk_time_interval => interval '1 day', create_default_indexes => false);
)sql";
}

core::Result<std::size_t> drop_chunks(Connection& connection, std::string_view table, core::Timestamp cutoff) {
  if (!cutoff.is_set()) return std::size_t{0};
  const std::string arguments = fmt::format("'{}', older_than => '{}'::timestamptz", table, core::to_rfc3339(cutoff));
  auto rows = connection.ask(
      fmt::format("SELECT coalesce(sum(greatest(reltuples, pg_stat_get_live_tuples(oid), 0)), 0)::int8 FROM pg_class "
                  "WHERE oid IN (SELECT c FROM show_chunks({0}) AS c)",
                  arguments));
  if (!rows) return tl::unexpected(rows.error());
  if (auto dropped = connection.run(fmt::format("SELECT drop_chunks({})", arguments)); !dropped) {
    return tl::unexpected(dropped.error());
  }
  return static_cast<std::size_t>(std::strtoull(rows->text(0, 0).c_str(), nullptr, 10));
}

// The same rules as RollupSum: flat minutes say nothing about prices where there are others; bit 0 (final) is of all of
// them, bits 1 (incomplete) and 4 (rebuilt) of any, bit 2 (flat) of all. Sums of numeric are exact, so bit 3 is never
// set. The shapes are of the written form alone and are left out: 15e2 comes back as 1500.
std::string rollup_select(std::string_view width) {
  return fmt::format(
      R"sql(SELECT series, least(sum(trades::int8 & 4294967295), 4294967295)::int8 AS trades,
  time_bucket(interval '{}', start) AS start,
  (bit_and(form & 1) | bit_or(form & 18) | bit_and(form & 4))::int4 AS form,
  count(*)::int4 AS minutes,
  coalesce(first(open, start) FILTER (WHERE form & 4 = 0), first(open, start)) AS open,
  coalesce(max(high) FILTER (WHERE form & 4 = 0), max(high)) AS high,
  coalesce(min(low) FILTER (WHERE form & 4 = 0), min(low)) AS low,
  coalesce(last(close, start) FILTER (WHERE form & 4 = 0), last(close, start)) AS close,
  sum(volume) AS volume
FROM minutes GROUP BY series, time_bucket(interval '{}', start))sql",
      width, width);
}

std::string make_aggregates() {
  std::string out;
  for (const auto& [name, width] : {std::pair{"hours", "1 hour"}, {"days", "1 day"}}) {
    out += fmt::format(
        "CREATE MATERIALIZED VIEW {} WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS {} "
        "WITH NO DATA;\n",
        name, rollup_select(width));
  }
  for (const auto& [name, order, after] :
       {std::tuple{"minutes", "start DESC", "2 months"}, {"trades", "at DESC, trade DESC", "3 days"}}) {
    out += fmt::format(
        "ALTER TABLE {0} SET (timescaledb.compress, timescaledb.compress_segmentby = 'series', "
        "timescaledb.compress_orderby = '{1}');\nSELECT add_compression_policy('{0}', interval '{2}');\n",
        name, order, after);
  }
  return out;
}

std::string fill_rollups() {
  std::string out;
  for (const auto& [view, unit, level] : {std::tuple{"hours", "hour", 3}, {"days", "day", 5}}) {
    out += fmt::format(
        "INSERT INTO rollups(series, trades, start, form, level, minutes, open, high, low, close, volume) "
        "SELECT v.series, (CASE WHEN v.trades > 2147483647 THEN v.trades - 4294967296 ELSE v.trades END)::int4, "
        "v.start, v.form, {2}, v.minutes, v.open, v.high, v.low, v.close, v.volume FROM {0} v JOIN series s "
        "ON s.id = v.series WHERE v.start < date_trunc('{1}', s.newest_minute, 'UTC') ON CONFLICT DO NOTHING;\n",
        view, unit, level);
  }
  return out;
}

}  // namespace tickspan::storage::postgres
