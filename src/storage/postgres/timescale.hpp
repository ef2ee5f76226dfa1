#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
/// The continuous aggregates of hours and days, compression and refresh policies.
std::string make_policies();
/// Drops the chunks that end before `cutoff`; how many rows went, as the server estimates them.
core::Result<std::size_t> drop_chunks(Connection& connection, std::string_view table, core::Timestamp cutoff);
/// Statements that bring the continuous aggregates of these minutes up to date; none may be in a transaction.
std::vector<std::string> refresh_aggregates(core::Timestamp first, core::Timestamp last);
/// The SELECT that a continuous aggregate of minutes is made of: the same figures as the program's own roll-ups.
std::string rollup_select(std::string_view width);

}  // namespace tickspan::storage::postgres
