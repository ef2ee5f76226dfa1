#include <fmt/format.h>

#include "app/config_keys/key.hpp"
#include "net/client_address.hpp"

namespace tickspan::app {
namespace {

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

Refusal set_io(net::SendMethod& target, const RawValue& v) {
  std::string word;
  if (auto refusal = set_choice(word, v, {"direct", "io_uring"})) return refusal;
  target = word == "direct" ? net::SendMethod::direct : net::SendMethod::io_uring;
  return {};
}

void append(std::vector<ConfigKey>& out, std::vector<ConfigKey> more) {
  for (ConfigKey& key : more) out.push_back(std::move(key));
}

std::vector<ConfigKey> place_keys() {
  return {
      {"server.listen", "Where to listen: a list of address:port.", R"(["0.0.0.0:8000"])",
       [](Config& c, const RawValue& v) { return set_listen(c.listen, v); }},
      {"server.threads", "Threads that serve clients; 0 is one per core.", "0",
       [](Config& c, const RawValue& v) { return set_int(c.server_threads, v, 0, 256); }},
      {"server.ui", "Whether the dashboard is served, or the API alone.", "true",
       [](Config& c, const RawValue& v) { return set_bool(c.serve_ui, v); }},
      {"server.tls_certificate",
       "PEM file of the certificate chain; with tls_key, everything is served over TLS. Read again on SIGHUP.", "\"\"",
       [](Config& c, const RawValue& v) { return set_text(c.tls_certificate, v); }},
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
      {"server.io",
       "How streams are written: direct, or io_uring where the kernel allows it (many sockets per system call).",
       "\"direct\"", [](Config& c, const RawValue& v) { return set_io(c.stream.send_method, v); }},
  };
}

std::vector<ConfigKey> limit_keys() {
  return {
      {"server.requests_per_second",
       "Requests per second and client address, with bursts of twice that; 0 is no limit.", "200",
       [](Config& c, const RawValue& v) { return set_int(c.requests_per_second, v, 0, 1'000'000); }},
      {"server.max_connections",
       "Connections of the whole program at a time; fewer where it may not open as many files (LimitNOFILE).", "20000",
       [](Config& c, const RawValue& v) { return set_int(c.max_connections, v, 1, 10'000'000); }},
      {"server.max_connections_per_address",
       "Of these for one client: an IPv4 address or an IPv6 network of 64 bits; 0 is no limit.", "1000",
       [](Config& c, const RawValue& v) { return set_int(c.max_connections_per_address, v, 0, 10'000'000); }},
      {"server.header_timeout_s", "Seconds for a request's header to be complete, TLS and WebSocket handshakes too.",
       "10", [](Config& c, const RawValue& v) { return set_seconds(c.header_timeout, v, 1, 300); }},
      {"server.idle_timeout_s",
       "Seconds that a connection is kept for its next request, and that a body or an answer may take.", "75",
       [](Config& c, const RawValue& v) { return set_seconds(c.idle_timeout, v, 1, 3'600); }},
      {"server.header_bytes", "Bytes of a request's first line and header fields.", "16384",
       [](Config& c, const RawValue& v) { return set_count(c.header_bytes, v, 1'024, 1'048'576); }},
      {"server.body_bytes", "Bytes of a request's body.", "1048576",
       [](Config& c, const RawValue& v) { return set_count(c.body_bytes, v, 0, 67'108'864); }},
  };
}

}  // namespace

std::vector<ConfigKey> server_keys() {
  auto keys = place_keys();
  append(keys, limit_keys());
  return keys;
}

}  // namespace tickspan::app
