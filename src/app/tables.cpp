#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "app/commands.hpp"
#include "app/progress.hpp"
#include "app/store_access.hpp"
#include "history/pages.hpp"
#include "history/table_export.hpp"
#include "history/table_file.hpp"
#include "history/table_import.hpp"
#include "runtime/clock.hpp"

namespace tickspan::app {
namespace {

using core::Result;

/// What `tickspan.db` holds; simulated prices have a database of their own.
constexpr std::string_view kOrigin = "real";

struct OpenStore {
  StorePlace place;
  std::unique_ptr<storage::HistoryStore> store;
  history::Series series;
};

Result<OpenStore> open_store(const CommandLine& command, Access access) {
  OpenStore out;
  auto place = store_place(command.config);
  if (!place) return tl::unexpected(place.error());
  out.place = std::move(*place);
  out.store = make_store(command.config, out.place, access);
  if (auto opened = out.store->open(); !opened) return tl::unexpected(opened.error());
  const auto known = out.store->restore(history::kEndOfTime);  // the catalogue, and no minutes
  if (!known) return tl::unexpected(known.error());
  auto series = history::find_series(known->assets, command.table.venue, command.table.pair);
  if (!series) return tl::unexpected(series.error());
  out.series = std::move(*series);
  return out;
}

Result<history::TableName> table_name(const CommandLine& command) {
  const std::string& file = command.files.front();
  if (file != "-") return history::read_table_name(file);
  return history::TableName{command.table.form == "ndjson" ? history::TableForm::ndjson : history::TableForm::csv};
}

history::TableKind kind_of(const CommandLine& command) {
  return command.table.kind == "trades" ? history::TableKind::trades : history::TableKind::candles;
}

core::Status write_manifest(const CommandLine& command, const std::string& text) {
  auto manifest = history::TableWriter::create(history::manifest_path(command.files.front()), false, true);
  if (!manifest) return tl::unexpected(manifest.error());
  if (auto written = (*manifest)->write(text); !written) return written;
  return (*manifest)->finish();
}

core::Status take_manifest(const std::string& file, history::ImportRequest& request) {
  const std::string path = history::manifest_path(file);
  std::error_code absent;
  if (!std::filesystem::exists(path, absent)) return {};
  auto facts = history::read_manifest(path);
  if (!facts) return tl::unexpected(facts.error());
  const bool same_kind =
      facts->kind == history::to_string(request.kind) &&
      (request.kind == history::TableKind::trades || facts->interval == core::to_string(request.interval));
  if (!same_kind) {
    return core::fail(core::ErrorCode::invalid_argument,
                      fmt::format("{} says that the file holds {} {}", path, facts->kind, facts->interval));
  }
  request.sha256 = facts->sha256;
  request.gaps = std::move(facts->gaps);
  request.incomplete = std::move(facts->incomplete);
  return {};
}

int tell(const history::ImportRequest& request, const history::ImportResult& result) {
  for (const history::BadRow& bad : result.bad) {
    std::fprintf(stderr, "tickspan: %s, %s\n", request.shown_as.c_str(), history::describe(bad).c_str());
  }
  if (result.bad_rows > result.bad.size()) {
    std::fprintf(stderr, "tickspan: and %llu more\n",
                 static_cast<unsigned long long>(result.bad_rows - result.bad.size()));
  }
  if (result.bad_rows > 0 && !request.skip_bad) {
    std::fprintf(stderr, "tickspan: %llu of %llu rows are bad: nothing was kept; --skip-bad leaves them out\n",
                 static_cast<unsigned long long>(result.bad_rows),
                 static_cast<unsigned long long>(result.rows + result.bad_rows));
    return 1;
  }
  const std::string outside = result.outside == 0 ? "" : fmt::format(", {} of other times", result.outside);
  std::fputs(fmt::format("{} rows read, {} bad ones{} left out; {} 1m candles built, {} candles stored already\n",
                         result.rows, result.bad_rows, outside, result.minutes_built, result.unchanged)
                 .c_str(),
             stderr);
  return 0;
}

}  // namespace

int run_export(const CommandLine& command) {
  const auto name = table_name(command);
  if (!name) return cannot(name.error());
  const auto open = open_store(command, Access::read);
  if (!open) return cannot(open.error());
  const auto snapshot = open->store->snapshot();
  if (!snapshot) return cannot(snapshot.error());
  if (auto known = require_series((*snapshot)->reader(), open->series.name); !known) return cannot(known.error());
  Progress progress;
  history::ExportRequest request;
  request.kind = kind_of(command);
  request.form = name->form;
  request.interval = *core::parse_interval(command.table.interval);
  request.start = command.table.start;
  request.end = command.table.end;
  request.progress = [&](std::uint64_t rows, core::Timestamp at) {
    progress.rows(fmt::format("exporting, at {},", core::to_rfc3339(at)), rows);
  };
  auto writer = history::TableWriter::create(command.files.front(), name->gzip, command.force);
  if (!writer) return cannot(writer.error());
  const auto summary = history::export_table((*snapshot)->reader(), open->series, request, **writer);
  progress.clear();
  if (!summary) return cannot(summary.error());
  if (auto finished = (*writer)->finish(); !finished) return cannot(finished.error());
  if (command.files.front() != "-") {
    const std::string manifest =
        history::make_manifest(open->series, request, *summary, **writer, kOrigin, "tickspan " TICKSPAN_VERSION);
    if (auto written = write_manifest(command, manifest); !written) return cannot(written.error());
  }
  std::fputs(fmt::format("{} rows, {} missing, {} gaps recorded, sha256 {}\n", summary->rows, summary->missing_rows,
                         summary->gaps.size(), (*writer)->checksum())
                 .c_str(),
             stderr);
  return 0;
}

int run_import(const CommandLine& command) {
  const auto name = table_name(command);
  if (!name) return cannot(name.error());
  auto open = open_store(command, Access::write);
  if (!open) return cannot(open.error());
  Progress progress;
  history::ImportRequest request;
  request.path = request.shown_as = command.files.front();
  request.kind = kind_of(command);
  request.form = name->form;
  request.interval = *core::parse_interval(command.table.interval);
  request.skip_bad = command.table.skip_bad;
  request.start = command.table.start;
  request.end = command.table.end;
  request.now = runtime::SystemClock().now();
  request.progress = [&](std::string_view doing, std::uint64_t rows, double part) { progress.rows(doing, rows, part); };
  std::unique_ptr<history::SpooledInput> spooled;
  if (request.path == "-") {
    auto input = history::SpooledInput::from_stdin(open->place.directory);
    if (!input) return cannot(input.error());
    spooled = std::move(*input);
    request.path = spooled->path();
    request.shown_as = "stdin";
  } else if (auto taken = take_manifest(request.path, request); !taken) {
    return cannot(taken.error());
  }
  const auto result = history::import_table(*open->store, open->series, request);
  progress.clear();
  if (!result) return cannot(result.error());
  return tell(request, *result);
}

}  // namespace tickspan::app
