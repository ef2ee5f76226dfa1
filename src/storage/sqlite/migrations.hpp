#pragma once

#include "core/result.hpp"
#include "storage/sqlite/connection.hpp"

namespace tickspan::storage::sqlite {

/// What this program writes. Kept in the file as `PRAGMA user_version`.
int newest_schema_version();

/// Marks a file as ours (`PRAGMA application_id`): "tksp".
inline constexpr std::int64_t kApplicationId = 0x746b7370;

/// The file's version, 0 for an empty one. conflict: it belongs to another program, or to a newer version of this one.
/// Changes nothing.
core::Result<int> schema_version(Connection& connection, const std::string& path,
                                 std::string_view way_out = "choose another place with --data");

/// Brings the file from `version` to the newest, one transaction per step.
core::Status migrate(Connection& connection, int version);

}  // namespace tickspan::storage::sqlite
