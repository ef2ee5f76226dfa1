#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>

struct ssl_st;
struct ssl_ctx_st;

namespace tickspan::net {

/// Non-blocking reads and writes on an accepted socket, plain or TLS. OpenSSL works on the descriptor itself and gives
/// its buffers back when idle, so that a quiet TLS connection costs a fraction of what a stream with buffers does.
/// **Ownership**: of the TLS session, not of the descriptor.
class SocketStream {
 public:
  enum class Status : unsigned char { ok, want_read, want_write, closed };
  struct Outcome {
    Status status = Status::ok;
    std::size_t bytes = 0;  ///< with `ok`
  };

  /// `context` null: plain.
  SocketStream(int descriptor, ssl_ctx_st* context);
  ~SocketStream();
  SocketStream(const SocketStream&) = delete;
  SocketStream& operator=(const SocketStream&) = delete;

  Outcome read(std::span<char> into);
  /// As much of `parts` as the socket takes at once.
  Outcome write(std::span<const iovec> parts);
  /// TLS says goodbye; plain sockets need nothing.
  void shutdown();
  /// Bytes that are decrypted already and of which no descriptor event will tell.
  bool has_pending() const;
  /// Without TLS the descriptor, else -1.
  int plain_descriptor() const { return tls_ == nullptr ? descriptor_ : -1; }

 private:
  Outcome tls_outcome(int result);
  Outcome write_tls(std::span<const iovec> parts);

  ssl_st* tls_ = nullptr;
  int descriptor_;
  bool broken_ = false;
};

}  // namespace tickspan::net
