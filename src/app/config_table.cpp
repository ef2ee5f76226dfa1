// What the sections' keys (config_keys/) have in common: how a value finds its key, and what the reference file
// config/tickspan.toml looks like, which is written from them and tested to match.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "app/config_keys/key.hpp"
#include "core/catalogue.hpp"

namespace tickspan::app {
namespace {

using core::ErrorCode;
using core::Status;

/// Every key, section by section, in the order of the reference file.
const std::vector<ConfigKey>& keys() {
  static const std::vector<ConfigKey> all = [] {
    std::vector<ConfigKey> out;
    for (const auto section : {server_keys, stream_keys, store_keys, market_keys, feeds_keys, log_keys}) {
      for (ConfigKey& key : section()) out.push_back(std::move(key));
    }
    return out;
  }();
  return all;
}

template <typename Target>
Status apply(const std::vector<Key<Target>>& table, std::string_view prefix, const std::string& name,
             const RawValue& value, Target& target) {
  const auto it = std::find_if(table.begin(), table.end(), [&](const auto& key) { return key.name == name; });
  if (it == table.end()) {
    std::vector<std::string> known;
    for (const auto& key : table) known.push_back(key.name);
    return core::fail(ErrorCode::invalid_argument,
                      unknown_name(fmt::format("{}: unknown key \"{}{}\"", value.where, prefix, name), name, known));
  }
  if (const Refusal allowed = it->set(target, value)) {
    const bool secret =
        name == "key" || name == "proxy" || name == "feeds.proxy" || name == "store.url" || name == "store.read_urls";
    const std::string given = secret ? "the value given"
                                     : fmt::format("\"{}\"", value.type == RawValue::Type::list
                                                                 ? fmt::format("{}", fmt::join(value.items, ", "))
                                                                 : value.text);
    return core::fail(ErrorCode::invalid_argument,
                      fmt::format("{}: {}{} cannot be {}; allowed: {}", value.where, prefix, name, given, *allowed));
  }
  return {};
}

}  // namespace

std::vector<SourceConfig> Config::default_sources() {
  std::vector<SourceConfig> sources;
  for (const std::string& name : known_sources()) {
    sources.emplace_back();
    sources.back().name = name;
    sources.back().enabled = on_by_default(name);
  }
  sources.back().plan = "keyless";
  return sources;
}

std::string did_you_mean(std::string_view given, const std::vector<std::string>& known) {
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(2, given.size() / 2);
  for (const std::string& candidate : known) {
    const std::size_t distance = core::edit_distance(given, candidate);
    if (distance > best_distance || (best != nullptr && distance == best_distance)) continue;
    best = &candidate;
    best_distance = distance;
  }
  return best == nullptr ? "" : fmt::format("; did you mean \"{}\"?", *best);
}

std::string unknown_name(std::string_view complaint, std::string_view given, const std::vector<std::string>& known) {
  const std::string near = did_you_mean(given, known);
  return fmt::format("{}{}", complaint, near.empty() ? fmt::format("; known are {}", fmt::join(known, ", ")) : near);
}

core::Result<HostPort> parse_listen(std::string_view text) {
  HostPort out{"0.0.0.0", 0};
  std::string_view port = text;
  if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
    std::string_view host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
      host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string_view::npos)
      return core::fail(ErrorCode::invalid_argument, "an IPv6 address needs brackets");
    if (host == "localhost") host = "127.0.0.1";
    if (!host.empty()) out.address = std::string(host);
  }
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (port.empty() || error != std::errc{} || end != port.data() + port.size()) {
    return core::fail(ErrorCode::invalid_argument, fmt::format("\"{}\" is not address:port", text));
  }
  return out;
}

namespace {

/// Those that the file names go first, in its order: the order of preference. Named twice, the last word counts, at the
/// place of the first.
void put_first(const std::vector<SourceConfig>& named, std::vector<SourceConfig>& all) {
  std::vector<SourceConfig> out;
  for (const std::vector<SourceConfig>* from : {&named, static_cast<const std::vector<SourceConfig>*>(&all)}) {
    for (const SourceConfig& source : *from) {
      const auto same = std::find_if(out.begin(), out.end(), [&](const auto& s) { return s.name == source.name; });
      if (same == out.end())
        out.push_back(source);
      else if (from == &named)
        *same = source;
    }
  }
  all = std::move(out);
}

Status check_key(const SourceConfig& source) {
  const bool coingecko = source.name == "coingecko", coinapi = source.name == "coinapi";
  if (!source.key.empty() && !coingecko && !coinapi)
    return core::fail(ErrorCode::invalid_argument,
                      fmt::format("the source {} has no keys: take its sources.key out", source.name));
  const bool paid = source.plan == "demo" || source.plan == "pro";
  if (paid && source.key.empty()) {
    return core::fail(ErrorCode::invalid_argument,
                      fmt::format("sources.plan \"{}\" of {} needs sources.key", source.plan, source.name));
  }
  if (coingecko && !paid && !source.key.empty())
    return core::fail(ErrorCode::invalid_argument, "sources.key of coingecko needs sources.plan \"demo\" or \"pro\"");
  if (coinapi && source.enabled && source.key.empty()) {
    return core::fail(ErrorCode::invalid_argument,
                      "the source coinapi needs sources.key: CoinAPI answers nobody without one");
  }
  return {};
}

}  // namespace

