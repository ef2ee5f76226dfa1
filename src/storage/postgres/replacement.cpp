#include "storage/postgres/replacement.hpp"

#include <fmt/format.h>

#include "storage/postgres/connection.hpp"
#include "storage/postgres/policies.hpp"
#include "storage/postgres/schema.hpp"

namespace tickspan::storage::postgres {
namespace {

using core::ErrorCode;
using core::Result;
using core::Status;

constexpr int kTries = 20;
constexpr const char* kNewSchema = "tickspan_restoring";
constexpr const char* kKeptSchema = "tickspan_before_restore";

class SchemaReplacement final : public Replacement {
 public:
  explicit SchemaReplacement(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
  ~SchemaReplacement() override {
    store_.reset();
    // What cannot be removed now is removed by the next one.
    if (!finished_ && !connection_->broken()) static_cast<void>(drop_new());
  }

  Status start(const std::string& url, PostgresOptions options, const std::string& location) {
    bool locked = false;
    // The server lets go of a program that has just ended a moment later.
    for (int i = 0; i < kTries && !locked; ++i) {
      if (i > 0) {
        if (auto waited = connection_->run("SELECT pg_sleep(0.1)"); !waited) return waited;
      }
      auto lock = connection_->ask(fmt::format("SELECT pg_try_advisory_lock({})", kWritersLock));
      if (!lock) return tl::unexpected(lock.error());
      locked = lock->text(0, 0) == "t";
    }
    if (!locked) {
      return core::fail(ErrorCode::unavailable, fmt::format("a program writes to {}: stop it first", location));
    }
    if (auto dropped = drop_new(); !dropped) return dropped;
    options.schema = kNewSchema;
    store_ = make_postgres_store(url, std::move(options));
    return store_->open();
  }

  HistoryStore& store() override { return *store_; }

  Result<std::string> finish() override {
    store_.reset();
    const std::string old = PostgresOptions{}.schema;
    auto there = connection_->ask(fmt::format("SELECT to_regnamespace('{}') IS NOT NULL", old));
    if (!there) return tl::unexpected(there.error());
    std::string kept;
    if (there->text(0, 0) == "t") {
      auto name = free_name();
      if (!name) return name;
      kept = *name;
    }
    auto swapped = connection_->run(fmt::format("BEGIN; SELECT pg_advisory_xact_lock({})", kMigrationLock));
    if (swapped && !kept.empty()) swapped = put_aside(old, kept);
    if (swapped) swapped = connection_->run(fmt::format("ALTER SCHEMA {} RENAME TO {}; COMMIT", kNewSchema, old));
    if (!swapped) {
      if (!connection_->broken()) static_cast<void>(connection_->run("ROLLBACK"));
      return tl::unexpected(swapped.error());
    }
    finished_ = true;
    return kept;
  }

 private:
  Status drop_new() { return connection_->run(fmt::format("DROP SCHEMA IF EXISTS {} CASCADE", kNewSchema)); }

  /// What is kept is kept whole.
  Status put_aside(const std::string& old, const std::string& kept) {
    auto made = connection_->ask(fmt::format("SELECT to_regclass('{}.schema_version') IS NOT NULL", old));
    if (!made) return tl::unexpected(made.error());
    if (made->text(0, 0) == "t") {
      if (auto stopped = stop_retention(*connection_, old); !stopped) return stopped;
    }
    return connection_->run(fmt::format("ALTER SCHEMA {} RENAME TO {}", old, kept));
  }

  Result<std::string> free_name() {
    for (int i = 1;; ++i) {
      std::string name = i == 1 ? kKeptSchema : fmt::format("{}_{}", kKeptSchema, i);
      auto taken = connection_->ask(fmt::format("SELECT to_regnamespace('{}') IS NOT NULL", name));
      if (!taken) return tl::unexpected(taken.error());
      if (taken->text(0, 0) != "t") return name;
    }
  }

  std::unique_ptr<Connection> connection_;
  std::unique_ptr<HistoryStore> store_;
  bool finished_ = false;
};

}  // namespace

Result<std::unique_ptr<Replacement>> Replacement::begin(const std::string& url, PostgresOptions options) {
  auto target = parse_target(url, "store.url");
  if (!target) return tl::unexpected(target.error());
  const Limits limits{options.connect_time, options.statement_time, options.statement_time / 3};
  auto connection = Connection::open(*target, limits, "SET client_min_messages = warning;");
  if (!connection) return tl::unexpected(connection.error());
  auto replacement = std::make_unique<SchemaReplacement>(std::move(*connection));
  if (auto started = replacement->start(url, std::move(options), target->location); !started) {
    return tl::unexpected(started.error());
  }
  return replacement;
}

}  // namespace tickspan::storage::postgres
