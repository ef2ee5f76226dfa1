#include "net/http_server.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <future>
#include <utility>

#include "net/http_connection.hpp"
#include "runtime/log.hpp"

namespace tickspan::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr runtime::Log kLog{"net"};
constexpr int kBacklog = 4096;
constexpr int kAcceptsPerTurn = 256;
// A client that stops reading pins this much of the kernel's memory, twice over; the default grows to 4 MiB.
constexpr int kSendBuffer = 128 * 1024;
constexpr std::size_t kSlices = 10;  // the deadlines of a tenth of the connections are looked at each tick

IpAddress ip_of(const sockaddr_storage& address) {
  const bool v6 = address.ss_family == AF_INET6;
  return v6 ? ip_from_bytes(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr.s6_addr, true)
            : ip_from_bytes(&reinterpret_cast<const sockaddr_in&>(address).sin_addr, false);
}

}  // namespace

ServerShared::ServerShared(runtime::EventLoop& event_loop, HttpServerOptions o, HttpServer::Handler& h,
                           runtime::Metrics& m)
    : loop(event_loop),
      options(std::move(o)),
      handler(&h),
      accepted(m.counter(options.metric_prefix + "_accepted_total", "Connections accepted")),
      requests(m.counter(options.metric_prefix + "_requests_total", "HTTP requests, upgrades included")),
      bytes_in(m.counter(options.metric_prefix + "_received_bytes_total", "Bytes received")),
      bytes_out(m.counter(options.metric_prefix + "_sent_bytes_total", "Bytes sent")),
      ws_opened(m.counter(options.metric_prefix + "_websockets_total", "WebSockets opened")),
      count(m, options.metric_prefix) {
  if (!options.limits) options.limits = std::make_shared<ConnectionLimits>(options.max_connections, 0);
}

void ServerShared::add(std::shared_ptr<HttpConnection> connection) {
  connection->slot = connections.size();
  connections.push_back(std::move(connection));
  open->store(static_cast<std::int64_t>(connections.size()), std::memory_order_relaxed);
}

void ServerShared::remove(HttpConnection& connection) {
  const std::size_t slot = connection.slot;
  connections.back()->slot = slot;
  std::swap(connections[slot], connections.back());
  connections.pop_back();
  open->store(static_cast<std::int64_t>(connections.size()), std::memory_order_relaxed);
  if (connections.empty() && on_empty) std::exchange(on_empty, nullptr)();
}

std::string_view ServerShared::date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_second_) {
    date_second_ = now;
    char text[64];
    std::tm parts{};
    gmtime_r(&now, &parts);
    date_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
  }
  return date_;
}

struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
  Impl(runtime::EventLoop& loop, HttpServerOptions options, Handler& handler, runtime::Metrics& m)
      : shared(std::make_shared<ServerShared>(loop, std::move(options), handler, m)),
        metrics(m),
        acceptor(loop.context().get_executor()),
        timer(loop.context().get_executor()) {}

  core::Status bind();
  void observe();
  void accept();
  void accept_all();
  bool accept_one();
  void tick();
  void cut_all();

  std::shared_ptr<ServerShared> shared;
  runtime::Metrics& metrics;
  asio::basic_socket_acceptor<tcp, asio::io_context::executor_type> acceptor;
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                             asio::io_context::executor_type>
      timer;
  std::chrono::milliseconds tick_interval{100};
  std::size_t cursor = 0;
  std::uint16_t bound_port = 0;
  bool started = false, stopped = false, accept_paused = false;
  std::vector<std::shared_ptr<void>> registrations;
};

core::Status HttpServer::Impl::bind() {
  const auto& options = shared->options;
  const auto fail = [&](const std::string& why) {
    return core::fail(core::ErrorCode::io_error,
                      fmt::format("cannot listen on {}:{}: {}", options.address, options.port, why));
  };
  boost::system::error_code error;
  auto host = options.address;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
  if (error) return fail("not an IPv4 or IPv6 address");
  const tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), error);
  if (error) return fail(error.message());
  acceptor.set_option(asio::socket_base::reuse_address(true), error);
  const int descriptor = acceptor.native_handle();
  const int yes = 1;
  // These are inherited by what is accepted: no system call per connection.
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
  if (options.reuse_port && setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) != 0) {
    return fail(std::strerror(errno));
  }
  acceptor.bind(endpoint, error);
  if (error) return fail(error.message());
  acceptor.listen(kBacklog, error);
  if (error) return fail(error.message());
  acceptor.non_blocking(true, error);
  if (error) return fail(error.message());
  bound_port = acceptor.local_endpoint(error).port();
  return {};
}

void HttpServer::Impl::observe() {
  const auto& prefix = shared->options.metric_prefix;
  const runtime::Labels labels{{"loop", shared->loop.name()},
                               {"listen", fmt::format("{}:{}", shared->options.address, bound_port)}};
  const auto gauge = [&](const char* name, const char* help, std::shared_ptr<std::atomic<std::int64_t>> value) {
    registrations.push_back(metrics.observe(prefix + name, help, labels, false, [value = std::move(value)] {
      return static_cast<double>(value->load(std::memory_order_relaxed));
    }));
  };
  gauge("_connections", "Connections open", shared->open);
  gauge("_websockets", "WebSockets open", shared->ws_open);
  if (!shared->tls) return;
  registrations.push_back(
      metrics.observe(prefix + "_tls_not_after_seconds", "When the certificate runs out, in seconds since 1970", labels,
                      false, [tls = shared->tls] { return static_cast<double>(tls->certificate_end().ns) / 1e9; }));
}

