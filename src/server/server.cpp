#include "server/server.hpp"

#include <algorithm>
#include <mutex>
#include <thread>

#include "core/assert.hpp"
#include "runtime/log.hpp"
#include "server/handlers/routes.hpp"
#include "server/port_probe.hpp"
#include "server/web_thread.hpp"

namespace tickspan::server {
namespace {

constexpr runtime::Log kLog{"server"};
constexpr std::uint16_t kShutdown = 4000;  // close code: come back

std::size_t thread_count(std::size_t wanted) {
  return wanted > 0 ? wanted : std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

struct Server::Impl {
  Impl(ServerOptions wanted, const runtime::Clock& the_clock, runtime::Metrics& the_metrics)
      : options(std::move(wanted)),
        clock(the_clock),
        metrics(the_metrics),
        router(all_routes()),
        limiter(options.requests_per_second),
        charts(std::make_shared<ChartFetcher>(clock)),
        volatility(std::make_shared<VolatilityBoard>()),
        limits(std::make_shared<net::ConnectionLimits>(options.max_connections, options.max_connections_per_address)),
        hub(options.stream, clock, metrics) {}

  BackendPtr current() const {
    const std::lock_guard lock(backend_mutex);
    return backend;
  }

  void make_threads() {
    const Dispatcher::Shared shared{router, limiter, [this] { return current(); }};
    const Services services{.clock = clock,
                            .metrics = metrics,
                            .loop = nullptr,
                            .charts = charts,
                            .volatility = volatility,
                            .ui = UiBundle::embedded(),
                            .stream = [this] { return hub.figures(); },
                            .check_events = nullptr,
                            .started_at = clock.now(),
                            .serve_ui = options.serve_ui};
    for (std::size_t i = 0; i < thread_count(options.threads); ++i) {
      threads.push_back(std::make_unique<WebThread>("web-" + std::to_string(i), hub, shared, services, metrics));
    }
  }

  core::Status load_tls() {
    if (options.tls_certificate_file.empty() && options.tls_key_file.empty()) return {};
    auto loaded = net::ServerTls::load(options.tls_certificate_file, options.tls_key_file);
    if (!loaded) return tl::unexpected(loaded.error());
    tls = std::move(*loaded);
    return {};
  }

  core::Status listen() {
    for (const ListenAddress& place : options.listen) {
      net::HttpServerOptions http{.address = place.address,
                                  .port = place.port,
                                  .reuse_port = threads.size() > 1,
                                  .tls = tls,
                                  .trusted_proxies = options.trusted_proxies,
                                  .max_header_bytes = options.max_header_bytes,
                                  .max_body_bytes = options.max_body_bytes,
                                  .max_message_bytes = options.stream.max_message_bytes,
                                  .deflate = options.deflate,
                                  .limits = limits,
                                  .header_timeout = options.header_timeout,
                                  .idle_timeout = options.idle_timeout};
      for (std::size_t i = 0; i < threads.size(); ++i) {
        if (auto started = threads[i]->listen(http); !started) return started;
        if (i == 0) http.port = threads[0]->port(ports.size());  // any free one for the first is the same for all
      }
      ports.push_back(http.port);
      kLog.info("listening on {}:{}", place.address, http.port);
    }
    return {};
  }

  void stop(std::chrono::milliseconds patience) {
    std::vector<std::thread> stoppers;
    for (auto& thread : threads)
      stoppers.emplace_back([&thread, patience] { thread->stop_listening(kShutdown, patience); });
    for (std::thread& stopper : stoppers) stopper.join();
    hub.stop();
    for (auto& thread : threads) thread->stop_loop();
  }

  const ServerOptions options;
  const runtime::Clock& clock;
  runtime::Metrics& metrics;
  const Router router;
  RateLimiter limiter;
  const std::shared_ptr<ChartFetcher> charts;
  const std::shared_ptr<VolatilityBoard> volatility;
  const std::shared_ptr<net::ConnectionLimits> limits;
  stream::Hub hub;
  mutable std::mutex backend_mutex;
  BackendPtr backend;  // guarded by backend_mutex
  std::vector<std::unique_ptr<WebThread>> threads;
  std::shared_ptr<net::ServerTls> tls;  // null: plain
  std::vector<std::uint16_t> ports;
  bool stopped = false;
};

Server::Server(ServerOptions options, const runtime::Clock& clock, runtime::Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(options), clock, metrics)) {
  // Made here, started by start(): the hub wants to know all its threads before the engine publishes its first frame.
  impl_->make_threads();
}

Server::~Server() {
  stop(std::chrono::milliseconds(0));
}

core::Status Server::start() {
  for (const ListenAddress& place : impl_->options.listen) {
    if (place.port == 0) continue;
    if (auto is_free = check_port_free(place.address, place.port); !is_free) return is_free;
  }
  if (auto loaded = impl_->load_tls(); !loaded) return loaded;
  for (auto& thread : impl_->threads) thread->start_loop();
  return impl_->listen();
}

void Server::stop(std::chrono::milliseconds patience) {
  if (std::exchange(impl_->stopped, true)) return;
  impl_->stop(patience);
}

void Server::set_backend(BackendPtr backend) {
  TS_ASSERT(backend != nullptr && backend->snapshot != nullptr, "a backend must have a snapshot");
  auto snapshot = backend->snapshot;
  {
    const std::lock_guard lock(impl_->backend_mutex);
    impl_->backend.swap(backend);
  }
  impl_->charts->clear();
  impl_->hub.reset(std::move(snapshot));
}

core::Result<bool> Server::reload_tls() {
  if (!impl_->tls) return false;
  if (auto loaded = impl_->tls->reload(); !loaded) return tl::unexpected(loaded.error());
  return true;
}

wire::FrameSink& Server::frames() {
  return impl_->hub;
}
wire::InterestTable& Server::interest() {
  return impl_->hub.interest();
}
std::uint16_t Server::port(std::size_t index) const {
  return impl_->ports.at(index);
}

}  // namespace tickspan::server
