#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/metrics.hpp"
#include "storage/history_store.hpp"
#include "storage/retention.hpp"

namespace tickspan::storage::postgres {

struct PostgresOptions {
  /// Short of `commit` the writer keeps what is not on the server's disk for certain, and writes it again when the
  /// server was lost: its crash takes something only together with this program.
  Durability durability = Durability::commit;
  std::vector<std::string> read_urls;                ///< replicas
  std::size_t connections = 4;                       ///< for reading, to each server
  std::chrono::milliseconds connect_time{5'000};     ///< to make a connection
  std::chrono::milliseconds statement_time{15'000};  ///< of one statement
  std::chrono::milliseconds replica_lag{5'000};      ///< a replica further behind is not read from
  std::chrono::milliseconds replica_check{1'000};    ///< how often it is asked
  bool read_only = false;                            ///< no writer; conflict where a migration would be needed
  std::string schema = "tickspan";                   ///< that all tables are in
  /// What TimescaleDB's own jobs are set to, where it has them. Not set: they are left as they are.
  std::optional<Retention> retention = {};
  runtime::Metrics* metrics = nullptr;  ///< where the replicas' state shows; may be null
};

/// History in a PostgreSQL server, version 15 or newer; TimescaleDB is used where it is there.
///
/// open() takes the URLs apart and migrates; wrong ones are invalid_argument there. Several programs may share one
/// database: each transaction of a writer takes its turn.
/// **Threading**: the store by its owner; readers and the writer one thread each. They share the pools of connections.
std::unique_ptr<HistoryStore> make_postgres_store(std::string url, PostgresOptions options = {});

}  // namespace tickspan::storage::postgres
