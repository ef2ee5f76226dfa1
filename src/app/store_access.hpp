#pragma once

#include <memory>
#include <string>

#include "app/config.hpp"
#include "storage/history_store.hpp"
#include "storage/postgres/postgres_store.hpp"

namespace tickspan::app {

/// Where the history of real prices is, by the configuration.
struct StorePlace {
  std::string directory;  ///< of the data; spool and copies of stdin are there whatever the store is
  std::string database;   ///< the SQLite file, also where it is not used
  bool postgres = false;  ///< `store.url` is set

  std::string spool() const { return database + ".spool"; }
};
core::Result<StorePlace> store_place(const Config& config);

/// `beside`: for writing while a server does, too.
enum class Access { read, write, beside };
/// The store itself, not opened yet. For reading, and for writing beside it, a SQLite file may be in use by a server;
/// for plain writing it may not, while a PostgreSQL database may.
std::unique_ptr<storage::HistoryStore> make_store(const Config& config, const StorePlace& place, Access access);
storage::postgres::PostgresOptions command_postgres_options(const Config& config);

/// An error that says what there is, where the store has nothing of a series: a name mistyped is no empty table.
core::Status require_series(storage::StoreReader& reader, const storage::SeriesName& wanted);

}  // namespace tickspan::app
