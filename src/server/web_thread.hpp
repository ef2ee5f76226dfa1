#pragma once

#include <memory>
#include <vector>

#include "net/http_server.hpp"
#include "runtime/event_loop.hpp"
#include "server/dispatcher.hpp"
#include "stream/hub.hpp"

namespace tickspan::server {

/// One web thread: its loop, the sockets that listen on it, its part of the fan-out, and its dispatcher.
/// **Threading**: the owner's thread, but for the handler's members, which run on the loop.
class WebThread final : public net::HttpServer::Handler {
 public:
  /// `services.loop` and `services.check_events` are set here.
  WebThread(const std::string& name, stream::Hub& hub, Dispatcher::Shared shared, Services services,
            runtime::Metrics& metrics);
  ~WebThread() override;

  /// Before listen().
  void start_loop() { loop_.start(); }
  core::Status listen(const net::HttpServerOptions& options);
  std::uint16_t port(std::size_t index) const { return servers_[index]->port(); }
  void stop_listening(std::uint16_t close_code, std::chrono::milliseconds patience);
  /// After this nothing runs on the loop.
  void stop_loop();

  void on_request(net::HttpRequest request, net::HttpServer::Respond respond) override;
  std::shared_ptr<net::WebSocketHandler> on_upgrade(const net::HttpRequest& request,
                                                    net::HttpResponse& refusal) override;
  bool wants_stream(const net::HttpRequest& request) override;
  void on_stream(net::HttpRequest request, std::shared_ptr<net::HttpServer::ResponseStream> stream) override;

 private:
  runtime::EventLoop loop_;
  std::shared_ptr<WebLoop> handle_;
  stream::Shard& shard_;
  runtime::Metrics& metrics_;
  Dispatcher dispatcher_;
  std::vector<std::unique_ptr<net::HttpServer>> servers_;
};

}  // namespace tickspan::server
