#include "ws_test_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace tickspan::test {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

int connect_to(std::uint16_t port, int receive_buffer, const std::string& address, const std::string& source) {
  const bool v6 = address.find(':') != std::string::npos;
  const int fd = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  if (receive_buffer > 0) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  const timeval patience{10, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  int result = -1;
  if (v6) {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(port);
    inet_pton(AF_INET6, address.c_str(), &to.sin6_addr);
    result = ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  } else {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    if (inet_pton(AF_INET, source.c_str(), &to.sin_addr) == 1 &&
        ::bind(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
      fail("bind");
    }
    to.sin_port = htons(port);
    inet_pton(AF_INET, address.c_str(), &to.sin_addr);
    result = ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  if (result != 0) {
    ::close(fd);
    fail("connect");
  }
  return fd;
}

constexpr std::string_view kPackedTail("\x00\x00\xFF\xFF", 4);

}  // namespace

RawConnection::RawConnection(std::uint16_t port, int receive_buffer, const std::string& address,
                             const std::string& source)
    : fd_(connect_to(port, receive_buffer, address, source)) {}

RawConnection::~RawConnection() {
  if (fd_ >= 0) ::close(fd_);
}

void RawConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) fail("send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool RawConnection::fill() {
  std::array<char, 65536> bytes;
  for (;;) {
    const ssize_t count = ::recv(fd_, bytes.data(), bytes.size(), 0);
    if (count > 0) {
      buffer_.append(bytes.data(), static_cast<std::size_t>(count));
      return true;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      throw std::runtime_error("nothing came for ten seconds");
    return false;
  }
}

std::string RawConnection::read_some() {
  if (buffer_.empty()) fill();
  return std::exchange(buffer_, {});
}

std::string RawConnection::read_until(std::string_view end) {
  std::size_t at = std::string::npos;
  while ((at = buffer_.find(end)) == std::string::npos) {
    if (!fill()) return std::exchange(buffer_, {});
  }
  std::string out = buffer_.substr(0, at + end.size());
  buffer_.erase(0, at + end.size());
  return out;
}

std::string RawConnection::read_exactly(std::size_t count) {
  while (buffer_.size() < count) {
    if (!fill()) break;
  }
  std::string out = buffer_.substr(0, count);
  buffer_.erase(0, out.size());
  return out;
}

std::string RawConnection::read_all() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

void RawConnection::reset() {
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(std::exchange(fd_, -1));
}

void RawConnection::finish_sending() {
  ::shutdown(fd_, SHUT_WR);
}

std::string client_frame(int opcode, std::string_view payload, bool fin) {
  constexpr std::array<char, 4> kMask = {0x12, 0x34, 0x56, 0x78};
  std::string out;
  out += static_cast<char>((fin ? 0x80 : 0) | opcode);
  if (payload.size() < 126) {
    out += static_cast<char>(0x80 | payload.size());
  } else {
    const int bytes = payload.size() <= 0xFFFF ? 2 : 8;
    out += static_cast<char>(bytes == 2 ? 0xFE : 0xFF);
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(payload.size() >> (8 * i));
  }
  out.append(kMask.data(), kMask.size());
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ kMask[i % 4]);
  return out;
}

std::string pack_message(std::string_view text) {
  z_stream z{};
  if (deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::runtime_error("no zlib");
  std::string out(deflateBound(&z, text.size()) + 16, '\0');
  z.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  const int state = deflate(&z, Z_SYNC_FLUSH);
  out.resize(out.size() - z.avail_out);
  deflateEnd(&z);
  if (state != Z_OK || !out.ends_with(kPackedTail)) throw std::runtime_error("packing failed");
  out.resize(out.size() - kPackedTail.size());
  return out;
}

std::string unpack_message(std::string_view packed, int window_bits) {
  z_stream z{};
  if (inflateInit2(&z, -window_bits) != Z_OK) throw std::runtime_error("no zlib");
  std::string in(packed), out;
  in += kPackedTail;
  z.next_in = reinterpret_cast<Bytef*>(in.data());
  z.avail_in = static_cast<uInt>(in.size());
  std::array<char, 256> piece;  // smaller than any window: what is referred to must be in the window
  int state = Z_OK;
  do {
    z.next_out = reinterpret_cast<Bytef*>(piece.data());
    z.avail_out = piece.size();
    state = inflate(&z, Z_SYNC_FLUSH);
    out.append(piece.data(), piece.size() - z.avail_out);
  } while (state == Z_OK && (z.avail_in > 0 || z.avail_out == 0));
  const bool broken = (state != Z_OK && state != Z_BUF_ERROR) || z.avail_in > 0;
  inflateEnd(&z);
  if (broken) throw std::runtime_error("not a packed message");
  return out;
}

WsTestClient::WsTestClient(std::uint16_t port, const std::string& target, int receive_buffer,
                           const std::string& address, const std::string& extensions)
    : connection_(port, receive_buffer, address) {
  const std::string offer = extensions.empty() ? "" : "Sec-WebSocket-Extensions: " + extensions + "\r\n";
  connection_.send("GET " + target +
                   " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
                   offer + "\r\n");
  handshake_ = connection_.read_until("\r\n\r\n");
  constexpr std::string_view kField = "\r\nSec-WebSocket-Extensions: ";
  if (const auto at = handshake_.find(kField); at != std::string::npos) {
    const auto begin = at + kField.size();
    extensions_ = handshake_.substr(begin, handshake_.find("\r\n", begin) - begin);
  }
}

void WsTestClient::send_packed(std::string_view text) {
  send_frame(0x41, pack_message(text));
}

void WsTestClient::send_frame(int opcode, std::string_view payload, bool fin) {
  connection_.send(client_frame(opcode, payload, fin));
}

WsTestClient::Frame WsTestClient::read_frame() {
  const std::string head = connection_.read_exactly(2);
  if (head.size() < 2) return {-1, {}, 1006};
  std::uint64_t length = static_cast<unsigned char>(head[1]) & 0x7F;
  if ((static_cast<unsigned char>(head[1]) & 0x80) != 0) throw std::runtime_error("a server's frame was masked");
  if (length >= 126) {
    const std::string more = connection_.read_exactly(length == 126 ? 2 : 8);
    length = 0;
    for (const char c : more) length = length << 8 | static_cast<unsigned char>(c);
  }
  Frame frame{head[0] & 0x0F, connection_.read_exactly(length), 0};
  if (frame.payload.size() < length) return {-1, {}, 1006};
  frame.bytes = frame.payload.size();
  frame.packed = (head[0] & 0x40) != 0;
  if (frame.packed) {
    if (extensions_.empty() || frame.opcode != 1) throw std::runtime_error("a packed frame was not agreed to");
    constexpr std::string_view kWindow = "server_max_window_bits=";
    const auto at = extensions_.find(kWindow);
    frame.payload = unpack_message(frame.payload,
                                   at == std::string::npos ? 15 : std::stoi(extensions_.substr(at + kWindow.size())));
  }
  if (frame.opcode != 8) return frame;
  frame.close_code = 1005;
  if (frame.payload.size() >= 2) {
    frame.close_code = static_cast<std::uint16_t>(static_cast<unsigned char>(frame.payload[0]) << 8 |
                                                  static_cast<unsigned char>(frame.payload[1]));
    frame.payload.erase(0, 2);
  }
  return frame;
}

std::string WsTestClient::read_text() {
  for (;;) {
    Frame frame = read_frame();
    if (frame.opcode == 1) return std::move(frame.payload);
    if (frame.opcode == 9) send_frame(10, frame.payload);
    if (frame.opcode == 8 || frame.opcode < 0) {
      throw std::runtime_error("closed with " + std::to_string(frame.close_code) + " " + frame.payload);
    }
  }
}

std::string WsTestClient::read_text_with(std::string_view part) {
  for (;;) {
    std::string text = read_text();
    if (text.find(part) != std::string::npos) return text;
  }
}

std::uint16_t WsTestClient::read_close() {
  for (;;) {
    const Frame frame = read_frame();
    if (frame.opcode == 8 || frame.opcode < 0) return frame.close_code;
  }
}

}  // namespace tickspan::test
