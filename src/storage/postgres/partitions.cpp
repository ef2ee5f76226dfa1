#include "storage/postgres/partitions.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace tickspan::storage::postgres {
namespace {

using core::Status;
using core::Timestamp;
using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

// A piece is dropped between two reads, or not at all this time: readers must not queue up behind it.
constexpr std::string_view kDropPatience = "1s";

Timestamp at(const year_month_day& date) {
  return Timestamp::from_s(std::int64_t{sys_days(date).time_since_epoch().count()} * 86'400);
}

year_month_day date_of(Timestamp time) {
  const std::int64_t second = time.seconds();
  const std::int64_t day = second / 86'400 - (second % 86'400 < 0 ? 1 : 0);
  return year_month_day(sys_days(days(static_cast<int>(day))));
}

/// The start of the piece from its name's end: `2026`, `2026_06`, `2026_06_01`.
Timestamp start_of(std::string_view name) {
  int parts[3] = {1970, 1, 1};
  std::string_view digits = name.substr(name.rfind('p') + 1);
  for (int& part : parts) {
    const auto end = digits.find('_');
    const std::string_view one = digits.substr(0, end);
    std::from_chars(one.data(), one.data() + one.size(), part);
    if (end == std::string_view::npos) break;
    digits.remove_prefix(end + 1);
  }
  return at(year_month_day(std::chrono::year(parts[0]), std::chrono::month(static_cast<unsigned>(parts[1])),
                           std::chrono::day(static_cast<unsigned>(parts[2]))));
}

}  // namespace

std::string_view name_of(Table table) noexcept {
  switch (table) {
    case Table::minutes:
      return "minutes";
    case Table::candles:
      return "candles";
    case Table::trades:
      return "trades";
  }
  return "";
}

Piece piece_of(Table table, Timestamp time) {
  const year_month_day date = date_of(time);
  const int year = static_cast<int>(date.year());
  const auto month = static_cast<unsigned>(date.month());
  const std::chrono::day first(1);
  if (table == Table::candles) {
    const auto start = date.year() / std::chrono::January / first;
    return {fmt::format("candles_p{:04}", year), at(start), at(start + std::chrono::years(1))};
  }
  if (table == Table::minutes) {
    const auto start = date.year() / date.month() / first;
    return {fmt::format("minutes_p{:04}_{:02}", year, month), at(start), at(start + std::chrono::months(1))};
  }
  const Timestamp start = at(date);
  return {fmt::format("trades_p{:04}_{:02}_{:02}", year, month, static_cast<unsigned>(date.day())), start,
          start + std::chrono::hours(24)};
}

Status Partitions::ensure(Connection& connection, Table table, const std::set<Timestamp>& times) {
  if (times.empty()) return {};
  Piece piece{"", {}, {}};
  for (const Timestamp time : times) {
    if (!piece.name.empty() && time >= piece.start && time < piece.end) continue;
    piece = piece_of(table, time);
    if (auto made = make(connection, table, piece); !made) return made;
  }
  return make(connection, table, piece_of(table, piece.end));
}

Status Partitions::make(Connection& connection, Table table, const Piece& piece) {
  if (known_.contains(piece.name)) return {};
  // Under the lock of migrations: another program may be about to make the same.
  const auto made = connection.run(fmt::format(
      "DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('tickspan partitions')); "
      "IF to_regclass('{4}.{0}') IS NULL THEN "
      "CREATE TABLE {0} (LIKE {1} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES INCLUDING STORAGE); "
      "ALTER TABLE {1} ATTACH PARTITION {0} FOR VALUES FROM ('{2}') TO ('{3}'); END IF; END $$",
      piece.name, name_of(table), core::to_rfc3339(piece.start), core::to_rfc3339(piece.end), connection.schema()));
  if (!made) return made;
  known_.insert(piece.name);
  return {};
}

core::Result<std::size_t> Partitions::drop_before(Connection& connection, Table table, Timestamp cutoff) {
  if (!cutoff.is_set()) return std::size_t{0};
  auto found = connection.ask(
      fmt::format("SELECT c.relname, greatest(c.reltuples, pg_stat_get_live_tuples(c.oid), 0)::int8 FROM pg_inherits i "
                  "JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = '{}.{}'::regclass ORDER BY 1",
                  connection.schema(), name_of(table)));
  if (!found) return tl::unexpected(found.error());
  std::size_t rows = 0;
  for (int i = 0; i < found->size(); ++i) {
    const std::string name = found->text(i, 0);
    if (piece_of(table, start_of(name)).end > cutoff) break;
    const auto dropped =
        connection.run(fmt::format("BEGIN; SET LOCAL lock_timeout = '{}'; DROP TABLE {}; COMMIT", kDropPatience, name));
    if (!dropped) {
      if (!connection.broken()) {
        if (auto back = connection.run("ROLLBACK"); !back) return tl::unexpected(back.error());
      }
      return tl::unexpected(dropped.error());
    }
    known_.erase(name);
    rows += static_cast<std::size_t>(std::strtoull(found->text(i, 1).c_str(), nullptr, 10));
  }
  return rows;
}

}  // namespace tickspan::storage::postgres
