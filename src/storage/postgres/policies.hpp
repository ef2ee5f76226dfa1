#pragma once

#include <set>

#include "storage/postgres/connection.hpp"
#include "storage/postgres/partitions.hpp"
#include "storage/retention.hpp"

namespace tickspan::storage::postgres {

/// Brings TimescaleDB's jobs in line with the configuration: which chunks of minutes, trades and continuous aggregates
/// are dropped, and how far back the aggregates are refreshed. Only what differs is changed, so that jobs keep their
/// turn. One transaction, under the lock of migrations.
/// Returns the tables whose old rows the server deletes from now on.
core::Result<std::set<Table>> set_policies(Connection& connection, const Retention& keep);
/// From now on no job deletes anything of that schema. Within the caller's transaction.
core::Status stop_retention(Connection& connection, std::string_view schema);

}  // namespace tickspan::storage::postgres
