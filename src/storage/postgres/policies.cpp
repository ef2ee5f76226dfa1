#include "storage/postgres/policies.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "storage/postgres/schema.hpp"

namespace tickspan::storage::postgres {
namespace {

using core::Result;
using core::Status;

// Refreshing an hour whose minutes were dropped deletes it. So the aggregates are refreshed no further back than all
// minutes are kept: as configured now, and as there still are where more was dropped before. A first start's past and
// what is repaired lie within a month.
constexpr int kRefreshDays = 31, kLeastRefreshDays = 2;  // two whole days are the least that TimescaleDB takes

/// A job of a table or a continuous aggregate.
struct Policy {
  std::string_view relation;
  std::string_view procedure;  ///< that the job runs
  std::string_view setting;    ///< the interval in its configuration that tells it from others
  int days = 0;                ///< what that is to be; 0: no such job
  std::string_view remove;
  std::string add;
};

Policy retention(std::string_view relation, int days) {
  return {relation,
          "policy_retention",
          "drop_after",
          days,
          "remove_retention_policy",
          fmt::format("add_retention_policy('{}', drop_after => make_interval(days => {}), "
                      "schedule_interval => interval '1 hour')",
                      relation, days)};
}

Policy refresh(std::string_view relation, int days) {
  // The newest hour is still written to; two days leave no room for that.
  return {relation,
          "policy_refresh_continuous_aggregate",
          "start_offset",
          days,
          "remove_continuous_aggregate_policy",
          fmt::format("add_continuous_aggregate_policy('{}', start_offset => make_interval(days => {}), "
                      "end_offset => make_interval(hours => {}), schedule_interval => interval '10 minutes')",
                      relation, days, days > kLeastRefreshDays ? 1 : 0)};
}

Status apply(Connection& connection, const Policy& policy) {
  // Versions differ in whether a job of an aggregate names it or the table that holds its rows.
  auto found = connection.ask(fmt::format(
      "SELECT CASE WHEN count(*) = 0 THEN 0 WHEN bool_and((config->>'{0}')::interval = make_interval(days => {1})) "
      "THEN {1} ELSE -1 END FROM timescaledb_information.jobs WHERE proc_name = '{2}' "
      "AND ((hypertable_schema, hypertable_name) = ('{3}', '{4}') OR (hypertable_schema, hypertable_name) IN "
      "(SELECT materialization_hypertable_schema, materialization_hypertable_name FROM "
      "timescaledb_information.continuous_aggregates WHERE (view_schema, view_name) = ('{3}', '{4}')))",
      policy.setting, policy.days, policy.procedure, connection.schema(), policy.relation));
  if (!found) return tl::unexpected(found.error());
  if (found->text(0, 0) == std::to_string(policy.days)) return {};
  std::string sql = fmt::format("SELECT {}('{}', if_exists => true)", policy.remove, policy.relation);
  if (policy.days > 0) sql += "; SELECT " + policy.add;
  return connection.run(sql);
}

Result<int> refresh_days(Connection& connection, int minute_days) {
  auto days = connection.ask(fmt::format(
      "SELECT coalesce(extract(day FROM now() - min(range_start)), {})::int4 FROM timescaledb_information.chunks "
      "WHERE hypertable_schema = '{}' AND hypertable_name = 'minutes'",
      kRefreshDays, connection.schema()));
  if (!days) return tl::unexpected(days.error());
  const int kept = std::min(minute_days > 0 ? minute_days : kRefreshDays, std::atoi(days->text(0, 0).c_str()));
  return std::clamp(kept, kLeastRefreshDays, kRefreshDays);
}

Status apply_all(Connection& connection, const Retention& keep) {
  const auto back = refresh_days(connection, keep.minute_days);
  if (!back) return tl::unexpected(back.error());
  // Aggregates first: what is to go may still have to be summed up.
  for (const Policy& policy :
       {refresh("hours", *back), refresh("days", *back), retention("minutes", keep.minute_days),
        retention("trades", keep.tick_days), retention("hours", keep.hour_days), retention("days", keep.day_days)}) {
    if (auto applied = apply(connection, policy); !applied) return applied;
  }
  return {};
}

}  // namespace

Status stop_retention(Connection& connection, std::string_view schema) {
  auto layout = connection.ask(fmt::format("SELECT layout FROM {}.schema_version", schema));
  if (!layout) return tl::unexpected(layout.error());
  if (layout->size() != 1 || layout->text(0, 0) != to_string(Layout::timescale)) return {};
  for (const std::string_view relation : {"minutes", "trades", "hours", "days"}) {
    auto removed =
        connection.run(fmt::format("SELECT remove_retention_policy('{}.{}', if_exists => true)", schema, relation));
    if (!removed) return removed;
  }
  return {};
}

Result<std::set<Table>> set_policies(Connection& connection, const Retention& keep) {
  auto status = connection.run(fmt::format("BEGIN; SELECT pg_advisory_xact_lock({})", kMigrationLock));
  if (status) status = apply_all(connection, keep);
  const auto ended = connection.broken() ? Status{} : connection.run(status ? "COMMIT" : "ROLLBACK");
  if (!status || !ended) return tl::unexpected(status ? ended.error() : status.error());
  std::set<Table> out;
  if (keep.minute_days > 0) out.insert(Table::minutes);
  if (keep.tick_days > 0) out.insert(Table::trades);
  return out;
}

}  // namespace tickspan::storage::postgres
