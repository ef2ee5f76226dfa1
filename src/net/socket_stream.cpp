#include "net/socket_stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/assert.hpp"

namespace tickspan::net {
namespace {

constexpr std::size_t kTlsRecord = 16 * 1024;

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK;
}

}  // namespace

SocketStream::SocketStream(int descriptor, ssl_ctx_st* context) : descriptor_(descriptor) {
  if (context == nullptr) return;
  tls_ = SSL_new(context);
  TS_ASSERT(tls_ != nullptr, "out of memory");
  SSL_set_fd(tls_, descriptor);
  SSL_set_accept_state(tls_);
}

SocketStream::~SocketStream() {
  if (tls_ != nullptr) SSL_free(tls_);
}

SocketStream::Outcome SocketStream::read(std::span<char> into) {
  if (tls_ != nullptr) {
    if (broken_) return {Status::closed, 0};
    ERR_clear_error();
    return tls_outcome(SSL_read(tls_, into.data(), static_cast<int>(into.size())));
  }
  for (;;) {
    const ssize_t count = ::recv(descriptor_, into.data(), into.size(), 0);
    if (count > 0) return {Status::ok, static_cast<std::size_t>(count)};
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && would_block(errno)) return {Status::want_read, 0};
    return {Status::closed, 0};
  }
}

SocketStream::Outcome SocketStream::write(std::span<const iovec> parts) {
  if (tls_ != nullptr) return write_tls(parts);
  for (;;) {
    ssize_t count = 0;
    if (parts.size() == 1) {
      count = ::send(descriptor_, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL);
    } else {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(parts.data());
      message.msg_iovlen = parts.size();
      count = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    }
    if (count >= 0) return {Status::ok, static_cast<std::size_t>(count)};
    if (errno == EINTR) continue;
    return {would_block(errno) ? Status::want_write : Status::closed, 0};
  }
}

// A refused record must be offered again with the same bytes in front and no fewer of them: callers keep what was not
// taken in front of their queue, and this gathers from there.
SocketStream::Outcome SocketStream::write_tls(std::span<const iovec> parts) {
  if (broken_) return {Status::closed, 0};
  std::array<char, kTlsRecord> gathered;
  const void* data = parts[0].iov_base;
  std::size_t size = std::min(parts[0].iov_len, kTlsRecord);
  if (parts.size() > 1 && parts[0].iov_len < kTlsRecord) {
    size = 0;
    for (const iovec& part : parts) {
      const std::size_t take = std::min(part.iov_len, kTlsRecord - size);
      std::memcpy(gathered.data() + size, part.iov_base, take);
      size += take;
      if (size == kTlsRecord) break;
    }
    data = gathered.data();
  }
  ERR_clear_error();
  return tls_outcome(SSL_write(tls_, data, static_cast<int>(size)));
}

SocketStream::Outcome SocketStream::tls_outcome(int result) {
  if (result > 0) return {Status::ok, static_cast<std::size_t>(result)};
  switch (SSL_get_error(tls_, result)) {
    case SSL_ERROR_WANT_READ:
      return {Status::want_read, 0};
    case SSL_ERROR_WANT_WRITE:
      return {Status::want_write, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {Status::closed, 0};
    default:
      broken_ = true;
      return {Status::closed, 0};
  }
}

void SocketStream::shutdown() {
  if (tls_ == nullptr || broken_ || SSL_in_init(tls_) != 0) return;
  ERR_clear_error();
  SSL_shutdown(tls_);  // one way; the answer is not waited for
}

bool SocketStream::has_pending() const {
  return tls_ != nullptr && SSL_has_pending(tls_) != 0;
}

}  // namespace tickspan::net
