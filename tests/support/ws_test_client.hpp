#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tickspan::test {

/// A blocking TCP connection to loopback that sends and receives exactly what a test says. Throws std::runtime_error
/// when connecting or sending fails; every read gives up after ten seconds.
class RawConnection {
 public:
  /// `receive_buffer`: SO_RCVBUF before connecting, 0 for the system's; a small one makes a slow reader.
  /// `source`: the address to connect from, empty for the system's choice.
  explicit RawConnection(std::uint16_t port, int receive_buffer = 0, const std::string& address = "127.0.0.1",
                         const std::string& source = "");
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  void send(std::string_view bytes);
  /// What is there, at least one byte; empty at the peer's end or when it cut the connection.
  std::string read_some();
  /// Up to and with `end`; what there was when the connection ended before.
  std::string read_until(std::string_view end);
  std::string read_exactly(std::size_t count);
  /// Everything to the peer's end.
  std::string read_all();
  /// No more will be sent.
  void finish_sending();
  /// Ends the connection with a reset instead of a goodbye.
  void reset();
  /// Puts bytes back in front of what is read next.
  void unread(std::string bytes) { buffer_.insert(0, bytes); }

 private:
  bool fill();
  int fd_ = -1;
  std::string buffer_;
};

/// A WebSocket client by hand, independent of the product's codec.
class WsTestClient {
 public:
  struct Frame {
    int opcode = 0;  ///< 1 text, 8 close, 9 ping, 10 pong; -1 the connection ended without a close frame
    std::string payload;
    std::uint16_t close_code = 0;
    bool packed = false;    ///< RSV1 was set; `payload` is what it unpacks to
    std::size_t bytes = 0;  ///< of payload as it came, packed or not
  };
  /// What a browser offers.
  static constexpr const char* kOfferDeflate = "permessage-deflate; client_max_window_bits";
  /// `extensions`: the offer in the handshake, none when empty. Each message is unpacked for itself and with no larger
  /// window than agreed, so that a server which takes a context over is found out.
  WsTestClient(std::uint16_t port, const std::string& target, int receive_buffer = 0,
               const std::string& address = "127.0.0.1", const std::string& extensions = "");

  const std::string& handshake() const { return handshake_; }
  /// What the server's answer says of extensions; empty when it says nothing.
  const std::string& extensions() const { return extensions_; }
  bool accepted() const { return handshake_.starts_with("HTTP/1.1 101"); }
  void send_text(std::string_view text) { send_frame(1, text); }
  void send_frame(int opcode, std::string_view payload, bool fin = true);
  /// One packed text message.
  void send_packed(std::string_view text);
  RawConnection& connection() { return connection_; }
  /// The next frame of any kind.
  Frame read_frame();
  /// The next text; pings are answered on the way. Throws when the connection ends first.
  std::string read_text();
  /// The next text that contains `part`, others are dropped. Throws when the connection ends first.
  std::string read_text_with(std::string_view part);
  /// Reads until the connection ends: the close code, 1006 when there was none.
  std::uint16_t read_close();

 private:
  RawConnection connection_;
  std::string handshake_, extensions_;
};

/// `bytes` as a client's frame, masked. `opcode` may have the bit of RSV1, 0x40, on top.
std::string client_frame(int opcode, std::string_view payload, bool fin = true);
/// `text` as the payload of a packed message (RFC 7692).
std::string pack_message(std::string_view text);
/// The text of a packed message. Throws std::runtime_error when it is not one, or needs a larger window.
std::string unpack_message(std::string_view packed, int window_bits = 15);

}  // namespace tickspan::test
