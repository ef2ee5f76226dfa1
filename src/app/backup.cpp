#include "storage/sqlite/backup.hpp"

#include <cstdio>

#include "app/commands.hpp"

namespace tickspan::app {
namespace {

void say_size(const char* what, const storage::sqlite::CopyInfo& copy) {
  std::fprintf(stderr, "%s %s: %llu bytes, schema %d, checked\n", what, copy.path.c_str(),
               static_cast<unsigned long long>(copy.size_bytes), copy.schema_version);
}

}  // namespace

int run_backup(const CommandLine& command) {
  const auto database = database_file(command.config);
  if (!database) return cannot(database.error());
  const auto copy = storage::sqlite::backup(*database, command.files.front(), command.force);
  if (!copy) return cannot(copy.error());
  say_size("Wrote", *copy);
  return 0;
}

int run_restore(const CommandLine& command) {
  const auto database = database_file(command.config);
  if (!database) return cannot(database.error());
  const auto copy = storage::sqlite::restore(command.files.front(), *database);
  if (!copy) return cannot(copy.error());
  say_size("Restored", *copy);
  if (!copy->kept.empty()) std::fprintf(stderr, "What was there is kept as %s\n", copy->kept.c_str());
  return 0;
}

}  // namespace tickspan::app
