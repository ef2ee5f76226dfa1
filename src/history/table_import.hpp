#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "history/series.hpp"
#include "history/table_export.hpp"
#include "history/table_row.hpp"
#include "storage/history_store.hpp"

namespace tickspan::history {

struct ImportRequest {
  std::string path;
  std::string shown_as;  ///< what messages call it
  TableKind kind = TableKind::trades;
  TableForm form = TableForm::csv;
  core::Interval interval = core::Interval::m1;  ///< of candles
  bool skip_bad = false;
  core::Timestamp start, end;   ///< rows of [start, end) alone, by their own time; not set: all
  std::string sha256;           ///< what the manifest says; empty: not known
  std::vector<core::Gap> gaps;  ///< what the manifest says of its source's silence; stored with the rows
  /// Ascending ranges whose candles are incomplete, by the manifest. Not set: nothing but an NDJSON row tells of
  /// itself.
  std::optional<std::vector<TableSummary::Hole>> incomplete = {};
  core::Timestamp now;  ///< hours and days that end later are not written
  /// Called now and then: what is done (`checking`, `writing`, `building candles`), how many rows of it are, and which
  /// part of the whole (0 to 1; negative where that is not known). May be empty.
  std::function<void(std::string_view doing, std::uint64_t rows, double part)> progress;
};

struct BadRow {
  std::uint64_t line = 0;
  RowError error;
};
struct ImportResult {
  std::uint64_t rows = 0;           ///< good ones
  std::uint64_t bad_rows = 0;       ///< not kept
  std::uint64_t outside = 0;        ///< good ones of other times than asked for; not kept
  std::vector<BadRow> bad;          ///< the first twenty of them
  std::uint64_t unchanged = 0;      ///< candles that are stored so already
  std::uint64_t minutes_built = 0;  ///< 1 m candles that are new or other than before, out of imported trades
  core::Timestamp first, last;
};

/// Reads the table twice: first to check every row, then to write them, in one transaction: whatever fails, and however
/// the program ends, the store is as it was. One bad row and nothing is written, unless they are to be skipped; either
/// way `bad_rows` is set and the status is a success. Rows that are stored already stay as
/// they are, so importing twice changes nothing. Out of trades the 1 m candles are built as they are live, from all
/// trades the store then has, in whatever order they came; a stored candle that counts more volume than they do is
/// kept. Hours and days follow the minutes. A gap that is stored with a longer range, or of which more is known than
/// that it is open, stays as it is. A row of CSV says that a candle is whole only where a manifest stands by it:
/// without one it changes nothing of a stored candle with the same numbers. parse_error: no table, a wrong header, a
/// checksum that differs. **Limits**: some thousand rows in memory. conflict: the store has a writer.
core::Result<ImportResult> import_table(storage::HistoryStore& store, const Series& series,
                                        const ImportRequest& request);

/// `line 7, column 12: price cannot be …`
std::string describe(const BadRow& bad);

}  // namespace tickspan::history
