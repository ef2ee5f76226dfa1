// The only place that sees CLI11.
#include "app/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/sources.hpp"
#include "history/table_row.hpp"
#include "sim/simulator.hpp"

namespace tickspan::app {
namespace {

/// Flags that name a configuration key; they are applied after the file, so that they win.
struct ConfigFlags {
  std::string file;
  std::vector<std::string> listen;
  std::string data;
  std::string offline;
  std::string log_level;
  bool no_ui = false;
  std::vector<std::string> set;
};

/// Of every command that reads the configuration.
void add_config_flags(CLI::App& sub, ConfigFlags& flags) {
  sub.add_option("--config", flags.file, "Configuration file (TOML)")->type_name("FILE");
  sub.add_option("--log-level", flags.log_level, "debug, info, warn or error")->type_name("LEVEL");
  sub.add_option("--set", flags.set, "One configuration key, e.g. server.threads=4; repeatable")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

/// Of every command that has the store, too.
void add_store_flags(CLI::App& sub, ConfigFlags& flags) {
  sub.add_option("--data", flags.data, "Where the database lives")->type_name("DIR");
  add_config_flags(sub, flags);
}

void add_listen_flags(CLI::App& sub, ConfigFlags& flags) {
  sub.add_option("--listen", flags.listen, "Where to serve; repeatable")
      ->type_name("ADDR:PORT")
      ->allow_extra_args(false);
  sub.add_flag("--no-ui", flags.no_ui, "Serve the API alone, without the dashboard");
}

RawEntry entry_of(const std::string& key, const std::string& value, const std::string& where) {
  RawEntry entry;
  entry.key = key;
  entry.value.text = value;
  entry.value.where = where;
  return entry;
}

core::Status apply_flags(const ConfigFlags& flags, Config& config) {
  std::vector<RawEntry> entries;
  if (!flags.file.empty()) {
    auto read = read_config_file(flags.file);
    if (!read) return tl::unexpected(read.error());
    entries = std::move(*read);
  }
  if (!flags.listen.empty()) {
    RawEntry entry = entry_of("server.listen", "", "--listen");
    entry.value.type = RawValue::Type::list;
    entry.value.items = flags.listen;
    entries.push_back(entry);
  }
  if (!flags.data.empty()) entries.push_back(entry_of("store.dir", flags.data, "--data"));
  if (!flags.offline.empty()) entries.push_back(entry_of("feeds.offline", flags.offline, "--offline"));
  if (!flags.log_level.empty()) entries.push_back(entry_of("log.level", flags.log_level, "--log-level"));
  if (flags.no_ui) entries.push_back(entry_of("server.ui", "false", "--no-ui"));
  for (const std::string& item : flags.set) {
    const auto equals = item.find('=');
    if (equals == std::string::npos)
      return core::fail(core::ErrorCode::invalid_argument, fmt::format("--set {}: allowed: KEY=VALUE", item));
    entries.push_back(entry_of(item.substr(0, equals), item.substr(equals + 1), "--set"));
  }
  if (auto done = apply_entries(entries, config); !done) return done;
  return validate(config);
}

/// Times and files of the table commands, as given.
struct TableFlags {
  std::string kind, file, start, end;
  std::string start_name = "--start", end_name = "--end";
};

void add_series_flags(CLI::App& sub, TableOptions& table, TableFlags& flags, bool one) {
  CLI::Option* venue = sub.add_option("--venue", table.venue, "Which venue; empty is the composite");
  CLI::Option* pair = sub.add_option("--pair", table.pair, "Which pair, for example btc/usd")->type_name("BASE/QUOTE");
  if (one)
    pair->required();
  else
    venue->needs(pair);
  sub.add_option("--start", flags.start, "From this time: RFC 3339, a date, or milliseconds")->type_name("TIME");
  sub.add_option("--end", flags.end, "Up to this time, which is not part of it")->type_name("TIME");
}

void add_table_flags(CLI::App& sub, CommandLine& out, TableFlags& flags, const std::string& file) {
  sub.add_option("TABLE", out.table.kind, "trades or candles")->required()->check(CLI::IsMember({"trades", "candles"}));
  sub.add_option("FILE", flags.file, file)->required();
  sub.add_option("--interval", out.table.interval, "Of candles: 1m 5m 15m 1h 4h 1d [1m]")
      ->check(CLI::IsMember({"1m", "5m", "15m", "1h", "4h", "1d"}));
  sub.add_option("--format", out.table.form, "csv or ndjson, where FILE is - [csv]")
      ->check(CLI::IsMember({"csv", "ndjson"}));
}

/// An option that the rest of the line leaves nothing to do for is a mistake.
core::Status refuse_idle_table_flags(const CLI::App& sub, const TableOptions& table, const TableFlags& flags) {
  const auto given = [&](const char* name) { return sub.count(name) > 0; };
  if (table.kind == "trades" && given("--interval"))
    return core::fail(core::ErrorCode::invalid_argument, "--interval is for candles; trades have none");
  if (flags.file != "-" && given("--format"))
    return core::fail(core::ErrorCode::invalid_argument,
                      fmt::format("--format is for FILE -; the name \"{}\" tells its own", flags.file));
  return {};
}

core::Status apply_table_flags(const TableFlags& flags, CommandLine& out) {
  if (!flags.file.empty()) out.files = {flags.file};
  for (const auto& [name, text, target] : {std::tuple{flags.start_name, &flags.start, &out.table.start},
                                           std::tuple{flags.end_name, &flags.end, &out.table.end}}) {
    if (text->empty()) continue;
    const auto time = history::parse_time(*text);
    if (!time || !time->is_set()) {
      return core::fail(
          core::ErrorCode::invalid_argument,
          fmt::format("{} cannot be \"{}\"; allowed: 2026-06-01T12:00:00Z, 2026-06-01, milliseconds", name, *text));
    }
    *target = *time;
  }
  if (out.table.start.is_set() && out.table.end.is_set() && out.table.end <= out.table.start)
    return core::fail(core::ErrorCode::invalid_argument,
                      fmt::format("{} is not after {}", flags.end_name, flags.start_name));
  return {};
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) names.push_back(option->get_name());
  return names;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(sub->get_name());
  return names;
}

Exit usage(const std::string& text) {
  return {2, "tickspan: " + text};
}

/// One line for whatever CLI11 calls it.
Exit usage_of(const CLI::ParseError& error) {
  std::string text = error.what();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return usage(text);
}

Exit unknown_option(const CLI::App& sub, const std::string& given) {
  const std::string flag = given.substr(0, given.find('='));
  return usage(unknown_name(fmt::format("{}: unknown option \"{}\"", sub.get_name(), flag), flag, option_names(sub)));
}

std::vector<std::string> exchange_names() {
  std::vector<std::string> names;
  for (const ExchangeSource& source : exchange_sources()) names.push_back(source.name);
  return names;
}

}  // namespace

tl::expected<CommandLine, Exit> parse_command_line(int argc, const char* const* argv) {
  CLI::App app{"Tickspan: a self-hosted, real-time crypto market observatory", "tickspan"};
  app.set_version_flag("--version", "tickspan " TICKSPAN_VERSION);
  app.allow_extras();
  CommandLine out;
  ConfigFlags flags;
  std::string simulate_listen;

  CLI::App* serve = app.add_subcommand("serve", "Collect, keep and serve prices, with the dashboard");
  add_store_flags(*serve, flags);
  serve->add_option("--offline", flags.offline, "When no source answers within 10 s: simulate, wait or fail")
      ->type_name("MODE");
  add_listen_flags(*serve, flags);

  CLI::App* simulate = app.add_subcommand("simulate", "Run the venues on loopback, from a seeded market");
  simulate->add_option("--listen", simulate_listen, "Address and port; port 0 is any free one [127.0.0.1:8100]")
      ->type_name("ADDR:PORT");
  simulate->add_option("--seed", out.seed, "Seed of the market [1]");
  simulate->add_option("--speed", out.speed, "Market seconds per second [1]")->check(CLI::Range(0.01, 100'000.0));
  simulate->add_option("--assets", out.assets, "Coins [100]")->check(CLI::Range(1, 1'000));
  simulate->add_option("--rate", out.trades_per_second, "Trades per second over all venues [200]")
      ->check(CLI::Range(0.1, 1'000'000.0));
  simulate->add_option("--fault", out.faults, "VENUE:NAME=VALUE, a fault from the start on; repeatable")
      ->type_name("FAULT");
  simulate->add_option("--venue", out.venues, "Only these venues; repeatable")
      ->check(CLI::IsMember(sim::simulated_venues()))
      ->allow_extra_args(false);
  simulate->add_flag("--tls", out.tls, "Serve TLS with a throw-away certificate");
  simulate->add_flag("--dns", out.dns,
                     "Give venues names, VENUE.tickspan.test, and answer DNS for them on the same port");

  CLI::App* record = app.add_subcommand("record", "Write the raw frames of one venue to a file (.rec, .rec.gz)");
  record->add_option("FILE", out.files, "The file to write")->required()->expected(1);
  record->add_option("--venue", out.venue, "Which venue [binance]")->check(CLI::IsMember(exchange_names()));
  record->add_option("--seconds", out.seconds, "How long; 0 is until interrupted [0]")
      ->check(CLI::Range(0, 31'536'000));
  add_config_flags(*record, flags);

  CLI::App* replay =
      app.add_subcommand("replay", "Feed recorded files through the decoders; prints one JSON object per file");
  replay->add_option("FILE", out.files, "Recordings: .rec, .jsonl, .ndjson, also .gz")->required();
  replay->add_option("--speed", out.replay_speed, "Times real time; 0 is as fast as possible [0]")
      ->check(CLI::Range(0.0, 1'000'000.0));
  replay->add_flag("--serve", out.replay_serve, "Serve the result until interrupted");
  add_config_flags(*replay, flags);
  add_listen_flags(*replay, flags);
  for (const char* name : {"--listen", "--no-ui"}) replay->get_option(name)->needs("--serve");

  CLI::App* backup = app.add_subcommand("backup", "Copy the store into FILE; a server may go on running");
  backup->add_option("FILE", out.files, "The copy to make")->required()->expected(1);
  backup->add_flag("--force", out.force, "Replace FILE where it exists");
  add_store_flags(*backup, flags);

  CLI::App* restore = app.add_subcommand("restore", "Put a backup in the place of the store, SQLite or PostgreSQL");
  restore->add_option("FILE", out.files, "The copy to restore")->required()->expected(1);
  restore->add_flag("--force", out.force, "Put the history that is there aside");
  add_store_flags(*restore, flags);

  TableFlags table;
  CLI::App* exported = app.add_subcommand("export", "Write trades or candles to FILE (.csv, .ndjson, also .gz; -)");
  add_table_flags(*exported, out, table, "The file to write; - is stdout");
  add_series_flags(*exported, out.table, table, true);
  exported->add_flag("--force", out.force, "Replace FILE where it exists");
  add_store_flags(*exported, flags);

  CLI::App* imported = app.add_subcommand("import", "Read trades or candles from FILE (.csv, .ndjson, also .gz; -)");
  add_table_flags(*imported, out, table, "The file to read; - is stdin");
  add_series_flags(*imported, out.table, table, true);
  imported->get_option("--venue")->check(CLI::IsMember(exchange_names()));
  imported->add_flag("--skip-bad", out.table.skip_bad, "Leave bad rows out instead of refusing the file");
  add_store_flags(*imported, flags);

  CLI::App* verify = app.add_subcommand("verify", "Recount candles from trades and list what differs or is missing");
  add_series_flags(*verify, out.table, table, false);
  verify->add_option("--list", out.table.listed, "How many findings are shown per series [100]")
      ->check(CLI::Range(0, 1'000'000));
  add_store_flags(*verify, flags);

  CLI::App* backfill =
      app.add_subcommand("backfill", "Fetch the past of a pair from its venues; a server may go on running");
  backfill->add_option("--pair", out.table.pair, "Which pair, for example btc/usd")
      ->type_name("BASE/QUOTE")
      ->required();
  backfill->add_option("--from", table.start, "From this time: RFC 3339, a date, or milliseconds")
      ->type_name("TIME")
      ->required();
  backfill->add_option("--to", table.end, "Up to this time, which is not part of it [now]")->type_name("TIME");
  backfill->add_option("--venue", out.table.venue, "Which venue [all enabled ones that have the pair]");
  backfill->add_option("--interval", out.table.interval, "1m: minutes, hours and days; 1h: no minutes [1m]")
      ->check(CLI::IsMember({"1m", "1h"}));
  add_store_flags(*backfill, flags);

  CLI::App* config = app.add_subcommand("config", "Print the configuration file with every key and its default");
  for (CLI::App* sub : {serve, simulate, record, replay, backup, restore, exported, imported, verify, backfill, config})
    sub->allow_extras();

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const auto chosen = app.get_subcommands();
    return tl::unexpected(Exit{0, chosen.empty() ? app.help() : chosen.front()->help(app.get_name())});
  } catch (const CLI::CallForVersion& version) {
    return tl::unexpected(Exit{0, std::string(version.what()) + "\n"});
  } catch (const CLI::ParseError& error) {
    // The value of an option that is none was taken for something else: that is not what is wrong.
    for (const CLI::App* sub : app.get_subcommands()) {
      for (const std::string& extra : sub->remaining()) {
        if (extra.starts_with("--")) return tl::unexpected(unknown_option(*sub, extra));
      }
    }
    return tl::unexpected(usage_of(error));
  }

  const auto chosen = app.get_subcommands();
  if (chosen.empty()) {
    const auto extras = app.remaining();
    if (extras.empty())
      return tl::unexpected(usage(fmt::format("no command; known are {}", fmt::join(command_names(app), ", "))));
    return tl::unexpected(
        usage(unknown_name(fmt::format("unknown command \"{}\"", extras.front()), extras.front(), command_names(app))));
  }
  CLI::App* sub = chosen.front();
  if (const auto extras = app.remaining(true); !extras.empty())
    return tl::unexpected(unknown_option(*sub, extras.front()));

  if (sub == serve) out.command = Command::serve;
  if (sub == simulate) out.command = Command::simulate;
  if (sub == record) out.command = Command::record;
  if (sub == replay) out.command = Command::replay;
  if (sub == backup) out.command = Command::backup;
  if (sub == restore) out.command = Command::restore;
  if (sub == exported) out.command = Command::export_table;
  if (sub == imported) out.command = Command::import_table;
  if (sub == verify) out.command = Command::verify;
  if (sub == backfill) {
    out.command = Command::backfill;
    table.start_name = "--from";
    table.end_name = "--to";
  }
  if (sub == config) out.command = Command::config;
  if (out.venue.empty()) out.venue = "binance";
  if (!simulate_listen.empty()) {
    const auto parsed = parse_listen(simulate_listen);
    if (!parsed) return tl::unexpected(usage("--listen: " + parsed.error().context + "; allowed: address:port"));
    out.simulate_listen = *parsed;
  }
  if (sub == exported || sub == imported) {
    if (auto used = refuse_idle_table_flags(*sub, out.table, table); !used)
      return tl::unexpected(usage(used.error().context));
  }
  if (auto applied = apply_flags(flags, out.config); !applied) return tl::unexpected(usage(applied.error().context));
  if (auto applied = apply_table_flags(table, out); !applied) return tl::unexpected(usage(applied.error().context));
  return out;
}

}  // namespace tickspan::app
