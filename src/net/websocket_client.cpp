#include "net/websocket_client.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <cstring>
#include <deque>

#include "net/client_stream.hpp"
#include "net/http_status.hpp"

namespace tickspan::net {
namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kPadding = 64;
constexpr std::size_t kKeptBuffer = 1 << 20;
// What is sent are subscriptions and pings; a peer that takes none of them for this long is of no use.
constexpr std::size_t kMaxQueued = 4 << 20;
constexpr auto kClosePatience = std::chrono::seconds(2);

Headers headers_of(const http::response<http::string_body>& response) {
  Headers headers;
  for (const auto& field : response) headers.add(std::string(field.name_string()), std::string(field.value()));
  return headers;
}

}  // namespace

struct WebSocketClient::Impl : std::enable_shared_from_this<Impl> {
  Impl(runtime::EventLoop& event_loop, const runtime::Clock& time, ClientOptions client_options, Callbacks calls)
      : loop(event_loop),
        clock(time),
        options(std::move(client_options)),
        callbacks(std::move(calls)),
        stream(event_loop),
        socket(stream),
        deadline(event_loop) {}

  struct Outgoing {
    bool ping = false;
    std::string text;
  };

  runtime::EventLoop& loop;
  const runtime::Clock& clock;
  ClientOptions options;
  Callbacks callbacks;  // kept until the end: one of them may be running while the client is destroyed
  ClientStream stream;
  websocket::stream<ClientStream&> socket;
  LoopTimer deadline;
  std::string what = "WebSocket";
  std::deque<Outgoing> outgoing;
  std::size_t queued_bytes = 0;
  std::uint64_t received = 0;
  bool writing = false;
  bool open = false;
  bool closing = false;
  bool finished = false;  // on_close was called, or the owner has gone

  void start(const std::string& url_text, const Headers& headers, std::size_t max_message);
  void finish(core::Error reason, int status = 0);
  void finish_later(core::Error reason);
  void enqueue(Outgoing item);
  void start_closing();
  void prepare_socket(const Headers& headers, std::size_t max_message);
  core::Error read_error(const boost::system::error_code& error) const;

  static asio::awaitable<void> run(std::shared_ptr<Impl> self, std::string url_text, Headers headers,
                                   std::size_t max_message);
  static asio::awaitable<void> write_queue(std::shared_ptr<Impl> self);
  asio::awaitable<bool> shake_hands(const Url& url);
  asio::awaitable<void> read_messages(std::size_t max_message);
};

void WebSocketClient::Impl::finish(core::Error reason, int status) {
  if (finished) return;
  finished = true;
  const auto self = shared_from_this();
  deadline.cancel();
  stream.close();
  if (callbacks.on_close) callbacks.on_close(std::move(reason), status);
}

void WebSocketClient::Impl::finish_later(core::Error reason) {
  asio::post(loop.context(),
             [self = shared_from_this(), reason = std::move(reason)]() mutable { self->finish(std::move(reason)); });
}

void WebSocketClient::Impl::start(const std::string& url_text, const Headers& headers, std::size_t max_message) {
  what = "WebSocket " + without_query(url_text);
  deadline.start(options.connect_timeout, [weak = weak_from_this()] {
    if (const auto self = weak.lock())
      self->finish({core::ErrorCode::timeout, self->what + ": no connection in time", true, 0});
  });
  asio::co_spawn(loop.context(), run(shared_from_this(), url_text, headers, max_message), asio::detached);
}

asio::awaitable<void> WebSocketClient::Impl::run(std::shared_ptr<Impl> self, std::string url_text, Headers headers,
                                                 std::size_t max_message) {
  try {
    const auto url = parse_url(url_text);
    if (!url) co_return self->finish(url.error());
    const Url& address = *url;
    const auto connected = co_await self->stream.connect(address, self->options);
    if (self->finished) co_return;
    if (!connected) co_return self->finish(connected.error());
    self->prepare_socket(headers, max_message);
    if (!co_await self->shake_hands(address)) co_return;
    self->deadline.cancel();
    self->open = true;
    if (self->callbacks.on_open) self->callbacks.on_open();
    if (self->closing) self->start_closing();
    co_await self->read_messages(max_message);
  } catch (const std::exception& e) {
    self->finish({core::ErrorCode::internal, self->what + ": " + e.what(), true, 0});
  }
}

void WebSocketClient::Impl::prepare_socket(const Headers& headers, std::size_t max_message) {
  // Deadlines are ours; Beast's would ping on its own.
  websocket::stream_base::timeout timeouts;
  timeouts.handshake_timeout = websocket::stream_base::none();
  timeouts.idle_timeout = websocket::stream_base::none();
  timeouts.keep_alive_pings = false;
  socket.set_option(timeouts);
  socket.set_option(
      websocket::stream_base::decorator([agent = options.user_agent, headers](websocket::request_type& request) {
        request.set(http::field::user_agent, agent);
        for (const auto& [name, value] : headers.fields()) request.set(name, value);
      }));
  socket.auto_fragment(false);
  socket.read_message_max(max_message);
  socket.control_callback([this](websocket::frame_type kind, boost::beast::string_view) {
    if (!finished && kind != websocket::frame_type::close && callbacks.on_control) callbacks.on_control();
  });
}

