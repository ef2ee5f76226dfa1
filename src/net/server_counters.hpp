#pragma once

#include <cstdint>
#include <string>

#include "net/connection_limits.hpp"
#include "runtime/metrics.hpp"

namespace tickspan::net {

/// What a server refused or ended because of a limit, by reason.
/// **Threading**: any.
class ServerCounters {
 public:
  ServerCounters(runtime::Metrics& metrics, const std::string& prefix);

  /// Connections, and streams that a proxy's client asked for.
  void refused(Refusal why);
  enum class Timeout : std::uint8_t { header, body, idle, write, close };
  void timed_out(Timeout what);
  /// By the status that said so: 413, 414, 431, or malformed.
  void bad_request(int status);
  /// WebSockets that the server had to fail, by their close code.
  void failed_websocket(std::uint16_t close_code);

 private:
  runtime::Counter &refused_connections_, &refused_address_;
  runtime::Counter &header_, &body_, &idle_, &write_, &close_;
  runtime::Counter &malformed_, &header_bytes_, &body_bytes_;
  runtime::Counter &message_bytes_, &protocol_;
};

}  // namespace tickspan::net
