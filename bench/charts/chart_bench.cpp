// What a chart costs through REST: beside the same rows by bare SQL plus an answer of the same size by the bare HTTP
// server, one after the other in one run; and how long it takes when many ask at once while ticks are written.
// The load runs in a process of its own. docs/benchmarks.md says how to read the figures.

#include <fmt/format.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "load.hpp"
#include "site.hpp"

namespace tickspan::bench {
namespace {

using namespace std::chrono_literals;

struct Options {
  int rounds = 400;
  double per_second = 500, seconds = 10, ticks = 10'000;
  std::size_t connections = 100, cache_mb = 64;
};

struct Ports {
  std::uint16_t site = 0, bare = 0;
};

struct Folder {
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tickspan-charts-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
    path = pattern;
  }
  ~Folder() {
    std::error_code ignored;  // the figures are out already
    std::filesystem::remove_all(path, ignored);
  }
  std::string path;
};

struct Chart {
  const char* name;
  const char* interval;
  int level;
  int candles;
  std::chrono::seconds width;
};
constexpr Chart kCharts[] = {{"30 days of 1h", "1h", 3, 720, 3600s}, {"24 h of 1m", "1m", 0, 1440, 60s}};

/// As the dashboard asks: the newest candles of a pair.
std::string target(const Chart& chart, int pair) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto start = std::chrono::duration_cast<std::chrono::milliseconds>(now - chart.width * chart.candles);
  return fmt::format("/api/v1/candles/coin-{}/usd?venue=binance&interval={}&limit={}&start={}", pair, chart.interval,
                     chart.candles, start.count());
}

/// The rows of a chart by a prepared statement of bare SQLite, every column of them fetched.
class BareSql {
 public:
  explicit BareSql(const std::string& path) {
    if (sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK)
      throw std::runtime_error("cannot open the database");
    sqlite3_prepare_v2(db_,
                       "SELECT start, open, high, low, close, scale, volume, volume_exp, trades, flags FROM candles "
                       "WHERE series = (SELECT id FROM series WHERE base = ?1 AND quote = 'usd' AND venue = 'binance') "
                       "AND interval = ?2 AND start >= ?3 ORDER BY start",
                       -1, &select_, nullptr);
  }
  ~BareSql() {
    sqlite3_finalize(select_);
    sqlite3_close(db_);
  }
  BareSql(const BareSql&) = delete;
  BareSql& operator=(const BareSql&) = delete;

  /// Microseconds.
  double ask(const Chart& chart, int pair) {
    const std::string base = fmt::format("coin-{}", pair);
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
    const auto begin = std::chrono::steady_clock::now();
    sqlite3_bind_text(select_, 1, base.data(), static_cast<int>(base.size()), SQLITE_STATIC);
    sqlite3_bind_int(select_, 2, chart.level);
    sqlite3_bind_int64(select_, 3, (now - chart.width * chart.candles).count());
    std::int64_t sum = 0, rows = 0;
    for (; sqlite3_step(select_) == SQLITE_ROW; ++rows) {
      for (int i = 0; i < 10; ++i) sum += sqlite3_column_int64(select_, i);
    }
    sqlite3_reset(select_);
    const double us = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
    if (rows < chart.candles - 2 || sum == 0) throw std::runtime_error("rows are missing");
    return us;
  }

 private:
  sqlite3* db_ = nullptr;
  sqlite3_stmt* select_ = nullptr;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return quantile(values, 0.5);
}

std::string loads() {
  double load[3] = {};
  return getloadavg(load, 3) == 3 ? fmt::format("{:.1f} {:.1f} {:.1f}", load[0], load[1], load[2]) : "unknown";
}

const char* verdict(bool good) {
  return good ? "ok" : "MISSED";
}

void measure_medians(const Options& options, const std::string& database, Ports ports) {
  Asker site(ports.site), bare(ports.bare);
  BareSql sql(database);
  fmt::print("{:<16}{:>10}{:>10}{:>10}{:>10}{:>8}   load {}\n", "warm, medians", "bytes", "sql us", "http us",
             "chart us", "ratio", loads());
  for (const Chart& chart : kCharts) {
    std::vector<double> charts, statements, answers;
    std::size_t size = 0, bare_size = 0;
    for (int warm = 0; warm < 20; ++warm) {
      site.ask(target(chart, 7), size);
      bare.ask(fmt::format("/{}", size), bare_size);
      sql.ask(chart, 7);
    }
    for (int round = 0; round < options.rounds; ++round) {
      charts.push_back(site.ask(target(chart, 7), size));
      statements.push_back(sql.ask(chart, 7));
      answers.push_back(bare.ask(fmt::format("/{}", size), bare_size));
    }
    const double ratio = median(charts) / (median(statements) + median(answers));
    fmt::print("{:<16}{:>10}{:>10.0f}{:>10.0f}{:>10.0f}{:>8.2f}   <= 1.50 {}\n", chart.name, size, median(statements),
               median(answers), median(charts), ratio, verdict(ratio <= 1.5));
  }
}

