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
  timescale,    ///< all of TimescaleDB: compression, retention by its jobs, continuous aggregates for others
};
std::string_view to_string(Layout layout) noexcept;

struct Schema {
  int version = 0;
  Layout layout = Layout::partitions;
};

/// What a session runs first to find the tables.
std::string session_setup(const Target& target);

/// Writers hold it shared for as long as their session lasts, who replaces the whole schema alone.
inline constexpr std::int64_t kWritersLock = 0x7469636b77726974;  // "tickwrit"
/// Of two programs that make or change the schema at once one waits.
inline constexpr std::int64_t kMigrationLock = 0x7469636b7370616e;  // "tickspan"

int newest_schema_version();
/// Makes the schema, or brings it up to date, in one transaction under a lock: of two programs that start at once one
/// waits. conflict: written by a newer version, of another program, or the server is too old; all is left untouched.
core::Result<Schema> migrate(Connection& connection, const std::string& location);
/// What is there, for reading alone. not_found: nothing of this program's; conflict: of another version.
core::Result<Schema> look_at(Connection& connection, const std::string& location);

}  // namespace tickspan::storage::postgres
