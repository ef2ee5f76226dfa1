#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "history/series.hpp"
#include "history/table_file.hpp"
#include "storage/history_store.hpp"

namespace tickspan::history {

struct ExportRequest {
  TableKind kind = TableKind::trades;
  TableForm form = TableForm::csv;
  core::Interval interval = core::Interval::m1;  ///< of candles
  core::Timestamp start, end;                    ///< [start, end); not set: from the first, to the last
  /// Called now and then with the rows so far and the time of the last one. May be empty.
  std::function<void(std::uint64_t rows, core::Timestamp at)> progress = {};
};

/// What a table holds, for its manifest.
struct TableSummary {
  struct Hole {
    core::Timestamp start, end;
  };
  std::uint64_t rows = 0;
  core::Timestamp first, last;     ///< not set when there are no rows
  std::vector<Hole> missing;       ///< of candles: ranges between two rows that no row covers; the first 1000
  std::uint64_t missing_rows = 0;  ///< how many rows would fill all of them
  std::vector<Hole> incomplete;    ///< ranges of candles that say so: CSV has no room for it
  std::vector<core::Gap> gaps;     ///< what the store knows of the source's silence in the range; the newest 10,000
};

/// Writes every trade, or every final candle, of the range, oldest first. **Limits**: some thousand rows in memory.
core::Result<TableSummary> export_table(storage::StoreReader& reader, const Series& series,
                                        const ExportRequest& request, TableWriter& out);

/// One JSON object: what the table is, its range, its rows and their SHA-256 (uncompressed), gaps, missing ranges, and
/// those whose candles are incomplete. `origin`: `real` or `simulated`; `program`: name and version.
std::string make_manifest(const Series& series, const ExportRequest& request, const TableSummary& summary,
                          const TableWriter& table, std::string_view origin, std::string_view program);

/// What an import asks of a manifest. Not set: it does not say.
struct ManifestFacts {
  std::string sha256;
  std::string kind;
  std::string interval;
  std::vector<core::Gap> gaps;
  std::optional<std::vector<TableSummary::Hole>> incomplete;  ///< ascending
};
/// parse_error when it is no manifest.
core::Result<ManifestFacts> read_manifest(const std::string& path);
std::string manifest_path(const std::string& table);

}  // namespace tickspan::history
