#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "../support/ws_test_client.hpp"
#include "net/http_server.hpp"
#include "net/ws_deflate.hpp"

namespace tickspan::net {

/// Says what it hears, does what it is told, and remembers how it ended.
class EchoSocket final : public WebSocketHandler {
 public:
  void on_open(WebSocketPeer& peer) override { peer_ = &peer; }
  void on_message(std::string_view text) override {
    ++heard;
    if (text == "deflates") return peer_->send_text(peer_->deflates() ? "yes" : "no");
    if (text.starts_with("frame:")) {
      std::string frames;
      MessageDeflater deflater;
      deflater.append_text_frame(frames, text.substr(6));
      deflater.append_text_frame(frames, "x");
      return peer_->send_framed(frames);
    }
    if (text == "bye") return peer_->close(4001, "as asked");
    peer_->send_text(text);
  }
  void on_close(std::uint16_t code) override {
    ++closings;
    closed_with = code;
  }

  std::atomic<int> closed_with{0}, closings{0}, heard{0};

 private:
  WebSocketPeer* peer_ = nullptr;
};

/// A server that makes an EchoSocket of every upgrade.
class WsServerTest : public ::testing::Test, public HttpServer::Handler {
 protected:
  void SetUp() override { options.address = "127.0.0.1"; }
  void start() {
    loop.start();
    server.emplace(loop, options, *this, metrics);
    const auto started = server->start();
    ASSERT_TRUE(started) << started.error().context;
  }
  void TearDown() override {
    server.reset();
    loop.stop();
  }
  test::WsTestClient client(const std::string& extensions = "") {
    return test::WsTestClient(server->port(), "/ws", 0, "127.0.0.1", extensions);
  }
  /// What the server makes of one client's bytes: the code it closes with.
  std::uint16_t close_code_for(const std::string& bytes, const std::string& extensions = "") {
    test::WsTestClient c(server->port(), "/ws", 0, "127.0.0.1", extensions);
    c.connection().send(bytes);
    return c.read_close();
  }
  std::shared_ptr<EchoSocket> last() {
    const std::lock_guard lock(mutex);
    return sockets.back();
  }

  void on_request(HttpRequest, HttpServer::Respond respond) override { respond(HttpResponse{}); }
  std::shared_ptr<WebSocketHandler> on_upgrade(const HttpRequest&, HttpResponse&) override {
    const std::lock_guard lock(mutex);
    return sockets.emplace_back(std::make_shared<EchoSocket>());
  }

  runtime::EventLoop loop{"web-0"};
  runtime::Metrics metrics;
  HttpServerOptions options;
  std::optional<HttpServer> server;
  std::mutex mutex;
  std::vector<std::shared_ptr<EchoSocket>> sockets;
};

}  // namespace tickspan::net
