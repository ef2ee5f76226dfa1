#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

struct ssl_st;
struct ssl_ctx_st;

namespace tickspan::bench {

/// One non-blocking connection to the server, plain or TLS.
class ClientSocket {
 public:
  enum class Status { ok, wait, closed };
  struct Outcome {
    Status status = Status::closed;
    std::size_t bytes = 0;
  };

  ClientSocket() = default;
  ~ClientSocket() { close(); }
  ClientSocket(const ClientSocket&) = delete;
  ClientSocket& operator=(const ClientSocket&) = delete;
  ClientSocket(ClientSocket&& other) noexcept { *this = std::move(other); }
  ClientSocket& operator=(ClientSocket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(tls_, other.tls_);
    return *this;
  }

  struct Target {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    ssl_ctx_st* tls = nullptr;  ///< null: plain
  };
  /// From 127.0.`source`, counted on from 127.0.0.2. `receive_buffer`: bytes, 0 for the system's own choice.
  bool connect(const Target& target, std::uint32_t source, int receive_buffer);
  Outcome read(std::span<char> into);
  Outcome write(std::string_view bytes);
  void close();
  bool open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  /// TCP segments with data that have come in so far: what the other end sent in one go counts once, up to 64 KiB.
  std::uint64_t segments_in() const;

 private:
  Outcome tls_outcome(int result);

  int descriptor_ = -1;
  ssl_st* tls_ = nullptr;
};

/// Certificates are not looked at: the server is one's own. Null when OpenSSL refuses.
ssl_ctx_st* make_tls_context();

}  // namespace tickspan::bench
