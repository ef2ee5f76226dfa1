#include "storage/postgres/connection.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "storage/postgres/sqlstate.hpp"

namespace tickspan::storage::postgres {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;
using core::Status;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kCopyChunk = 256 << 10;
constexpr std::chrono::seconds kGrace{1};  // the server's own limit answers first, with words

// What the URL does not say itself. A server that vanished without a goodbye is noticed in about 15 s even by an idle
// connection; every call has a limit of its own besides.
constexpr std::array<const char*, 9> kKeywords = {"keepalives_idle",
                                                  "keepalives_interval",
                                                  "keepalives_count",
                                                  "tcp_user_timeout",
                                                  "application_name",
                                                  "client_encoding",
                                                  "fallback_application_name",
                                                  "dbname",
                                                  nullptr};

bool failed(const pg_result* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE || status == PGRES_PIPELINE_ABORTED;
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const Target& target, const Limits& limits,
                                                     const std::string& setup) {
  std::unique_ptr<Connection> connection(new Connection(target, limits));
  if (auto connected = connection->connect(); !connected) return tl::unexpected(connected.error());
  const std::string session = fmt::format(
      "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = 60000; "
      "SET TIME ZONE 'UTC'; SET client_min_messages = warning; SET standard_conforming_strings = on; {}",
      limits.statement.count(), limits.lock.count(), setup);
  if (auto set = connection->run(session); !set) return tl::unexpected(set.error());
  return connection;
}

Connection::~Connection() {
  PQfinish(handle_);
}

Status Connection::connect() {
  const std::array<const char*, 9> values = {
      "10", "3", "3", "15000", "tickspan", "UTF8", "tickspan", target_.url.c_str(), nullptr};
  const auto until = Steady::now() + limits_.connect;
  handle_ = PQconnectStartParams(kKeywords.data(), values.data(), 1);
  if (handle_ == nullptr) return core::fail(ErrorCode::internal, "no memory for a connection to the database", true);
  PQsetNoticeReceiver(
      handle_, [](void*, const PGresult*) {}, nullptr);  // else they go to stderr
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (PQstatus(handle_) != CONNECTION_BAD && state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
    const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (auto ready = wait(events, until); !ready) return tl::unexpected(timed_out("connect to"));
    state = PQconnectPoll(handle_);
  }
  if (const char* password = PQpass(handle_); password != nullptr && *password != '\0') {
    // It may have come from a password file or the environment.
    target_.secrets.emplace_back(password);
  }
  if (PQstatus(handle_) != CONNECTION_OK) return tl::unexpected(failure("connect to", nullptr));
  if (PQsetnonblocking(handle_, 1) != 0) return tl::unexpected(failure("connect to", nullptr));
  return {};
}

Status Connection::begin(const std::string& how) {
  auto begun = run(how);
  in_transaction_ = begun.has_value();
  return begun;
}

Status Connection::end(const std::string& how) {
  in_transaction_ = false;
  return run(how);
}

int Connection::server_version() const {
  return PQserverVersion(handle_);
}

Connection::Deadline Connection::deadline() const {
  return Steady::now() + limits_.statement + kGrace;
}

/// timeout is the only error.
Status Connection::wait(short events, Deadline until) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Steady::now());
    pollfd socket{PQsocket(handle_), events, 0};
    const int ready = left.count() <= 0 ? 0 : ::poll(&socket, 1, static_cast<int>(left.count()));
    if (ready > 0) return {};
    if (ready < 0 && errno == EINTR) continue;
    return core::fail(ErrorCode::timeout, "no answer", true);
  }
}

/// Sends what libpq still holds. It also reads: a server that waits for us to read would never take more.
Status Connection::flush(Deadline until) {
  while (true) {
    const int left = PQflush(handle_);
    if (left == 0) return {};
    if (left < 0) return tl::unexpected(failure("write to", nullptr));
    if (auto ready = wait(POLLIN | POLLOUT, until); !ready) return tl::unexpected(timed_out("write to"));
    if (PQconsumeInput(handle_) == 0) return tl::unexpected(failure("write to", nullptr));
  }
}

