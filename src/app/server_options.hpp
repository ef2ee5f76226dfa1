#pragma once

#include <string>

#include "app/config.hpp"
#include "server/server.hpp"

namespace tickspan::app {

server::ServerOptions server_options(const Config& config);

/// What to open in a browser: `http://localhost:8000/`.
std::string open_address(const Config& config, std::uint16_t port);

}  // namespace tickspan::app
