// How fast the SQLite writer takes candles, beside bare SQLite: prepared inserts of the same integers into the same
// table, in transactions of the same size. Rounds alternate, and the ratio is the median of theirs, so that a machine
// that slows down halfway does not decide it. Rows come minute by minute over all series, as the engine sends them.

#include <fmt/format.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "storage/sqlite/candle_codec.hpp"
#include "storage/sqlite/sqlite_store.hpp"
#include "storage/sqlite/sqlite_writer.hpp"

namespace {

using namespace tickspan;
using storage::sqlite::PackedCandle;

constexpr int kSeries = 300;
constexpr int kMinutes = 720;
constexpr std::size_t kBatchRows = 10'000;
constexpr int kRounds = 5;
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

/// A random walk per series with prices of two to eight decimals, as venues quote them.
std::vector<core::WriteBatch> make_batches() {
  auto catalogue = std::make_shared<core::Catalogue>();
  const core::AssetId usd = catalogue->upsert_asset({"usd", "usd", "US Dollar", core::AssetKind::fiat, 0});
  std::vector<core::AssetId> assets;
  for (int i = 0; i < kSeries; ++i) {
    assets.push_back(
        catalogue->upsert_asset({fmt::format("coin-{}", i), fmt::format("c{}", i), "Coin", core::AssetKind::coin, i}));
  }
  std::mt19937_64 random(1);
  std::vector<std::int64_t> prices(kSeries);
  for (auto& price : prices) price = 1'000 + static_cast<std::int64_t>(random() % 10'000'000);
  std::vector<core::WriteBatch> batches;
  for (int m = 0; m < kMinutes; ++m) {
    for (std::size_t s = 0; s < prices.size(); ++s) {
      if (batches.empty() || batches.back().candles.size() == kBatchRows) batches.emplace_back().catalogue = catalogue;
      const auto exponent = static_cast<std::int8_t>(-2 - static_cast<int>(s % 7));
      const std::int64_t open = prices[s], step = std::max<std::int64_t>(open / 500, 2);
      prices[s] = std::max<std::int64_t>(
          open + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(2 * step)) - step, 10);
      core::Candle c;
      c.start = kStart + std::chrono::minutes(m);
      c.open = {open, exponent};
      c.close = {prices[s], exponent};
      c.high = {std::max(open, prices[s]) + step / 2, exponent};
      c.low = {std::min(open, prices[s]) - step / 3, exponent};
      c.volume = {static_cast<std::int64_t>(random() % 1'000'000'000), -6};
      c.trades = static_cast<std::uint32_t>(random() % 2000);
      c.final = true;
      batches.back().candles.push_back({{assets[s], usd, {}}, core::Interval::m1, c});
    }
  }
  return batches;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double ours(const std::string& path, const std::vector<core::WriteBatch>& batches) {
  const auto store = storage::sqlite::make_sqlite_store(path);
  if (const auto opened = store->open(); !opened) die(opened.error().context);
  const auto writer = store->writer();
  if (!writer) die(writer.error().context);
  std::vector<std::vector<core::WriteBatch>> groups;
  for (const auto& batch : batches) groups.push_back({batch});
  const auto begin = std::chrono::steady_clock::now();
  for (const auto& group : groups) {
    if (const auto written = (*writer)->write(group); !written) die(written.error().context);
  }
  return seconds_since(begin);
}

void run(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) die(sqlite3_errmsg(db));
}

double bare(const std::string& path, const std::vector<std::vector<std::vector<std::int64_t>>>& groups) {
  {
    const auto store = storage::sqlite::make_sqlite_store(path);  // for the schema
    if (const auto opened = store->open(); !opened) die(opened.error().context);
  }
  sqlite3* db = nullptr;
  if (sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK)
    die("cannot open");
  run(db, "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8192;");
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO candles VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", -1, &insert, nullptr);
  const auto begin = std::chrono::steady_clock::now();
  for (const auto& group : groups) {
    run(db, "BEGIN IMMEDIATE");
    for (const auto& row : group) {
      for (std::size_t i = 0; i < row.size(); ++i) sqlite3_bind_int64(insert, static_cast<int>(i) + 1, row[i]);
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

std::vector<std::vector<std::vector<std::int64_t>>> as_integers(const std::vector<core::WriteBatch>& batches) {
  std::vector<std::vector<std::vector<std::int64_t>>> groups;
  for (const auto& batch : batches) {
    auto& group = groups.emplace_back();
    for (const auto& row : batch.candles) {
      const PackedCandle p = storage::sqlite::pack(row.candle);
      group.push_back({row.series.base.value, storage::sqlite::interval_code(row.interval), row.candle.start.seconds(),
                       p.open, p.high, p.low, p.close, p.scale, p.volume, p.volume_exp, p.trades, p.flags});
    }
  }
  return groups;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void read_back(const std::string& path) {
  const auto store = storage::sqlite::make_sqlite_store(path);
  if (const auto opened = store->open(); !opened) die(opened.error().context);
  auto begin = std::chrono::steady_clock::now();
  const auto state = store->restore(kStart);
  if (!state) die(state.error().context);
  fmt::print("restore       {:>10.0f} ms for {} series of {} minutes\n", seconds_since(begin) * 1e3,
             state->minutes.size(), kMinutes);
  const auto reader = store->reader();
  if (!reader) die(reader.error().context);
  begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kSeries; ++i) {
    const auto hours = (*reader)->candles(
        {fmt::format("coin-{}", i), "usd", "", core::Interval::h1, kStart, kStart + std::chrono::hours(24)});
    if (!hours || hours->size() != kMinutes / 60) die("candles are missing");
  }
  fmt::print("1h from 1m    {:>10.2f} ms a query over {} minutes\n", seconds_since(begin) * 1e3 / kSeries, kMinutes);
}

void measure() {
  const Folder folder;
  const auto batches = make_batches();
  const auto integers = as_integers(batches);
  const double rows = double{kSeries} * kMinutes;
  std::vector<double> our_rates, bare_rates, ratios;
  std::string path;
  for (int round = 0; round < kRounds; ++round) {
    path = fmt::format("{}/ours-{}.db", folder.path, round);
    const double our_seconds = ours(path, batches);
    const double bare_seconds = bare(fmt::format("{}/bare-{}.db", folder.path, round), integers);
    our_rates.push_back(rows / our_seconds);
    bare_rates.push_back(rows / bare_seconds);
    ratios.push_back(bare_seconds / our_seconds);
  }
  fmt::print("{} candles of {} series, {} rows a transaction, {} rounds\n", rows, kSeries, kBatchRows, kRounds);
  fmt::print(
      "writer        {:>10.0f} rows/s\nbare SQLite   {:>10.0f} rows/s\nratio         {:>10.2f} (median of rounds)\n",
      median(our_rates), median(bare_rates), median(ratios));
  fmt::print("on disk       {:>10.1f} bytes a candle\n", static_cast<double>(std::filesystem::file_size(path)) / rows);
  read_back(path);
}

}  // namespace

int main() {
  try {
    measure();
    return EXIT_SUCCESS;
  } catch (const std::exception& e) {
    fmt::print(stderr, "storage_bench: {}\n", e.what());
    return EXIT_FAILURE;
  }
}
