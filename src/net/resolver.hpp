#pragma once

// Internal to the clients: names Asio types, so only their .cpp files include it.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "runtime/event_loop.hpp"

namespace tickspan::net {

/// Looks up a host name on the loop itself: the system's hosts file first, then name servers. Each lookup has sockets
/// of its own, so that a name whose servers are mute holds up nobody else's.
/// **Threading**: the loop's thread. **Ownership**: must outlive resolve(); cancel() ends it.
/// **Limits**: one lookup at a time, eight addresses.
class Resolver {
 public:
  using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

  explicit Resolver(runtime::EventLoop& loop);
  ~Resolver();

  /// At least one address, IPv4 before IPv6; `host` may be one itself. Asks `nameservers` (`127.0.0.1:53`), the
  /// system's where there are none. Error: unavailable, `cannot resolve HOST: why`, after `patience` at the latest.
  /// The references must stay valid until it returns.
  boost::asio::awaitable<core::Result<Endpoints>> resolve(const std::string& host, std::uint16_t port,
                                                          const std::vector<std::string>& nameservers,
                                                          core::Duration patience);
  /// Ends the lookup under way with an error, at once. May be called at any time, repeatedly.
  void cancel() noexcept;

 private:
  class Lookup;

  runtime::EventLoop& loop_;
  boost::asio::steady_timer done_;  // a signal: cancelled when the lookup is over
  std::unique_ptr<Lookup> lookup_;
};

}  // namespace tickspan::net
