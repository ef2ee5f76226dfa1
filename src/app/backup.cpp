#include "storage/sqlite/backup.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "app/commands.hpp"
#include "app/progress.hpp"
#include "app/store_access.hpp"
#include "history/store_copy.hpp"
#include "storage/postgres/replacement.hpp"
#include "storage/spool_view.hpp"
#include "storage/sqlite/sqlite_store.hpp"

namespace tickspan::app {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using core::Result;
using core::Status;

/// A spool is emptied within seconds; then it stands still.
constexpr int kLooks = 1000;

void say_size(const char* what, const storage::sqlite::CopyInfo& copy, const std::string& more) {
  std::fputs(fmt::format("{} {}: {} bytes, schema {}, checked{}\n", what, copy.path, copy.size_bytes,
                         copy.schema_version, more)
                 .c_str(),
             stderr);
}

/// A folder for files in the making; it goes with the object.
class ScratchFolder {
 public:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) { remove(); }
  ~ScratchFolder() { remove(); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  void remove() const {
    std::error_code absent;
    fs::remove_all(path_, absent);
  }
  std::string path_;
};

/// The store and what waits for it, of one moment.
struct Moment {
  std::unique_ptr<storage::SpoolView> spool;
  std::unique_ptr<storage::StoreSnapshot> snapshot;
};
Result<Moment> look(storage::HistoryStore& store, const std::string& spool) {
  for (int i = 0; i < kLooks; ++i) {
    auto waiting = storage::SpoolView::open(spool);
    if (!waiting) return tl::unexpected(waiting.error());
    auto snapshot = store.snapshot();
    if (!snapshot) return tl::unexpected(snapshot.error());
    const auto current = (*waiting)->is_current();
    if (!current) return tl::unexpected(current.error());
    if (*current) return Moment{std::move(*waiting), std::move(*snapshot)};
  }
  return core::fail(ErrorCode::unavailable, "the server is writing its spool into the store; try again in a minute");
}

/// Row by row into a SQLite file, whatever the store is, and with what waits in the spool.
Result<std::string> copy_rows(const CommandLine& command, const StorePlace& place, const std::string& path) {
  const auto store = make_store(command.config, place, Access::read);
  if (auto opened = store->open(); !opened) return tl::unexpected(opened.error());
  auto moment = look(*store, place.spool());
  if (!moment) return tl::unexpected(moment.error());
  const auto target = storage::sqlite::make_sqlite_store(path);
  if (auto opened = target->open(); !opened) return tl::unexpected(opened.error());
  auto writer = target->writer();
  if (!writer) return tl::unexpected(writer.error());
  Progress progress;
  const auto copied = history::copy_store(
      *moment->snapshot, **writer,
      [&](const std::string& what, std::uint64_t rows) { progress.rows("copying " + what + ",", rows); });
  if (!copied) return tl::unexpected(copied.error());
  std::uint64_t waited = 0;
  const auto added = moment->spool->each([&](const std::vector<core::WriteBatch>& batches) {
    for (const core::WriteBatch& batch : batches) waited += batch.rows();
    return (*writer)->write(batches);
  });
  if (!added) return tl::unexpected(added.error());
  const std::string damage = moment->spool->damaged() == 0 ? "" : ", a damaged part of the spool left out";
  return fmt::format("; {} candles, {} trades, {} points, {} gaps, {} rows of the spool{}", copied->candles,
                     copied->trades, copied->points, copied->gaps, waited, damage);
}

Result<bool> spool_is_empty(const StorePlace& place) {
  const auto spool = storage::SpoolView::open(place.spool());
  if (!spool) return tl::unexpected(spool.error());
  return (*spool)->empty();
}

/// Rows that the store before did not take are none of the restored one. While nobody can open either.
Status put_spool_aside(const StorePlace& place) {
  const auto empty = spool_is_empty(place);
  if (!empty) return tl::unexpected(empty.error());
  if (*empty) return {};
  std::string aside = place.spool() + ".before-restore";
  std::error_code error;
  for (int i = 2; fs::exists(aside, error); ++i) aside = fmt::format("{}.before-restore.{}", place.spool(), i);
  fs::rename(place.spool(), aside, error);
  if (error) {
    return core::fail(ErrorCode::io_error, fmt::format("cannot move '{}': {}", place.spool(), error.message()));
  }
  std::fputs(fmt::format("Rows that waited for the store before are kept in {}\n", aside).c_str(), stderr);
  return {};
}

/// A store that cannot be looked into holds what somebody may want.
Result<bool> holds_history(const CommandLine& command, const StorePlace& place) {
  const auto store = make_store(command.config, place, Access::read);
  if (auto opened = store->open(); !opened) {
    if (opened.error().code == ErrorCode::not_found) return false;
    if (place.postgres && opened.error().code != ErrorCode::conflict) return tl::unexpected(opened.error());
    return true;
  }
  const auto empty = history::is_empty(*store);
  if (!empty) return !place.postgres ? Result<bool>(true) : tl::unexpected(empty.error());
  return !*empty;
}

Status restore_into_postgres(const CommandLine& command, const StorePlace& place) {
  const std::string& file = command.files.front();
  const auto faults = storage::sqlite::check_integrity(file, storage::sqlite::FileRole::backup);
  if (!faults) return tl::unexpected(faults.error());
  if (!faults->empty()) {
    return core::fail(ErrorCode::io_error,
                      fmt::format("'{}' is damaged: {}; {}", file, faults->front(), storage::sqlite::kNameABackup));
  }
  storage::sqlite::SqliteOptions options;
  options.read_only = true;
  auto source = storage::sqlite::make_sqlite_store(file, options);
  const ScratchFolder scratch(fmt::format("{}/restoring-{}", place.directory, ::getpid()));
  if (!source->open()) {  // an older version's: migrated in a copy, FILE stays as it is
    const auto copied = storage::sqlite::restore(file, scratch.file("old.db"));
    if (!copied) return tl::unexpected(copied.error());
    source = storage::sqlite::make_sqlite_store(scratch.file("old.db"));
    if (auto opened = source->open(); !opened) return opened;
  }
  auto snapshot = source->snapshot();
  if (!snapshot) return tl::unexpected(snapshot.error());
  auto replacement =
      storage::postgres::Replacement::begin(command.config.store_url, command_postgres_options(command.config));
  if (!replacement) return tl::unexpected(replacement.error());
  auto writer = (*replacement)->store().writer();
  if (!writer) return tl::unexpected(writer.error());
  Progress progress;
  const auto copied = history::copy_store(**snapshot, **writer, [&](const std::string& what, std::uint64_t rows) {
    progress.rows("restoring " + what + ",", rows);
  });
  progress.clear();
  if (!copied) return tl::unexpected(copied.error());
  writer->reset();
  if (auto aside = put_spool_aside(place); !aside) return aside;
  const auto kept = (*replacement)->finish();
  if (!kept) return tl::unexpected(kept.error());
  std::fputs(fmt::format("Restored {}: {} candles, {} trades, {} points, {} gaps\n", file, copied->candles,
                         copied->trades, copied->points, copied->gaps)
                 .c_str(),
             stderr);
  if (!kept->empty()) std::fputs(fmt::format("What was there is kept in the schema {}\n", *kept).c_str(), stderr);
  return {};
}

Status restore_into_sqlite(const CommandLine& command, const StorePlace& place) {
  const auto copy =
      storage::sqlite::restore(command.files.front(), place.database, [&] { return put_spool_aside(place); });
  if (!copy) return tl::unexpected(copy.error());
  say_size("Restored", *copy, "");
  if (!copy->kept.empty()) std::fputs(fmt::format("What was there is kept as {}\n", copy->kept).c_str(), stderr);
  return {};
}

}  // namespace

