#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "net/http_client.hpp"
#include "net/url.hpp"

namespace tickspan::net {

/// An HTTP proxy that tunnels by CONNECT.
struct Proxy {
  std::string host;
  std::uint16_t port = 0;
  std::string authorization;  ///< value of Proxy-Authorization, secret; empty without credentials
};

/// `[http://][user[:password]@]host[:port][/]`; port 80 where there is none. Errors never repeat the text.
core::Result<Proxy> parse_proxy(std::string_view text);

/// Whether `host` is in the comma-separated list of suffixes (`example.com`, `.example.com`, `*`, an address).
bool bypasses_proxy(std::string_view host, std::string_view no_proxy);

/// The proxy for this address; nothing where it is to be reached directly: plain text schemes, loopback, NO_PROXY.
core::Result<std::optional<Proxy>> proxy_for(const ClientOptions& options, const Url& url);

/// The request that opens the tunnel.
std::string connect_request(const Proxy& proxy, const Url& url, std::string_view user_agent);

/// Judges the proxy's answer, from the status line to the empty line.
core::Status check_connect_reply(std::string_view head, const Url& url);

}  // namespace tickspan::net
