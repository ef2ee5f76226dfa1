#pragma once

namespace tickspan::storage::test {

// Frozen: this is what stands on people's disks, not what the code of today would write.

inline constexpr const char* kVersion1Tables = R"sql(
PRAGMA journal_mode = WAL;
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
PRAGMA application_id = 1953198960;
)sql";

/// What versions 2 and 3 added to it.
inline constexpr const char* kVersion3Changes = R"sql(
CREATE TABLE trades(
  series INTEGER NOT NULL, trade INTEGER NOT NULL, at INTEGER NOT NULL, received INTEGER,
  price INTEGER NOT NULL, price_exp INTEGER NOT NULL, amount INTEGER NOT NULL, amount_exp INTEGER NOT NULL,
  side INTEGER NOT NULL, PRIMARY KEY(series, trade)) WITHOUT ROWID;
CREATE INDEX trades_by_time ON trades(series, at);
ALTER TABLE gaps ADD COLUMN state TEXT NOT NULL DEFAULT 'open';
ALTER TABLE gaps ADD COLUMN expected INTEGER NOT NULL DEFAULT -1;
ALTER TABLE gaps ADD COLUMN recovered INTEGER NOT NULL DEFAULT 0;
)sql";

}  // namespace tickspan::storage::test
