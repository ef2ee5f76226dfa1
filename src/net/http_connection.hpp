#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <span>
#include <string>

#include "net/http_server.hpp"
#include "net/output_queue.hpp"
#include "net/request_parser.hpp"
#include "net/server_counters.hpp"
#include "net/socket_stream.hpp"
#include "net/tls_server.hpp"
#include "net/ws_deflate.hpp"

namespace tickspan::net {

class HttpConnection;
class WebSocketConnection;
class StreamResponse;

using SteadyTime = std::chrono::steady_clock::time_point;

/// What the connections of one server share. Lives until the last of them has gone.
/// **Threading**: the loop's thread, but for the counters.
struct ServerShared {
  explicit ServerShared(runtime::EventLoop& event_loop, HttpServerOptions o, HttpServer::Handler& h,
                        runtime::Metrics& m);

  void add(std::shared_ptr<HttpConnection> connection);
  void remove(HttpConnection& connection);
  std::string_view date();  ///< for the Date field, renewed each second

  runtime::EventLoop& loop;
  HttpServerOptions options;
  HttpServer::Handler* handler;    ///< null once the server has gone
  std::shared_ptr<ServerTls> tls;  ///< null: plain
  std::vector<std::shared_ptr<HttpConnection>> connections;
  std::function<void()> on_empty;
  std::array<char, 64 * 1024> input;  ///< every connection reads into this one buffer
  MessageDeflater deflater;           ///< for the WebSockets that have agreed to permessage-deflate, as needed
  MessageInflater inflater;
  bool stopping = false;

  runtime::Counter &accepted, &requests, &bytes_in, &bytes_out, &ws_opened;
  ServerCounters count;
  std::shared_ptr<std::atomic<std::int64_t>> open = std::make_shared<std::atomic<std::int64_t>>(0);
  std::shared_ptr<std::atomic<std::int64_t>> ws_open = std::make_shared<std::atomic<std::int64_t>>(0);

 private:
  std::string date_;
  std::int64_t date_second_ = 0;
};

/// One accepted socket: requests one after another, until it becomes a WebSocket or a stream.
///
/// Reading waits for readiness and then reads into the server's one buffer, so that an idle connection holds none. The
/// next request is looked at once the answer before it has been written: pipelining stays in order and a client that
/// does not read its answers cannot pile them up.
/// **Ownership**: the server's list and the pending waits; dies with the last of them.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

  /// A `place` that is refused is told so, and no more.
  HttpConnection(std::shared_ptr<ServerShared> server, Socket socket, std::string remote_address,
                 ConnectionLimits::Place place);
  ~HttpConnection();

  void start();
  /// Looks at the deadline.
  void check(SteadyTime now);
  /// Lets an answer under way finish, closes everything else.
  void wind_down(std::uint16_t close_code);
  /// Ends it now. Callbacks of its WebSocket or stream follow from the loop, never from here.
  void abort();

  bool closed() const { return state_ == State::closed; }
  std::size_t slot = 0;  ///< in the server's list

  // For the WebSocket or stream on top.
  ServerShared& server() { return *server_; }
  const std::string& remote_address() const { return remote_address_; }
  OutputQueue& output() { return output_; }
  std::size_t queued_bytes() const { return output_.bytes(); }
  void send(std::string_view bytes);
  void send_shared(std::shared_ptr<const std::string> bytes);
  /// See WebSocketPeer.
  int idle_descriptor() const {
    return state_ == State::websocket && output_.empty() ? stream_.plain_descriptor() : -1;
  }
  void sent(std::string_view bytes, int result);
  /// After direct pushes to output().
  void flush();
  void set_deadline(std::chrono::milliseconds from_now);
  void clear_deadline() { deadline_ = SteadyTime::max(); }
  /// Closes as soon as what is queued has been written.
  void close_when_written();

 private:
  enum class State : unsigned char { reading, handling, writing, websocket, streaming, draining, closed };
  enum class Fed : unsigned char { more, stop };

  void wait_readable();
  void wait_writable();
  void on_readable();
  void on_writable();
  void on_written();
  void count_written();
  void process(std::span<char> bytes);
  Fed process_request(std::span<char>& bytes);
  void dispatch(HttpRequest request);
  void upgrade(HttpRequest& request);
  void open_stream(HttpRequest request);
  std::function<void(HttpResponse)> responder();
  void respond(HttpResponse response);
  void respond_problem(int status, std::string_view detail, std::string_view instance = {});
  void refuse(Refusal why, std::string_view instance);
  bool admit_stream(const HttpRequest& request);
  ServerCounters::Timeout what_timed_out() const;
  void next_request();
  void resume_input();

  // What a write looks at comes first.
  State state_ = State::reading;
  std::shared_ptr<ServerShared> server_;
  SocketStream stream_;
  OutputQueue output_;
  Socket socket_;
  std::string remote_address_;  // the peer's; of a WebSocket or a stream the client's
  ConnectionLimits::Place place_;
  std::string inbound_;  // received, not yet used
  std::unique_ptr<RequestParser> parser_;
  std::shared_ptr<WebSocketConnection> websocket_;
  std::shared_ptr<StreamResponse> response_stream_;
  SteadyTime deadline_ = SteadyTime::max();
  std::uint32_t request_number_ = 0;
  bool keep_alive_ = true, head_only_ = false, http_1_0_ = false;
  bool waiting_read_ = false, waiting_write_ = false, in_process_ = false;
};

}  // namespace tickspan::net
