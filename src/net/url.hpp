#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace tickspan::net {

/// An absolute address as a client uses it.
struct Url {
  std::string scheme;  ///< `http`, `https`, `ws` or `wss`
  std::string host;    ///< lower case; IPv6 without brackets
  std::uint16_t port = 0;
  std::string target;  ///< path and query, at least `/`

  bool tls() const { return scheme == "https" || scheme == "wss"; }
  /// `host`, or `host:port` where the port isn't the scheme's own: the value of the Host header.
  std::string authority() const;
  /// `host:port`, always with the port; IPv6 in brackets.
  std::string host_port() const;
};

/// invalid_argument for anything else than `scheme://host[:port][/path][?query]`. User names in addresses are refused.
/// The error never repeats the query, which may hold a key.
core::Result<Url> parse_url(std::string_view text);

/// The part of a URL before its query: what may stand in a log.
std::string without_query(std::string_view url);

/// `127.0.0.0/8`, `::1` and `localhost` (with its subdomains).
bool is_loopback_host(std::string_view host);

/// Digits only, 1..65535.
core::Result<std::uint16_t> parse_port(std::string_view text);

/// A name server, an address with a port or without (53), IPv6 with a port in brackets: as `127.0.0.1:53`, `[::1]:53`.
core::Result<std::string> parse_nameserver(std::string_view text);

}  // namespace tickspan::net
