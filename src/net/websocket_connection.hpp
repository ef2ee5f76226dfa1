#pragma once

#include <memory>

#include "net/http_connection.hpp"
#include "net/ws_codec.hpp"

namespace tickspan::net {

/// The WebSocket that an HTTP connection has become.
class WebSocketConnection final : public WebSocketPeer {
 public:
  /// `deflate`: the client has agreed to permessage-deflate. Packing and unpacking is done by the server's two streams
  /// for all its connections.
  WebSocketConnection(HttpConnection& connection, std::shared_ptr<WebSocketHandler> handler, bool deflate);

  void open() { handler_->on_open(*this); }
  void feed(std::span<char> input);
  void drained();
  /// The socket is gone: the handler's last call.
  void finish();

  void send_text(std::string_view text) override;
  void send_framed(std::shared_ptr<const std::string> frames) override;
  void send_framed(std::string_view frames) override;
  bool deflates() const override { return deflate_; }
  void send_ping(std::string_view payload) override;
  void close(std::uint16_t code, std::string_view reason) override;
  void abort() override { connection_.abort(); }
  void go_deaf() override { deaf_ = true; }
  std::size_t queued_bytes() const override { return connection_.queued_bytes(); }
  std::string_view remote_address() const override { return connection_.remote_address(); }
  int idle_descriptor() const override { return close_sent_ ? -1 : connection_.idle_descriptor(); }
  void sent(std::string_view frames, int result) override { connection_.sent(frames, result); }

 private:
  void handle(const WsEvent& event);
  void send_control(WsOpcode opcode, std::string_view payload);

  HttpConnection& connection_;
  std::uint16_t close_code_ = ws_close::kAbnormal;
  bool deflate_, close_sent_ = false, close_received_ = false, deaf_ = false;
  std::shared_ptr<WebSocketHandler> handler_;
  WsDecoder decoder_;
};

}  // namespace tickspan::net
