#include "net/http_connection.hpp"

#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

#include "net/http_response.hpp"
#include "net/stream_response.hpp"
#include "net/websocket_connection.hpp"
#include "net/ws_handshake.hpp"

namespace tickspan::net {
namespace {

constexpr int kReadsPerTurn = 4;  // then others have their turn
constexpr std::size_t kJoinBody = 4096;
constexpr std::chrono::milliseconds kLinger{2'000};
constexpr std::chrono::milliseconds kLingerAtStop{250};

// Answers 500 when whoever held it lets go of it without an answer, so that no client waits for ever.
class Answer {
 public:
  using Give = std::function<void(HttpResponse)>;
  explicit Answer(Give give) : give_(std::move(give)) {}
  ~Answer() {
    if (give_) give_(problem_response(500, "the request was dropped", ""));
  }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  void operator()(HttpResponse response) {
    if (const auto give = std::exchange(give_, nullptr)) give(std::move(response));
  }

 private:
  Give give_;
};

}  // namespace

HttpConnection::HttpConnection(std::shared_ptr<ServerShared> server, Socket socket, std::string remote_address,
                               ConnectionLimits::Place place)
    : server_(std::move(server)),
      stream_(socket.native_handle(), server_->tls ? server_->tls->context().get() : nullptr),
      socket_(std::move(socket)),
      remote_address_(std::move(remote_address)),
      place_(std::move(place)) {}

HttpConnection::~HttpConnection() = default;

void HttpConnection::start() {
  if (place_.refused() == Refusal::none) {
    set_deadline(server_->options.header_timeout);
    return wait_readable();
  }
  // Over TLS nothing can be said before the handshake, and the request comes right behind it.
  if (!server_->tls) return refuse(place_.refused(), "");
  set_deadline(kLinger);
  wait_readable();
}

void HttpConnection::set_deadline(std::chrono::milliseconds from_now) {
  deadline_ = std::chrono::steady_clock::now() + from_now;
}

void HttpConnection::check(SteadyTime now) {
  if (now < deadline_) return;
  server_->count.timed_out(what_timed_out());
  // Half a request is answered; silence, and a peer that does not read, are not.
  if (state_ == State::reading && (parser_ || !inbound_.empty()))
    return respond_problem(408, "the request took too long");
  abort();
}

ServerCounters::Timeout HttpConnection::what_timed_out() const {
  using Timeout = ServerCounters::Timeout;
  if (state_ == State::writing) return Timeout::write;
  if (state_ != State::reading) return Timeout::close;
  if (parser_ && parser_->header_done()) return Timeout::body;
  const bool nothing_of_the_next = !parser_ && inbound_.empty() && request_number_ > 0;
  return nothing_of_the_next ? Timeout::idle : Timeout::header;
}

void HttpConnection::wind_down(std::uint16_t close_code) {
  switch (state_) {
    case State::websocket:
      return websocket_->close(close_code, "shutdown");
    case State::streaming:
      return response_stream_->close();
    case State::reading:
      return abort();
    default:
      keep_alive_ = false;
  }
}

void HttpConnection::abort() {
  if (state_ == State::closed) return;
  if (output_.empty()) stream_.shutdown();
  state_ = State::closed;
  boost::system::error_code ignored;  // closing can't be refused in a way that would matter
  socket_.close(ignored);
  output_.clear();
  place_.release();
  const auto self = shared_from_this();
  server_->remove(*this);
  if (!websocket_ && !response_stream_) return;
  if (websocket_) server_->ws_open->fetch_sub(1, std::memory_order_relaxed);
  boost::asio::post(server_->loop.context(), [self] {
    if (self->websocket_) self->websocket_->finish();
    if (self->response_stream_) self->response_stream_->finish();
  });
}

void HttpConnection::wait_readable() {
  if (waiting_read_ || closed()) return;
  waiting_read_ = true;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const boost::system::error_code& error) {
    self->waiting_read_ = false;
    if (!error) self->on_readable();
  });
}

void HttpConnection::wait_writable() {
  if (waiting_write_ || closed()) return;
  waiting_write_ = true;
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const boost::system::error_code& error) {
    self->waiting_write_ = false;
    if (!error) self->on_writable();
  });
}

void HttpConnection::on_readable() {
  auto& input = server_->input;
  for (int i = 0; i < kReadsPerTurn; ++i) {
    if (closed() || state_ == State::handling || state_ == State::writing) return;
    const auto outcome = stream_.read(input);
    if (outcome.status == SocketStream::Status::closed) return abort();
    if (outcome.status == SocketStream::Status::want_read) return wait_readable();
    if (outcome.status == SocketStream::Status::want_write) return wait_writable();
    server_->bytes_in.add(outcome.bytes);
    process({input.data(), outcome.bytes});
    const bool drained = outcome.bytes < input.size() && !stream_.has_pending();
    if (drained && !server_->tls) break;
  }
  resume_input();
}

