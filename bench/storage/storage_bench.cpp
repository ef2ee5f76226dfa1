// How fast the SQLite writer takes candles and trades, beside bare SQLite: prepared inserts of the same rows, in
// transactions of the same size. Rounds alternate, and the ratio is the median of theirs, so that a machine that slows
// down halfway does not decide it. Rows come as the engine sends them: candles minute by minute over all series, trades
// of all series mixed. And how many bytes a row takes, beside its size in memory and as a line of text.

#include <fmt/format.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "market_data.hpp"
#include "storage/batch_rows.hpp"
#include "storage/sqlite/candle_codec.hpp"
#include "storage/sqlite/sqlite_store.hpp"
#include "storage/sqlite/sqlite_writer.hpp"
#include "storage/sqlite/trade_blocks.hpp"

namespace {

using namespace tickspan;
using storage::sqlite::PackedCandle;
using storage::sqlite::TradeEncoder;
using storage::sqlite::TradeRow;
using Steady = std::chrono::steady_clock;

constexpr int kSeries = 300;
constexpr int kMinutes = 720;
constexpr int kTrades = 600'000;
constexpr std::size_t kBatchRows = 10'000;
constexpr int kRounds = 7;
constexpr core::Timestamp kStart = core::Timestamp::from_s(1'780'315'200);

[[noreturn]] void die(const std::string& what) {
  throw std::runtime_error(what);
}

struct Folder {
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tickspan-bench-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) die("cannot make a temporary folder");
    path = pattern;
  }
  ~Folder() {
    std::error_code ignored;  // the figures are out already
    std::filesystem::remove_all(path, ignored);
  }
  std::string path;
};

using Groups = std::vector<std::vector<core::WriteBatch>>;

core::WriteBatch& room(Groups& groups, const bench::World& world) {
  if (groups.empty() || groups.back()[0].rows() == kBatchRows) groups.push_back({world.batch()});
  return groups.back()[0];
}

Groups make_candles(const bench::World& world) {
  bench::Market market(kSeries);
  Groups groups;
  for (int m = 0; m < kMinutes; ++m) {
    for (std::size_t s = 0; s < market.series(); ++s) {
      room(groups, world)
          .candles.push_back({{world.assets[s], world.usd, {}},
                              core::Interval::m1,
                              market.candle(s, kStart + std::chrono::minutes(m))});
    }
  }
  return groups;
}

Groups make_trades(const bench::World& world) {
  bench::Market market(kSeries);
  market.start_at(kStart);
  Groups groups;
  for (int i = 0; i < kTrades; ++i)
    room(groups, world).ticks.push_back(market.trade(world, std::chrono::microseconds(200)));
  return groups;
}

double seconds_since(Steady::time_point begin) {
  return std::chrono::duration<double>(Steady::now() - begin).count();
}

double ours(const std::string& path, const Groups& groups) {
  const auto store = storage::sqlite::make_sqlite_store(path);
  if (const auto opened = store->open(); !opened) die(opened.error().context);
  const auto writer = store->writer();
  if (!writer) die(writer.error().context);
  const auto begin = Steady::now();
  for (const auto& group : groups) {
    if (const auto written = (*writer)->write(group); !written) die(written.error().context);
  }
  return seconds_since(begin);
}

/// A row as its integers and, where there is one, a last value of bytes.
struct Row {
  std::vector<std::int64_t> integers;
  std::string bytes;
};
using Rows = std::vector<std::vector<Row>>;

void run(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) die(sqlite3_errmsg(db));
}

/// `rows` into a database like ours that has `table` besides.
double bare(const std::string& path, const char* table, const std::string& insert_sql, const Rows& groups) {
  {
    const auto store = storage::sqlite::make_sqlite_store(path);  // for the schema
    if (const auto opened = store->open(); !opened) die(opened.error().context);
  }
  sqlite3* db = nullptr;
  if (sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK)
    die("cannot open");
  run(db, "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8192;");
  run(db, table);
  sqlite3_stmt* insert = nullptr;
  if (sqlite3_prepare_v2(db, insert_sql.c_str(), -1, &insert, nullptr) != SQLITE_OK) die(sqlite3_errmsg(db));
  const auto begin = Steady::now();
  for (const auto& group : groups) {
    run(db, "BEGIN IMMEDIATE");
    for (const auto& row : group) {
      int column = 0;
      for (const std::int64_t value : row.integers) sqlite3_bind_int64(insert, ++column, value);
      if (!row.bytes.empty()) sqlite3_bind_blob64(insert, ++column, row.bytes.data(), row.bytes.size(), SQLITE_STATIC);
      if (sqlite3_step(insert) != SQLITE_DONE) die(sqlite3_errmsg(db));
      sqlite3_reset(insert);
    }
    run(db, "COMMIT");
  }
  const double seconds = seconds_since(begin);
  sqlite3_finalize(insert);
  sqlite3_close(db);
  return seconds;
}

