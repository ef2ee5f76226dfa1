#include "client_socket.hpp"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace tickspan::bench {
namespace {

constexpr std::uint32_t kFirstSource = 0x7F000002;  // 127.0.0.2

}  // namespace

bool ClientSocket::connect(const Target& target, std::uint32_t source, int receive_buffer) {
  close();
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) return false;
  const int yes = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  // The port is picked by connect(), which knows the other end: each source address has all of them.
  setsockopt(descriptor_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  if (receive_buffer > 0) setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in from{}, to{};
  from.sin_family = to.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(kFirstSource + source);
  to.sin_port = htons(target.port);
  if (inet_pton(AF_INET, target.host.c_str(), &to.sin_addr) != 1 ||
      bind(descriptor_, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0 ||
      (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS)) {
    close();
    return false;
  }
  if (target.tls == nullptr) return true;
  tls_ = SSL_new(target.tls);
  SSL_set_fd(tls_, descriptor_);
  SSL_set_connect_state(tls_);
  return true;
}

ClientSocket::Outcome ClientSocket::tls_outcome(int result) {
  if (result > 0) return {Status::ok, static_cast<std::size_t>(result)};
  const int error = SSL_get_error(tls_, result);
  return {error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? Status::wait : Status::closed, 0};
}

ClientSocket::Outcome ClientSocket::read(std::span<char> into) {
  if (tls_ != nullptr) {
    ERR_clear_error();
    return tls_outcome(SSL_read(tls_, into.data(), static_cast<int>(into.size())));
  }
  const ssize_t count = ::recv(descriptor_, into.data(), into.size(), 0);
  if (count > 0) return {Status::ok, static_cast<std::size_t>(count)};
  return {count < 0 && (errno == EAGAIN || errno == EINTR) ? Status::wait : Status::closed, 0};
}

// What is written here is small and comes before anything else fills the socket: all of it or nothing.
ClientSocket::Outcome ClientSocket::write(std::string_view bytes) {
  if (tls_ != nullptr) {
    ERR_clear_error();
    return tls_outcome(SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size())));
  }
  const ssize_t count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (count == static_cast<ssize_t>(bytes.size())) return {Status::ok, bytes.size()};
  return {count < 0 && (errno == EAGAIN || errno == ENOTCONN || errno == EINTR) ? Status::wait : Status::closed, 0};
}

void ClientSocket::close() {
  if (tls_ != nullptr) SSL_free(std::exchange(tls_, nullptr));
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

std::uint64_t ClientSocket::segments_in() const {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (!open() || getsockopt(descriptor_, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  return info.tcpi_data_segs_in;
}

ssl_ctx_st* make_tls_context() {
  ssl_ctx_st* context = SSL_CTX_new(TLS_client_method());
  if (context != nullptr) {
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
  }
  return context;
}

}  // namespace tickspan::bench
