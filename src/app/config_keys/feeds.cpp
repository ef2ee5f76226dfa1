#include <fmt/format.h>

#include <algorithm>

#include "app/config_keys/key.hpp"
#include "net/url.hpp"

namespace tickspan::app {
namespace {

Refusal set_offline(Offline& target, const RawValue& v) {
  std::string word;
  if (auto refusal = set_choice(word, v, {"simulate", "wait", "fail"})) return refusal;
  target = word == "simulate" ? Offline::simulate : word == "wait" ? Offline::wait : Offline::fail;
  return {};
}

Refusal set_nameservers(std::vector<std::string>& target, const RawValue& v) {
  std::vector<std::string> items = v.items;
  if (v.type != RawValue::Type::list && !v.text.empty()) items = {v.text};
  for (std::string& item : items) {
    auto parsed = net::parse_nameserver(item);
    if (!parsed) return fmt::format("addresses like 127.0.0.1, 127.0.0.1:53 or [::1]:53 (\"{}\" is none)", item);
    item = std::move(*parsed);
  }
  target = std::move(items);
  return {};
}

// It goes out as a header's value.
Refusal set_key(std::string& target, const RawValue& v) {
  const bool sound = v.type == RawValue::Type::string &&
                     std::all_of(v.text.begin(), v.text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!sound) return "text in quotes, without spaces";
  target = v.text;
  return {};
}

Refusal set_assets(SourceConfig& source, const RawValue& v) {
  std::vector<std::string> items = v.type == RawValue::Type::list ? v.items : std::vector<std::string>{v.text};
  for (const std::string& item : items) {
    if (!is_coinapi_asset(item)) return fmt::format("assets like BTC or DOGE=dogecoin (\"{}\" is none)", item);
  }
  source.assets = std::move(items);
  return {};
}

}  // namespace

std::vector<ConfigKey> feeds_keys() {
  return {
      {"feeds.offline", "When no source answers within 10 s: simulate a market (marked as such), wait, or fail.",
       "\"wait\"", [](Config& c, const RawValue& v) { return set_offline(c.offline, v); }},
      {"feeds.proxy", "Proxy for outbound connections, http://[user:password@]host:port; empty is HTTPS_PROXY.", "\"\"",
       [](Config& c, const RawValue& v) { return set_url(c.proxy, v, "http"); }},
      {"feeds.ca_file", "PEM file of certificate authorities to trust instead of the system's.", "\"\"",
       [](Config& c, const RawValue& v) { return set_text(c.ca_file, v); }},
      {"feeds.nameservers",
       "Name servers to ask for the sources' hosts, as 127.0.0.1:53, after the hosts file; none: the system's.", "[]",
       [](Config& c, const RawValue& v) { return set_nameservers(c.nameservers, v); }},
  };
}

std::vector<SourceKey> source_keys() {
  return {
      {"name", fmt::format("Which source: {}.", fmt::join(known_sources(), ", ")), "",
       [](SourceConfig& s, const RawValue& v) { return set_choice(s.name, v, known_sources()); }},
      {"enabled", "Whether it is used.", "true",
       [](SourceConfig& s, const RawValue& v) { return set_bool(s.enabled, v); }},
      {"ws_url", "WebSocket address instead of the venue's own.", "\"\"",
       [](SourceConfig& s, const RawValue& v) { return set_url(s.ws_url, v, "ws"); }},
      {"rest_url", "REST address instead of the venue's own.", "\"\"",
       [](SourceConfig& s, const RawValue& v) { return set_url(s.rest_url, v, "http"); }},
      {"alternate_ws_url", "Where to go when that fails, as to the venue's own second host (Coinbase: Advanced Trade).",
       "\"\"", [](SourceConfig& s, const RawValue& v) { return set_url(s.alternate_ws_url, v, "ws"); }},
      {"alternate_rest_url", "REST address of the same.", "\"\"",
       [](SourceConfig& s, const RawValue& v) { return set_url(s.alternate_rest_url, v, "http"); }},
      {"key", "API key, where the source has them. Keep the file readable by its owner only.", "\"\"",
       [](SourceConfig& s, const RawValue& v) { return set_key(s.key, v); }},
      {"plan", "CoinGecko: keyless, demo or pro.", "\"keyless\"",
       [](SourceConfig& s, const RawValue& v) {
         return set_choice(s.plan, v, {"keyless", "demo", "pro"});
       }},
      {"period_s", "CoinAPI: seconds between two questions, one credit each; what the key's quota leaves may be less.",
       "5", [](SourceConfig& s, const RawValue& v) { return set_int(s.period_s, v, 1, 3600); }},
      {"assets", "CoinAPI: which assets, as BTC or, beyond the ten default ones, SYMBOL=asset-id.",
       R"(["BTC", "ETH", "XRP", "BCH", "ADA", "LTC", "LINK", "XLM", "DOT", "SOL"])", set_assets},
  };
}

std::vector<SymbolKey> symbol_keys() {
  return {
      {"venue", "Which source's symbol; empty is every one's.", "",
       [](SymbolConfig& s, const RawValue& v) { return set_choice(s.venue, v, known_sources()); }},
      {"symbol", "The venue's code of an asset, as in BEAM of BEAM-USD.", "",
       [](SymbolConfig& s, const RawValue& v) { return set_text(s.symbol, v); }},
      {"asset", "The id of the asset that is meant, or none: its pairs are not listened to.", "",
       [](SymbolConfig& s, const RawValue& v) { return set_text(s.asset, v); }},
  };
}

}  // namespace tickspan::app
