#pragma once

// Internal to the clients: names Asio types, so only their .cpp files include it.

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <memory>
#include <optional>
#include <string>

#include "core/result.hpp"
#include "net/http_client.hpp"
#include "net/loop_timer.hpp"
#include "net/proxy.hpp"
#include "net/resolver.hpp"
#include "net/url.hpp"

namespace tickspan::net {

/// An outbound byte stream, TLS or plain, direct or through a proxy. Its handlers are type-erased, so that Beast's
/// large templates are instantiated once over it instead of once for TLS and once without.
/// **Threading**: the loop's thread. **Ownership**: must outlive its operations; close() ends them.
class ClientStream {
 public:
  using executor_type = boost::asio::any_io_executor;
  using IoHandler = boost::asio::any_completion_handler<void(boost::system::error_code, std::size_t)>;

  explicit ClientStream(runtime::EventLoop& loop);

  /// Resolves, connects, opens the proxy's tunnel, makes TLS. Errors: unavailable, protocol_error, invalid_argument.
  /// Both references must stay valid until it returns. Has no deadline over all: the owner calls close() when it has
  /// waited enough.
  boost::asio::awaitable<core::Status> connect(const Url& url, const ClientOptions& options);
  /// Ends everything under way with an error. May be called at any time, repeatedly.
  void close() noexcept;

  /// Bytes that arrived and were not read yet, as far as the system holds them.
  std::size_t waiting() const;

  executor_type get_executor() { return socket_.get_executor(); }

  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this](auto handler, boost::asio::mutable_buffer buffer) { start_read(buffer, IoHandler(std::move(handler))); },
        token, first_of<boost::asio::mutable_buffer>(buffers));
  }
  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this](auto handler, boost::asio::const_buffer buffer) { start_write(buffer, IoHandler(std::move(handler))); },
        token, first_of<boost::asio::const_buffer>(buffers));
  }

 private:
  using Endpoint = boost::asio::ip::tcp::endpoint;

  template <typename Buffer, typename Buffers>
  static Buffer first_of(const Buffers& buffers) {
    for (auto it = boost::asio::buffer_sequence_begin(buffers); it != boost::asio::buffer_sequence_end(buffers); ++it) {
      const Buffer buffer(*it);
      if (buffer.size() > 0) return buffer;
    }
    return {};
  }
  void start_read(boost::asio::mutable_buffer buffer, IoHandler handler);
  void start_write(boost::asio::const_buffer buffer, IoHandler handler);

  boost::asio::awaitable<core::Status> connect_tcp(const std::string& host, std::uint16_t port,
                                                   const ClientOptions& options);
  boost::asio::awaitable<boost::system::error_code> try_endpoint(Endpoint endpoint, core::Duration patience);
  boost::asio::awaitable<core::Status> open_tunnel(const Proxy& proxy, const Url& url, const std::string& user_agent);
  boost::asio::awaitable<core::Status> start_tls(const Url& url, const ClientTls& options);

  Resolver resolver_;
  boost::asio::ip::tcp::socket socket_;
  std::optional<boost::asio::ssl::context> tls_context_;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
  LoopTimer attempt_timer_;
  bool closed_ = false;
};

// What Beast's WebSocket asks of a stream it does not know.
void teardown(boost::beast::role_type role, ClientStream& stream, boost::system::error_code& error);
void beast_close_socket(ClientStream& stream);
template <typename Handler>
void async_teardown(boost::beast::role_type, ClientStream& stream, Handler&& handler) {
  // Without TLS's own farewell: the WebSocket's closing handshake is over, and a mute peer must not hold the socket.
  stream.close();
  boost::asio::post(stream.get_executor(),
                    [h = std::forward<Handler>(handler)]() mutable { h(boost::system::error_code{}); });
}

}  // namespace tickspan::net