/// The next result of what was sent; null at the end of a statement's results.
Result<pg_result*> Connection::next_result(Deadline until) {
  while (PQisBusy(handle_) != 0) {
    if (auto ready = wait(POLLIN, until); !ready) return tl::unexpected(timed_out("use"));
    if (PQconsumeInput(handle_) == 0) return tl::unexpected(failure("use", nullptr));
  }
  return PQgetResult(handle_);
}

/// All results of one command; the last one's rows, or the first error.
Result<Rows> Connection::collect(Deadline until) {
  Rows last(nullptr);
  std::optional<Error> error;
  while (true) {
    auto result = next_result(until);
    if (!result) return tl::unexpected(result.error());
    if (*result == nullptr) break;
    Rows owned(*result);
    const ExecStatusType status = PQresultStatus(*result);
    if (failed(*result) && !error) error = failure("use", *result);
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) return owned;
    last = std::move(owned);
  }
  if (error) return tl::unexpected(std::move(*error));
  return last;
}

Status Connection::run(const std::string& sql) {
  auto rows = ask(sql);
  if (!rows) return tl::unexpected(rows.error());
  return {};
}

Result<Rows> Connection::ask(const std::string& sql) {
  const auto until = deadline();
  if (PQsendQuery(handle_, sql.c_str()) == 0) return tl::unexpected(failure("use", nullptr));
  if (auto sent = flush(until); !sent) return tl::unexpected(sent.error());
  return collect(until);
}

Result<Rows> Connection::query(const std::string& sql, const Params& params) {
  const auto until = deadline();
  std::vector<const char*> values;
  for (const auto& value : params.values()) values.push_back(value ? value->c_str() : nullptr);
  if (PQsendQueryParams(handle_, sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(), nullptr, nullptr,
                        1) == 0) {
    return tl::unexpected(failure("use", nullptr));
  }
  if (auto sent = flush(until); !sent) return tl::unexpected(sent.error());
  return collect(until);
}

Status Connection::send_prepared(const std::vector<Prepared>& statements, std::vector<bool>& prepares) {
  for (const Prepared& statement : statements) {
    const auto [at, added] = prepared_.try_emplace(statement.sql);
    if (added) at->second = fmt::format("t{}", ++names_);
    prepares.push_back(added);
    const char* const name = at->second.c_str();
    if (added && PQsendPrepare(handle_, name, statement.sql, 0, nullptr) == 0) {
      return tl::unexpected(failure("use", nullptr));
    }
    std::vector<const char*> values;
    for (const auto& value : statement.params.values()) values.push_back(value ? value->c_str() : nullptr);
    if (PQsendQueryPrepared(handle_, name, static_cast<int>(values.size()), values.data(), nullptr, nullptr, 1) == 0) {
      return tl::unexpected(failure("use", nullptr));
    }
  }
  if (PQpipelineSync(handle_) == 0) return tl::unexpected(failure("use", nullptr));
  return {};
}

Result<std::vector<Rows>> Connection::pipeline(const std::vector<Prepared>& statements) {
  const auto until = deadline();
  if (PQenterPipelineMode(handle_) == 0) return tl::unexpected(failure("use", nullptr));
  std::vector<bool> prepares;
  if (auto sent = send_prepared(statements, prepares); !sent) {
    broken_ = true;  // half a pipeline is on its way
    return tl::unexpected(sent.error());
  }
  if (auto sent = flush(until); !sent) return tl::unexpected(sent.error());
  auto results = collect_pipeline(statements, prepares, until);
  if (broken_) return results;
  if (PQexitPipelineMode(handle_) == 0) {
    broken_ = true;
    if (results) return tl::unexpected(failure("use", nullptr));
  }
  return results;
}

