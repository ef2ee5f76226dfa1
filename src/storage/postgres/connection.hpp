#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "storage/postgres/target.hpp"

struct pg_conn;
struct pg_result;

namespace tickspan::storage::postgres {

/// Time limits of one connection.
struct Limits {
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds statement{15'000};  ///< the server's own limit; ours is a second longer
  std::chrono::milliseconds lock{5'000};
};

/// The rows of one statement, in binary. Columns count from 0. Asking for another type than the column's is a
/// programmer's error.
class Rows {
 public:
  explicit Rows(pg_result* result) : result_(result) {}
  ~Rows();
  Rows(Rows&& other) noexcept : result_(other.result_) { other.result_ = nullptr; }
  Rows& operator=(Rows&& other) noexcept;
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  int size() const;
  bool is_null(int row, int column) const;
  std::int64_t integer(int row, int column) const;  ///< int2, int4 or int8
  bool boolean(int row, int column) const;
  double real(int row, int column) const;  ///< float8
  std::optional<double> real_or_null(int row, int column) const;
  std::string text(int row, int column) const;
  std::string_view bytes(int row, int column) const;  ///< as sent; valid while the rows live
  /// timestamptz; saturated where nanoseconds do not reach.
  core::Timestamp time(int row, int column) const;
  std::uint64_t affected() const;  ///< rows that an INSERT, UPDATE or DELETE touched

 private:
  pg_result* result_;
};

/// Parameters of a statement, in text form.
class Params {
 public:
  Params& integer(std::int64_t value);
  Params& real(const std::optional<double>& value);
  Params& text(std::string_view value);
  Params& time(core::Timestamp value);  ///< timestamptz, rounded up to the microsecond; the extremes are infinities
  Params& null();
  Params& integers(const std::vector<std::int64_t>& values);             ///< an array
  Params& texts(const std::vector<std::string>& values);                 ///< an array
  Params& array(const std::vector<std::optional<std::string>>& values);  ///< of any type, in text form
  const std::vector<std::optional<std::string>>& values() const { return values_; }

 private:
  std::vector<std::optional<std::string>> values_;
};

/// One statement of a pipeline. `sql` is a constant: its address names the prepared statement.
struct Prepared {
  const char* sql = nullptr;
  Params params;
};

/// One session of a server. Every call has a time limit; a call that meets it, or loses the server, leaves the
/// connection broken: then only the destructor may be called.
/// **Threading**: one thread at a time. **Ownership**: owns the socket.
class Connection {
 public:
  /// Connects and sets the session up. timeout, unavailable, forbidden, not_found; never with the password.
  static core::Result<std::unique_ptr<Connection>> open(const Target& target, const Limits& limits,
                                                        const std::string& setup);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Statements without parameters, several with `;` between them: one transaction unless they say otherwise.
  core::Status run(const std::string& sql);
  /// The same, and the rows of the last statement (text form: for text and Rows::text() only).
  core::Result<Rows> ask(const std::string& sql);
  /// One statement with parameters.
  core::Result<Rows> query(const std::string& sql, const Params& params);
  /// Prepared statements in pipeline mode: sent together, answered together. The first failure is the answer.
  core::Result<std::vector<Rows>> pipeline(const std::vector<Prepared>& statements);
  /// `sql` is COPY … FROM STDIN; `data` all of the stream.
  core::Status copy_in(const std::string& sql, std::string_view data);
  /// The same in parts: the server works on what it has while the caller makes more. After end_copy() it has all;
  /// copied() waits for what it says of it. In between nothing else may be asked.
  core::Status begin_copy(const std::string& sql);
  core::Status put_copy(std::string_view data);
  core::Status end_copy();
  core::Status copied();

  /// `how` is a BEGIN: until end() says COMMIT or ROLLBACK, readers that open a view of their own look through it.
  core::Status begin(const std::string& how);
  core::Status end(const std::string& how);
  bool in_transaction() const { return in_transaction_; }

  bool broken() const { return broken_; }
  /// The error of the last failed call says that the session, not the statement, is to blame.
  bool connection_lost() const { return broken_ || lost_; }
  const std::string& last_sqlstate() const { return sqlstate_; }
  int server_version() const;  ///< 150004
  const std::string& schema() const { return target_.schema; }

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  Connection(const Target& target, const Limits& limits) : target_(target), limits_(limits) {}

  Deadline deadline() const;
  core::Status connect();
  core::Status wait(short events, Deadline until);
  core::Status flush(Deadline until);
  core::Result<pg_result*> next_result(Deadline until);
  core::Result<Rows> collect(Deadline until);
  core::Result<std::vector<Rows>> collect_pipeline(const std::vector<Prepared>& statements,
                                                   const std::vector<bool>& prepares, Deadline until);
  core::Status send_prepared(const std::vector<Prepared>& statements, std::vector<bool>& prepares);
  core::Error failure(std::string_view doing, pg_result* result);
  core::Error timed_out(std::string_view doing);

  Target target_;
  const Limits limits_;
  pg_conn* handle_ = nullptr;
  Deadline copy_until_;
  bool broken_ = false, lost_ = false, in_transaction_ = false;
  std::string sqlstate_;
  std::unordered_map<const char*, std::string> prepared_;  // name by statement
  int names_ = 0;
};

}  // namespace tickspan::storage::postgres
