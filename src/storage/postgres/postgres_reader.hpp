#pragma once

#include <memory>

#include "storage/history_store.hpp"
#include "storage/postgres/schema.hpp"
#include "storage/postgres/server_set.hpp"

namespace tickspan::storage::postgres {

/// Every answer comes from one transaction of one server, by one round trip.
std::unique_ptr<StoreReader> make_reader(std::shared_ptr<ServerSet> servers, Schema schema, std::string location);
/// Always from the primary: a start must not miss what was written last.
core::Result<core::RestoredState> read_state(ServerSet& servers, core::Timestamp since);

}  // namespace tickspan::storage::postgres
