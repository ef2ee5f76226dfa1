#pragma once

#include <string>

#include "app/config.hpp"
#include "server/server.hpp"

namespace tickspan::app {

/// As many connections as are `wanted`, or as a process may have that can open so many `descriptors`.
std::size_t affordable_connections(std::size_t wanted, std::size_t descriptors);
server::ServerOptions server_options(const Config& config);
/// A line in the log when there can't be as many connections as are configured. Once the server has started.
void say_when_fewer_connections(const Config& config);

/// SIGHUP: reads the certificate again, where there is one. The log says what came of it.
void reload(server::Server& server);

/// What to open in a browser: `http://localhost:8000/`.
std::string open_address(const Config& config, std::uint16_t port);

}  // namespace tickspan::app
