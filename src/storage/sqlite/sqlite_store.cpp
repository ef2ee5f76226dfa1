#include "storage/sqlite/sqlite_store.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "storage/sqlite/connection.hpp"
#include "storage/sqlite/file_lock.hpp"
#include "storage/sqlite/migrations.hpp"
#include "storage/sqlite/sqlite_reader.hpp"
#include "storage/sqlite/sqlite_writer.hpp"

namespace tickspan::storage::sqlite {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using core::Result;
using core::Status;

constexpr std::int64_t kWalKeptBytes = 64 << 20;  // a log that grew under a long read shrinks to this

Status make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error && !fs::is_directory(folder, error) && !error) error = std::make_error_code(std::errc::not_a_directory);
  if (!error) return {};
  return core::fail(ErrorCode::io_error,
                    fmt::format("cannot make the folder '{}': {}; make it writable for this user or choose "
                                "another place with --data",
                                folder.string(), error.message()));
}

class SqliteStore final : public HistoryStore {
 public:
  SqliteStore(std::string path, SqliteOptions options)
      : path_(fs::absolute(path).lexically_normal().string()), options_(options) {}

  Status open() override {
    if (write_ || looked_at_) return {};
    if (options_.read_only) return look_at();
    const fs::path path(path_);
    if (auto made = make_folder(path.parent_path()); !made) return made;
    std::error_code absent;
    if (fs::is_directory(path, absent)) {
      return core::fail(
          ErrorCode::io_error,
          fmt::format("cannot open the database '{}': it is a folder; choose another place with --data", path_));
    }
    if (options_.beside) return open_beside();
    auto lock = FileLock::acquire(path_ + ".lock", fmt::format("the database '{}'", path_));
    if (!lock) return tl::unexpected(lock.error());
    auto connection = Connection::open(path_, Connection::Mode::read_write, options_.busy_timeout);
    if (!connection) return tl::unexpected(connection.error());
    if (auto ready = prepare(**connection); !ready) return ready;
    lock_ = std::move(*lock);
    write_ = std::move(*connection);
    return {};
  }

  Result<std::unique_ptr<StoreWriter>> writer() override {
    if (auto free = free_to_write(); !free) return tl::unexpected(free.error());
    auto reading = reader();
    if (!reading) return tl::unexpected(reading.error());
    return make_writer(write_, std::move(*reading), options_.beside);
  }

  Result<std::unique_ptr<StoreTransaction>> transaction() override {
    if (auto free = free_to_write(); !free) return tl::unexpected(free.error());
    return make_transaction(path_, write_, options_.beside);
  }

  Result<std::unique_ptr<StoreSnapshot>> snapshot() override {
    auto connection = read_connection();
    if (!connection) return tl::unexpected(connection.error());
    return make_snapshot(path_, std::move(*connection));
  }

  Result<std::unique_ptr<StoreReader>> reader() override {
    auto connection = read_connection();
    if (!connection) return tl::unexpected(connection.error());
    return make_reader(path_, std::move(*connection));
  }

  Result<core::RestoredState> restore(core::Timestamp since) override {
    const auto connection = read_connection();
    if (!connection) return tl::unexpected(connection.error());
    return read_state(**connection, since);
  }

 private:
  tl::unexpected<core::Error> not_open() const {
    return core::fail(ErrorCode::unavailable, fmt::format("the database '{}' is not open", path_));
  }

  Status free_to_write() const {
    if (looked_at_) {
      return core::fail(ErrorCode::conflict, fmt::format("the database '{}' is open for reading alone", path_));
    }
    if (!write_) return not_open();
    if (write_.use_count() > 1) {
      return core::fail(ErrorCode::conflict, fmt::format("the database '{}' has a writer already", path_));
    }
    return {};
  }