void measure_load(const Options& options, Ports ports) {
  OpenLoad load{ports.site, {}, options.per_second, options.seconds, options.connections};
  for (int pair = 0; pair < kPairs; ++pair) {
    for (const Chart& chart : kCharts) load.targets.push_back(target(chart, pair));
  }
  open_loop({load.port, load.targets, load.per_second, 1, load.connections});
  const Delays delays = open_loop(load);
  const double p99 = quantile(delays.ms, 0.99);
  fmt::print("{:.0f}/s offered over {} connections, {} charts of both kinds, {:.0f} ticks/s written   load {}\n",
             options.per_second, options.connections, delays.ms.size(), options.ticks, loads());
  fmt::print(
      "p50 {:.2f} ms, p99 {:.2f} ms (<= 20 {}), max {:.1f} ms, {} failed; the load program was {:.1f} ms late at "
      "most\n",
      quantile(delays.ms, 0.5), p99, verdict(p99 <= 20 && delays.failed == 0), delays.ms.back(), delays.failed,
      delays.sent_late_ms);
}

/// The load's process: told the ports by `told`, and when ticks are being written by another byte. Says when it has
/// come so far by `say`.
int run_load(const Options& options, const std::string& database, int told, int say) {
  try {
    Ports ports;
    char byte = 0;
    if (read(told, &ports, sizeof ports) != sizeof ports) return EXIT_FAILURE;
    measure_medians(options, database, ports);
    if (write(say, &byte, 1) != 1 || read(told, &byte, 1) != 1) return EXIT_FAILURE;
    measure_load(options, ports);
    std::fflush(stdout);
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    fmt::print(stderr, "chart_bench: {}\n", error.what());
    return EXIT_FAILURE;
  }
}

void print_cache(const std::string& metrics) {
  for (std::size_t at = 0; at < metrics.size();) {
    const auto end = std::min(metrics.find('\n', at), metrics.size());
    const std::string_view line(metrics.data() + at, end - at);
    if (line.starts_with("tickspan_storage_cache_")) fmt::print("{}\n", line.substr(17));
    at = end + 1;
  }
}

int serve(const Options& options, const std::string& database, int tell, int heard, pid_t load) {
  int status = 0;
  {
    Site site({database, options.cache_mb, options.ticks});
    const Ports ports{site.port(), site.bare_port()};
    char byte = 0;
    if (write(tell, &ports, sizeof ports) == sizeof ports && read(heard, &byte, 1) == 1) {
      const auto rows = site.rows_written();
      const auto begin = std::chrono::steady_clock::now();
      site.start_writing();
      if (write(tell, &byte, 1) != 1) return EXIT_FAILURE;
      waitpid(load, &status, 0);
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      fmt::print("{:.0f} rows/s written\n", static_cast<double>(site.rows_written() - rows) / seconds);
      print_cache(site.metrics());
    } else {
      waitpid(load, &status, 0);
    }
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app{"Charts through REST, beside bare SQL and bare HTTP"};
  app.add_option("--rounds", options.rounds, "of the medians")->check(CLI::Range(1, 100'000));
  app.add_option("--rate", options.per_second, "charts a second offered")->check(CLI::Range(1, 100'000));
  app.add_option("--seconds", options.seconds, "that they are")->check(CLI::Range(1, 3'600));
  app.add_option("--connections", options.connections, "they come over")->check(CLI::Range(1, 10'000));
  app.add_option("--ticks", options.ticks, "written a second meanwhile")->check(CLI::Range(0, 1'000'000));
  app.add_option("--cache-mb", options.cache_mb, "store.cache_mb; 0 is none")->check(CLI::Range(0, 65'536));
  CLI11_PARSE(app, argc, argv);
  const Folder folder;
  const std::string database = folder.path + "/tickspan.db";
  int down[2], up[2];
  if (pipe(down) != 0 || pipe(up) != 0) throw std::runtime_error("no pipe");
  const pid_t load = fork();  // while there is one thread
  if (load < 0) throw std::runtime_error("no second process");
  if (load == 0) {
    close(down[1]);
    close(up[0]);
    _exit(run_load(options, database, down[0], up[1]));
  }
  close(down[0]);
  close(up[1]);
  return serve(options, database, down[1], up[0], load);
}

}  // namespace
}  // namespace tickspan::bench

int main(int argc, char** argv) {
  try {
    return tickspan::bench::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "chart_bench: {}\n", error.what());
    return EXIT_FAILURE;
  }
}
