#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "net/client_address.hpp"
#include "net/connection_limits.hpp"
#include "net/http_message.hpp"
#include "net/tls_server.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/metrics.hpp"

namespace tickspan::net {

/// Our end of one accepted WebSocket. All members on the server's loop thread.
/// **Ownership**: the server keeps it until the socket is gone; on_close() is its last call.
class WebSocketPeer {
 public:
  virtual ~WebSocketPeer() = default;
  /// Writes a whole text message now, as far as the socket takes it; the rest waits in the peer's queue.
  virtual void send_text(std::string_view text) = 0;
  /// Bytes that are already framed (net/ws_codec encode_text_frame), possibly many frames: shared between clients and
  /// not copied unless the socket is full.
  virtual void send_framed(std::shared_ptr<const std::string> frames) = 0;
  /// As above for bytes that are only good during the call; copied as far as the socket doesn't take them at once.
  virtual void send_framed(std::string_view frames) { send_framed(std::make_shared<const std::string>(frames)); }
  /// Whether the client has agreed to permessage-deflate: what MessageDeflater makes may go to send_framed().
  virtual bool deflates() const { return false; }
  virtual void send_ping(std::string_view payload) = 0;
  /// Starts the closing handshake; what is queued goes first, within two seconds.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  /// Cuts the connection without a word (fault injection, or a peer that reads nothing).
  virtual void abort() = 0;
  /// Fault injection: whatever the client sends from here on is thrown away, its pings and its goodbye, too.
  virtual void go_deaf() {}
  virtual std::size_t queued_bytes() const = 0;
  /// The client's, behind trusted proxies what they say it is.
  virtual std::string_view remote_address() const = 0;

  // For net/send_batch alone.
  /// The socket, where bytes may be written to it as they are: plain, nothing queued, not closing. Else -1.
  virtual int idle_descriptor() const { return -1; }
  /// `frames` were written to idle_descriptor() by somebody else: how many bytes of them, or a negated errno.
  virtual void sent(std::string_view /*frames*/, int /*result*/) {}
};

/// What a socket's owner is told, on the loop thread.
class WebSocketHandler {
 public:
  virtual ~WebSocketHandler() = default;
  virtual void on_open(WebSocketPeer& peer) = 0;
  virtual void on_message(std::string_view text) = 0;
  virtual void on_pong(std::string_view /*payload*/) {}
  /// The queue has drained to zero after having held something.
  virtual void on_drained() {}
  virtual void on_close(std::uint16_t code) = 0;
};

struct HttpServerOptions {
  std::string address = "0.0.0.0";
  std::uint16_t port = 0;            ///< 0: any free one, see HttpServer::port()
  bool reuse_port = false;           ///< several servers on several loops share one port
  std::string tls_certificate_file;  ///< PEM chain; with the key: TLS
  std::string tls_key_file;
  std::shared_ptr<ServerTls> tls;  ///< shared with other servers, instead of files
  TrustedProxies trusted_proxies;  ///< whose X-Forwarded-For is believed; every other peer speaks for itself
  std::size_t max_header_bytes = 16 * 1024;
  std::size_t max_body_bytes = 1024 * 1024;
  std::size_t max_message_bytes = 64 * 1024;  ///< inbound WebSocket message; larger closes with 1009
  bool deflate = true;                        ///< agree to permessage-deflate with clients that offer it
  std::shared_ptr<ConnectionLimits> limits;   ///< shared with other servers; null: `max_connections` of its own
  std::size_t max_connections = 18'000;
  std::chrono::milliseconds header_timeout{10'000};  ///< from accept or from the request before to a complete header
  std::chrono::milliseconds idle_timeout{75'000};    ///< keep-alive
  std::string metric_prefix = "tickspan_net_server";
};

/// HTTP/1.1 with keep-alive and pipelining in order, HEAD, and the WebSocket upgrade (RFC 6455). One per web thread.
/// **Threading**: start() and stop() from the owner's thread, everything else on the loop.
class HttpServer {
 public:
  using Respond = std::function<void(HttpResponse)>;  ///< exactly once, on the loop thread, now or later
  /// A streaming answer (SSE): after the header every write() is a chunk.
  class ResponseStream {
   public:
    virtual ~ResponseStream() = default;
    virtual void write(std::shared_ptr<const std::string> bytes) = 0;
    virtual std::size_t queued_bytes() const = 0;
    virtual void close() = 0;
    bool waits = false;                ///< the header goes with the first write(), until which all this may be set
    int status = 200;                  ///< of the answer
    Headers headers;                   ///< further fields of the answer; added to before on_stream() returns
    std::function<void()> on_close;    ///< the client has gone
    std::function<void()> on_drained;  ///< queued_bytes() has come down to zero
  };
  class Handler {
   public:
    virtual ~Handler() = default;
    virtual void on_request(HttpRequest request, Respond respond) = 0;
    /// Null refuses the upgrade with `refusal`.
    virtual std::shared_ptr<WebSocketHandler> on_upgrade(const HttpRequest& request, HttpResponse& refusal) = 0;
    /// True when this request wants a stream: then `stream` is kept by the handler until closed.
    virtual bool wants_stream(const HttpRequest&) { return false; }
    virtual void on_stream(HttpRequest, std::shared_ptr<ResponseStream>) {}
  };

  HttpServer(runtime::EventLoop& loop, HttpServerOptions options, Handler& handler, runtime::Metrics& metrics);
  ~HttpServer();
  /// Binds and listens. io_error names address and port when they are taken.
  core::Status start();
  /// Refuses new connections, closes WebSockets with `close_code`, lets answers under way finish within `patience`.
  void stop(std::uint16_t close_code, std::chrono::milliseconds patience);
  std::uint16_t port() const;
  /// Reads certificate and key again; those who connect from here on are shown the new one. An error (io_error names
  /// the file) leaves the old one in place. Does nothing without TLS. From any thread.
  core::Status reload_tls();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tickspan::net
