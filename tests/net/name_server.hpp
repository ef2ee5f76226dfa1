#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace tickspan::test {

/// What a client asks of a name server.
struct Question {
  std::string packet;
  std::string name;  ///< with dots, none at the end
  bool v6 = false;   ///< AAAA, else A
};

/// The answer to a question: addresses as their 4 or 16 bytes, or a refusal by its code (RFC 1035, 4.1.1).
inline std::string answer_to(const Question& question, const std::vector<std::string>& addresses, int code = 0) {
  std::string packet = question.packet;
  packet[2] = static_cast<char>(0x85);  // a response, authoritative, recursion as desired
  packet[3] = static_cast<char>(0x80 | code);
  packet[7] = static_cast<char>(addresses.size());
  packet[11] = 0;
  for (const std::string& address : addresses) {
    const char type = address.size() == 4 ? 1 : 28;
    packet += std::string("\xc0\x0c\0", 3) + type + std::string("\0\1\0\0\0\0\0", 7);
    packet += static_cast<char>(address.size());
    packet += address;
  }
  return packet;
}

inline std::string v4(unsigned char last) {
  return {127, 0, 0, static_cast<char>(last)};
}
inline std::string v6(char last) {
  return std::string(15, '\0') + last;
}

/// A name server on loopback whose every packet a test scripts. The script runs on the server's thread.
class NameServer {
 public:
  using Script = std::function<std::vector<std::string>(const Question&)>;

  explicit NameServer(Script script) : script_(std::move(script)) {
    socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0 || ::pipe(stop_) != 0) {
      throw std::runtime_error("no socket for a name server");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~NameServer() {
    ::close(stop_[1]);
    thread_.join();
    ::close(stop_[0]);
    ::close(socket_);
  }
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;

  std::vector<std::string> address() const { return {"127.0.0.1:" + std::to_string(port_)}; }
  int asked() const { return asked_; }

 private:
  void serve() {
    for (;;) {
      pollfd ready[2] = {{socket_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
      if (::poll(ready, 2, -1) < 0 || ready[1].revents != 0) return;
      char buffer[512];
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const auto received = ::recvfrom(socket_, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (received < 17) continue;
      ++asked_;
      for (const std::string& packet : script_(read(std::string(buffer, static_cast<std::size_t>(received)))))
        ::sendto(socket_, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }
  static Question read(std::string packet) {
    Question question;
    std::size_t at = 12;
    while (packet.at(at) != 0) {
      const auto length = static_cast<std::size_t>(packet[at]);
      question.name += (question.name.empty() ? "" : ".") + packet.substr(at + 1, length);
      at += length + 1;
    }
    question.v6 = packet.at(at + 2) == 28;
    question.packet = packet.substr(0, at + 5);
    return question;
  }

  const Script script_;
  int socket_ = -1;
  int stop_[2] = {-1, -1};
  int port_ = 0;
  std::atomic<int> asked_{0};
  std::thread thread_;
};

}  // namespace tickspan::test
