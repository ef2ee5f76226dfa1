#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "storage/history_service.hpp"
#include "stream/hub.hpp"

namespace tickspan::app {

/// Which single prices are stored besides candles.
enum class StoreTicks : std::uint8_t {
  off,
  composite,  ///< the composite price of each asset
  all,        ///< and every trade of every exchange
};
enum class Offline : std::uint8_t { simulate, wait, fail };

/// One `[[sources]]` entry: which source, where, with which key.
struct SourceConfig {
  std::string name;
  bool enabled = true;
  std::string ws_url;  ///< empty: the venue's own hosts
  std::string rest_url;
  std::string alternate_ws_url;  ///< exchanges: where to go when that fails; empty: the venue's own, or none
  std::string alternate_rest_url;
  std::string key;                  ///< secret: never printed
  std::string plan;                 ///< aggregators: keyless, demo, pro
  std::int64_t period_s = 5;        ///< CoinAPI
  std::vector<std::string> assets;  ///< CoinAPI; empty: its default ones
};

/// What a venue means by a symbol.
struct SymbolConfig {
  std::string venue;  ///< empty: every venue
  std::string symbol;
  std::string asset;  ///< text id, or `none`
};

/// Everything that can be set, with the defaults. The keys, their meaning and limits stand in config_keys/, once.
struct Config {
  std::vector<std::string> listen = {"0.0.0.0:8000"};
  std::int64_t server_threads = 0;
  bool serve_ui = true;
  bool deflate = true;
  std::string tls_certificate;
  std::string tls_key;
  std::vector<std::string> trusted_proxies;
  std::string forwarded_header = "x-forwarded-for";
  std::int64_t requests_per_second = 200;
  std::int64_t max_connections = 20'000;
  std::int64_t max_connections_per_address = 1'000;
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds idle_timeout{75'000};
  std::size_t header_bytes = 16 * 1024;
  std::size_t body_bytes = 1024 * 1024;

  stream::StreamOptions stream;

  std::string data_dir;                      ///< empty: $XDG_DATA_HOME/tickspan, or ~/.local/share/tickspan
  std::string store_url;                     ///< secret: holds a password
  std::vector<std::string> store_read_urls;  ///< secret
  std::int64_t store_replica_lag_ms = 5'000;
  std::int64_t store_connections = 4;
  std::int64_t store_statement_ms = 15'000;
  StoreTicks store_ticks = StoreTicks::off;
  storage::Durability store_durability = storage::Durability::relaxed;
  storage::Retention retention;
  std::int64_t store_queue_rows = 65'536;
  std::int64_t store_batch_rows = 10'000;
  std::int64_t store_batch_ms = 500;
  std::int64_t store_readers = 2;
  std::int64_t store_cache_mb = 64;
  bool repair_gaps = true;
  bool backfill = true;

  std::int64_t tracked_assets = 300;
  std::int64_t outlier_percent = 3;
  std::int64_t ring_capacity = 65'536;

  Offline offline = Offline::wait;
  std::string proxy;  ///< empty: HTTPS_PROXY of the environment
  std::string ca_file;
  std::vector<std::string> nameservers;  ///< empty: the system's
  std::string log_level = "info";

  std::vector<SourceConfig> sources = default_sources();
  std::vector<SymbolConfig> symbols;
  static std::vector<SourceConfig> default_sources();
};

/// A value as a file or a command line gave it, before anybody knows what it means.
struct RawValue {
  enum class Type { boolean, integer, string, list } type = Type::string;
  std::string text;                ///< of the first three
  std::vector<std::string> items;  ///< of a list of strings
  std::string where;               ///< `tickspan.toml:12` or `--listen`
};
struct RawEntry {
  std::string key;  ///< `server.listen`; of a source `sources.key`
  int table = -1;   ///< which `[[sources]]` or `[[symbols]]` table, from 0; -1 outside
  RawValue value;
};

/// Reads a TOML file into entries. parse_error names file and line.
core::Result<std::vector<RawEntry>> read_config_file(const std::string& path);
/// Applies entries to `config`. invalid_argument: one line naming the key, what is allowed and the nearest match.
core::Status apply_entries(const std::vector<RawEntry>& entries, Config& config);
/// Checks what no single key can: combinations.
core::Status validate(const Config& config);
/// The whole configuration file with every key, its default and one comment each.
std::string default_config_file();

/// `address:port`, `[v6]:port`, `:port` or `port`.
struct HostPort {
  std::string address;
  std::uint16_t port = 0;
};
core::Result<HostPort> parse_listen(std::string_view text);

/// `, did you mean "listen"?` or nothing when nothing is near.
std::string did_you_mean(std::string_view given, const std::vector<std::string>& known);
/// The names a `[[sources]]` table may have: the exchanges that app/sources.cpp lists, then the aggregators.
const std::vector<std::string>& known_sources();
/// Whether a source is used that the configuration does not name.
bool on_by_default(const std::string& name);
/// `BTC` or `SYMBOL=asset-id`.
bool is_coinapi_asset(const std::string& text);

/// `complaint`, then the nearest known name, or all of them when none is near.
std::string unknown_name(std::string_view complaint, std::string_view given, const std::vector<std::string>& known);

}  // namespace tickspan::app
