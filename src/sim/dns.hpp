#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "net/client_address.hpp"
#include "sim/faults.hpp"

namespace tickspan::sim {

/// Where a simulated venue is, by name: `binance-us.tickspan.test` (no certificate's wildcard covers an underscore).
std::string dns_name(std::string_view venue);

/// What is wrong with the answers about a name (lower case, no dot at its end); nothing: there is no such name.
using DnsNames = std::function<std::optional<DnsFault>(std::string_view name)>;

/// The packet that answers the one that came (RFC 1035): every name there is has this one address, for no time at all.
/// What is no question of one name is answered with FORMERR or NOTIMP. Empty: nothing is said.
std::string answer_dns(std::string_view query, const net::IpAddress& address, const DnsNames& names);

}  // namespace tickspan::sim
