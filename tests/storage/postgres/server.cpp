#include "server.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "../../support/process.hpp"

namespace tickspan::storage::test {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::seconds kPatience{60};
// A test waits for nobody for ever: not for a server that does not answer, nor for another session's lock.
constexpr const char* kLimits = "connect_timeout=20&options=-c%20statement_timeout%3D60s%20-c%20lock_timeout%3D30s";
constexpr const char* kPassword = "s3cret pass";

/// The server refuses to be root.
std::vector<std::string> unprivileged(std::vector<std::string> command) {
  if (geteuid() != 0) return command;
  std::vector<std::string> out = {"/usr/bin/setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"};
  out.insert(out.end(), command.begin(), command.end());
  return out;
}

void own(const std::string& path) {
  if (geteuid() != 0) return;
  const passwd* const nobody = getpwnam("nobody");
  if (nobody == nullptr || chown(path.c_str(), nobody->pw_uid, nobody->pw_gid) != 0) {
    throw std::runtime_error("cannot hand over " + path);
  }
}

}  // namespace

std::string PostgresServer::binaries() {
  std::pair<int, std::string> newest{0, ""};
  std::error_code absent;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", absent)) {
    const std::string bin = version.path() / "bin";
    const int number = std::atoi(version.path().filename().c_str());
    if (fs::exists(bin + "/initdb", absent)) newest = std::max(newest, {number, bin});
  }
  return newest.second;
}

PostgresServer* PostgresServer::shared() {
  struct Attempt {
    std::unique_ptr<PostgresServer> server;
    std::string failure;
  };
  // One attempt: where it takes longer than the patience, each further test would wait as long again for the same.
  static const Attempt attempt = []() -> Attempt {
    if (const char* port = std::getenv("TICKSPAN_POSTGRES_PORT"); port != nullptr) {
      return {std::unique_ptr<PostgresServer>(new PostgresServer(std::atoi(port))), {}};
    }
    try {
      return {binaries().empty() ? nullptr : std::make_unique<PostgresServer>(), {}};
    } catch (const std::exception& error) {
      return {nullptr, error.what()};
    }
  }();
  if (!attempt.failure.empty()) throw std::runtime_error("no PostgreSQL server for the tests: " + attempt.failure);
  return attempt.server.get();
}

PostgresServer::PostgresServer(const Settings& settings) : data_(folder_.file("data")) {
  own(folder_.path());
  const std::string password = folder_.file("password");
  std::ofstream(password) << kPassword << '\n';
  own(password);
  run({binaries() + "/initdb", "-D", data_, "-U", "tick", "--pwfile=" + password, "-A", "scram-sha-256", "-E", "UTF8",
       "--locale=C", "--no-sync", "--no-instructions"});
  write_settings(settings);
  start();
}

PostgresServer::PostgresServer(PostgresServer& primary, FromPrimary) : data_(folder_.file("data")) {
  own(folder_.path());
  run({binaries() + "/pg_basebackup", "-D", data_, "-R", "--no-sync", "-c", "fast", "-d", primary.url("postgres")});
  write_settings({});
  start();
}

std::unique_ptr<PostgresServer> PostgresServer::replica_of(PostgresServer& primary) {
  return std::unique_ptr<PostgresServer>(new PostgresServer(primary, FromPrimary{}));
}

PostgresServer::~PostgresServer() {
  try {
    if (running_) stop(How::immediate);
  } catch (const std::exception& e) {
    fmt::print(stderr, "a test's PostgreSQL server did not stop: {}\n", e.what());
  }
}

void PostgresServer::write_settings(const Settings& settings) {
  port_ = tickspan::test::free_port();
  Settings all = {{"listen_addresses", "127.0.0.1"},
                  {"unix_socket_directories", folder_.path()},
                  {"port", std::to_string(port_)},
                  {"fsync", "off"},
                  {"shared_buffers", "16MB"},
                  {"max_connections", "40"},
                  {"max_wal_size", "256MB"},
                  {"wal_level", "replica"},
                  {"max_wal_senders", "4"},
                  {"autovacuum_naptime", "1h"},
                  {"wal_receiver_status_interval", "1s"},
                  {"hot_standby_feedback", "on"}};
  for (const auto& [name, value] : settings) all[name] = value;
  std::ofstream file(data_ + "/postgresql.conf", std::ios::app);
  for (const auto& [name, value] : all) file << name << " = '" << value << "'\n";
}

void PostgresServer::run(const std::vector<std::string>& command) const {
  tickspan::test::Process process(unprivileged(command));
  const int code = process.wait(kPatience);
  if (code != 0) throw std::runtime_error(fmt::format("{} ended with {}: {}", command[0], code, process.err()));
}

void PostgresServer::start() {
  run({binaries() + "/pg_ctl", "-D", data_, "-l", folder_.file("log"), "-w", "-t", "50", "start"});
  running_ = true;
}

void PostgresServer::stop(How how) {
  running_ = false;
  run({binaries() + "/pg_ctl", "-D", data_, "-w", "-m", how == How::fast ? "fast" : "immediate", "stop"});
}

void PostgresServer::promote() {
  run({binaries() + "/pg_ctl", "-D", data_, "-w", "promote"});
}

std::string PostgresServer::url(const std::string& database) const {
  return fmt::format("postgresql://tick:s3cret%20pass@127.0.0.1:{}/{}", port_, database);
}

std::string PostgresServer::make_database(const std::string& name) {
  Psql(url("postgres")).run("CREATE DATABASE " + name);
  return url(name);
}

Psql::Psql(const std::string& url)
    : handle_(PQconnectdb((url + (url.find('?') == std::string::npos ? "?" : "&") + kLimits).c_str())) {
  PQsetNoticeReceiver(
      handle_, [](void*, const PGresult*) {}, nullptr);
  if (PQstatus(handle_) != CONNECTION_OK) {
    const std::string why = PQerrorMessage(handle_);
    PQfinish(handle_);
    throw std::runtime_error(why);
  }
}

Psql::~Psql() {
  PQfinish(handle_);
}

std::string Psql::ask(const std::string& sql) {
  PGresult* const result = PQexec(handle_, sql.c_str());
  const ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
    const std::string why = PQerrorMessage(handle_);
    PQclear(result);
    throw std::runtime_error(why + ": " + sql);
  }
  std::string out;
  if (PQntuples(result) > 0) out = PQgetvalue(result, 0, 0);
  PQclear(result);
  return out;
}

std::string fresh_database() {
  static const std::string url = [] {
    PostgresServer& server = *PostgresServer::shared();
    Psql(server.url("postgres")).run("DROP DATABASE IF EXISTS test");  // another program's, on a server that was given
    return server.make_database("test");
  }();
  Psql(url).run("DROP SCHEMA IF EXISTS tickspan CASCADE");  // much quicker than another database
  return url;
}

std::string timescale_licence() {
  if (std::getenv("TICKSPAN_POSTGRES_PORT") == nullptr) return {};
  Psql database(fresh_database());
  if (database.ask("SELECT count(*) FROM pg_settings WHERE name = 'timescaledb.disable_load'") == "0") return {};
  database.run("CREATE EXTENSION IF NOT EXISTS timescaledb SCHEMA public");
  return database.ask("SELECT current_setting('timescaledb.license')");
}

}  // namespace tickspan::storage::test