int run_backup(const CommandLine& command) {
  const auto place = store_place(command.config);
  if (!place) return cannot(place.error());
  const std::string& target = command.files.front();
  std::error_code absent;
  if (!command.force && fs::exists(fs::symlink_status(target, absent))) {
    return cannot({ErrorCode::conflict, fmt::format("'{}' exists; choose another name or say --force", target)});
  }
  const auto settled = spool_is_empty(*place);
  if (!settled) return cannot(settled.error());
  const bool whole_file = !place->postgres && *settled;
  const ScratchFolder scratch(fmt::format("{}.making-{}", target, ::getpid()));
  std::string more;
  if (!whole_file) {
    auto copied = copy_rows(command, *place, scratch.file("copy.db"));
    if (!copied) return cannot(copied.error());
    more = std::move(*copied);
  } else {
    Progress().at("copying the database");
  }
  const auto copy =
      storage::sqlite::backup(whole_file ? place->database : scratch.file("copy.db"), target, command.force);
  if (!copy) return cannot(copy.error());
  say_size("Wrote", *copy, more);
  return 0;
}

int run_restore(const CommandLine& command) {
  const auto place = store_place(command.config);
  if (!place) return cannot(place.error());
  const auto history = holds_history(command, *place);
  if (!history) return cannot(history.error());
  if (*history && !command.force) {
    return cannot({ErrorCode::conflict,
                   fmt::format("{} holds history; --force puts it aside, and the backup in its place",
                               place->postgres ? "the database of store.url" : "'" + place->database + "'")});
  }
  const auto restored = place->postgres ? restore_into_postgres(command, *place) : restore_into_sqlite(command, *place);
  if (!restored) return cannot(restored.error());
  return 0;
}

}  // namespace tickspan::app
