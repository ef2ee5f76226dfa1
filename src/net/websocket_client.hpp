#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/time.hpp"
#include "net/http_client.hpp"
#include "runtime/clock.hpp"

namespace tickspan::net {

/// One outbound WebSocket over TLS or plain. Connects once: whoever owns it decides about the next attempt.
/// **Threading**: everything on the loop thread. After on_close no callback runs any more.
class WebSocketClient {
 public:
  struct Callbacks {
    std::function<void()> on_open;
    /// One whole text message; readable 64 bytes past its end; valid during the call. `received_at` was taken when the
    /// bytes came from the socket, before anything else.
    std::function<void(std::string_view text, core::Timestamp received_at)> on_message;
    /// Ping or pong frames: proof of life. Pings are answered by the client itself.
    std::function<void()> on_control;
    /// Exactly once, whether or not it was ever open. `status`: the HTTP status of a refused handshake, with
    /// Retry-After in the error, or the code of the peer's close frame (1000 and more); else 0.
    std::function<void(core::Error reason, int status)> on_close;
  };
  WebSocketClient(runtime::EventLoop& loop, const runtime::Clock& clock, ClientOptions options, Callbacks callbacks);
  ~WebSocketClient();

  /// `url`: `wss://host:port/path?query` or `ws://…`.
  void connect(const std::string& url, const Headers& headers = {}, std::size_t max_message = 16 << 20);
  void send_text(std::string text);
  void ping();
  /// Closes politely, on_close follows within two seconds.
  void close();

  /// How many messages on_message had.
  std::uint64_t received() const;
  /// Bytes have arrived that were not read yet.
  bool more_waits() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tickspan::net
