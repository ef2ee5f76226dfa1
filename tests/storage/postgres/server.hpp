#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../../support/support.hpp"

struct pg_conn;

namespace tickspan::storage::test {

/// A real PostgreSQL server on a directory of its own, with the newest binaries that are installed. It listens on a
/// socket in that directory and on a free port of loopback, and needs the password `s3cret pass` of user `tick`. As
/// root it runs as `nobody`, since it refuses to run as root. Ended and removed with the object.
class PostgresServer {
 public:
  /// The folder of initdb and postgres; empty where they are not installed (such tests skip, saying so).
  static std::string binaries();
  /// One server for all tests of this program, started when first asked for. Null where there are no binaries. Where
  /// TICKSPAN_POSTGRES_PORT is set it is the one that runs on that port already, with the same user and password.
  static PostgresServer* shared();

  using Settings = std::map<std::string, std::string>;
  /// A new, empty one. Throws std::runtime_error when it does not come up.
  explicit PostgresServer(const Settings& settings = {});
  /// A streaming replica of `primary`.
  static std::unique_ptr<PostgresServer> replica_of(PostgresServer& primary);
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  void start();
  enum class How { fast, immediate };
  void stop(How how);
  void restart(How how) {
    stop(how);
    start();
  }
  void promote();

  /// Makes an empty database and returns its URL.
  std::string make_database(const std::string& name);
  std::string url(const std::string& database) const;
  int port() const { return port_; }
  std::string folder() const { return folder_.path(); }

 private:
  struct FromPrimary {};
  PostgresServer(PostgresServer& primary, FromPrimary);
  explicit PostgresServer(int port) : port_(port) {}
  void run(const std::vector<std::string>& command) const;
  void write_settings(const Settings& settings);

  tickspan::test::TempDir folder_;
  std::string data_;
  int port_ = 0;
  bool running_ = false;
};

/// The database seen from outside, by plain libpq. Throws std::runtime_error when something fails.
class Psql {
 public:
  explicit Psql(const std::string& url);
  ~Psql();
  Psql(const Psql&) = delete;
  Psql& operator=(const Psql&) = delete;
  void run(const std::string& sql) { ask(sql); }
  /// The first column of the first row of the last statement; empty where there is none.
  std::string ask(const std::string& sql);

 private:
  pg_conn* handle_ = nullptr;
};

/// The database for tests on the shared server, emptied. Not for two stores of one test.
std::string fresh_database();

/// Of the server that was given by TICKSPAN_POSTGRES_PORT: `apache`, `timescale`; empty where none was given, or it has
/// no TimescaleDB loaded. Creates the extension in the database for tests.
std::string timescale_licence();

}  // namespace tickspan::storage::test
