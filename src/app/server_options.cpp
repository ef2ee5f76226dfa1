#include "app/server_options.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/descriptors.hpp"
#include "runtime/log.hpp"

namespace tickspan::app {
namespace {

constexpr runtime::Log kLog{"app"};
// The database's, the venues', and the connections that are only being told that there is no room.
constexpr std::size_t kOwnDescriptors = 512;

}  // namespace

std::size_t affordable_connections(std::size_t wanted, std::size_t descriptors) {
  return std::min(wanted, descriptors - std::min(kOwnDescriptors, descriptors / 2));
}

server::ServerOptions server_options(const Config& config) {
  server::ServerOptions options;
  options.listen.clear();
  for (const std::string& item : config.listen) {
    const auto parsed = parse_listen(item);  // checked when the configuration was read
    options.listen.push_back({parsed->address, parsed->port});
  }
  options.threads = static_cast<std::size_t>(config.server_threads);
  options.serve_ui = config.serve_ui;
  options.tls_certificate_file = config.tls_certificate;
  options.tls_key_file = config.tls_key;
  const bool rfc7239 = config.forwarded_header == "forwarded";
  // Checked when the configuration was read, too.
  options.trusted_proxies = *net::TrustedProxies::parse(
      config.trusted_proxies, rfc7239 ? net::ForwardedHeader::forwarded : net::ForwardedHeader::x_forwarded_for);
  options.deflate = config.deflate;
  options.requests_per_second = static_cast<std::size_t>(config.requests_per_second);
  options.max_connections_per_address = static_cast<std::size_t>(config.max_connections_per_address);
  options.header_timeout = config.header_timeout;
  options.idle_timeout = config.idle_timeout;
  options.max_header_bytes = config.header_bytes;
  options.max_body_bytes = config.body_bytes;
  options.stream = config.stream;
  options.max_connections =
      affordable_connections(static_cast<std::size_t>(config.max_connections), runtime::descriptor_limit());
  return options;
}

void say_when_fewer_connections(const Config& config) {
  const std::size_t descriptors = runtime::descriptor_limit();
  const auto wanted = static_cast<std::size_t>(config.max_connections);
  const std::size_t possible = affordable_connections(wanted, descriptors);
  if (possible == wanted) return;
  kLog.warn("at most {} connections instead of {}: this process may open {} files (ulimit -n, LimitNOFILE)", possible,
            wanted, descriptors);
}

void reload(server::Server& server) {
  const auto reloaded = server.reload_tls();
  if (!reloaded) return kLog.error("the certificate stays as it was: {}", reloaded.error().context);
  kLog.info("{}", *reloaded ? "the certificate has been read again" : "SIGHUP: no TLS, so there is nothing to reload");
}

std::string open_address(const Config& config, std::uint16_t port) {
  const auto first = parse_listen(config.listen.front());
  const bool anywhere = first->address == "0.0.0.0" || first->address == "::";
  const bool v6 = first->address.find(':') != std::string::npos;
  const std::string host = anywhere ? "localhost" : v6 ? "[" + first->address + "]" : first->address;
  return fmt::format("{}://{}:{}/", config.tls_certificate.empty() ? "http" : "https", host, port);
}

}  // namespace tickspan::app
