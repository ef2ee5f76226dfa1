#include "net/client_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "net/tls_client.hpp"

namespace tickspan::net {
namespace asio = boost::asio;
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxTunnelHead = 16 * 1024;

// Most peers that leave out TLS's farewell just close: the message's own length says whether anything is missing.
boost::system::error_code as_plain_end(boost::system::error_code error) {
  return error == asio::ssl::error::stream_truncated ? boost::system::error_code(asio::error::eof) : error;
}

core::Status unavailable(std::string context) {
  return core::fail(core::ErrorCode::unavailable, std::move(context), true);
}

}  // namespace

ClientStream::ClientStream(runtime::EventLoop& loop) : resolver_(loop), socket_(loop.context()), attempt_timer_(loop) {}

void ClientStream::close() noexcept {
  closed_ = true;
  attempt_timer_.cancel();
  resolver_.cancel();
  boost::system::error_code ignored;  // closing a socket that is closed already is no failure
  socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

std::size_t ClientStream::waiting() const {
  boost::system::error_code closed;
  const std::size_t bytes = socket_.available(closed);
  return closed ? 0 : bytes;
}

void ClientStream::start_read(asio::mutable_buffer buffer, IoHandler handler) {
  if (!tls_) return socket_.async_read_some(buffer, std::move(handler));
  auto executor = asio::get_associated_executor(handler, socket_.get_executor());
  tls_->async_read_some(buffer, asio::bind_executor(executor, [h = std::move(handler)](boost::system::error_code error,
                                                                                       std::size_t size) mutable {
                          std::move(h)(as_plain_end(error), size);
                        }));
}

void ClientStream::start_write(asio::const_buffer buffer, IoHandler handler) {
  if (tls_)
    tls_->async_write_some(buffer, std::move(handler));
  else
    socket_.async_write_some(buffer, std::move(handler));
}

asio::awaitable<core::Status> ClientStream::connect(const Url& url, const ClientOptions& options) {
  const auto proxy = proxy_for(options, url);
  if (!proxy) co_return tl::unexpected(proxy.error());
  const bool tunnelled = proxy->has_value();
  const std::string host = tunnelled ? (*proxy)->host : url.host;
  const std::uint16_t port = tunnelled ? (*proxy)->port : url.port;

  auto status = co_await connect_tcp(host, port, options);
  if (status && tunnelled) {
    const Proxy& through = **proxy;
    status = co_await open_tunnel(through, url, options.user_agent);
  } else if (!status && tunnelled) {
    status.error().context = "proxy: " + status.error().context;
  }
  if (status && url.tls()) status = co_await start_tls(url, options.tls);
  co_return status;
}

asio::awaitable<core::Status> ClientStream::connect_tcp(const std::string& host, std::uint16_t port,
                                                        const ClientOptions& options) {
  const core::Duration patience = options.connect_timeout;
  // Who waits for the connection as a whole is to hear that it was the name, and an address needs time, too.
  const core::Duration half = patience / 2;
  const auto found = co_await resolver_.resolve(host, port, options.nameservers, half);
  if (!found) co_return tl::unexpected(found.error());
  const Resolver::Endpoints& endpoints = *found;
  boost::system::error_code error = asio::error::host_not_found;
  for (std::size_t i = 0; i < endpoints.size() && !closed_; ++i) {
    // An address that swallows packets must leave time for the next one.
    const core::Duration share = i + 1 < endpoints.size() ? patience / 3 : patience;
    const Endpoint& endpoint = endpoints[i];
    error = co_await try_endpoint(endpoint, share);
    if (!error) co_return core::Status{};
  }
  co_return unavailable("cannot connect to " + host + ":" + std::to_string(port) + ": " + error.message());
}

asio::awaitable<boost::system::error_code> ClientStream::try_endpoint(Endpoint endpoint, core::Duration patience) {
  boost::system::error_code error;
  socket_.close(error);
  bool timed_out = false;
  attempt_timer_.start(patience, [this, &timed_out] {
    timed_out = true;
    boost::system::error_code ignored;  // the connect under way reports the outcome
    socket_.close(ignored);
  });
  std::tie(error) = co_await socket_.async_connect(endpoint, kAwait);
  attempt_timer_.cancel();
  if (closed_) co_return asio::error::operation_aborted;
  if (timed_out) co_return asio::error::timed_out;
  if (!error) socket_.set_option(asio::ip::tcp::no_delay(true), error);
  co_return error;
}

asio::awaitable<core::Status> ClientStream::open_tunnel(const Proxy& proxy, const Url& url,
                                                        const std::string& user_agent) {
  const std::string request = connect_request(proxy, url, user_agent);
  const auto bytes = asio::buffer(request);
  const auto [write_error, written] = co_await asio::async_write(socket_, bytes, kAwait);
  if (write_error) co_return unavailable("cannot talk to the proxy: " + write_error.message());
  std::string head;
  auto buffer = asio::dynamic_buffer(head, kMaxTunnelHead);
  const auto [read_error, size] = co_await asio::async_read_until(socket_, buffer, "\r\n\r\n", kAwait);
  if (read_error) co_return unavailable("the proxy does not answer CONNECT: " + read_error.message());
  // Through a tunnel that stands the other end speaks second, so there can't be more yet.
  const auto status = check_connect_reply(std::string_view(head).substr(0, size), url);
  if (status && size != head.size())
    co_return core::fail(core::ErrorCode::protocol_error, "the proxy sends more than an answer to CONNECT", true);
  co_return status;
}

asio::awaitable<core::Status> ClientStream::start_tls(const Url& url, const ClientTls& options) {
  auto context = make_client_tls(options);
  if (!context) co_return tl::unexpected(context.error());
  tls_context_.emplace(std::move(*context));
  tls_.emplace(socket_, *tls_context_);
  const auto prepared = prepare_client_tls(tls_->native_handle(), url.host, options.verify);
  if (!prepared) co_return prepared;
  const auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::client, kAwait);
  if (error)
    co_return unavailable("TLS with " + url.host_port() +
                          " fails: " + describe_tls_failure(tls_->native_handle(), error));
  co_return core::Status{};
}

void teardown(boost::beast::role_type, ClientStream& stream, boost::system::error_code& error) {
  stream.close();
  error = {};
}

void beast_close_socket(ClientStream& stream) {
  stream.close();
}

}  // namespace tickspan::net
