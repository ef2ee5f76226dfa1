#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/result.hpp"
#include "runtime/event_loop.hpp"
#include "sim/dns.hpp"

namespace tickspan::sim {

/// A name server over UDP for the names of the simulated venues.
/// **Threading**: bind() before the loop hears of it, the rest on the loop's thread. **Ownership**: stop() before the
/// loop ends.
class DnsServer {
 public:
  DnsServer(runtime::EventLoop& loop, DnsNames names);
  ~DnsServer();
  /// Port 0: any free one. `told`: the address that is told of every name. io_error when it is taken.
  core::Status bind(const std::string& address, std::uint16_t port, const std::string& told);
  std::uint16_t port() const;
  void start();
  void stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tickspan::sim
