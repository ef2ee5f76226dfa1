#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "storage/postgres/schema.hpp"

namespace tickspan::storage::postgres {

/// What the server says about TimescaleDB. Both empty where it does not know the extension.
struct Extension {
  std::string version;  ///< of the extension in this database; empty where it is not created
  std::string license;  ///< `timescaledb.license`: `apache`, `timescale`; empty where the setting is unknown
};
Layout choose_layout(const Extension& extension);

/// Tries to create the extension where the server has it, and asks for its licence. Never fails: a server that refuses
/// is one without it.
core::Result<Extension> find_extension(Connection& connection);

/// What follows the making of the plain tables.
std::string make_hypertables();
/// The continuous aggregates of hours and days, for who looks by SQL, and compression.
std::string make_aggregates();
/// Fills the roll-ups from the continuous aggregates, which earlier versions read instead.
std::string fill_rollups();
/// Drops the chunks that end before `cutoff`; how many rows went, as the server estimates them.
core::Result<std::size_t> drop_chunks(Connection& connection, std::string_view table, core::Timestamp cutoff);
/// The SELECT that a continuous aggregate of minutes is made of: the same figures as the program's own roll-ups.
std::string rollup_select(std::string_view width);

}  // namespace tickspan::storage::postgres
