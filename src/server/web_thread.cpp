#include "server/web_thread.hpp"

#include <algorithm>
#include <thread>

namespace tickspan::server {
namespace {

// A path as the router sees it: without slashes at its end.
std::string_view trimmed_path(const net::HttpRequest& request) {
  std::string_view path = request.path();
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

Services with_own(Services services, std::shared_ptr<WebLoop> loop, stream::Shard& shard) {
  services.loop = std::move(loop);
  services.check_events = [&shard](const net::HttpRequest& request) { return shard.check_events(request); };
  return services;
}

}  // namespace

WebThread::WebThread(const std::string& name, stream::Hub& hub, Dispatcher::Shared shared, Services services,
                     runtime::Metrics& metrics)
    : loop_(name),
      handle_(std::make_shared<WebLoop>(loop_)),
      shard_(hub.add_shard(loop_)),
      metrics_(metrics),
      dispatcher_(std::move(shared), with_own(std::move(services), handle_, shard_), metrics) {}

WebThread::~WebThread() {
  stop_loop();
}

core::Status WebThread::listen(const net::HttpServerOptions& options) {
  auto server = std::make_unique<net::HttpServer>(loop_, options, *this, metrics_);
  if (auto started = server->start(); !started) return started;
  servers_.push_back(std::move(server));
  return {};
}

void WebThread::stop_listening(std::uint16_t close_code, std::chrono::milliseconds patience) {
  // All at once: the patience is for the whole, not for each.
  std::vector<std::thread> stoppers;
  for (auto& server : servers_)
    stoppers.emplace_back([&server, close_code, patience] { server->stop(close_code, patience); });
  for (std::thread& stopper : stoppers) stopper.join();
}

void WebThread::stop_loop() {
  handle_->detach();
  loop_.stop();
  servers_.clear();
}

void WebThread::on_request(net::HttpRequest request, net::HttpServer::Respond respond) {
  dispatcher_.handle(std::move(request), std::move(respond));
}

std::shared_ptr<net::WebSocketHandler> WebThread::on_upgrade(const net::HttpRequest& request,
                                                             net::HttpResponse& refusal) {
  if (auto refused = dispatcher_.refuse_stream(request)) {
    refusal = std::move(*refused);
    return nullptr;
  }
  const std::string_view path = trimmed_path(request);
  if (path == "/api/v1/stream") return shard_.make_stream_session(request);
  if (path != "/ws" && path != "/ws/prices") {
    refusal = dispatcher_.no_such_stream(request);
    return nullptr;
  }
  auto session = path == "/ws" ? shard_.make_ticks_session(request) : shard_.make_prices_session(request);
  if (session) return std::move(*session);
  refusal = dispatcher_.stream_refused(request, session.error());
  return nullptr;
}

bool WebThread::wants_stream(const net::HttpRequest& request) {
  return request.method == "GET" && trimmed_path(request) == "/api/v1/events" && shard_.check_events(request) &&
         !dispatcher_.refuse_stream(request);
}

void WebThread::on_stream(net::HttpRequest request, std::shared_ptr<net::HttpServer::ResponseStream> stream) {
  shard_.open_events(request, std::move(stream));
}

}  // namespace tickspan::server
