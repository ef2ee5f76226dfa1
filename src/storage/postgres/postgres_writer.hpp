#pragma once

#include <memory>
#include <set>

#include "storage/history_store.hpp"
#include "storage/postgres/connection.hpp"
#include "storage/postgres/partitions.hpp"
#include "storage/postgres/schema.hpp"

namespace tickspan::storage::postgres {

struct WriterSettings {
  Target target;
  Limits limits;
  Layout layout = Layout::partitions;
  std::set<Table> kept_by_jobs = {};  ///< that the server's own jobs delete old rows from
  bool wait_for_disk = false;         ///< a commit is acknowledged when it is on disk
  bool shares = true;                 ///< the schema is the one that programs write; see kWritersLock
};

/// Connects when it first writes, and again after a connection is lost: the caller tries again.
std::unique_ptr<StoreWriter> make_writer(WriterSettings settings);
/// Connects and takes the writers' turn for as long as it lives.
core::Result<std::unique_ptr<StoreTransaction>> make_transaction(WriterSettings settings, Schema schema);

}  // namespace tickspan::storage::postgres
