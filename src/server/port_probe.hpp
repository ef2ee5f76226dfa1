#pragma once

#include <cstdint>
#include <string>

#include "core/result.hpp"

namespace tickspan::server {

/// io_error naming the place when somebody listens there already. Sockets that share a port by SO_REUSEPORT would not
/// notice: a second program of the same user would quietly take half of the connections.
core::Status check_port_free(const std::string& address, std::uint16_t port);

}  // namespace tickspan::server
