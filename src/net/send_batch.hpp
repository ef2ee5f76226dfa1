#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "core/result.hpp"
#include "net/http_server.hpp"

namespace tickspan::net {

/// Writes to many sockets of one loop in one go: a turn of the fan-out.
/// **Threading**: one loop's thread, where its peers live, too.
class SendBatch {
 public:
  virtual ~SendBatch() = default;
  /// `frames` (framed already) must stay as they are until submit(). Between two submit() a peer appears at most once,
  /// and nothing else is sent to it; closing or aborting it is allowed and may lose them.
  virtual void add(WebSocketPeer& peer, std::string_view frames) = 0;
  /// When it returns every peer has taken what its socket took; the rest waits in the peer's queue (queued_bytes()).
  /// No handler is called from here: who turns out to be gone hears so from the loop.
  virtual void submit() = 0;
};

enum class SendMethod : std::uint8_t {
  direct,    ///< one system call per peer, at once
  io_uring,  ///< one per some hundred peers
};

/// An io_uring that the kernel refuses, or a build without it: unavailable.
core::Result<std::unique_ptr<SendBatch>> make_send_batch(SendMethod method);

}  // namespace tickspan::net
