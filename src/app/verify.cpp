#include "history/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "app/commands.hpp"
#include "app/progress.hpp"
#include "app/store_access.hpp"
#include "history/pages.hpp"
#include "history/series.hpp"
#include "storage/sqlite/backup.hpp"

namespace tickspan::app {
namespace {

using core::Result;
using Names = std::vector<storage::SeriesName>;

void say(const std::string& line) {
  std::fputs((line + "\n").c_str(), stdout);
}

Result<Names> chosen_series(const CommandLine& command, storage::HistoryStore& store) {
  if (command.table.pair.empty()) {
    auto reader = store.reader();
    if (!reader) return tl::unexpected(reader.error());
    auto all = (*reader)->series();
    if (all) std::sort(all->begin(), all->end());
    return all;
  }
  const auto known = store.restore(history::kEndOfTime);  // the catalogue, and no minutes
  if (!known) return tl::unexpected(known.error());
  const auto series = history::find_series(known->assets, command.table.venue, command.table.pair);
  if (!series) return tl::unexpected(series.error());
  auto reader = store.reader();
  if (!reader) return tl::unexpected(reader.error());
  if (auto stored = require_series(**reader, series->name); !stored) return tl::unexpected(stored.error());
  return Names{series->name};
}

/// What the file itself says; a server looks after its own.
Result<std::vector<std::string>> file_faults(const StorePlace& place, Progress& progress) {
  if (place.postgres) return std::vector<std::string>{};
  progress.at("checking the file");
  auto faults = storage::sqlite::check_integrity(place.database);
  progress.clear();
  return faults;
}

}  // namespace

int run_verify(const CommandLine& command) {
  const auto place = store_place(command.config);
  if (!place) return cannot(place.error());
  const auto store = make_store(command.config, *place, Access::read);
  if (auto opened = store->open(); !opened) return cannot(opened.error());
  Progress progress;
  const auto faults = file_faults(*place, progress);
  if (!faults) return cannot(faults.error());
  for (const std::string& fault : *faults) say("file: " + fault);
  const auto series = chosen_series(command, *store);
  if (!series) return cannot(series.error());

  std::uint64_t differences = 0;
  for (const storage::SeriesName& name : *series) {
    // One moment, or what is being written looks like a candle that lacks its trades; not for longer than a series
    // takes, for the store keeps what it writes meanwhile twice.
    const auto snapshot = store->snapshot();
    if (!snapshot) return cannot(snapshot.error());
    history::VerifyOutput output;
    output.finding = [&](const std::string& line) {
      progress.clear();
      say(line);
    };
    output.progress = [&](core::Timestamp at) {
      progress.at(fmt::format("{} {}", history::describe(name), core::to_rfc3339(at)));
    };
    const auto result = history::verify_series((*snapshot)->reader(), name,
                                               {command.table.start, command.table.end, command.table.listed}, output);
    progress.clear();
    if (!result) return cannot(result.error());
    differences += result->differences;
    say(
        fmt::format("{}: {} minutes, {} recounted from trades, {} longer candles summed up, {} differ, {} of gaps tell "
                    "of more than "
                    "their trades; {} minutes missing, {} of them in no recorded gap; {} gaps recorded",
                    history::describe(name), result->minutes, result->recounted, result->summed, result->differences,
                    result->fuller, result->missing_minutes, result->unexplained, result->gaps));
  }
  say(fmt::format("{} series: {} candles differ, {} faults in the file", series->size(), differences, faults->size()));
  return differences == 0 && faults->empty() ? 0 : 1;
}

}  // namespace tickspan::app
