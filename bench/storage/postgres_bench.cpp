// How fast the PostgreSQL writer takes candles and trades, beside bare libpq: COPY BINARY of the same rows, encoded
// beforehand, into the same tables, in transactions of the same size and with the same wait for the disk (a commit that
// is written; the server's fsync is off for both). What a writer does once (connecting, making pieces, learning the
// series) is done beforehand on both sides and told apart. Rounds alternate on one server of its own, and the ratio is
// the median of theirs. Rows come minute by minute over all series, as the engine sends them. Says how many bytes a row
// takes beside its raw size, and how long a chart takes beside its bare SQL.

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <random>
#include <stdexcept>

#include "../../tests/storage/postgres/server.hpp"
#include "storage/batch_rows.hpp"
#include "storage/postgres/postgres_store.hpp"
#include "storage/postgres/row_codec.hpp"

namespace {

using namespace tickspan;
using storage::postgres::CopyStream;
using storage::test::PostgresServer;
using storage::test::Psql;
using Steady = std::chrono::steady_clock;

constexpr int kSeries = 300;
constexpr int kMinutes = 720;
constexpr int kTrades = 300'000;
constexpr std::size_t kBatchRows = 10'000;
constexpr int kRounds = 9;
constexpr core::Timestamp kStart = core::Timestamp::from_s(1'780'315'200);

[[noreturn]] void die(const std::string& what) {
  throw std::runtime_error(what);
}

double seconds_since(Steady::time_point begin) {
  return std::chrono::duration<double>(Steady::now() - begin).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct World {
  World() : catalogue(std::make_shared<core::Catalogue>()) {
    usd = catalogue->upsert_asset({"usd", "usd", "US Dollar", core::AssetKind::fiat, 0});
    const auto venue = catalogue->upsert_venue({"venue", "Venue", false, "", ""});
    for (int i = 0; i < kSeries; ++i) {
      const std::string id = fmt::format("coin-{}", i);
      assets.push_back(catalogue->upsert_asset({id, id, "Coin", core::AssetKind::coin, i}));
      instruments.push_back(catalogue->add_instrument({venue, assets.back(), usd, id}));
    }
  }
  std::shared_ptr<core::Catalogue> catalogue;
  core::AssetId usd;
  std::vector<core::AssetId> assets;
  std::vector<core::InstrumentId> instruments;
};

/// Random walks with prices of two to eight decimals, as venues quote them.
class Market {
 public:
  explicit Market(std::size_t series) : prices_(series) {
    for (auto& price : prices_) price = 1'000 + static_cast<std::int64_t>(random_() % 10'000'000);
  }
  core::Candle minute(std::size_t s, int index) {
    const auto exponent = exponent_of(s);
    const std::int64_t open = prices_[s], step = std::max<std::int64_t>(open / 500, 2);
    prices_[s] = std::max<std::int64_t>(
        open + static_cast<std::int64_t>(random_() % (2 * static_cast<std::uint64_t>(step))) - step, 10);
    core::Candle c;
    c.start = kStart + std::chrono::minutes(index);
    c.open = {open, exponent};
    c.close = {prices_[s], exponent};
    c.high = {std::max(open, prices_[s]) + step / 2, exponent};
    c.low = {std::min(open, prices_[s]) - step / 3, exponent};
    c.volume = {static_cast<std::int64_t>(random_() % 1'000'000'000), -6};
    c.trades = static_cast<std::uint32_t>(random_() % 2000);
    c.final = true;
    return c;
  }
  core::Tick trade(std::size_t s, core::InstrumentId instrument, int index) {
    core::Tick::Trade t;
    t.instrument = instrument;
    t.trade_id = static_cast<std::uint64_t>(index) + 1;
    t.event_time = kStart + std::chrono::microseconds(100) * index;
    t.received_at = t.event_time + std::chrono::milliseconds(40);
    t.price = {prices_[s] + static_cast<std::int64_t>(random_() % 100), exponent_of(s)};
    t.amount = {1 + static_cast<std::int64_t>(random_() % 10'000'000), -6};
    t.side = random_() % 2 == 0 ? core::Side::buy : core::Side::sell;
    return core::Tick(t);
  }

 private:
  static std::int8_t exponent_of(std::size_t s) { return static_cast<std::int8_t>(-2 - static_cast<int>(s % 7)); }
  std::mt19937_64 random_{1};
  std::vector<std::int64_t> prices_;
};

using Groups = std::vector<std::vector<core::WriteBatch>>;

struct Load {
  core::WriteBatch first;  ///< a row of each series before all others, so that a writer knows them
  Groups groups;
};

core::WriteBatch& room(Groups& groups, const World& world, std::size_t rows) {
  if (groups.empty() || rows % kBatchRows == 0) groups.push_back(std::vector<core::WriteBatch>(1));
  groups.back()[0].catalogue = world.catalogue;
  return groups.back()[0];
}

Load make_minutes(const World& world) {
  Market market(kSeries);
  Load load;
  load.first.catalogue = world.catalogue;
  std::size_t rows = 0;
  for (int m = -1; m < kMinutes; ++m) {
    for (std::size_t s = 0; s < kSeries; ++s) {
      core::WriteBatch& batch = m < 0 ? load.first : room(load.groups, world, rows++);
      batch.candles.push_back({{world.assets[s], world.usd, {}}, core::Interval::m1, market.minute(s, m)});
    }
  }
  return load;
}

Load make_trades(const World& world) {
  Market market(kSeries);
  Load load;
  load.first.catalogue = world.catalogue;
  for (int i = -kSeries; i < kTrades; ++i) {
    const auto s = static_cast<std::size_t>(i + kSeries) % kSeries;
    core::WriteBatch& batch = i < 0 ? load.first : room(load.groups, world, static_cast<std::size_t>(i));
    batch.ticks.push_back(market.trade(s, world.instruments[s], i + kSeries));
  }
  return load;
}

std::vector<CopyStream> encoded(const Groups& groups) {
  std::vector<CopyStream> out;
  for (const auto& group : groups) {
    CopyStream& stream = out.emplace_back();
    for (const auto& row : group[0].candles)
      storage::postgres::put_minute(stream, row.series.base.value + 1, row.candle);
    for (const auto& tick : group[0].ticks) {
      storage::postgres::put_trade(stream, tick.instrument().value + 1, storage::trade_key(tick), tick);
    }
  }
  return out;
}

class Bench {
 public:
  Bench() : url_(server_.make_database("bench")) {}

  void run() {
    const World world;
    measure("candles", "minutes", make_minutes(world), kSeries * kMinutes, sizeof(core::Candle));
    chart();
    measure("trades", "trades", make_trades(world), kTrades, sizeof(core::Tick));
  }

 private:
  std::unique_ptr<storage::HistoryStore> open() {
    auto store = storage::postgres::make_postgres_store(url_);
    if (const auto opened = store->open(); !opened) die(opened.error().context);
    return store;
  }
  void empty() { Psql(url_).run("DROP SCHEMA IF EXISTS tickspan CASCADE; CHECKPOINT"); }

  /// Connected, with pieces made and series known, as the other side is.
  double ours(const Load& load) {
    empty();
    const auto store = open();
    const auto writer = store->writer();
    const auto start = Steady::now();
    write_all(**writer, {{load.first}});
    set_up_.push_back(seconds_since(start));
    const auto begin = Steady::now();
    write_all(**writer, load.groups);
    return seconds_since(begin);
  }

  /// What is there already, as after a crash: every row goes through the staging tables.
  double again(const Groups& groups) {
    const auto store = open();
    const auto writer = store->writer();
    const auto begin = Steady::now();
    write_all(**writer, groups);
    return seconds_since(begin);
  }

  static void write_all(storage::StoreWriter& writer, const Groups& groups) {
    for (const auto& group : groups) {
      if (const auto written = writer.write(group); !written) die(written.error().context);
    }
  }

  /// The tables and their pieces as ours are: the first group is written by ours and then deleted.
  double bare(const std::string& table, const Groups& groups, std::vector<CopyStream> streams) {
    empty();
    {
      const auto store = open();
      if (const auto written = (*store->writer())->write(groups[0]); !written) die(written.error().context);
    }
    Psql(url_).run("TRUNCATE tickspan." + table + "; CHECKPOINT");
    PGconn* const connection = PQconnectdb(url_.c_str());
    if (PQstatus(connection) != CONNECTION_OK) die(PQerrorMessage(connection));
    const auto begin = Steady::now();
    for (CopyStream& stream : streams)
      copy(connection, "COPY tickspan." + table + " FROM STDIN (FORMAT binary)", stream);
    const double seconds = seconds_since(begin);
    PQfinish(connection);
    return seconds;
  }

  static void copy(PGconn* connection, const std::string& sql, CopyStream& stream) {
    PQclear(PQexec(connection, sql.c_str()));
    const std::string_view data = stream.finish();
    if (PQputCopyData(connection, data.data(), static_cast<int>(data.size())) != 1 ||
        PQputCopyEnd(connection, nullptr) != 1) {
      die(PQerrorMessage(connection));
    }
    PGresult* const result = PQgetResult(connection);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) die(PQerrorMessage(connection));
    PQclear(result);
    PQclear(PQgetResult(connection));
  }

  void measure(const std::string& what, const std::string& table, const Load& load, int rows, std::size_t raw) {
    std::vector<double> our_rates, bare_rates, ratios;
    set_up_.clear();
    for (int round = 0; round < kRounds; ++round) {
      const double bare_seconds = bare(table, load.groups, encoded(load.groups));
      const double our_seconds = ours(load);
      our_rates.push_back(rows / our_seconds);
      bare_rates.push_back(rows / bare_seconds);
      ratios.push_back(bare_seconds / our_seconds);
    }
    fmt::print("{} {} of {} series, {} rows a transaction, {} rounds\n", rows, what, kSeries, kBatchRows, kRounds);
    const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
    fmt::print("writer        {:>10.0f} rows/s\nbare COPY     {:>10.0f} rows/s\n", median(our_rates),
               median(bare_rates));
    fmt::print("ratio         {:>10.2f} (median, {:.2f} to {:.2f}; aim 0.8)\n", median(ratios), *low, *high);
    fmt::print("set-up        {:>10.1f} ms once: to connect, make pieces and learn the series\n",
               1e3 * median(set_up_));
    print_size(table, rows, raw);
    fmt::print("again         {:>10.0f} rows/s (all of them there already)\n", rows / again(load.groups));
  }

  void print_size(const std::string& table, int rows, std::size_t raw) {
    const auto size = [&](const char* part) {
      return std::stod(Psql(url_).ask(
                 fmt::format("SELECT sum({}(c.oid)) FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid "
                             "WHERE i.inhparent = 'tickspan.{}'::regclass",
                             part, table))) /
             rows;
    };
    fmt::print("on disk       {:>10.1f} bytes each, {:.1f} of them indexes ({} in memory)\n",
               size("pg_total_relation_size"), size("pg_indexes_size"), raw);
  }

  static double quickest_half(int rounds, const std::function<void()>& work) {
    std::vector<double> times;
    for (int i = 0; i < rounds; ++i) {
      const auto begin = Steady::now();
      work();
      times.push_back(seconds_since(begin) * 1e3);
    }
    return median(times);
  }

  /// 30 days of hours of one pair, and 24 hours of minutes.
  void chart() {
    const auto store = open();
    const World world;
    Market market(1);
    std::vector<core::WriteBatch> group(1);
    group[0].catalogue = world.catalogue;
    for (int m = 0; m < 30 * 1440; ++m) {
      group[0].candles.push_back({{world.assets[0], world.usd, {}}, core::Interval::m1, market.minute(0, m - 43'200)});
    }
    if (const auto written = (*store->writer())->write(group); !written) die(written.error().context);
    const auto reader = std::move(*store->reader());
    Psql bare(url_);
    bare.run("ANALYZE");
    for (const auto& [name, interval, back, level] :
         {std::tuple{"30 days of 1h", core::Interval::h1, 30 * 24, "rollups WHERE level = 3 AND"},
          std::tuple{"24 h of 1m", core::Interval::m1, 24, "minutes WHERE"}}) {
      const auto start = kStart - std::chrono::hours(back);
      const double our_ms = quickest_half(50, [&, interval = interval] {
        const auto found = reader->candles({"coin-0", "usd", "", interval, start, kStart});
        if (!found || found->size() < 700) die("candles are missing");
      });
      const std::string sql = fmt::format(
          "SELECT trades, start, form, open, high, low, close, volume FROM tickspan.{} series = (SELECT id FROM "
          "tickspan.series WHERE base = 'coin-0') AND start >= '{}' AND start < '{}' ORDER BY start DESC",
          level, core::to_rfc3339(start), core::to_rfc3339(kStart));
      const double bare_ms = quickest_half(50, [&] { bare.run(sql); });
      fmt::print("{:<14}{:>10.2f} ms, the bare SQL {:.2f} ms\n", name, our_ms, bare_ms);
    }
  }

  std::vector<double> set_up_;
  PostgresServer server_{{{"shared_buffers", "128MB"}, {"max_wal_size", "4GB"}}};
  const std::string url_;
};

}  // namespace

int main() {
  if (PostgresServer::binaries().empty()) {
    fmt::print("postgres_bench: skipped, no PostgreSQL server is installed\n");
    return EXIT_SUCCESS;
  }
  try {
    Bench().run();
    return EXIT_SUCCESS;
  } catch (const std::exception& e) {
    fmt::print(stderr, "postgres_bench: {}\n", e.what());
    return EXIT_FAILURE;
  }
}
