#include "model_socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "../support/ws_test_client.hpp"

namespace tickspan::stream::model {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

int connect_to(std::uint16_t port, int receive_buffer) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  if (receive_buffer > 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    // Loopback's segments are larger than such a window; they would then go out by a timer only.
    const int segment = 1024;
    setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // The kernel completes it before the server accepts, so this does not wait.
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    ::close(fd);
    fail("connect");
  }
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  return fd;
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

}  // namespace

ModelSocket::ModelSocket(std::uint16_t port, const std::string& target, int receive_buffer)
    : fd_(connect_to(port, receive_buffer)) {
  out_ = "GET " + target +
         " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  flush();
}

ModelSocket::~ModelSocket() {
  if (fd_ >= 0) ::close(fd_);
}

void ModelSocket::end(std::uint16_t code) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  closed_ = code;
}

void ModelSocket::cut() {
  if (fd_ < 0) return;
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  end(1006);
}

void ModelSocket::flush() {
  while (fd_ >= 0 && !out_.empty()) {
    const ssize_t sent = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (sent < 0) {
      out_.clear();  // what the other end said last is still to be read; that tells how it ended
      return;
    }
    out_.erase(0, static_cast<std::size_t>(sent));
  }
}

void ModelSocket::send_frame(int opcode, std::string_view payload) {
  if (fd_ < 0) return;
  out_ += test::client_frame(opcode, payload);
  flush();
}

void ModelSocket::send_close(std::uint16_t code) {
  const std::array<char, 2> payload = {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  send_frame(8, {payload.data(), payload.size()});
}

bool ModelSocket::read_some(std::size_t max_bytes) {
  std::array<char, 16384> bytes;
  std::size_t total = 0;
  while (total < max_bytes) {
    const ssize_t count = ::recv(fd_, bytes.data(), std::min(bytes.size(), max_bytes - total), 0);
    if (count > 0) {
      in_.append(bytes.data(), static_cast<std::size_t>(count));
      total += static_cast<std::size_t>(count);
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    ::close(fd_);
    fd_ = -1;
    break;
  }
  return total > 0;
}

bool ModelSocket::pump(const std::function<void(std::string_view)>& on_text, std::size_t max_bytes) {
  if (closed_) return false;
  flush();
  const bool read = read_some(max_bytes);
  if (take_handshake()) take_frames(on_text);
  if (fd_ < 0) end(close_code_);
  return read || closed_;
}

bool ModelSocket::take_handshake() {
  if (upgraded_) return true;
  const auto end_of_head = in_.find("\r\n\r\n");
  if (end_of_head == std::string::npos) return false;
  if (!in_.starts_with("HTTP/1.1 101 ")) throw std::runtime_error("not upgraded: " + in_.substr(0, 60));
  in_.erase(0, end_of_head + 4);
  return upgraded_ = true;
}

void ModelSocket::take_frames(const std::function<void(std::string_view)>& on_text) {
  for (;;) {
    const std::string_view rest = std::string_view(in_).substr(in_at_);
    if (rest.size() < 2) break;
    const auto first = static_cast<unsigned char>(rest[0]), second = static_cast<unsigned char>(rest[1]);
    if ((second & 0x80) != 0) throw std::runtime_error("a server's frame was masked");
    if ((first & 0xF0) != 0x80) throw std::runtime_error("a fragment or reserved bits nobody agreed to");
    std::size_t head = 2;
    std::uint64_t length = second & 0x7F;
    if (length >= 126) {
      const std::size_t more = length == 126 ? 2 : 8;
      if (rest.size() < head + more) break;
      length = big_endian(rest.substr(head, more));
      head += more;
    }
    if (length > (std::uint64_t{1} << 27))
      throw std::runtime_error("an absurd frame length: " + std::to_string(length));
    if (rest.size() < head + length) break;
    const std::string_view payload = rest.substr(head, length);
    in_at_ += head + length;
    const int opcode = first & 0x0F;
    if (close_code_ != 1006) throw std::runtime_error("a frame after the close frame");
    if (opcode == 1) {
      on_text(payload);
    } else if (opcode == 8) {
      close_code_ = payload.size() < 2 ? 1005 : static_cast<std::uint16_t>(big_endian(payload.substr(0, 2)));
      send_frame(8, payload.substr(0, 2));
    } else if (opcode == 9) {
      send_frame(10, payload);
    } else if (opcode != 10) {
      throw std::runtime_error("a frame of opcode " + std::to_string(opcode));
    }
    if (closed_) break;
  }
  in_.erase(0, std::exchange(in_at_, 0));
}

}  // namespace tickspan::stream::model
