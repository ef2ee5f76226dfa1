#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace tickspan::storage::postgres {

/// A server to talk to. Only `location` and what scrubbed() lets through may be shown.
struct Target {
  std::string url;                   ///< as configured: holds the password
  std::string location;              ///< `postgresql://host:port/database`, no user, no password
  std::vector<std::string> secrets;  ///< what no message may hold
  std::string schema = "tickspan";   ///< that all tables are in

  /// `text` on one line and without any of the secrets.
  std::string scrubbed(std::string_view text) const;
};

/// Takes a connection URL apart; `key` is the setting to name in an error. invalid_argument for anything that is no
/// PostgreSQL URL, and where a password with bare `@` or `/` would end up in the host's or the database's name. No
/// error repeats any part of the URL.
core::Result<Target> parse_target(std::string_view url, std::string_view key);

}  // namespace tickspan::storage::postgres