Status apply_entries(const std::vector<RawEntry>& entries, Config& config) {
  static const std::vector<SourceKey> kSourceKeys = source_keys();
  static const std::vector<SymbolKey> kSymbolKeys = symbol_keys();
  constexpr std::string_view kSymbols = "symbols.";
  const std::size_t symbols_before = config.symbols.size();
  std::vector<SourceConfig> sources;
  std::vector<std::string> source_places;
  for (const RawEntry& entry : entries) {
    if (entry.table < 0) {
      if (auto done = apply(keys(), "", entry.key, entry.value, config); !done) return done;
      continue;
    }
    const auto index = static_cast<std::size_t>(entry.table);
    if (entry.key.starts_with(kSymbols)) {
      const std::size_t place = symbols_before + index;
      if (config.symbols.size() <= place) config.symbols.resize(place + 1);
      if (auto done =
              apply(kSymbolKeys, kSymbols, entry.key.substr(kSymbols.size()), entry.value, config.symbols[place]);
          !done)
        return done;
      continue;
    }
    if (sources.size() <= index) sources.resize(index + 1);
    if (source_places.size() <= index) source_places.resize(index + 1);
    source_places[index] = entry.value.where;
    if (auto done = apply(kSourceKeys, "sources.", entry.key.substr(std::string_view("sources.").size()), entry.value,
                          sources[index]);
        !done) {
      return done;
    }
  }
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (sources[i].name.empty()) {
      return core::fail(ErrorCode::invalid_argument, fmt::format("{}: this [[sources]] has no name; allowed: {}",
                                                                 source_places[i], fmt::join(known_sources(), ", ")));
    }
  }
  put_first(sources, config.sources);
  return {};
}

Status validate(const Config& config) {
  if (config.tls_certificate.empty() != config.tls_key.empty()) {
    return core::fail(ErrorCode::invalid_argument, "server.tls_certificate and server.tls_key must be given together");
  }
  // What is longer is what remains when the shorter has gone.
  const auto outlives = [](int longer, int shorter) { return longer == 0 || (shorter != 0 && longer >= shorter); };
  if (!outlives(config.retention.hour_days, config.retention.minute_days) ||
      !outlives(config.retention.day_days, config.retention.hour_days)) {
    return core::fail(ErrorCode::invalid_argument,
                      "longer candles are kept at least as long as shorter ones: store.keep_1d_days, "
                      "store.keep_1h_days, store.keep_1m_days");
  }
  for (const SymbolConfig& symbol : config.symbols) {
    if (symbol.symbol.empty() || symbol.asset.empty())
      return core::fail(ErrorCode::invalid_argument, "a [[symbols]] needs symbols.symbol and symbols.asset");
  }
  for (const SourceConfig& source : config.sources) {
    if (auto checked = check_key(source); !checked) return checked;
  }
  if (std::none_of(config.sources.begin(), config.sources.end(), [](const auto& s) { return s.enabled; })) {
    return core::fail(ErrorCode::invalid_argument, "all sources are switched off; enable at least one");
  }
  return {};
}

namespace {

/// Whether a source has a use for the key.
bool concerns(std::string_view key, const SourceConfig& source) {
  const bool coinapi = source.name == "coinapi";
  if (key == "plan") return !source.plan.empty();
  if (key == "key") return coinapi || !source.plan.empty();
  if (key == "period_s" || key == "assets") return coinapi;
  const bool of_exchanges = key == "ws_url" || key == "alternate_ws_url" || key == "alternate_rest_url";
  return !of_exchanges || (!coinapi && source.plan.empty());
}

}  // namespace

std::string default_config_file() {
  std::string out =
      "# Tickspan's configuration: every key with its default. All of it is optional, the file too.\n"
      "# Use it with `tickspan serve --config FILE`; one key alone with `--set server.threads=4`.\n";
  std::string section;
  for (const auto& key : keys()) {
    const auto dot = key.name.find('.');
    if (key.name.substr(0, dot) != section) {
      section = key.name.substr(0, dot);
      out += fmt::format("\n[{}]\n", section);
    }
    out += fmt::format("# {}\n{} = {}\n", key.comment, key.name.substr(dot + 1), key.default_toml);
  }
  out +=
      "\n# One table per source that is to differ from its defaults; a source that is not named here keeps them.\n"
      "# The order is that of preference: where venues fall silent, of the aggregators the first that is live takes "
      "over.\n"
      "# Those that are not named come last, in the order below.\n";
  for (const SourceConfig& source : Config::default_sources()) {
    out += "[[sources]]\n";
    for (const auto& key : source_keys()) {
      if (!concerns(key.name, source)) continue;
      const bool first = source.name == known_sources().front() || key.name == "plan" || source.name == "coinapi";
      if (first) out += fmt::format("# {}\n", key.comment);
      const std::string value = key.name == "name"                         ? fmt::format("\"{}\"", source.name)
                                : key.name == "enabled" && !source.enabled ? "false"
                                                                           : key.default_toml;
      out += fmt::format("{} = {}\n", key.name, value);
    }
    out += '\n';
  }
  out +=
      "# What a venue means by a symbol that several coins have. Without a word of this kind such a symbol is not "
      "mapped,\n"
      "# and /api/v1/sources names it.\n";
  for (const auto& key : symbol_keys()) out += fmt::format("# {}: {}\n", key.name, key.comment);
  out += "# [[symbols]]\n# venue = \"kraken\"\n# symbol = \"LUNA\"\n# asset = \"terra-luna\"\n";
  return out;
}

}  // namespace tickspan::app