Result<std::vector<Rows>> Connection::collect_pipeline(const std::vector<Prepared>& statements,
                                                       const std::vector<bool>& prepares, Deadline until) {
  std::vector<Rows> out;
  std::optional<Error> error;
  const auto take = [&](bool keep) -> Status {  // one statement's results
    auto rows = collect(until);
    if (!rows && broken_) return tl::unexpected(rows.error());
    if (!rows && !error && rows.error().code != ErrorCode::cancelled) error = rows.error();
    if (rows && keep) out.push_back(std::move(*rows));
    return {};
  };
  for (std::size_t i = 0; i < statements.size(); ++i) {
    if (prepares[i]) {
      if (auto taken = take(false); !taken) return tl::unexpected(taken.error());
      if (error) prepared_.erase(statements[i].sql);  // of those that were sent none may count as prepared
    }
    if (auto taken = take(true); !taken) return tl::unexpected(taken.error());
  }
  auto sync = next_result(until);
  if (!sync) return tl::unexpected(sync.error());
  const Rows owned(*sync);
  if (error) {
    broken_ = broken_ || PQstatus(handle_) != CONNECTION_OK;
    return tl::unexpected(std::move(*error));
  }
  return out;
}

Status Connection::copy_in(const std::string& sql, std::string_view data) {
  if (auto begun = begin_copy(sql); !begun) return begun;
  if (auto put = put_copy(data); !put) return put;
  if (auto ended = end_copy(); !ended) return ended;
  return copied();
}

Status Connection::begin_copy(const std::string& sql) {
  copy_until_ = deadline();
  if (PQsendQuery(handle_, sql.c_str()) == 0) return tl::unexpected(failure("write to", nullptr));
  if (auto sent = flush(copy_until_); !sent) return sent;
  auto begun = collect(copy_until_);
  if (!begun) return tl::unexpected(begun.error());
  return {};
}

Status Connection::put_copy(std::string_view data) {
  for (std::size_t at = 0; at < data.size();) {
    const std::string_view chunk = data.substr(at, kCopyChunk);
    const int put = PQputCopyData(handle_, chunk.data(), static_cast<int>(chunk.size()));
    if (put < 0) return tl::unexpected(failure("write to", nullptr));
    if (put == 1) at += chunk.size();
    if (auto sent = flush(copy_until_); !sent) return sent;
  }
  return {};
}

Status Connection::end_copy() {
  int ended = 0;
  while ((ended = PQputCopyEnd(handle_, nullptr)) == 0) {
    if (auto sent = flush(copy_until_); !sent) return sent;
  }
  if (ended < 0) return tl::unexpected(failure("write to", nullptr));
  return flush(copy_until_);
}

Status Connection::copied() {
  auto done = collect(copy_until_);
  if (!done) return tl::unexpected(done.error());
  return {};
}

Error Connection::failure(std::string_view doing, pg_result* result) {
  if (PQresultStatus(result) == PGRES_PIPELINE_ABORTED)
    return {ErrorCode::cancelled, "an earlier statement failed", true};
  const char* const state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* const words = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  sqlstate_ = state == nullptr ? "" : state;
  if (result == nullptr || PQstatus(handle_) != CONNECTION_OK) broken_ = true;
  std::string message = target_.scrubbed(words != nullptr ? words : PQerrorMessage(handle_));
  if (message.empty()) message = "the connection broke";
  Verdict verdict = judge(sqlstate_);
  if (sqlstate_.empty() && doing == "connect to") {
    // libpq tells a refused login by words only.
    if (PQconnectionNeedsPassword(handle_) != 0 || message.find("authentication failed") != std::string::npos) {
      verdict = judge("28000");
    } else if (message.find("database \"") != std::string::npos && message.ends_with("does not exist")) {
      verdict = judge("3D000");
    }
  }
  lost_ = verdict.connection_lost;
  return {verdict.code,
          fmt::format("cannot {} the database at {}: {}; {}", doing, target_.location, message, verdict.way_out),
          verdict.retryable};
}

Error Connection::timed_out(std::string_view doing) {
  broken_ = lost_ = true;
  sqlstate_.clear();
  return {
      ErrorCode::timeout,
      fmt::format("cannot {} the database at {}: no answer in time; {}", doing, target_.location, judge("").way_out),
      true};
}

}  // namespace tickspan::storage::postgres