asio::awaitable<bool> WebSocketClient::Impl::shake_hands(const Url& url) {
  websocket::response_type response;
  const std::string host = url.authority();
  const auto [error] = co_await socket.async_handshake(response, host, url.target, kAwait);
  if (finished) co_return false;
  if (!error) co_return true;
  const int status = static_cast<int>(response.result_int());
  if (error == websocket::error::upgrade_declined) {
    const Headers headers = headers_of(response);
    finish(error_of_status(status, headers, what + " is refused", clock.now()), status);
  } else {
    finish({core::ErrorCode::protocol_error, what + ": the handshake fails: " + error.message(), true, 0});
  }
  co_return false;
}

core::Error WebSocketClient::Impl::read_error(const boost::system::error_code& error) const {
  if (closing) return {core::ErrorCode::cancelled, what + ": closed by us", true, 0};
  if (error == websocket::error::closed) {
    const auto& reason = socket.reason();
    std::string text = what + ": closed by the peer, code " + std::to_string(reason.code);
    if (!reason.reason.empty()) text.append(" ").append(reason.reason.data(), reason.reason.size());
    return {core::ErrorCode::unavailable, std::move(text), true, 0};
  }
  if (error == websocket::error::message_too_big || error == websocket::error::buffer_overflow) {
    return {core::ErrorCode::too_large, what + ": a message is too large", true, 0};
  }
  const bool broken = error.category() == make_error_code(websocket::error::closed).category();
  return {broken ? core::ErrorCode::protocol_error : core::ErrorCode::unavailable, what + ": " + error.message(), true,
          0};
}

asio::awaitable<void> WebSocketClient::Impl::read_messages(std::size_t max_message) {
  boost::beast::flat_buffer buffer(max_message + kPadding);
  while (!finished) {
    const auto [error, size] = co_await socket.async_read(buffer, kAwait);
    const core::Timestamp received_at = clock.now();
    if (finished) co_return;
    if (error) co_return finish(read_error(error), error == websocket::error::closed ? socket.reason().code : 0);
    // Readers of the message may look past its end; what they see there is zero.
    std::memset(buffer.prepare(kPadding).data(), 0, kPadding);
    const auto data = buffer.cdata();
    ++received;
    if (callbacks.on_message) callbacks.on_message({static_cast<const char*>(data.data()), data.size()}, received_at);
    buffer.consume(buffer.size());
    // A rare giant's room is not kept for the life of the connection.
    if (buffer.capacity() > kKeptBuffer) buffer.shrink_to_fit();
  }
}

void WebSocketClient::Impl::enqueue(Outgoing item) {
  if (finished || closing || !open) return;
  queued_bytes += item.text.size();
  if (queued_bytes > kMaxQueued)
    return finish_later({core::ErrorCode::unavailable, what + ": the peer does not read", true, 0});
  outgoing.push_back(std::move(item));
  if (writing) return;
  writing = true;
  asio::co_spawn(loop.context(), write_queue(shared_from_this()), asio::detached);
}

asio::awaitable<void> WebSocketClient::Impl::write_queue(std::shared_ptr<Impl> self) {
  boost::system::error_code error;
  while (!error && !self->finished && !self->outgoing.empty()) {
    const Outgoing item = std::move(self->outgoing.front());
    self->outgoing.pop_front();
    self->queued_bytes -= item.text.size();
    if (item.ping) {
      const websocket::ping_data payload(item.text.c_str());
      std::tie(error) = co_await self->socket.async_ping(payload, kAwait);
    } else {
      const auto bytes = asio::buffer(item.text);
      std::tie(error, std::ignore) = co_await self->socket.async_write(bytes, kAwait);
    }
  }
  self->writing = false;
  if (self->finished) co_return;
  if (error) co_return self->finish(self->read_error(error));
  if (self->closing) self->start_closing();
}

void WebSocketClient::Impl::start_closing() {
  if (finished || writing) return;
  socket.async_close(
      websocket::close_code::normal,
      [self = shared_from_this()](const boost::system::error_code& error) { self->finish(self->read_error(error)); });
}

WebSocketClient::WebSocketClient(runtime::EventLoop& loop, const runtime::Clock& clock, ClientOptions options,
                                 Callbacks callbacks)
    : impl_(std::make_shared<Impl>(loop, clock, std::move(options), std::move(callbacks))) {}

WebSocketClient::~WebSocketClient() {
  impl_->finished = true;
  impl_->deadline.cancel();
  impl_->stream.close();
}

void WebSocketClient::connect(const std::string& url, const Headers& headers, std::size_t max_message) {
  impl_->start(url, headers, max_message);
}

void WebSocketClient::send_text(std::string text) {
  impl_->enqueue({false, std::move(text)});
}

void WebSocketClient::ping() {
  impl_->enqueue({true, "tickspan"});
}

std::uint64_t WebSocketClient::received() const {
  return impl_->received;
}

bool WebSocketClient::more_waits() const {
  return impl_->stream.waiting() > 0;
}

void WebSocketClient::close() {
  Impl& impl = *impl_;
  if (impl.finished || impl.closing) return;
  impl.closing = true;
  const core::Error reason{core::ErrorCode::cancelled, impl.what + ": closed by us", true, 0};
  if (!impl.open) return impl.finish_later(reason);
  impl.deadline.start(kClosePatience, [weak = impl.weak_from_this(), reason] {
    if (const auto self = weak.lock()) self->finish(reason);
  });
  impl.start_closing();
}

}  // namespace tickspan::net
