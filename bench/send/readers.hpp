#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace tickspan::bench {

/// WebSocket clients in a process of their own, which do nothing but read. Connected from several loopback addresses.
/// Made while the caller has one thread.
class Readers {
 public:
  Readers();
  ~Readers();
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  /// Opens `count` connections; once.
  void connect(std::uint16_t port, std::size_t count);
  std::size_t connected() const { return shared_->connected; }
  std::uint64_t bytes() const { return shared_->bytes; }  ///< received, the handshakes' not counted

 private:
  struct Shared {
    std::atomic<std::size_t> connected{0};
    std::atomic<std::uint64_t> bytes{0};
  };
  struct Order {
    std::uint16_t port = 0;
    std::size_t count = 0;
  };
  void run(const Order& order);

  Shared* shared_ = nullptr;
  int orders_ = -1;
  pid_t process_ = -1;
};

}  // namespace tickspan::bench
