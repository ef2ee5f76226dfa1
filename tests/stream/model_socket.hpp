#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tickspan::stream::model {

/// A WebSocket client by hand that never waits: what the sockets take and give at once, one thread drives hundreds.
/// Independent of the product's codec. Throws std::runtime_error when the other end breaks RFC 6455.
class ModelSocket {
 public:
  /// Connects to loopback and sends the upgrade. `receive_buffer`: SO_RCVBUF, 0 for the system's.
  ModelSocket(std::uint16_t port, const std::string& target, int receive_buffer = 0);
  ~ModelSocket();
  ModelSocket(const ModelSocket&) = delete;
  ModelSocket& operator=(const ModelSocket&) = delete;

  void send_text(std::string_view text) { send_frame(1, text); }
  void send_close(std::uint16_t code);
  /// Cuts the connection with a reset.
  void cut();
  /// Reads up to about `max_bytes` of what is there and hands out each whole text; pings are answered.
  /// True when something was read.
  bool pump(const std::function<void(std::string_view)>& on_text, std::size_t max_bytes = std::size_t{1} << 30);
  bool upgraded() const { return upgraded_; }
  /// Once the connection has ended: the close code, 1006 when there was none.
  std::optional<std::uint16_t> closed() const { return closed_; }
  int descriptor() const { return fd_; }

 private:
  void send_frame(int opcode, std::string_view payload);
  void flush();
  bool read_some(std::size_t max_bytes);
  bool take_handshake();
  void take_frames(const std::function<void(std::string_view)>& on_text);
  void end(std::uint16_t code);

  int fd_ = -1;
  std::string out_, in_;
  std::size_t in_at_ = 0;
  bool upgraded_ = false;
  std::uint16_t close_code_ = 1006;
  std::optional<std::uint16_t> closed_;
};

}  // namespace tickspan::stream::model
