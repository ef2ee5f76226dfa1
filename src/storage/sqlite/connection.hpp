#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace tickspan::storage::sqlite {

enum class Step { row, done, failed };

/// A prepared statement. Parameters count from 1, columns from 0. Errors are kept by the connection: step() says
/// `failed`.
/// **Threading**: that of its connection. **Ownership**: must not outlive its connection.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}
  ~Statement();
  Statement(Statement&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Statement& operator=(Statement&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  explicit operator bool() const { return handle_ != nullptr; }

  Statement& integer(int parameter, std::int64_t value);
  Statement& real(int parameter, double value);
  Statement& real(int parameter, const std::optional<double>& value);
  Statement& text(int parameter, std::string_view value);
  /// Not copied: `value` must stay until the statement has run.
  Statement& blob(int parameter, std::string_view value);
  Statement& null(int parameter);

  Step step();
  /// For a statement without rows: steps to its end and makes it ready again. False when it failed.
  [[nodiscard]] bool run();
  /// Ready to be bound and stepped again; ends its read.
  void reset();

  std::int64_t integer(int column) const;
  double real(int column) const;
  std::optional<double> real_or_null(int column) const;
  std::string text(int column) const;
  /// Valid until the next step or reset.
  std::string_view blob(int column) const;
  bool is_null(int column) const;

 private:
  sqlite3_stmt* handle_ = nullptr;
};

/// Resets a statement at the end of a scope, so that no early return leaves a read open.
class ResetOnExit {
 public:
  explicit ResetOnExit(Statement& statement) : statement_(statement) {}
  ~ResetOnExit() { statement_.reset(); }
  ResetOnExit(const ResetOnExit&) = delete;
  ResetOnExit& operator=(const ResetOnExit&) = delete;

 private:
  Statement& statement_;
};

/// One SQLite connection.
/// **Threading**: one thread at a time; it may be handed from one to another.
class Connection {
 public:
  enum class Mode { read_only, read_write };
  static core::Result<std::unique_ptr<Connection>> open(const std::string& path, Mode mode,
                                                        std::chrono::milliseconds busy_timeout);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  core::Status execute(const std::string& sql);
  core::Result<Statement> prepare(std::string_view sql);
  /// The first column of the first row.
  core::Result<std::int64_t> query_integer(std::string_view sql);
  core::Result<std::string> query_text(std::string_view sql);

  bool in_transaction() const;
  /// The file system or the file's rights made the connection read-only, whatever was asked for.
  bool is_read_only() const;
  /// Brings the write-ahead log to the disk, and with it every transaction so far.
  core::Status sync_log();
  /// Whether closing the last connection folds the write-ahead log into the file. On unless told otherwise.
  void checkpoint_on_close(bool on);

  /// What to do about a damaged file. Of a store unless told otherwise.
  void if_damaged(std::string way_out) { if_damaged_ = std::move(way_out); }

  /// The last failure, as one line that names the place and, where there is one, the way out.
  core::Error error(std::string_view doing) const;

 private:
  explicit Connection(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::string if_damaged_ = "move the file away and start anew, or choose another place with --data";
  sqlite3* handle_ = nullptr;
};

}  // namespace tickspan::storage::sqlite
