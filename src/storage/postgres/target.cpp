#include "storage/postgres/target.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <memory>

namespace tickspan::storage::postgres {
namespace {

using core::ErrorCode;

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

bool is_host_list(const std::string& hosts) {
  if (!hosts.empty() && hosts.front() == '/') {
    return std::none_of(hosts.begin(), hosts.end(),
                        [](unsigned char c) { return std::iscntrl(c) != 0 || c == '@' || c == '\''; });
  }
  return std::all_of(hosts.begin(), hosts.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == ':' || c == ',';
  });
}

bool is_port_list(const std::string& ports) {
  return std::all_of(ports.begin(), ports.end(), [](unsigned char c) { return std::isdigit(c) != 0 || c == ','; });
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return std::iscntrl(c) != 0; });
}

/// False where libpq would take a piece of an unescaped password for the host, the port or the database.
bool is_unambiguous(std::string_view url) {
  std::string_view rest = url.substr(url.find("://") + 3);
  const std::string_view before_query = rest.substr(0, rest.find('?'));
  const std::string_view authority = before_query.substr(0, before_query.find('/'));
  const std::string_view path = before_query.substr(authority.size());
  return std::count(authority.begin(), authority.end(), '@') <= 1 && path.find('@') == std::string_view::npos;
}

std::map<std::string, std::string> take_apart(const std::string& url) {
  // Its message may quote the URL, password and all: it is never shown.
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(PQconninfoParse(url.c_str(), &message));
  if (message != nullptr) PQfreemem(message);
  std::map<std::string, std::string> out;
  for (const auto* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
    if (option->val != nullptr) out[option->keyword] = option->val;
  }
  return out;
}

std::string make_location(const std::string& hosts, const std::string& ports, const std::string& database) {
  return fmt::format("postgresql://{}{}{}/{}", hosts.empty() ? "localhost" : hosts, ports.empty() ? "" : ":", ports,
                     database);
}

}  // namespace

std::string Target::scrubbed(std::string_view text) const {
  std::string out(text);
  for (const std::string& secret : secrets) {
    for (auto at = out.find(secret); at != std::string::npos; at = out.find(secret, at + 3)) {
      out.replace(at, secret.size(), "***");
    }
  }
  while (!out.empty() && std::isspace(static_cast<unsigned char>(out.back())) != 0) out.pop_back();
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return std::iscntrl(c) != 0; }, ' ');
  return out;
}

core::Result<Target> parse_target(std::string_view url, std::string_view key) {
  const auto refuse = [&](std::string_view why) {
    return core::fail(ErrorCode::invalid_argument, fmt::format("{}: {}", key, why));
  };
  if (!url.starts_with("postgresql://") && !url.starts_with("postgres://")) {
    return refuse("the address of the database starts with postgresql://");
  }
  constexpr std::string_view kEscape =
      "not a URL of a PostgreSQL database (postgresql://user:password@host:port/database); write special characters "
      "of the user's name and the password in percent form, such as %40 for @ and %2F for /";
  if (has_control(url) || !is_unambiguous(url)) return refuse(kEscape);
  const auto parts = take_apart(std::string(url));
  if (parts.empty()) return refuse(kEscape);
  const auto part = [&](const char* name) {
    const auto found = parts.find(name);
    return found == parts.end() ? std::string{} : found->second;
  };
  const std::string hosts = part("host").empty() ? part("hostaddr") : part("host");
  if (!is_host_list(hosts) || !is_port_list(part("port")) || has_control(part("dbname"))) return refuse(kEscape);
  // A `dbname` with `=` or a URL in it would be taken apart once more by libpq.
  const std::string database = part("dbname").empty() ? part("user") : part("dbname");
  if (database.find_first_of("=@") != std::string::npos || database.find("://") != std::string::npos) {
    return refuse(kEscape);
  }
  Target out{std::string(url), make_location(hosts, part("port"), part("dbname")), {}};
  for (const char* name : {"password", "sslpassword"}) {
    if (const std::string secret = part(name); !secret.empty()) out.secrets.push_back(secret);
  }
  return out;
}

}  // namespace tickspan::storage::postgres
