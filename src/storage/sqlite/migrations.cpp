#include "storage/sqlite/migrations.hpp"

#include <fmt/format.h>

#include <array>

#include "storage/sqlite/old_trades.hpp"

namespace tickspan::storage::sqlite {
namespace {

// The schema's history. A step that was released is never edited: files of its form exist. A new one goes at the end.
//
// Times: `start` of candles in seconds, `at` of points in milliseconds, all others in nanoseconds, since 1970 UTC.
// Candles: see candle_codec.hpp. Exact decimals elsewhere: `x` is the mantissa, `x_exp` the power of ten.
constexpr std::array kSteps = {
    // 1
    R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE series(
  id INTEGER PRIMARY KEY, base TEXT NOT NULL, quote TEXT NOT NULL, venue TEXT NOT NULL, UNIQUE(base, quote, venue));
CREATE TABLE candles(
  series INTEGER NOT NULL, interval INTEGER NOT NULL, start INTEGER NOT NULL,
  open INTEGER NOT NULL, high INTEGER NOT NULL, low INTEGER NOT NULL, close INTEGER NOT NULL, scale INTEGER NOT NULL,
  volume INTEGER NOT NULL, volume_exp INTEGER NOT NULL, trades INTEGER NOT NULL, flags INTEGER NOT NULL,
  PRIMARY KEY(series, interval, start)) WITHOUT ROWID;
CREATE TABLE points(
  series INTEGER NOT NULL, at INTEGER NOT NULL, price REAL NOT NULL, market_cap REAL, volume_24h REAL,
  PRIMARY KEY(series, at)) WITHOUT ROWID;
CREATE TABLE assets(
  position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, symbol TEXT NOT NULL, name TEXT NOT NULL,
  kind INTEGER NOT NULL, rank INTEGER NOT NULL);
CREATE TABLE facts(
  asset TEXT PRIMARY KEY, symbol TEXT NOT NULL, name TEXT NOT NULL, rank INTEGER NOT NULL,
  price INTEGER, price_exp INTEGER, high_24h INTEGER, high_24h_exp INTEGER, low_24h INTEGER, low_24h_exp INTEGER,
  change_24h REAL, change_24h_pct REAL, market_cap REAL, volume_24h REAL,
  circulating_supply REAL, total_supply REAL, max_supply REAL,
  updated_at INTEGER NOT NULL, received_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE prices(
  asset TEXT PRIMARY KEY, price INTEGER NOT NULL, price_exp INTEGER NOT NULL, as_of INTEGER NOT NULL,
  source TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE gaps(
  start INTEGER NOT NULL, venue TEXT NOT NULL, symbol TEXT NOT NULL, end INTEGER NOT NULL, cause TEXT NOT NULL,
  PRIMARY KEY(start, venue, symbol)) WITHOUT ROWID;
)sql",
    // 2: trades, where storing them is on. `received` is nanoseconds after `at`, NULL where `at` is our own time.
    R"sql(
CREATE TABLE trades(
  series INTEGER NOT NULL, trade INTEGER NOT NULL, at INTEGER NOT NULL, received INTEGER,
  price INTEGER NOT NULL, price_exp INTEGER NOT NULL, amount INTEGER NOT NULL, amount_exp INTEGER NOT NULL,
  side INTEGER NOT NULL, PRIMARY KEY(series, trade)) WITHOUT ROWID;
CREATE INDEX trades_by_time ON trades(series, at);
)sql",
    // 3: what became of a gap. `expected` is -1 where it is not known.
    R"sql(
ALTER TABLE gaps ADD COLUMN state TEXT NOT NULL DEFAULT 'open';
ALTER TABLE gaps ADD COLUMN expected INTEGER NOT NULL DEFAULT -1;
ALTER TABLE gaps ADD COLUMN recovered INTEGER NOT NULL DEFAULT 0;
)sql",
    // 4: many trades to a row, see trade_codec.hpp; `at` and `trade` are the first one's. `trades` is emptied into it
    // bit by bit by whoever writes (old_trades.hpp): a start must not wait for that.
    R"sql(
CREATE TABLE trade_blocks(
  series INTEGER NOT NULL, at INTEGER NOT NULL, trade INTEGER NOT NULL, rows BLOB NOT NULL,
  PRIMARY KEY(series, at, trade)) WITHOUT ROWID;
)sql",
    // 5: whose price an asset's was, from when on. `before` is empty where nobody gave one.
    R"sql(
CREATE TABLE takeovers(
  asset TEXT NOT NULL, at INTEGER NOT NULL, before TEXT NOT NULL, source TEXT NOT NULL, cause TEXT NOT NULL,
  PRIMARY KEY(asset, at)) WITHOUT ROWID;
CREATE INDEX takeovers_by_time ON takeovers(at, asset);
)sql",
};

core::Status run_step(Connection& connection, std::size_t index) {
  const std::string sql =
      fmt::format("BEGIN EXCLUSIVE; {} PRAGMA application_id = {}; PRAGMA user_version = {}; COMMIT;", kSteps[index],
                  kApplicationId, index + 1);
  if (auto status = connection.execute(sql); !status) {
    if (connection.in_transaction()) {
      // The first failure is the one to report; a failed rollback is repeated by SQLite at the next open.
      [[maybe_unused]] const auto rolled_back = connection.execute("ROLLBACK");
    }
    return status;
  }
  return {};
}

}  // namespace

int newest_schema_version() {
  return static_cast<int>(kSteps.size());
}

core::Result<int> schema_version(Connection& connection, const std::string& path, std::string_view way_out) {
  const auto version = connection.query_integer("PRAGMA user_version");
  if (!version) return tl::unexpected(version.error());
  const auto application = connection.query_integer("PRAGMA application_id");
  if (!application) return tl::unexpected(application.error());
  const auto tables = connection.query_integer("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tl::unexpected(tables.error());
  if (*application != kApplicationId && (*tables != 0 || *version != 0 || *application != 0)) {
    return core::fail(core::ErrorCode::conflict,
                      fmt::format("'{}' is a database of another program; {}", path, way_out));
  }
  if (*version < 0 || *version > newest_schema_version()) {
    return core::fail(
        core::ErrorCode::conflict,
        fmt::format("the database '{}' was written by a newer version (schema {}, this program knows up to {}); "
                    "install that version or {}",
                    path, *version, newest_schema_version(), way_out));
  }
  return static_cast<int>(*version);
}

core::Status migrate(Connection& connection, int version) {
  for (auto step = static_cast<std::size_t>(version); step < kSteps.size(); ++step) {
    if (auto status = run_step(connection, step); !status) return status;
  }
  return drop_empty_old_trades(connection);
}

}  // namespace tickspan::storage::sqlite
