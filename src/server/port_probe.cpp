#include "server/port_probe.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace tickspan::server {

core::Status check_port_free(const std::string& address, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  // What is no numeric address is for the listener to refuse, in its own words.
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> guard(found, freeaddrinfo);
  const int fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, found->ai_protocol);
  if (fd < 0) return {};
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);  // connections of a run before do not count
  const bool taken = bind(fd, found->ai_addr, found->ai_addrlen) != 0 && errno == EADDRINUSE;
  close(fd);
  if (!taken) return {};
  const bool v6 = address.find(':') != std::string::npos;
  const std::string place = (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
  return core::fail(
      core::ErrorCode::io_error,
      "cannot listen on " + place + ": the port is taken by another program; choose another with --listen");
}

}  // namespace tickspan::server