Rows candle_rows(const Groups& groups) {
  Rows out;
  for (const auto& batches : groups) {
    auto& rows = out.emplace_back();
    for (const auto& row : batches[0].candles) {
      const PackedCandle p = storage::sqlite::pack(row.candle);
      rows.push_back({{row.series.base.value, storage::sqlite::interval_code(row.interval), row.candle.start.seconds(),
                       p.open, p.high, p.low, p.close, p.scale, p.volume, p.volume_exp, p.trades, p.flags},
                      {}});
    }
  }
  return out;
}

Rows trade_rows(const Groups& groups) {
  Rows out;
  for (const auto& batches : groups) {
    auto& rows = out.emplace_back();
    for (const auto& t : batches[0].ticks) {
      rows.push_back({{t.instrument().value + 1, t.event_time().ns, storage::trade_key(t),
                       (t.received_at() - t.event_time()).count(), t.price().mantissa, t.price().exponent,
                       t.amount().mantissa, t.amount().exponent, static_cast<std::int64_t>(t.side())},
                      {}});
    }
  }
  return out;
}

/// The blocks that the writer puts into the file, packed beforehand: each open one once per transaction.
Rows block_rows(const Groups& groups) {
  struct Open {
    std::int64_t at = 0, key = 0;
    TradeEncoder encoder;
  };
  std::map<std::int64_t, Open> open;
  Rows out;
  for (const auto& batches : groups) {
    auto& rows = out.emplace_back();
    std::map<std::int64_t, bool> changed;
    const auto put = [&](std::int64_t series) {
      rows.push_back({{series, open[series].at, open[series].key}, open[series].encoder.bytes()});
    };
    for (const auto& t : batches[0].ticks) {
      const std::int64_t series = t.instrument().value + 1;
      const TradeRow row{t.event_time().ns, t.received_at().ns, storage::trade_key(t), t.price(), t.amount(), t.side()};
      Open& block = open[series];
      if (block.encoder.empty() || !block.encoder.append(row, storage::sqlite::kMaxBlockBytes)) {
        if (changed[series]) put(series);
        block = {row.at, row.key, TradeEncoder(row.at, row.key)};
        if (!block.encoder.append(row, storage::sqlite::kMaxBlockBytes)) die("a trade does not fit");
      }
      changed[series] = true;
    }
    for (const auto& [series, yes] : changed) put(series);
  }
  return out;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// What ours is measured beside, and its times.
struct Peer {
  const char* name;
  std::function<double(const std::string& path)> run;
  std::vector<double> rates = {}, ratios = {};
};

std::string compare(const Folder& folder, const char* what, const Groups& groups, double rows,
                    std::vector<Peer> peers) {
  std::vector<double> rates;
  std::string path;
  for (int round = 0; round < kRounds; ++round) {
    const auto file = [&](std::string_view name) {
      return fmt::format("{}/{}-{}-{}.db", folder.path, what, name, round);
    };
    if (round > 0) std::filesystem::remove(path);
    path = file("ours");
    const double seconds = ours(path, groups);
    rates.push_back(rows / seconds);
    for (std::size_t p = 0; p < peers.size(); ++p) {
      const std::string other = file(std::to_string(p));
      const double bare_seconds = peers[p].run(other);
      std::filesystem::remove(other);
      peers[p].rates.push_back(rows / bare_seconds);
      peers[p].ratios.push_back(bare_seconds / seconds);
    }
  }
  fmt::print("{} {} of {} series, {} a transaction, {} rounds\n", rows, what, kSeries, kBatchRows, kRounds);
  fmt::print("{:<34}{:>10.0f} rows/s\n", "writer", median(rates));
  for (const Peer& peer : peers) {
    const auto [low, high] = std::minmax_element(peer.ratios.begin(), peer.ratios.end());
    fmt::print("{:<34}{:>10.0f} rows/s, ratio {:.2f} ({:.2f} to {:.2f}; aim 0.8)\n", peer.name, median(peer.rates),
               median(peer.ratios), *low, *high);
  }
  return path;
}

void print_size(const std::string& path, double rows, std::size_t raw, double text, const char* aim) {
  fmt::print("{:<34}{:>10.1f} bytes each ({} in memory, {:.1f} as a line of text{})\n", "on disk",
             static_cast<double>(std::filesystem::file_size(path)) / rows, raw, text, aim);
}

void read_back(const std::string& path) {
  const auto store = storage::sqlite::make_sqlite_store(path);
  if (const auto opened = store->open(); !opened) die(opened.error().context);
  auto begin = Steady::now();
  const auto state = store->restore(kStart);
  if (!state) die(state.error().context);
  fmt::print("{:<34}{:>10.0f} ms for {} series of {} minutes\n", "restore", seconds_since(begin) * 1e3,
             state->minutes.size(), kMinutes);
  const auto reader = store->reader();
  if (!reader) die(reader.error().context);
  begin = Steady::now();
  for (int i = 0; i < kSeries; ++i) {
    const auto hours = (*reader)->candles(
        {fmt::format("coin-{}", i), "usd", "", core::Interval::h1, kStart, kStart + std::chrono::hours(24)});
    if (!hours || hours->size() != kMinutes / 60) die("candles are missing");
  }
  fmt::print("{:<34}{:>10.2f} ms a query over {} minutes\n", "1h from 1m", seconds_since(begin) * 1e3 / kSeries,
             kMinutes);
}

void measure_candles(const Folder& folder, const bench::World& world) {
  const auto groups = make_candles(world);
  const auto rows = candle_rows(groups);
  const double count = double{kSeries} * kMinutes;
  double text = 0;
  for (const auto& group : groups) {
    for (const auto& [series, interval, c] : group[0].candles) {
      text += static_cast<double>(fmt::formatted_size("{},{},{},{},{},{}\n", c.start.ms(), c.open.to_string(),
                                                      c.high.to_string(), c.low.to_string(), c.close.to_string(),
                                                      c.volume.to_string()));
    }
  }
  const auto path =
      compare(folder, "candles", groups, count,
              {{"bare SQLite, the same rows", [&](const std::string& file) {
                  return bare(file, "", "INSERT OR REPLACE INTO candles VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", rows);
                }}});
  print_size(path, count, sizeof(core::Candle), text / count, "");
  read_back(path);
}

void measure_trades(const Folder& folder, const bench::World& world) {
  const auto groups = make_trades(world);
  const auto rows = trade_rows(groups), blocks = block_rows(groups);
  double text = 0;
  for (const auto& group : groups) {
    for (const auto& t : group[0].ticks) {
      text += static_cast<double>(fmt::formatted_size("{},{},{},{},{}\n", t.event_time().ms(), t.trade_id(), "sell",
                                                      t.price().to_string(), t.amount().to_string()));
    }
  }
  constexpr const char* kTable =
      "CREATE TABLE bare(series INTEGER NOT NULL, at INTEGER NOT NULL, trade INTEGER NOT NULL, received INTEGER, "
      "price INTEGER NOT NULL, price_exp INTEGER NOT NULL, amount INTEGER NOT NULL, amount_exp INTEGER NOT NULL, "
      "side INTEGER NOT NULL, PRIMARY KEY(series, at, trade)) WITHOUT ROWID";
  const auto path = compare(folder, "trades", groups, kTrades,
                            {{"bare SQLite, a row a trade",
                              [&](const std::string& f) {
                                return bare(f, kTable, "INSERT OR REPLACE INTO bare VALUES(?,?,?,?,?,?,?,?,?)", rows);
                              }},
                             {"bare SQLite, the same blocks", [&](const std::string& f) {
                                return bare(f, "", "INSERT OR REPLACE INTO trade_blocks VALUES(?,?,?,?)", blocks);
                              }}});
  print_size(path, kTrades, sizeof(core::Tick), text / kTrades, "; aim 40");
}

}  // namespace

int main() {
  try {
    const Folder folder;
    const bench::World world(kSeries);
    measure_candles(folder, world);
    measure_trades(folder, world);
    return EXIT_SUCCESS;
  } catch (const std::exception& e) {
    fmt::print(stderr, "storage_bench: {}\n", e.what());
    return EXIT_FAILURE;
  }
}
