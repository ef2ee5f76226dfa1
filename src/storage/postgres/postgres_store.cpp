#include "storage/postgres/postgres_store.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "runtime/log.hpp"
#include "storage/postgres/policies.hpp"
#include "storage/postgres/postgres_reader.hpp"
#include "storage/postgres/postgres_writer.hpp"
#include "storage/postgres/schema.hpp"
#include "storage/postgres/server_set.hpp"

namespace tickspan::storage::postgres {
namespace {

using core::ErrorCode;
using core::Result;
using core::Status;

constexpr runtime::Log kLog{"storage"};
constexpr std::chrono::seconds kKeepsFor{2};

class PostgresStore final : public HistoryStore {
 public:
  PostgresStore(std::string url, PostgresOptions options) : url_(std::move(url)), options_(std::move(options)) {}

  Status open() override {
    if (servers_) return {};
    auto primary = parse_target(url_, "store.url");
    if (!primary) return tl::unexpected(primary.error());
    std::vector<Target> replicas;
    for (const std::string& url : options_.read_urls) {
      auto replica = parse_target(url, "store.read_urls");
      if (!replica) return tl::unexpected(replica.error());
      replicas.push_back(std::move(*replica));
    }
    primary->schema = options_.schema;
    auto connection = Connection::open(*primary, limits(), session_setup(*primary));
    if (!connection) return tl::unexpected(connection.error());
    auto schema =
        options_.read_only ? look_at(**connection, primary->location) : migrate(**connection, primary->location);
    if (!schema) return tl::unexpected(schema.error());
    schema_ = *schema;
    if (options_.retention && !options_.read_only && schema_.layout == Layout::timescale) set_jobs(**connection);
    primary_ = *primary;
    servers_ = std::make_shared<ServerSet>(std::move(*primary), std::move(replicas), server_options());
    servers_->start();
    return {};
  }

  Result<std::unique_ptr<StoreWriter>> writer() override {
    if (!servers_) return not_open();
    auto token = take_token();
    if (!token) return tl::unexpected(token.error());
    return std::make_unique<OnlyWriter>(make_writer(writer_settings()), std::move(*token));
  }

  Result<std::unique_ptr<StoreTransaction>> transaction() override {
    if (!servers_) return not_open();
    auto token = take_token();
    if (!token) return tl::unexpected(token.error());
    auto transaction = make_transaction(writer_settings(), schema_);
    if (!transaction) return transaction;
    return std::make_unique<OnlyTransaction>(std::move(*transaction), std::move(*token));
  }

  Result<std::unique_ptr<StoreSnapshot>> snapshot() override {
    if (!servers_) return not_open();
    auto connection = Connection::open(primary_, limits(), session_setup(primary_));
    if (!connection) return tl::unexpected(connection.error());
    return make_snapshot(std::move(*connection), schema_, primary_.location);
  }

  Result<std::unique_ptr<StoreReader>> reader() override {
    if (!servers_) return not_open();
    return make_reader(servers_, schema_, primary_.location);
  }

  Result<core::RestoredState> restore(core::Timestamp since) override {
    if (!servers_) return not_open();
    return read_state(*servers_, since);
  }

  /// Other programs may write to the database, and replicas lag. To ask whether they did would cost what is answered
  /// from memory a round trip.
  std::optional<core::Duration> keeps_for() const override { return kKeepsFor; }

 private:
  /// Tells the store when it has gone.
  class OnlyWriter final : public StoreWriter {
   public:
    OnlyWriter(std::unique_ptr<StoreWriter> writer, std::shared_ptr<int> token)
        : writer_(std::move(writer)), token_(std::move(token)) {}
    Status write(const std::vector<core::WriteBatch>& batches) override { return writer_->write(batches); }
    Status sync() override { return writer_->sync(); }
    Result<std::size_t> expire(const Expiry& older_than, std::size_t max_rows) override {
      return writer_->expire(older_than, max_rows);
    }

   private:
    std::unique_ptr<StoreWriter> writer_;
    std::shared_ptr<int> token_;
  };

  class OnlyTransaction final : public StoreTransaction {
   public:
    OnlyTransaction(std::unique_ptr<StoreTransaction> transaction, std::shared_ptr<int> token)
        : token_(std::move(token)), transaction_(std::move(transaction)) {}
    StoreWriter& writer() override { return transaction_->writer(); }
    StoreReader& reader() override { return transaction_->reader(); }
    Status commit() override { return transaction_->commit(); }

   private:
    std::shared_ptr<int> token_;
    std::unique_ptr<StoreTransaction> transaction_;
  };

  Result<std::shared_ptr<int>> take_token() {
    if (options_.read_only) {
      return core::fail(ErrorCode::conflict,
                        fmt::format("the database at {} is open for reading alone", primary_.location));
    }
    if (!writer_gone_.expired()) {
      return core::fail(ErrorCode::conflict, fmt::format("the database at {} has a writer already", primary_.location));
    }
    auto token = std::make_shared<int>(0);
    writer_gone_ = token;
    return token;
  }
  WriterSettings writer_settings() const {
    return {primary_,
            limits(),
            schema_.layout,
            kept_by_jobs_,
            options_.durability == Durability::commit,
            options_.schema == PostgresOptions{}.schema};
  }
  /// A server that no longer lets its jobs be set leaves the work to the writer.
  void set_jobs(Connection& connection) {
    auto tables = set_policies(connection, *options_.retention);
    if (tables) {
      kept_by_jobs_ = std::move(*tables);
    } else {
      kLog.warn("old rows go by this program, not by TimescaleDB's jobs: {}", tables.error().context);
    }
  }
  static tl::unexpected<core::Error> not_open() {
    return core::fail(ErrorCode::unavailable, "the database is not open");
  }
  Limits limits() const { return {options_.connect_time, options_.statement_time, options_.statement_time / 3}; }
  ServerSetOptions server_options() const {
    return {options_.connections, limits(), options_.replica_lag, options_.replica_check, options_.metrics};
  }

  const std::string url_;
  const PostgresOptions options_;
  Target primary_;
  Schema schema_;
  std::set<Table> kept_by_jobs_;
  std::shared_ptr<ServerSet> servers_;
  std::weak_ptr<int> writer_gone_;
};

}  // namespace

std::unique_ptr<HistoryStore> make_postgres_store(std::string url, PostgresOptions options) {
  return std::make_unique<PostgresStore>(std::move(url), std::move(options));
}

}  // namespace tickspan::storage::postgres
