#include "net/proxy.hpp"

#include <openssl/evp.h>

#include <charconv>
#include <cstdlib>

#include "core/catalogue.hpp"

namespace tickspan::net {
namespace {

std::string base64(std::string_view text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string first_of_environment(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  }
  return {};
}

bool matches_suffix(std::string_view host, std::string_view entry) {
  if (entry == "*") return true;
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  if (entry.starts_with('.')) entry.remove_prefix(1);
  if (entry.empty() || !host.ends_with(entry)) return false;
  return host.size() == entry.size() || host[host.size() - entry.size() - 1] == '.';
}

}  // namespace

ClientOptions ClientOptions::from_environment() {
  ClientOptions options;
  options.proxy_url = first_of_environment({"HTTPS_PROXY", "https_proxy"});
  options.no_proxy = first_of_environment({"NO_PROXY", "no_proxy"});
  return options;
}

core::Result<Proxy> parse_proxy(std::string_view text) {
  constexpr auto kCode = core::ErrorCode::invalid_argument;
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos) {
    if (core::to_lower(text.substr(0, scheme)) != "http")
      return core::fail(kCode, "the proxy must be an http:// address");
    text.remove_prefix(scheme + 3);
  }
  Proxy proxy;
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    proxy.authorization = "Basic " + base64(percent_decode(text.substr(0, at), false));
    text.remove_prefix(at + 1);
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  const auto url = parse_url("http://" + std::string(text));
  if (!url || url->target != "/")
    return core::fail(kCode, "the proxy must have the form http://[user:password@]host:port");
  proxy.host = url->host;
  proxy.port = url->port;
  return proxy;
}

bool bypasses_proxy(std::string_view host, std::string_view no_proxy) {
  const std::string name = core::to_lower(host);
  while (!no_proxy.empty()) {
    const auto comma = no_proxy.find(',');
    if (matches_suffix(name, core::to_lower(trimmed(no_proxy.substr(0, comma))))) return true;
    no_proxy = comma == std::string_view::npos ? std::string_view{} : no_proxy.substr(comma + 1);
  }
  return false;
}

core::Result<std::optional<Proxy>> proxy_for(const ClientOptions& options, const Url& url) {
  if (options.proxy_url.empty() || !url.tls() || is_loopback_host(url.host) ||
      bypasses_proxy(url.host, options.no_proxy)) {
    return std::optional<Proxy>{};
  }
  auto proxy = parse_proxy(options.proxy_url);
  if (!proxy) return tl::unexpected(proxy.error());
  return std::optional<Proxy>(std::move(*proxy));
}

std::string connect_request(const Proxy& proxy, const Url& url, std::string_view user_agent) {
  const std::string target = url.host_port();
  std::string text = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
  if (!user_agent.empty()) text.append("User-Agent: ").append(user_agent).append("\r\n");
  if (!proxy.authorization.empty()) text += "Proxy-Authorization: " + proxy.authorization + "\r\n";
  return text + "\r\n";
}

core::Status check_connect_reply(std::string_view head, const Url& url) {
  int status = 0;
  const bool sound = head.starts_with("HTTP/1.") && head.size() >= 12 && head[8] == ' ';
  if (sound) std::from_chars(head.data() + 9, head.data() + 12, status);
  if (status < 100)
    return core::fail(core::ErrorCode::protocol_error, "the proxy's answer to CONNECT is not HTTP", true);
  if (status >= 200 && status < 300) return {};
  if (status == 407)
    return core::fail(core::ErrorCode::unavailable, "the proxy refuses the credentials, or wants some (HTTP 407)",
                      true);
  return core::fail(core::ErrorCode::unavailable,
                    "the proxy refuses a tunnel to " + url.host_port() + " (HTTP " + std::to_string(status) + ")",
                    true);
}

}  // namespace tickspan::net
