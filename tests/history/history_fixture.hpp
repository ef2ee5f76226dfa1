#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>

#include "../support/support.hpp"
#include "history/table_export.hpp"
#include "history/table_import.hpp"
#include "storage/memory_store.hpp"
#include "storage/sqlite/sqlite_store.hpp"

namespace tickspan::history::test {

inline constexpr core::Timestamp kLater = core::Timestamp::from_s(1'780'315'200);

/// A store with one series, and tables that go in and out of it.
struct Place {
  explicit Place(const std::string& venue = "binance", const std::string& pair = "xrp/eth",
                 std::unique_ptr<storage::HistoryStore> made = storage::make_memory_store())
      : store(std::move(made)) {
    EXPECT_TRUE(store->open());
    reader = std::move(*store->reader());
    writer = std::move(*store->writer());
    series = *find_series({}, venue, pair);
  }

  core::Result<ImportResult> import(const std::string& path, TableKind kind,
                                    core::Interval interval = core::Interval::m1, bool skip_bad = false) {
    ImportRequest request;
    request.path = request.shown_as = path;
    request.kind = kind;
    request.form = read_table_name(path)->form;
    request.interval = interval;
    request.skip_bad = skip_bad;
    request.now = kLater;
    return run(request);
  }

  /// The import writes by itself: nobody else may meanwhile.
  core::Result<ImportResult> run(const ImportRequest& request) {
    writer.reset();
    auto result = import_table(*store, series, request);
    writer = std::move(*store->writer());
    return result;
  }

  TableSummary write(const std::string& path, ExportRequest request) {
    const auto name = read_table_name(path);
    request.form = name->form;
    auto table = TableWriter::create(path, name->gzip, false);
    EXPECT_TRUE(table) << table.error().context;
    const auto summary = export_table(*reader, series, request, **table);
    EXPECT_TRUE(summary) << summary.error().context;
    EXPECT_TRUE((*table)->finish());
    manifest = make_manifest(series, request, *summary, **table, "real", "tickspan test");
    return *summary;
  }

  std::vector<core::Candle> candles(core::Interval interval) {
    return *reader->candles({series.name.base, series.name.quote, series.name.venue, interval, core::Timestamp{0},
                             core::Timestamp::from_s(4'102'444'800), 10'000'000});
  }
  std::vector<storage::StoredTrade> trades() {
    return *reader->trades({series.name.base, series.name.quote, series.name.venue, core::Timestamp{0},
                            core::Timestamp::from_s(4'102'444'800), 10'000'000});
  }

  std::unique_ptr<storage::HistoryStore> store;
  std::unique_ptr<storage::StoreReader> reader;
  std::unique_ptr<storage::StoreWriter> writer;
  Series series;
  std::string manifest;
};

inline std::string put_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

/// Every candle and trade, with all digits and flags.
inline std::string contents(Place& place) {
  std::string out;
  for (const storage::StoredTrade& t : place.trades()) {
    append_row(TableForm::csv, TradeRow{t.at, t.trade_id, t.side, t.price, t.amount}, out);
  }
  for (const core::Interval interval : core::kIntervals) {
    for (const core::Candle& c : place.candles(interval)) {
      append_row(TableForm::ndjson, c, out);
      out += c.final ? "f" : "-";
      out += c.flat ? "l" : "-";
    }
  }
  return out;
}

}  // namespace tickspan::history::test
