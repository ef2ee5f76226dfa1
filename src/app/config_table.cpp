// Every key of the configuration: its name, meaning, default and limits, in one place. The reference file
// config/tickspan.toml is written from this table and tested to match it.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "app/config.hpp"
#include "core/catalogue.hpp"
#include "net/client_address.hpp"

namespace tickspan::app {
namespace {

using core::ErrorCode;
using core::Status;

/// What a setter answers when it refuses: what is allowed instead.
using Refusal = std::optional<std::string>;

template <typename Target>
struct Key {
  std::string name;
  std::string comment;
  std::string default_toml;
  std::function<Refusal(Target&, const RawValue&)> set;
};

Refusal set_bool(bool& target, const RawValue& v) {
  if (v.text != "true" && v.text != "false") return "true or false";
  target = v.text == "true";
  return {};
}

Refusal set_int(std::int64_t& target, const RawValue& v, std::int64_t low, std::int64_t high) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(v.text.data(), v.text.data() + v.text.size(), value);
  if (v.type == RawValue::Type::list || error != std::errc{} || end != v.text.data() + v.text.size() || value < low ||
      value > high) {
    return fmt::format("a whole number from {} to {}", low, high);
  }
  target = value;
  return {};
}

Refusal set_text(std::string& target, const RawValue& v) {
  if (v.type != RawValue::Type::string) return "text in quotes";
  target = v.text;
  return {};
}

Refusal set_choice(std::string& target, const RawValue& v, const std::vector<std::string>& choices) {
  if (std::find(choices.begin(), choices.end(), v.text) == choices.end())
    return fmt::format("one of {}{}", fmt::join(choices, ", "), did_you_mean(v.text, choices));
  target = v.text;
  return {};
}

Refusal set_url(std::string& target, const RawValue& v, std::string_view schemes) {
  const bool ok =
      v.text.empty() ||
      ((v.text.starts_with(std::string(schemes) + "://") || v.text.starts_with(std::string(schemes) + "s://")) &&
       v.text.find(' ') == std::string::npos);
  if (!ok) return fmt::format("an address that begins with {0}:// or {0}s://", schemes);
  target = v.text;
  return {};
}

Refusal set_listen(std::vector<std::string>& target, const RawValue& v) {
  std::vector<std::string> items = v.type == RawValue::Type::list ? v.items : std::vector<std::string>{v.text};
  if (items.empty()) return "at least one address, as in [\"0.0.0.0:8000\"]";
  for (const std::string& item : items) {
    if (!parse_listen(item)) return fmt::format("addresses like 127.0.0.1:8000 or [::1]:8000 (\"{}\" is none)", item);
  }
  target = std::move(items);
  return {};
}

Refusal set_ranges(std::vector<std::string>& target, const RawValue& v) {
  std::vector<std::string> items = v.items;
  if (v.type != RawValue::Type::list && !v.text.empty()) items = {v.text};
  if (const auto parsed = net::TrustedProxies::parse(items); !parsed) {
    return fmt::format("addresses and ranges like 10.0.0.0/8 or fd00::/8 ({})", parsed.error().context);
  }
  target = std::move(items);
  return {};
}

Refusal set_offline(Offline& target, const RawValue& v) {
  std::string word;
  if (auto refusal = set_choice(word, v, {"simulate", "wait", "fail"})) return refusal;
  target = word == "simulate" ? Offline::simulate : word == "wait" ? Offline::wait : Offline::fail;
  return {};
}

const std::vector<Key<Config>>& keys() {
  static const std::vector<Key<Config>> table = {
      {"server.listen", "Where to listen: a list of address:port.", R"(["0.0.0.0:8000"])",
       [](Config& c, const RawValue& v) { return set_listen(c.listen, v); }},
      {"server.threads", "Threads that serve clients; 0 is one per core.", "0",
       [](Config& c, const RawValue& v) { return set_int(c.server_threads, v, 0, 256); }},
      {"server.ui", "Whether the dashboard is served, or the API alone.", "true",
       [](Config& c, const RawValue& v) { return set_bool(c.serve_ui, v); }},
      {"server.tls_certificate", "PEM file of the certificate chain; with tls_key, everything is served over TLS.",
       "\"\"", [](Config& c, const RawValue& v) { return set_text(c.tls_certificate, v); }},
      {"server.tls_key", "PEM file of the private key.", "\"\"",
       [](Config& c, const RawValue& v) { return set_text(c.tls_key, v); }},
      {"server.trusted_proxies",
       "Reverse proxies in front, by address or range (10.0.0.0/8): whose word about a client's address is taken.",
       "[]", [](Config& c, const RawValue& v) { return set_ranges(c.trusted_proxies, v); }},
      {"server.forwarded_header",
       "Where they write it: x-forwarded-for, or forwarded (RFC 7239). The other one is never read.",
       "\"x-forwarded-for\"",
       [](Config& c, const RawValue& v) {
         return set_choice(c.forwarded_header, v, {"x-forwarded-for", "forwarded"});
       }},
      {"server.deflate", "Whether WebSocket messages are compressed for clients that offer permessage-deflate.", "true",
       [](Config& c, const RawValue& v) { return set_bool(c.deflate, v); }},
      {"server.requests_per_second",
       "Requests per second and client address, with bursts of twice that; 0 is no limit.", "200",
       [](Config& c, const RawValue& v) { return set_int(c.requests_per_second, v, 0, 1'000'000); }},
      {"store.dir", "Where the database lives; empty is $XDG_DATA_HOME/tickspan or ~/.local/share/tickspan.", "\"\"",
       [](Config& c, const RawValue& v) { return set_text(c.data_dir, v); }},
      {"store.ticks", "Whether single trades are kept, besides candles.", "false",
       [](Config& c, const RawValue& v) { return set_bool(c.store_ticks, v); }},
      {"store.queue_rows", "Rows that may wait for the database.", "65536",
       [](Config& c, const RawValue& v) { return set_int(c.store_queue_rows, v, 1'000, 10'000'000); }},
      {"store.batch_rows", "Rows in one transaction at most.", "10000",
       [](Config& c, const RawValue& v) { return set_int(c.store_batch_rows, v, 1, 1'000'000); }},
      {"store.batch_ms", "How long the first row of a transaction may wait, in milliseconds.", "500",
       [](Config& c, const RawValue& v) { return set_int(c.store_batch_ms, v, 1, 60'000); }},
      {"store.readers", "Threads that answer history requests.", "2",
       [](Config& c, const RawValue& v) { return set_int(c.store_readers, v, 1, 64); }},
      {"market.tracked_assets", "How many coins are tracked, by market capitalisation.", "300",
       [](Config& c, const RawValue& v) { return set_int(c.tracked_assets, v, 1, 2'000); }},
      {"market.ring_capacity", "Ticks that may wait between a feed thread and the engine.", "65536",
       [](Config& c, const RawValue& v) { return set_int(c.ring_capacity, v, 1'024, 16'777'216); }},
      {"feeds.offline", "When no source answers within 10 s: simulate a market (marked as such), wait, or fail.",
       "\"wait\"", [](Config& c, const RawValue& v) { return set_offline(c.offline, v); }},
      {"feeds.proxy", "Proxy for outbound connections, http://[user:password@]host:port; empty is HTTPS_PROXY.", "\"\"",
       [](Config& c, const RawValue& v) { return set_url(c.proxy, v, "http"); }},
      {"feeds.ca_file", "PEM file of certificate authorities to trust instead of the system's.", "\"\"",
       [](Config& c, const RawValue& v) { return set_text(c.ca_file, v); }},
      {"log.level", "What goes to stderr: debug, info, warn or error.", "\"info\"",
       [](Config& c, const RawValue& v) {
         return set_choice(c.log_level, v, {"debug", "info", "warn", "error"});
       }},
  };
  return table;
}

const std::vector<Key<SourceConfig>>& source_keys() {
  static const std::vector<Key<SourceConfig>> table = {
      {"name", fmt::format("Which source: {}.", fmt::join(known_sources(), ", ")), "",
       [](SourceConfig& s, const RawValue& v) { return set_choice(s.name, v, known_sources()); }},
      {"enabled", "Whether it is used.", "true",
       [](SourceConfig& s, const RawValue& v) { return set_bool(s.enabled, v); }},
      {"ws_url", "WebSocket address instead of the venue's own.", "\"\"",
       [](SourceConfig& s, const RawValue& v) { return set_url(s.ws_url, v, "ws"); }},
      {"rest_url", "REST address instead of the venue's own.", "\"\"",
       [](SourceConfig& s, const RawValue& v) { return set_url(s.rest_url, v, "http"); }},
      {"key", "API key, where the source has them. Keep the file readable by its owner only.", "\"\"",
       [](SourceConfig& s, const RawValue& v) { return set_text(s.key, v); }},
      {"plan", "CoinGecko: keyless, demo or pro.", "\"keyless\"",
       [](SourceConfig& s, const RawValue& v) {
         return set_choice(s.plan, v, {"keyless", "demo", "pro"});
       }},
  };
  return table;
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
    const bool secret = name == "key" || name == "proxy" || name == "feeds.proxy";
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

Status apply_entries(const std::vector<RawEntry>& entries, Config& config) {
  std::vector<SourceConfig> sources;
  std::vector<std::string> source_places;
  for (const RawEntry& entry : entries) {
    if (entry.table < 0) {
      if (auto done = apply(keys(), "", entry.key, entry.value, config); !done) return done;
      continue;
    }
    const auto index = static_cast<std::size_t>(entry.table);
    if (sources.size() <= index) sources.resize(index + 1);
    if (source_places.size() <= index) source_places.resize(index + 1);
    source_places[index] = entry.value.where;
    if (auto done = apply(source_keys(), "sources.", entry.key.substr(std::string_view("sources.").size()), entry.value,
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
    const auto same = std::find_if(config.sources.begin(), config.sources.end(),
                                   [&](const auto& s) { return s.name == sources[i].name; });
    if (same != config.sources.end())
      *same = sources[i];
    else
      config.sources.push_back(sources[i]);
  }
  return {};
}

Status validate(const Config& config) {
  if (config.tls_certificate.empty() != config.tls_key.empty()) {
    return core::fail(ErrorCode::invalid_argument, "server.tls_certificate and server.tls_key must be given together");
  }
  for (const SourceConfig& source : config.sources) {
    if ((source.plan == "demo" || source.plan == "pro") && source.key.empty()) {
      return core::fail(ErrorCode::invalid_argument,
                        fmt::format("sources.plan \"{}\" of {} needs sources.key", source.plan, source.name));
    }
  }
  if (std::none_of(config.sources.begin(), config.sources.end(), [](const auto& s) { return s.enabled; })) {
    return core::fail(ErrorCode::invalid_argument, "all sources are switched off; enable at least one");
  }
  return {};
}

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
  out += "\n# One table per source that is to differ from its defaults; a source that is not named here keeps them.\n";
  for (const SourceConfig& source : Config::default_sources()) {
    out += "[[sources]]\n";
    for (const auto& key : source_keys()) {
      const bool aggregator = !source.plan.empty();
      if (!aggregator && (key.name == "key" || key.name == "plan")) continue;
      if (aggregator && key.name == "ws_url") continue;
      if (source.name == known_sources().front() || key.name == "key" || key.name == "plan")
        out += fmt::format("# {}\n", key.comment);
      out += fmt::format("{} = {}\n", key.name,
                         key.name == "name" ? fmt::format("\"{}\"", source.name) : key.default_toml);
    }
    out += '\n';
  }
  out.pop_back();
  return out;
}

}  // namespace tickspan::app
