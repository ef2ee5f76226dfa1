#include "net/url.hpp"

#include <algorithm>
#include <charconv>

#include "core/catalogue.hpp"
#include "net/client_address.hpp"

namespace tickspan::net {
namespace {

constexpr std::string_view kForm = "expected scheme://host[:port]/path with the scheme http, https, ws or wss";

std::uint16_t default_port(std::string_view scheme) {
  if (scheme == "http" || scheme == "ws") return 80;
  if (scheme == "https" || scheme == "wss") return 443;
  return 0;
}

bool plain_host(std::string_view host) {
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  });
}

bool bracketed_host(std::string_view host) {
  return !host.empty() && host.size() <= 45 && host.find(':') != std::string_view::npos &&
         host.find_first_not_of("0123456789abcdef:.") == std::string_view::npos;
}

// The target goes into the request line as it stands, so nothing in it may end that line.
bool sound_target(std::string_view target) {
  return std::none_of(target.begin(), target.end(),
                      [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; });
}

core::Status split_authority(std::string_view authority, Url& url) {
  const bool bracketed = authority.starts_with('[');
  const auto close = bracketed ? authority.find(']') : std::string_view::npos;
  if (bracketed && close == std::string_view::npos)
    return core::fail(core::ErrorCode::invalid_argument, "a bracket is missing in the host");
  const auto host = bracketed ? authority.substr(1, close - 1) : authority.substr(0, authority.find(':'));
  const auto rest = bracketed ? authority.substr(close + 1) : authority.substr(host.size());
  url.host = core::to_lower(host);
  if (!(bracketed ? bracketed_host(url.host) : plain_host(url.host))) {
    return core::fail(core::ErrorCode::invalid_argument, "the host of the address is not valid");
  }
  if (rest.empty()) return {};
  if (rest.front() != ':') return core::fail(core::ErrorCode::invalid_argument, "the port of the address is not valid");
  const auto port = parse_port(rest.substr(1));
  if (!port) return tl::unexpected(port.error());
  url.port = *port;
  return {};
}

}  // namespace

core::Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) {
    return core::fail(core::ErrorCode::invalid_argument, "a port is a number from 1 to 65535");
  }
  return port;
}

core::Result<std::string> parse_nameserver(std::string_view text) {
  const bool bare_v6 = !text.starts_with('[') && std::count(text.begin(), text.end(), ':') > 1;
  Url url;
  url.port = 53;
  const auto split = split_authority(bare_v6 ? "[" + std::string(text) + "]" : std::string(text), url);
  if (!split || !parse_ip(url.host)) {
    return core::fail(core::ErrorCode::invalid_argument, "a name server has the form 127.0.0.1:53 or [::1]:53");
  }
  return url.host_port();
}

core::Result<Url> parse_url(std::string_view text) {
  Url url;
  const auto separator = text.find("://");
  if (separator == std::string_view::npos) return core::fail(core::ErrorCode::invalid_argument, std::string(kForm));
  url.scheme = core::to_lower(text.substr(0, separator));
  url.port = default_port(url.scheme);
  if (url.port == 0) return core::fail(core::ErrorCode::invalid_argument, std::string(kForm));

  const auto rest = text.substr(separator + 3);
  const auto authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) {
    return core::fail(core::ErrorCode::invalid_argument, "user names in an address are not supported");
  }
  if (const auto split = split_authority(authority, url); !split) return tl::unexpected(split.error());

  auto target = rest.substr(authority.size());
  target = target.substr(0, target.find('#'));
  if (!sound_target(target))
    return core::fail(core::ErrorCode::invalid_argument,
                      "the path of the address holds a space or a control character");
  url.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  return url;
}

std::string Url::authority() const {
  if (port == default_port(scheme)) return host.find(':') == std::string::npos ? host : "[" + host + "]";
  return host_port();
}

std::string Url::host_port() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return name + ":" + std::to_string(port);
}

std::string without_query(std::string_view url) {
  return std::string(url.substr(0, url.find('?')));
}

bool is_loopback_host(std::string_view host) {
  if (host == "localhost" || host.ends_with(".localhost") || host == "::1") return true;
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace tickspan::net
