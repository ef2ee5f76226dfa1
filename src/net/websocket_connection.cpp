#include "net/websocket_connection.hpp"

namespace tickspan::net {
namespace {

constexpr std::chrono::milliseconds kCloseTimeout{2'000};
constexpr std::size_t kMaxQueuedForPong = 16 * 1024;  // who reads nothing gets no pongs piled up for it

constexpr std::size_t kPackFrom = 256;  // what is for one client and shorter saves less than the packing costs

}  // namespace

WebSocketConnection::WebSocketConnection(HttpConnection& connection, std::shared_ptr<WebSocketHandler> handler,
                                         bool deflate)
    : connection_(connection),
      deflate_(deflate),
      handler_(std::move(handler)),
      decoder_(WsDecoder::Role::server, connection.server().options.max_message_bytes,
               deflate ? &connection.server().inflater : nullptr) {}

void WebSocketConnection::feed(std::span<char> input) {
  WsEvent event;
  while (!connection_.closed() && !close_received_ && !deaf_) {
    switch (decoder_.next(input, event)) {
      case WsDecoder::Step::need_more:
        return;
      case WsDecoder::Step::failed:
        if (!close_sent_) connection_.server().count.failed_websocket(decoder_.failure().code);
        close(decoder_.failure().code, decoder_.failure().reason);
        close_received_ = true;  // not really, but its frames can no longer be told apart
        return connection_.close_when_written();
      case WsDecoder::Step::event:
        handle(event);
    }
  }
}

void WebSocketConnection::handle(const WsEvent& event) {
  if (event.opcode == WsOpcode::close) {
    close_received_ = true;
    if (!close_sent_) {
      close_code_ = event.close_code;
      const bool has_code = event.close_code != ws_close::kNoStatus;
      send_control(WsOpcode::close, has_code ? close_payload(event.close_code, {}) : std::string());
      close_sent_ = true;
    }
    return connection_.close_when_written();
  }
  if (close_sent_) return;
  switch (event.opcode) {
    case WsOpcode::text:
      return handler_->on_message(event.payload);
    case WsOpcode::binary:
      return close(ws_close::kUnsupportedData, "text messages only");
    case WsOpcode::ping:
      if (queued_bytes() < kMaxQueuedForPong) send_control(WsOpcode::pong, event.payload);
      return;
    case WsOpcode::pong:
      return handler_->on_pong(event.payload);
    default:
      return;
  }
}

void WebSocketConnection::send_control(WsOpcode opcode, std::string_view payload) {
  std::string frame;
  append_frame(frame, opcode, payload);
  connection_.send(frame);
}

void WebSocketConnection::send_text(std::string_view text) {
  if (close_sent_) return;
  if (!deflate_ || text.size() < kPackFrom) return connection_.send(encode_text_frame(text));
  std::string frame;
  connection_.server().deflater.append_text_frame(frame, text);
  connection_.send(frame);
}

void WebSocketConnection::send_framed(std::shared_ptr<const std::string> frames) {
  if (!close_sent_) connection_.send_shared(std::move(frames));
}

void WebSocketConnection::send_framed(std::string_view frames) {
  if (!close_sent_) connection_.send(frames);
}

void WebSocketConnection::send_ping(std::string_view payload) {
  if (!close_sent_) send_control(WsOpcode::ping, payload.substr(0, 125));
}

void WebSocketConnection::close(std::uint16_t code, std::string_view reason) {
  if (close_sent_ || connection_.closed()) return;
  close_code_ = code;
  send_control(WsOpcode::close, close_payload(code, reason));
  close_sent_ = true;
  decoder_.ignore_data();  // said goodbye: nothing but the peer's close is of interest
  connection_.set_deadline(kCloseTimeout);
}

void WebSocketConnection::drained() {
  if (!close_sent_) handler_->on_drained();
}

void WebSocketConnection::finish() {
  const auto handler = std::move(handler_);
  handler_.reset();
  if (handler) handler->on_close(close_code_);
}

}  // namespace tickspan::net
