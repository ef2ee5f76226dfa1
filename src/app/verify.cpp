#include "history/verify.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "app/commands.hpp"
#include "history/series.hpp"
#include "storage/sqlite/backup.hpp"
#include "storage/sqlite/sqlite_store.hpp"

namespace tickspan::app {
namespace {

using core::Result;
using Names = std::vector<storage::SeriesName>;

void say(const std::string& line) {
  std::fputs((line + "\n").c_str(), stdout);
}

/// Where one is, on one line of a terminal that is written over.
class Progress {
 public:
  void at(const std::string& what) {
    if (!on_) return;
    std::fprintf(stderr, "\r\x1b[K%s", what.c_str());
    std::fflush(stderr);
  }
  void clear() { at(""); }

 private:
  const bool on_ = ::isatty(STDERR_FILENO) == 1;
};

Result<Names> chosen_series(const CommandLine& command, const std::string& database, storage::HistoryStore& store) {
  if (command.table.pair.empty()) return storage::sqlite::list_series(database);
  const auto known = store.restore(core::Timestamp::from_s(4'102'444'800));  // the catalogue, and no minutes
  if (!known) return tl::unexpected(known.error());
  const auto series = history::find_series(known->assets, command.table.venue, command.table.pair);
  if (!series) return tl::unexpected(series.error());
  return Names{series->name};
}

}  // namespace

int run_verify(const CommandLine& command) {
  const auto database = database_file(command.config);
  if (!database) return cannot(database.error());
  storage::sqlite::SqliteOptions options;
  options.read_only = true;
  const auto store = storage::sqlite::make_sqlite_store(*database, options);
  if (auto opened = store->open(); !opened) return cannot(opened.error());
  Progress progress;
  progress.at("checking the file");
  const auto faults = storage::sqlite::check_integrity(*database);
  progress.clear();
  if (!faults) return cannot(faults.error());
  for (const std::string& fault : *faults) say("file: " + fault);
  const auto series = chosen_series(command, *database, *store);
  if (!series) return cannot(series.error());
  const auto reader = store->reader();
  if (!reader) return cannot(reader.error());

  std::uint64_t differences = 0;
  for (const storage::SeriesName& name : *series) {
    history::VerifyOutput output;
    output.finding = [&](const std::string& line) {
      progress.clear();
      say(line);
    };
    output.progress = [&](core::Timestamp at) {
      progress.at(fmt::format("{} {}", history::describe(name), core::to_rfc3339(at)));
    };
    const auto result =
        history::verify_series(**reader, name, {command.table.start, command.table.end, command.table.listed}, output);
    progress.clear();
    if (!result) return cannot(result.error());
    differences += result->differences;
    say(fmt::format(
        "{}: {} minutes, {} recounted from trades, {} longer candles summed up, {} differ; {} minutes missing, "
        "{} of them in no recorded gap; {} gaps recorded",
        history::describe(name), result->minutes, result->recounted, result->summed, result->differences,
        result->missing_minutes, result->unexplained, result->gaps));
  }
  say(fmt::format("{} series: {} candles differ, {} faults in the file", series->size(), differences, faults->size()));
  return differences == 0 && faults->empty() ? 0 : 1;
}

}  // namespace tickspan::app