void HttpServer::Impl::accept() {
  acceptor.async_wait(asio::socket_base::wait_read,
                      [self = shared_from_this()](const boost::system::error_code& error) {
                        if (!error && !self->stopped) self->accept_all();
                      });
}

// A loop of single accepts takes one connection a turn, which under load is some hundred a second: empty the backlog.
void HttpServer::Impl::accept_all() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    if (!accept_one()) break;
  }
  if (!accept_paused) accept();
}

bool HttpServer::Impl::accept_one() {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  const int descriptor =
      ::accept4(acceptor.native_handle(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor < 0) {
    if (errno == ECONNABORTED || errno == EINTR) return true;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      kLog.warn("accepting pauses: {}", std::strerror(errno));
      accept_paused = true;  // tick() tries again
    }
    return false;
  }
  const IpAddress peer = ip_of(address);
  const bool is_proxy = shared->options.trusted_proxies.contains(peer);
  auto admission = shared->options.limits->admit(is_proxy ? std::nullopt : std::optional(client_key(peer)));
  if (admission.refusal != Refusal::none) shared->count.refused(admission.refusal);
  if (!admission.place) {
    ::close(descriptor);
    return true;
  }
  HttpConnection::Socket socket(shared->loop.context().get_executor());
  boost::system::error_code error;
  socket.assign(address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), descriptor, error);
  if (error) {
    ::close(descriptor);
    return true;
  }
  if (admission.refusal == Refusal::none) shared->accepted.add();
  auto connection =
      std::make_shared<HttpConnection>(shared, std::move(socket), to_string(peer), std::move(*admission.place));
  shared->add(connection);
  connection->start();
  return true;
}

void HttpServer::Impl::tick() {
  timer.expires_after(tick_interval);
  timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error || self->stopped) return;
    const auto now = std::chrono::steady_clock::now();
    auto& connections = self->shared->connections;
    const std::size_t slice = connections.size() / kSlices + 1;
    for (std::size_t i = 0; i < slice && !connections.empty(); ++i) {
      if (self->cursor >= connections.size()) self->cursor = 0;
      const auto connection = connections[self->cursor++];
      connection->check(now);
    }
    if (self->accept_paused && !self->shared->stopping) {
      self->accept_paused = false;
      self->accept();
    }
    self->tick();
  });
}

void HttpServer::Impl::cut_all() {
  const auto all = shared->connections;
  for (const auto& connection : all) connection->abort();
}

HttpServer::HttpServer(runtime::EventLoop& loop, HttpServerOptions options, Handler& handler, runtime::Metrics& metrics)
    : impl_(std::make_shared<Impl>(loop, std::move(options), handler, metrics)) {}

HttpServer::~HttpServer() {
  stop(1001, std::chrono::milliseconds(0));
  impl_->shared->loop.run_and_wait([this] { impl_->shared->handler = nullptr; });
}

core::Status HttpServer::start() {
  auto& shared = *impl_->shared;
  const auto& options = shared.options;
  shared.tls = options.tls;
  if (!shared.tls && (!options.tls_certificate_file.empty() || !options.tls_key_file.empty())) {
    auto tls = ServerTls::load(options.tls_certificate_file, options.tls_key_file);
    if (!tls) return tl::unexpected(tls.error());
    shared.tls = std::move(*tls);
  }
  if (auto bound = impl_->bind(); !bound) return bound;
  impl_->observe();
  const auto shortest = std::min(options.header_timeout, options.idle_timeout);
  impl_->tick_interval = std::clamp(shortest / 20, std::chrono::milliseconds(5), std::chrono::milliseconds(100));
  impl_->started = true;
  shared.loop.post([impl = impl_] {
    if (impl->stopped || impl->shared->stopping) return;
    impl->accept();
    impl->tick();
  });
  return {};
}

void HttpServer::stop(std::uint16_t close_code, std::chrono::milliseconds patience) {
  if (!impl_->started) return;
  auto& shared = *impl_->shared;
  const auto empty = std::make_shared<std::promise<void>>();
  auto is_empty = empty->get_future();
  shared.loop.run_and_wait([&] {
    if (impl_->stopped) return empty->set_value();
    shared.stopping = true;
    boost::system::error_code ignored;  // an acceptor that fails to close refuses just as well
    impl_->acceptor.close(ignored);
    const auto all = shared.connections;
    for (const auto& connection : all) connection->wind_down(close_code);
    if (shared.connections.empty()) return empty->set_value();
    shared.on_empty = [empty] { empty->set_value(); };
  });
  // On the loop's own thread waiting would keep the very answers from being given that are waited for.
  if (!shared.loop.running_in_this_thread()) is_empty.wait_for(patience);
  shared.loop.run_and_wait([&] {
    shared.on_empty = nullptr;
    impl_->stopped = true;
    impl_->cut_all();
    impl_->timer.cancel();
    impl_->registrations.clear();
  });
}

core::Status HttpServer::reload_tls() {
  const auto& tls = impl_->shared->tls;
  return tls ? tls->reload() : core::Status{};
}

std::uint16_t HttpServer::port() const {
  return impl_->bound_port;
}

}  // namespace tickspan::net