// Waits for more, unless an answer is to be given first.
void HttpConnection::resume_input() {
  if (closed() || state_ == State::handling || state_ == State::writing) return;
  if (!stream_.has_pending()) return wait_readable();
  boost::asio::post(server_->loop.context(), [self = shared_from_this()] { self->on_readable(); });
}

void HttpConnection::process(std::span<char> bytes) {
  std::string joined;
  if (!inbound_.empty()) {
    joined = std::exchange(inbound_, {});
    joined.append(bytes.data(), bytes.size());
    bytes = joined;
  }
  in_process_ = true;
  while (!bytes.empty()) {
    if (state_ == State::reading) {
      if (process_request(bytes) == Fed::more) break;
    } else if (state_ == State::websocket) {
      websocket_->feed(bytes);
      bytes = {};
    } else if (state_ == State::handling || state_ == State::writing) {
      break;
    } else {
      bytes = {};  // a stream's or a leaving client's bytes mean nothing
    }
  }
  in_process_ = false;
  if (!closed() && !bytes.empty()) inbound_.assign(bytes.data(), bytes.size());
}

// `more`: what is left in `bytes` needs more behind it.
HttpConnection::Fed HttpConnection::process_request(std::span<char>& bytes) {
  if (!parser_) {
    parser_ = std::make_unique<RequestParser>(server_->options.max_header_bytes, server_->options.max_body_bytes);
    // The first request's time runs since the accept, and bytes that trickle in give it no more of it.
    if (request_number_ > 0) set_deadline(server_->options.header_timeout);
  }
  const bool had_header = parser_->header_done();
  std::size_t used = 0;
  const auto result = parser_->feed({bytes.data(), bytes.size()}, used);
  bytes = bytes.subspan(used);
  if (result == RequestParser::State::failed) {
    server_->count.bad_request(parser_->failure_status());
    bytes = {};
    respond_problem(parser_->failure_status(), parser_->failure_reason());
    return Fed::stop;
  }
  if (!had_header && parser_->header_done()) set_deadline(server_->options.idle_timeout);
  if (result == RequestParser::State::need_more) {
    if (parser_->take_expect_continue()) send("HTTP/1.1 100 Continue\r\n\r\n");
    return Fed::more;
  }
  http_1_0_ = parser_->http_1_0();
  HttpRequest request = parser_->take();
  parser_.reset();
  request.remote_address = server_->options.trusted_proxies.client_of(request.headers, remote_address_);
  dispatch(std::move(request));
  return Fed::stop;
}

void HttpConnection::dispatch(HttpRequest request) {
  server_->requests.add();
  state_ = State::handling;
  clear_deadline();
  ++request_number_;
  keep_alive_ = request.keep_alive;
  head_only_ = request.method == "HEAD";
  if (server_->handler == nullptr) return abort();
  if (place_.refused() != Refusal::none) return refuse(place_.refused(), request.path());
  if (asks_for_websocket(request)) {
    const bool counted = place_.has_client();
    if (!admit_stream(request)) return;
    upgrade(request);
    if (state_ != State::websocket && !counted) place_.release_client();
    return;
  }
  if (request.method == "GET" && server_->handler->wants_stream(request)) {
    if (admit_stream(request)) open_stream(std::move(request));
    return;
  }
  server_->handler->on_request(std::move(request), responder());
}

std::function<void(HttpResponse)> HttpConnection::responder() {
  auto answer = std::make_shared<Answer>([weak = weak_from_this(), number = request_number_](HttpResponse response) {
    const auto self = weak.lock();
    if (self && self->request_number_ == number) self->respond(std::move(response));
  });
  return [answer](HttpResponse response) { (*answer)(std::move(response)); };
}

void HttpConnection::upgrade(HttpRequest& request) {
  auto handshake = answer_handshake(request, server_->options.deflate);
  if (!handshake.accepted()) return respond(std::move(handshake.answer));
  HttpResponse refusal;
  auto handler = server_->handler->on_upgrade(request, refusal);
  if (!handler) {
    if (refusal.status < 400) refusal = problem_response(404, "no WebSocket here", request.path());
    return respond(std::move(refusal));
  }
  remote_address_ = request.remote_address;  // from here on there is one client, for a proxied one not the peer
  ResponseHead head;
  head.date = server_->date();
  state_ = State::websocket;
  server_->ws_opened.add();
  server_->ws_open->fetch_add(1, std::memory_order_relaxed);
  websocket_ = std::make_shared<WebSocketConnection>(*this, std::move(handler), handshake.deflate);
  send(encode_head(handshake.answer, head));
  if (!closed()) websocket_->open();
}

void HttpConnection::open_stream(HttpRequest request) {
  state_ = State::streaming;
  remote_address_ = request.remote_address;
  response_stream_ = std::make_shared<StreamResponse>(weak_from_this(), http_1_0_);
  const auto stream = response_stream_;
  server_->handler->on_stream(std::move(request), stream);
  if (!stream->waits) stream->send_head();
}

