#include "app/store_access.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/commands.hpp"
#include "history/verify.hpp"
#include "storage/sqlite/sqlite_store.hpp"

namespace tickspan::app {

core::Result<StorePlace> store_place(const Config& config) {
  auto directory = data_directory(config);
  if (!directory) return tl::unexpected(directory.error());
  return StorePlace{*directory, *directory + "/tickspan.db", !config.store_url.empty()};
}

storage::postgres::PostgresOptions command_postgres_options(const Config& config) {
  storage::postgres::PostgresOptions options;  // no replicas: a command tells what is, not what was
  options.connections = 1;
  options.statement_time = std::chrono::milliseconds(config.store_statement_ms);
  return options;
}

std::unique_ptr<storage::HistoryStore> make_store(const Config& config, const StorePlace& place, Access access) {
  if (place.postgres) {
    auto options = command_postgres_options(config);
    options.read_only = access == Access::read;
    return storage::postgres::make_postgres_store(config.store_url, options);
  }
  storage::sqlite::SqliteOptions options;
  options.read_only = access == Access::read;
  options.beside = access == Access::beside;
  return storage::sqlite::make_sqlite_store(place.database, options);
}

core::Status require_series(storage::StoreReader& reader, const storage::SeriesName& wanted) {
  const auto stored = reader.series();
  if (!stored) return tl::unexpected(stored.error());
  if (std::find(stored->begin(), stored->end(), wanted) != stored->end()) return {};
  std::vector<std::string> near;
  for (const storage::SeriesName& name : *stored) {
    if (name.base == wanted.base && name.quote == wanted.quote) near.push_back(history::describe(name));
  }
  return core::fail(core::ErrorCode::not_found,
                    fmt::format("the store has nothing of {}{}{}", history::describe(wanted),
                                near.empty() ? "" : "; it has ", fmt::join(near, ", ")));
}

}  // namespace tickspan::app
