#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "storage/history_store.hpp"

namespace tickspan::storage::sqlite {

struct SqliteOptions {
  /// Whatever it is the file stays whole, and what is lost are the last transactions.
  Durability durability = Durability::relaxed;
  std::chrono::milliseconds busy_timeout{5000};  ///< how long a statement waits for another program's lock
  int cache_kib = 8192;                          ///< page cache of the write connection; a reader has a quarter
  bool read_only = false;  ///< for looking at a file that another program may be writing: no lock, no writer, no
                           ///< migration (conflict where one would be needed)
  /// A second writer beside a server: one at a time, whose transactions are short. Without a server open() makes and
  /// migrates the database as usual, but a server may be started meanwhile. conflict where a server of another version
  /// has the database.
  bool beside = false;
};

/// History in one SQLite file in WAL mode. The folder is made when absent. One program at a time: open() takes a lock
/// on
/// `<path>.lock` that ends with the process, however it ends.
/// **Threading**: open() and restore() by the owner; one writer; any number of readers, each with a connection of its
/// own.
/// **Ownership**: the store must outlive its writer and readers.
std::unique_ptr<HistoryStore> make_sqlite_store(std::string path, SqliteOptions options = {});

}  // namespace tickspan::storage::sqlite
