#include "app/store_access.hpp"

#include "app/commands.hpp"
#include "storage/postgres/postgres_store.hpp"
#include "storage/sqlite/sqlite_store.hpp"

namespace tickspan::app {

core::Result<StorePlace> store_place(const Config& config) {
  auto directory = data_directory(config);
  if (!directory) return tl::unexpected(directory.error());
  return StorePlace{*directory, *directory + "/tickspan.db", !config.store_url.empty()};
}

std::unique_ptr<storage::HistoryStore> make_store(const Config& config, const StorePlace& place, Access access) {
  if (!place.postgres) {
    storage::sqlite::SqliteOptions options;
    options.read_only = access == Access::read;
    return storage::sqlite::make_sqlite_store(place.database, options);
  }
  storage::postgres::PostgresOptions options;  // no replicas: a command tells what is, not what was
  options.connections = 1;
  options.statement_time = std::chrono::milliseconds(config.store_statement_ms);
  options.read_only = access == Access::read;
  return storage::postgres::make_postgres_store(config.store_url, options);
}

}  // namespace tickspan::app
