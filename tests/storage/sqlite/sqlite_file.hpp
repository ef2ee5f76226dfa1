#pragma once

#include <sqlite3.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "storage/sqlite/sqlite_store.hpp"

namespace tickspan::storage::test {

/// The file seen from outside, by plain SQLite.
class SqliteFile {
 public:
  explicit SqliteFile(const std::string& path) {
    if (sqlite3_open(path.c_str(), &handle_) != SQLITE_OK) throw std::runtime_error("cannot open " + path);
    sqlite3_busy_timeout(handle_, 5000);
  }
  ~SqliteFile() { sqlite3_close(handle_); }
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;

  void run(const std::string& sql) {
    char* message = nullptr;
    if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, &message) == SQLITE_OK) return;
    const std::string text = message == nullptr ? "failed" : message;
    sqlite3_free(message);
    throw std::runtime_error(text + ": " + sql);
  }
  /// The first column of the first row.
  std::string ask(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(handle_));
    std::string out;
    if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0) != nullptr) {
      out = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    return out;
  }

 private:
  sqlite3* handle_ = nullptr;
};

/// All stored trades of a series, as a program sees them that only looks.
inline std::vector<StoredTrade> trades_in(const std::string& path,
                                          const SeriesName& series = {"bitcoin", "usd", "kraken"}) {
  sqlite::SqliteOptions options;
  options.read_only = true;
  const auto store = sqlite::make_sqlite_store(path, options);
  if (const auto opened = store->open(); !opened) throw std::runtime_error(opened.error().context);
  const auto reader = store->reader();
  if (!reader) throw std::runtime_error(reader.error().context);
  auto found = (*reader)->trades(
      {series.base, series.quote, series.venue, {}, core::Timestamp::from_s(4'102'444'800), 100'000'000});
  if (!found) throw std::runtime_error(found.error().context);
  return std::move(*found);
}

}  // namespace tickspan::storage::test