  Status look_at() {
    std::error_code absent;
    if (!fs::is_regular_file(path_, absent)) {
      return core::fail(ErrorCode::not_found,
                        fmt::format("there is no database '{}'; say where it is with --data", path_));
    }
    auto connection = Connection::open(path_, Connection::Mode::read_only, options_.busy_timeout);
    if (!connection) return tl::unexpected(connection.error());
    if (auto fits = require_newest(**connection); !fits) return fits;
    looked_at_ = true;
    return {};
  }

  // The lock of the database itself is held only as long as its schema may have to be made.
  Status open_beside() {
    auto second = FileLock::acquire(path_ + ".second.lock", fmt::format("the place beside the database '{}'", path_));
    if (!second) return tl::unexpected(second.error());
    const auto alone = FileLock::acquire(path_ + ".lock", fmt::format("the database '{}'", path_));
    if (!alone && alone.error().code != ErrorCode::unavailable) return tl::unexpected(alone.error());
    auto connection = Connection::open(path_, Connection::Mode::read_write, options_.busy_timeout);
    if (!connection) return tl::unexpected(connection.error());
    if (alone) {
      if (auto ready = prepare(**connection); !ready) return ready;
    } else {
      if (auto fits = require_newest(**connection); !fits) return fits;
      if (auto configured = configure(**connection); !configured) return configured;
    }
    lock_ = std::move(*second);
    write_ = std::move(*connection);
    return {};
  }

  Status require_newest(Connection& connection) const {
    const auto version = schema_version(connection, path_);
    if (!version) return tl::unexpected(version.error());
    if (*version == newest_schema_version()) return {};
    return core::fail(ErrorCode::conflict,
                      fmt::format("the database '{}' has schema {}, this program reads {}; start it with this "
                                  "version once",
                                  path_, *version, newest_schema_version()));
  }

  Status prepare(Connection& connection) {
    // What a refused database has in its log must stay there, so that it is left as it was found.
    std::error_code absent;
    connection.checkpoint_on_close(!fs::exists(path_ + "-wal", absent));
    const auto version = schema_version(connection, path_);
    if (!version) return tl::unexpected(version.error());
    if (connection.is_read_only()) {
      return core::fail(
          ErrorCode::io_error,
          fmt::format("cannot write to the database '{}': it is read-only; make it writable for this user or choose "
                      "another place with --data",
                      path_));
    }
    connection.checkpoint_on_close(true);
    if (auto configured = configure(connection); !configured) return configured;
    return migrate(connection, *version);
  }

  Status configure(Connection& connection) {
    const auto mode = connection.query_text("PRAGMA journal_mode = WAL");
    if (!mode) return tl::unexpected(mode.error());
    if (*mode != "wal") {
      return core::fail(ErrorCode::io_error,
                        fmt::format("the database '{}' cannot keep a write-ahead log there; choose a place on "
                                    "a local disk with --data",
                                    path_));
    }
    return connection.execute(fmt::format(
        "PRAGMA synchronous = {}; PRAGMA journal_size_limit = {}; PRAGMA cache_size = -{}; PRAGMA temp_store = MEMORY;",
        options_.durability == Durability::commit ? "FULL" : "NORMAL", kWalKeptBytes, options_.cache_kib));
  }

  Result<std::unique_ptr<Connection>> read_connection() {
    if (!write_ && !looked_at_) return not_open();
    auto connection = Connection::open(path_, Connection::Mode::read_only, options_.busy_timeout);
    if (!connection) return connection;
    const auto configured = (*connection)->execute(fmt::format("PRAGMA cache_size = -{};", options_.cache_kib / 4));
    if (!configured) return tl::unexpected(configured.error());
    return connection;
  }

  const std::string path_;
  const SqliteOptions options_;
  std::unique_ptr<FileLock> lock_;  // released after the connection is closed
  std::shared_ptr<Connection> write_;
  bool looked_at_ = false;  // open for reading alone
};

}  // namespace

std::unique_ptr<HistoryStore> make_sqlite_store(std::string path, SqliteOptions options) {
  return std::make_unique<SqliteStore>(std::move(path), options);
}

}  // namespace tickspan::storage::sqlite
