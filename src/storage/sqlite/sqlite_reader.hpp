#pragma once

#include <memory>
#include <string>

#include "storage/history_store.hpp"
#include "storage/sqlite/connection.hpp"

namespace tickspan::storage::sqlite {

/// A read side with a connection of its own, which cannot write.
core::Result<std::unique_ptr<StoreReader>> make_reader(const std::string& path, std::unique_ptr<Connection> connection);

/// See HistoryStore::restore.
core::Result<core::RestoredState> read_state(Connection& connection, core::Timestamp since);

}  // namespace tickspan::storage::sqlite
