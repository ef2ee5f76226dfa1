#pragma once

#include "storage/postgres/batch_plan.hpp"
#include "storage/postgres/connection.hpp"
#include "storage/postgres/wire.hpp"

namespace tickspan::storage::postgres {

/// Brings the hours and days of these minutes up to date, in the transaction that has written them.
core::Status write_rollups(Connection& connection, const std::vector<MinuteRow>& minutes, CopyStream& stream);

}  // namespace tickspan::storage::postgres
