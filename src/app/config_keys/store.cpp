#include "app/config_keys/key.hpp"

#include <fmt/format.h>

#include "storage/postgres/target.hpp"

namespace tickspan::app {
namespace {

constexpr const char* kPostgresUrl = "postgresql://user:password@host:port/database";

Refusal set_postgres_url(std::string& target, const RawValue& v) {
  if (!v.text.empty() && !storage::postgres::parse_target(v.text, "")) return kPostgresUrl;
  target = v.text;
  return {};
}

Refusal set_postgres_urls(std::vector<std::string>& target, const RawValue& v) {
  std::vector<std::string> items = v.items;
  if (v.type != RawValue::Type::list && !v.text.empty()) items = {v.text};
  for (const std::string& item : items) {
    if (!storage::postgres::parse_target(item, "")) return kPostgresUrl;
  }
  target = std::move(items);
  return {};
}

Refusal set_durability(storage::Durability& target, const RawValue& v) {
  std::string word;
  if (auto refused = set_choice(word, v, {"relaxed", "second", "commit"})) return refused;
  target = *storage::parse_durability(word);
  return {};
}

Refusal set_ticks(StoreTicks& target, const RawValue& v) {
  std::string word;
  if (auto refused = set_choice(word, v, {"off", "composite", "all"})) return refused;
  target = word == "off" ? StoreTicks::off : word == "composite" ? StoreTicks::composite : StoreTicks::all;
  return {};
}

/// 0, or at least `low`.
Refusal set_days(int& target, const RawValue& v, int low) {
  constexpr int kMost = 36'500;
  std::int64_t days = 0;
  if (set_int(days, v, 0, kMost) || (days > 0 && days < low)) return fmt::format("0, or {} to {}", low, kMost);
  target = static_cast<int>(days);
  return {};
}

}  // namespace

std::vector<ConfigKey> store_keys() {
  return {
      {"store.dir", "Where the database lives; empty is $XDG_DATA_HOME/tickspan or ~/.local/share/tickspan.", "\"\"",
       [](Config& c, const RawValue& v) { return set_text(c.data_dir, v); }},
      {"store.url",
       "A PostgreSQL database instead, postgresql://user:password@host:port/database; special characters in percent "
       "form.",
       "\"\"", [](Config& c, const RawValue& v) { return set_postgres_url(c.store_url, v); }},
      {"store.read_urls", "Its replicas, which history is then read from; the primary where they lag or are down.",
       "[]", [](Config& c, const RawValue& v) { return set_postgres_urls(c.store_read_urls, v); }},
      {"store.replica_lag_ms", "How far behind a replica may be, in milliseconds.", "5000",
       [](Config& c, const RawValue& v) { return set_int(c.store_replica_lag_ms, v, 100, 3'600'000); }},
      {"store.connections", "Connections for reading, to each PostgreSQL server.", "4",
       [](Config& c, const RawValue& v) { return set_int(c.store_connections, v, 1, 64); }},
      {"store.statement_ms", "How long PostgreSQL may take over one statement, in milliseconds.", "15000",
       [](Config& c, const RawValue& v) { return set_int(c.store_statement_ms, v, 1'000, 600'000); }},
      {"store.durability",
       "What a power cut may take, at most: relaxed 25 s, second 5 s, commit 3 s; see docs/operations.md.",
       "\"relaxed\"", [](Config& c, const RawValue& v) { return set_durability(c.store_durability, v); }},
      {"store.ticks",
       "Single prices that are kept besides candles: off, composite (one a second and asset), all (and every trade).",
       "\"off\"", [](Config& c, const RawValue& v) { return set_ticks(c.store_ticks, v); }},
      {"store.keep_ticks_days", "How long those are kept; 0, here and below, is forever.", "7",
       [](Config& c, const RawValue& v) { return set_days(c.retention.tick_days, v, 1); }},
      {"store.keep_1m_days", "How long candles of 1, 5 and 15 minutes are kept; windows of 30 days need 31.", "0",
       [](Config& c, const RawValue& v) { return set_days(c.retention.minute_days, v, 2); }},
      {"store.keep_1h_days", "How long candles of 1 and 4 hours are kept.", "0",
       [](Config& c, const RawValue& v) { return set_days(c.retention.hour_days, v, 31); }},
      {"store.keep_1d_days", "How long candles of a day are kept.", "0",
       [](Config& c, const RawValue& v) { return set_days(c.retention.day_days, v, 31); }},
      {"store.keep_points_days", "How long the aggregators' chart points are kept.", "400",
       [](Config& c, const RawValue& v) { return set_days(c.retention.point_days, v, 2); }},
      {"store.queue_rows", "Rows that may wait for the database.", "65536",
       [](Config& c, const RawValue& v) { return set_int(c.store_queue_rows, v, 1'000, 10'000'000); }},
      {"store.batch_rows", "Rows in one transaction at most.", "10000",
       [](Config& c, const RawValue& v) { return set_int(c.store_batch_rows, v, 1, 1'000'000); }},
      {"store.batch_ms", "How long the first row of a transaction may wait, in milliseconds.", "500",
       [](Config& c, const RawValue& v) { return set_int(c.store_batch_ms, v, 1, 60'000); }},
      {"store.readers", "Threads that answer history requests.", "2",
       [](Config& c, const RawValue& v) { return set_int(c.store_readers, v, 1, 64); }},
      {"store.cache_mb",
       "MiB of memory for candles and gaps that are asked for often, so that charts do not read the database; 0 is "
       "none.",
       "64", [](Config& c, const RawValue& v) { return set_int(c.store_cache_mb, v, 0, 65'536); }},
      {"store.repair", "Whether holes are filled from the venues' own history, in the background.", "true",
       [](Config& c, const RawValue& v) { return set_bool(c.repair_gaps, v); }},
      {"store.backfill", "Whether each pair gets a day of minutes and a month of hours of before; needs repair.",
       "true", [](Config& c, const RawValue& v) { return set_bool(c.backfill, v); }},
  };
}

}  // namespace tickspan::app
