#include "storage/sqlite/connection.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstring>

namespace tickspan::storage::sqlite {

using core::Error;
using core::ErrorCode;

Statement::~Statement() {
  sqlite3_finalize(handle_);
}

Statement& Statement::integer(int parameter, std::int64_t value) {
  sqlite3_bind_int64(handle_, parameter, value);
  return *this;
}
Statement& Statement::real(int parameter, double value) {
  sqlite3_bind_double(handle_, parameter, value);
  return *this;
}
Statement& Statement::real(int parameter, const std::optional<double>& value) {
  return value ? real(parameter, *value) : null(parameter);
}
Statement& Statement::text(int parameter, std::string_view value) {
  // A null pointer would bind NULL: an empty view may have one.
  const char* data = value.data() == nullptr ? "" : value.data();
  sqlite3_bind_text(handle_, parameter, data, static_cast<int>(value.size()), SQLITE_TRANSIENT);
  return *this;
}
Statement& Statement::blob(int parameter, std::string_view value) {
  sqlite3_bind_blob64(handle_, parameter, value.data() == nullptr ? "" : value.data(), value.size(), SQLITE_STATIC);
  return *this;
}
Statement& Statement::null(int parameter) {
  sqlite3_bind_null(handle_, parameter);
  return *this;
}

Step Statement::step() {
  switch (sqlite3_step(handle_)) {
    case SQLITE_ROW:
      return Step::row;
    case SQLITE_DONE:
      return Step::done;
    default:
      return Step::failed;
  }
}

bool Statement::run() {
  const Step result = step();
  sqlite3_reset(handle_);
  return result != Step::failed;
}

void Statement::reset() {
  sqlite3_reset(handle_);
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(handle_, column);
}
double Statement::real(int column) const {
  return sqlite3_column_double(handle_, column);
}
std::optional<double> Statement::real_or_null(int column) const {
  if (is_null(column)) return {};
  return real(column);
}
std::string Statement::text(int column) const {
  const auto* data = sqlite3_column_text(handle_, column);
  if (data == nullptr) return {};
  return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}
std::string_view Statement::blob(int column) const {
  const void* data = sqlite3_column_blob(handle_, column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}
bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

core::Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Mode mode,
                                                           std::chrono::milliseconds busy_timeout) {
  std::unique_ptr<Connection> connection(new Connection(path));
  const int flags = mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  if (sqlite3_open_v2(path.c_str(), &connection->handle_, flags | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK) {
    return tl::unexpected(connection->error("open"));
  }
  sqlite3_extended_result_codes(connection->handle_, 1);
  sqlite3_busy_timeout(connection->handle_, static_cast<int>(busy_timeout.count()));
  return connection;
}

Connection::~Connection() {
  sqlite3_close_v2(handle_);
}

core::Status Connection::execute(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return tl::unexpected(error("use"));
  return {};
}

core::Result<Statement> Connection::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement,
                         nullptr) != SQLITE_OK) {
    return tl::unexpected(error("use"));
  }
  return Statement(statement);
}

core::Result<std::int64_t> Connection::query_integer(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return tl::unexpected(statement.error());
  const Step result = statement->step();
  if (result == Step::failed) return tl::unexpected(error("read"));
  return result == Step::row ? statement->integer(0) : 0;
}

core::Result<std::string> Connection::query_text(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return tl::unexpected(statement.error());
  const Step result = statement->step();
  if (result == Step::failed) return tl::unexpected(error("read"));
  return result == Step::row ? statement->text(0) : std::string{};
}

bool Connection::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}
bool Connection::is_read_only() const {
  return sqlite3_db_readonly(handle_, "main") == 1;
}

core::Status Connection::sync_log() {
  // Where there is a log, this is it. A transaction is in it, or, after a checkpoint, in the file and synced.
  sqlite3_file* log = nullptr;
  if (sqlite3_file_control(handle_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK || log == nullptr ||
      log->pMethods == nullptr) {
    return {};
  }
  if (log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) == SQLITE_OK) return {};
  return core::fail(ErrorCode::io_error,
                    fmt::format("cannot bring the log of the database '{}' to the disk: {}; see whether the disk works",
                                path_, std::strerror(errno)),
                    true);
}

void Connection::checkpoint_on_close(bool on) {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, on ? 0 : 1, nullptr);
}

Error Connection::error(std::string_view doing) const {
  const int extended = sqlite3_extended_errcode(handle_);
  const auto line = [&](std::string_view what, std::string_view way_out) {
    return fmt::format("cannot {} the database '{}': {}; {}", doing, path_, what, way_out);
  };
  const std::string why = sqlite3_errmsg(handle_);
  switch (extended & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::unavailable, line(why, "another program holds it, end that one"), true};
    case SQLITE_FULL:
      return {ErrorCode::no_space, line("the disk is full", "free some space"), true};
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return {ErrorCode::io_error, line(why, if_damaged_), false};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return {ErrorCode::io_error, line(why, "make it writable for this user or choose another place with --data"),
              false};
    default:
      return {ErrorCode::io_error, line(why, "see whether the disk works and has room"), true};
  }
}

}  // namespace tickspan::storage::sqlite
