#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "history/sha256.hpp"
#include "history/table_row.hpp"

namespace tickspan::history {

/// What a file's name says: `.csv`, `.ndjson` or `.jsonl`, each also `.gz`. invalid_argument for any other.
struct TableName {
  TableForm form = TableForm::csv;
  bool gzip = false;
};
core::Result<TableName> read_table_name(std::string_view path);

/// Reads a table line by line, plain or gzip (told by its bytes). **Limits**: one line of 64 KiB.
class TableReader {
 public:
  static core::Result<std::unique_ptr<TableReader>> open(const std::string& path);
  ~TableReader();
  TableReader(const TableReader&) = delete;
  TableReader& operator=(const TableReader&) = delete;

  /// False at the end. The line is without its end (LF or CR LF) and valid until the next call. parse_error: a line
  /// that is too long; io_error: the file can't be read, or its compressed data is damaged or cut off.
  core::Result<bool> next(std::string_view& line);
  std::uint64_t line_number() const { return lines_; }
  /// How much of the file is read: 0 to 1; negative where its size is not known.
  double part() const;
  /// Of the uncompressed bytes; call it once, at the end.
  std::string checksum() { return digest_.finish(); }

 private:
  struct Impl;
  explicit TableReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
  Sha256 digest_;
  std::uint64_t lines_ = 0;
};

/// Writes a file without a name, plain or gzip, and gives it its name when it is whole; or writes to stdout (`-`).
/// gzip bytes depend on the content alone. **Ownership**: without finish() nothing stays.
class TableWriter {
 public:
  /// conflict: the file exists and `overwrite` is off.
  static core::Result<std::unique_ptr<TableWriter>> create(const std::string& path, bool gzip, bool overwrite);
  ~TableWriter();
  TableWriter(const TableWriter&) = delete;
  TableWriter& operator=(const TableWriter&) = delete;

  core::Status write(std::string_view bytes);
  core::Status finish();
  std::uint64_t bytes() const { return bytes_; }  ///< uncompressed
  /// Of the uncompressed bytes; after finish().
  const std::string& checksum() const { return checksum_; }

 private:
  struct Impl;
  explicit TableWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
  Sha256 digest_;
  std::string checksum_;
  std::uint64_t bytes_ = 0;
};

/// Copies stdin into a nameless file below `directory`, so that it can be read twice. The file goes with the object.
class SpooledInput {
 public:
  static core::Result<std::unique_ptr<SpooledInput>> from_stdin(const std::string& directory);
  ~SpooledInput();
  SpooledInput(const SpooledInput&) = delete;
  SpooledInput& operator=(const SpooledInput&) = delete;
  const std::string& path() const { return path_; }

 private:
  explicit SpooledInput(int descriptor);
  int descriptor_;
  std::string path_;
};

}  // namespace tickspan::history
