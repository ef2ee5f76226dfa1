#pragma once

#include <vector>

#include "core/write_batch.hpp"
#include "storage/postgres/connection.hpp"

namespace tickspan::storage::postgres {

/// Assets, last prices, facts, points and gaps: a few rows each, upserted from arrays. Of rows with the same key the
/// last one counts. Within the caller's transaction.
core::Status write_small_tables(Connection& connection, const std::vector<core::WriteBatch>& batches);

}  // namespace tickspan::storage::postgres
