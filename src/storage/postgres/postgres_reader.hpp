#pragma once

#include <functional>
#include <memory>
#include <string>

#include "storage/history_store.hpp"
#include "storage/postgres/schema.hpp"
#include "storage/postgres/server_set.hpp"

namespace tickspan::storage::postgres {

/// Lends a connection to the work.
using Ask = std::function<core::Status(const ServerSet::Work&)>;

/// Every answer comes from one transaction of one server, by one round trip.
std::unique_ptr<StoreReader> make_reader(std::shared_ptr<ServerSet> servers, Schema schema, std::string location);
std::unique_ptr<StoreReader> make_reader(Ask ask, Schema schema, std::string location);
/// Begins a transaction that sees one moment. The connection is the primary's.
core::Result<std::unique_ptr<StoreSnapshot>> make_snapshot(std::unique_ptr<Connection> connection, Schema schema,
                                                           std::string location);
/// Always from the primary: a start must not miss what was written last.
core::Result<core::RestoredState> read_state(ServerSet& servers, core::Timestamp since);

}  // namespace tickspan::storage::postgres
