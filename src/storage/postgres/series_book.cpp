#include "storage/postgres/series_book.hpp"

namespace tickspan::storage::postgres {
namespace {

// Not ON CONFLICT: that would use up a number of the identity for each that is there.
constexpr const char* kAdd =
    "INSERT INTO series(base, quote, venue) "
    "SELECT b, q, v FROM unnest($1::text[], $2::text[], $3::text[]) AS n(b, q, v) "
    "WHERE NOT EXISTS (SELECT FROM series s WHERE s.base = n.b AND s.quote = n.q AND s.venue = n.v)";
constexpr const char* kRead =
    "SELECT s.id, s.base, s.quote, s.venue, s.newest_minute, s.newest_trade "
    "FROM unnest($1::text[], $2::text[], $3::text[]) AS n(b, q, v) "
    "JOIN series s ON s.base = n.b AND s.quote = n.q AND s.venue = n.v";

}  // namespace

Series* SeriesBook::find(const SeriesName& name) {
  const auto found = known_.find(name);
  return found == known_.end() ? nullptr : found->second.get();
}

core::Status SeriesBook::learn(Connection& connection, const std::set<SeriesName>& names) {
  std::vector<std::vector<std::string>> columns(3);
  for (const SeriesName& name : names) {
    if (known_.contains(name)) continue;
    columns[0].push_back(name.base);
    columns[1].push_back(name.quote);
    columns[2].push_back(name.venue);
  }
  if (columns[0].empty()) return {};
  auto added = connection.query(kAdd, Params().texts(columns[0]).texts(columns[1]).texts(columns[2]));
  if (!added) return tl::unexpected(added.error());
  return read(connection, columns);
}

core::Status SeriesBook::read(Connection& connection, const std::vector<std::vector<std::string>>& columns) {
  auto rows = connection.query(kRead, Params().texts(columns[0]).texts(columns[1]).texts(columns[2]));
  if (!rows) return tl::unexpected(rows.error());
  for (int i = 0; i < rows->size(); ++i) {
    std::optional<core::Timestamp> newest;
    if (!rows->is_null(i, 4)) newest = rows->time(i, 4);
    Series series{rows->integer(i, 0), newest, rows->is_null(i, 5) ? 0 : rows->integer(i, 5),
                  RollupTracker(std::chrono::hours(1), newest), RollupTracker(std::chrono::hours(24), newest)};
    known_.insert_or_assign({rows->text(i, 1), rows->text(i, 2), rows->text(i, 3)}, std::make_unique<Series>(series));
  }
  return {};
}

}  // namespace tickspan::storage::postgres
