#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"
#include "storage/postgres/connection.hpp"

namespace tickspan::storage::postgres {

/// How tables that grow with time are cut into pieces. Decided when the schema is made, and kept.
enum class Layout {
  partitions,   ///< PostgreSQL's own, made ahead by the writer and dropped whole
  hypertables,  ///< TimescaleDB's, Apache licence: its chunks, our roll-ups and our retention
  timescale,    ///< all of TimescaleDB: continuous aggregates, compression and retention policies too
};
std::string_view to_string(Layout layout) noexcept;

struct Schema {
  int version = 0;
  Layout layout = Layout::partitions;
};

/// The schema all tables are in, and what a session runs first to find them.
inline constexpr std::string_view kSchemaName = "tickspan";
inline constexpr const char* kSessionSetup = "SET search_path = tickspan, public;";

int newest_schema_version();
/// Makes the schema, or brings it up to date, in one transaction under a lock: of two programs that start at once one
/// waits. conflict: written by a newer version, of another program, or the server is too old; all is left untouched.
core::Result<Schema> migrate(Connection& connection, const std::string& location);
/// What is there, for reading alone. not_found: nothing of this program's; conflict: of another version.
core::Result<Schema> look_at(Connection& connection, const std::string& location);

}  // namespace tickspan::storage::postgres
