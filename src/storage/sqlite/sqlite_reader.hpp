#pragma once

#include <memory>
#include <string>

#include "storage/history_store.hpp"
#include "storage/sqlite/connection.hpp"

namespace tickspan::storage::sqlite {

/// A read side; where a transaction is open on the connection it reads within it.
core::Result<std::unique_ptr<StoreReader>> make_reader(const std::string& path, std::shared_ptr<Connection> connection);

/// Begins a read transaction on the connection and looks at the file through it.
core::Result<std::unique_ptr<StoreSnapshot>> make_snapshot(const std::string& path,
                                                           std::shared_ptr<Connection> connection);

/// See HistoryStore::restore.
core::Result<core::RestoredState> read_state(Connection& connection, core::Timestamp since);

}  // namespace tickspan::storage::sqlite