// A proxy's connection is many clients', one after another; a stream is one client's, who counts from here on.
bool HttpConnection::admit_stream(const HttpRequest& request) {
  const auto address = parse_ip(request.remote_address);
  if (!address || place_.take_client(client_key(*address))) return true;
  server_->count.refused(Refusal::address);
  respond(problem_response(429, "too many streams from this address", request.path()));
  return false;
}

void HttpConnection::refuse(Refusal why, std::string_view instance) {
  const bool address = why == Refusal::address;
  respond_problem(address ? 429 : 503, address ? "too many connections from this address" : "too many connections",
                  instance);
}

void HttpConnection::respond_problem(int status, std::string_view detail, std::string_view instance) {
  parser_.reset();
  inbound_ = {};
  ++request_number_;
  state_ = State::handling;
  keep_alive_ = false;
  head_only_ = false;
  respond(problem_response(status, detail, instance));
}

void HttpConnection::respond(HttpResponse response) {
  if (state_ != State::handling) return;
  if (server_->stopping || has_token(response.headers, "Connection", "close")) keep_alive_ = false;
  ResponseHead head;
  head.keep_alive = keep_alive_;
  head.http_1_0 = http_1_0_;
  head.date = server_->date();
  std::string bytes = encode_head(response, head);
  const bool has_body = !head_only_ && may_have_body(response.status) && !response.content().empty();
  state_ = State::writing;
  if (!has_body || response.content().size() <= kJoinBody) {
    if (has_body) bytes += response.content();
    if (!output_.send(stream_, bytes)) return abort();
  } else {
    output_.push(std::move(bytes));
    if (response.shared_body) {
      output_.push_shared(std::move(response.shared_body));
    } else {
      output_.push(std::move(response.body));
    }
    if (!output_.flush(stream_)) return abort();
  }
  count_written();
  if (output_.empty()) return on_written();
  set_deadline(server_->options.idle_timeout);
  wait_writable();
}

void HttpConnection::count_written() {
  if (const std::size_t written = output_.take_written(); written > 0) server_->bytes_out.add(written);
}

void HttpConnection::send(std::string_view bytes) {
  // What a fan-out does a hundred thousand times a second: kept apart, it costs hardly more than the system call.
  if (const int descriptor = idle_descriptor(); descriptor >= 0) {
    const ssize_t written = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (written == static_cast<ssize_t>(bytes.size())) return server_->bytes_out.add(bytes.size());
    return sent(bytes, written < 0 ? -errno : static_cast<int>(written));
  }
  if (closed() || state_ == State::draining) return;
  if (!output_.send(stream_, bytes)) return abort();
  count_written();
  if (!output_.empty()) wait_writable();
}

void HttpConnection::send_shared(std::shared_ptr<const std::string> bytes) {
  if (closed() || state_ == State::draining) return;
  if (!output_.send_shared(stream_, std::move(bytes))) return abort();
  count_written();
  if (!output_.empty()) wait_writable();
}

void HttpConnection::sent(std::string_view bytes, int result) {
  if (closed()) return;
  const bool later = result == -EAGAIN || result == -EWOULDBLOCK || result == -EINTR;
  if (result < 0 && !later) return abort();
  output_.keep(bytes, result < 0 ? 0 : static_cast<std::size_t>(result));
  count_written();
  if (!output_.empty()) wait_writable();
}

void HttpConnection::flush() {
  if (closed()) return;
  if (!output_.flush(stream_)) return abort();
  count_written();
  if (!output_.empty()) wait_writable();
}

void HttpConnection::on_writable() {
  if (closed()) return;
  if (output_.empty()) return on_readable();  // a TLS handshake had to wait for room
  const std::size_t before = output_.bytes();
  if (!output_.flush(stream_)) return abort();
  count_written();
  if (output_.empty()) return on_written();
  if (state_ == State::writing && output_.bytes() < before) set_deadline(server_->options.idle_timeout);
  wait_writable();
}

void HttpConnection::on_written() {
  switch (state_) {
    case State::writing:
      if (keep_alive_ && !server_->stopping) return next_request();
      return close_when_written();
    case State::websocket:
      return websocket_->drained();
    case State::streaming:
      if (response_stream_->on_drained) response_stream_->on_drained();
      return;
    case State::draining:
      return close_when_written();
    default:
      return;
  }
}

void HttpConnection::next_request() {
  state_ = State::reading;
  set_deadline(server_->options.idle_timeout);
  if (in_process_) return;  // process() goes on with what is there
  if (!inbound_.empty()) process({});
  resume_input();
}

// Closing with unread input would make the kernel reset the connection and the peer lose our last words. So: say that
// nothing more will come, and read the peer's end for a moment.
void HttpConnection::close_when_written() {
  if (closed()) return;
  state_ = State::draining;
  if (!output_.empty()) {
    set_deadline(kLinger);
    return wait_writable();
  }
  stream_.shutdown();
  ::shutdown(socket_.native_handle(), SHUT_WR);
  set_deadline(server_->stopping ? kLingerAtStop : kLinger);
  if (!in_process_) resume_input();
}

}  // namespace tickspan::net
