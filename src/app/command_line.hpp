#pragma once

#include <string>
#include <vector>

#include "app/config.hpp"
#include "core/time.hpp"

namespace tickspan::app {

enum class Command {
  serve,
  simulate,
  record,
  replay,
  backup,
  restore,
  export_table,
  import_table,
  verify,
  backfill,
  config
};

/// Which table of history, and how it is written.
struct TableOptions {
  std::string kind;             ///< `trades` or `candles`
  std::string venue;            ///< empty: the composite; verify: any
  std::string pair;             ///< `btc/usd`; verify: may be empty
  std::string interval = "1m";  ///< of candles
  std::string form;             ///< `csv` or `ndjson`, for stdin and stdout
  core::Timestamp start, end;   ///< not set: no bound
  bool skip_bad = false;
  std::size_t listed = 100;  ///< verify: findings shown per series
};

/// What the user asked for, checked. Options that do not belong to the command keep their defaults.
struct CommandLine {
  Command command = Command::serve;
  Config config;

  // simulate
  HostPort simulate_listen{"127.0.0.1", 8100};
  std::uint64_t seed = 1;
  double speed = 1;
  std::size_t assets = 100;
  double trades_per_second = 200;
  bool tls = false;
  bool dns = false;
  std::vector<std::string> venues;
  std::vector<std::string> faults;  ///< `VENUE:NAME=VALUE`

  // record and replay
  std::vector<std::string> files;
  std::string venue;
  std::int64_t seconds = 0;  ///< record: 0 is until interrupted
  double replay_speed = 0;   ///< 0: as fast as possible
  bool replay_serve = false;

  // backup, restore, export
  bool force = false;  ///< an existing FILE may be replaced; restore: history may be put aside

  // export, import, verify, backfill
  TableOptions table;
};

/// Either the command, or what to print and the exit code: 0 for --help and --version (stdout), 2 for a usage error
/// (one line on stderr).
struct Exit {
  int code = 0;
  std::string text;
};
tl::expected<CommandLine, Exit> parse_command_line(int argc, const char* const* argv);

}  // namespace tickspan::app
