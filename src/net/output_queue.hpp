#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/socket_stream.hpp"

namespace tickspan::net {

/// What a socket has not taken yet: own bytes and bytes shared with other connections, in order. Empty it holds
/// nothing.
class OutputQueue {
 public:
  bool empty() const { return bytes_ == 0; }
  std::size_t bytes() const { return bytes_; }

  /// Writes directly when nothing waits; keeps (copies) what the socket does not take. False: the connection is gone.
  bool send(SocketStream& stream, std::string_view bytes);
  bool send_shared(SocketStream& stream, std::shared_ptr<const std::string> bytes);
  /// The first `written` of `bytes` were written by somebody else: keeps (copies) the others.
  void keep(std::string_view bytes, std::size_t written);
  void push(std::string bytes);
  void push_shared(std::shared_ptr<const std::string> bytes, std::size_t offset = 0);
  /// Writes until empty or the socket is full. False: the connection is gone.
  bool flush(SocketStream& stream);
  void clear();
  std::size_t take_written() { return std::exchange(written_, 0); }

 private:
  struct Item {
    std::string own;
    std::shared_ptr<const std::string> shared;
    std::string_view view() const { return shared ? std::string_view(*shared) : std::string_view(own); }
  };
  bool write_now(SocketStream& stream, std::string_view& bytes);
  void append(std::string_view bytes);
  void advance(std::size_t count);

  std::size_t bytes_ = 0;
  std::size_t written_ = 0;
  std::vector<Item> items_;
  std::size_t head_ = 0;    // first item not wholly written
  std::size_t offset_ = 0;  // written bytes of it
};

}  // namespace tickspan::net
