#include "backends.hpp"

#include "../postgres/server.hpp"
#include "storage/memory_store.hpp"
#include "storage/postgres/postgres_store.hpp"
#include "storage/sqlite/sqlite_store.hpp"

namespace tickspan::storage::test {
namespace {

std::unique_ptr<HistoryStore> make_postgres() {
  if (PostgresServer::shared() == nullptr) return nullptr;
  return postgres::make_postgres_store(fresh_database());
}

}  // namespace

const std::vector<Backend>& backends() {
  static const std::vector<Backend> all = {
      {"memory", [](const std::string&) { return make_memory_store(); }},
      {"sqlite", [](const std::string& folder) { return sqlite::make_sqlite_store(folder + "/history.db"); }},
      {"postgres", [](const std::string&) { return make_postgres(); }},
  };
  return all;
}

}  // namespace tickspan::storage::test
