// The limit to hold a fan-out against: accepts WebSockets, and then does nothing but send() the same frame to each.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>
#include <unordered_map>
#include <vector>

#include "message.hpp"
#include "net/ws_codec.hpp"
#include "process.hpp"

namespace tickspan::bench {
namespace {

volatile std::sig_atomic_t stop_asked = 0;

class BareServer {
 public:
  BareServer(double rate, std::size_t payload) : pacer_(rate, monotonic_ns()), maker_("bare", payload) {}

  bool listen(std::uint16_t port) {
    epoll_ = epoll_create1(0);
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int yes = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(listener_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return false;
    if (::listen(listener_, 4096) != 0) return false;
    watch(listener_);
    return true;
  }

  void run() {
    std::array<epoll_event, 256> events;
    while (stop_asked == 0) {
      const std::int64_t rest = std::clamp<std::int64_t>(pacer_.next_ns() - monotonic_ns(), 0, 50'000'000);
      const timespec wait{0, static_cast<long>(rest)};
      const int count = epoll_pwait2(epoll_, events.data(), events.size(), &wait, nullptr);
      for (int i = 0; i < count; ++i) {
        const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
        if (descriptor == listener_) {
          accept_all();
        } else {
          read(descriptor);
        }
      }
      if (monotonic_ns() >= pacer_.next_ns()) publish();
    }
  }

  void print_figures() const {
    std::printf("{\"published\":%llu,\"deliveries\":%llu,\"dropped\":%llu,\"cpu_s\":%.3f}\n",
                static_cast<unsigned long long>(seq_), static_cast<unsigned long long>(deliveries_),
                static_cast<unsigned long long>(dropped_), static_cast<double>(cpu_ns(getpid())) * 1e-9);
  }

 private:
  void watch(int descriptor) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = descriptor;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
  }

  void accept_all() {
    for (;;) {
      const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (descriptor < 0) return;
      requests_[descriptor];
      watch(descriptor);
    }
  }

  void read(int descriptor) {
    std::array<char, 4096> buffer;
    const ssize_t count = recv(descriptor, buffer.data(), buffer.size(), 0);
    if (count <= 0) {
      if (count == 0 || (errno != EAGAIN && errno != EINTR)) drop(descriptor);
      return;
    }
    const auto it = requests_.find(descriptor);
    if (it == requests_.end()) return;  // what clients say later is of no interest here
    it->second.append(buffer.data(), static_cast<std::size_t>(count));
    if (it->second.find("\r\n\r\n") == std::string::npos) return;
    upgrade(descriptor, it->second);
    requests_.erase(it);
  }

  void upgrade(int descriptor, const std::string& request) {
    constexpr std::string_view kKey = "Sec-WebSocket-Key: ";
    const auto at = request.find(kKey);
    if (at == std::string::npos) return drop(descriptor);
    const std::string key = request.substr(at + kKey.size(), request.find('\r', at) - at - kKey.size());
    const std::string answer =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
        net::accept_key(key) + "\r\n\r\n";
    if (send(descriptor, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return drop(descriptor);
    clients_.push_back(descriptor);
  }

  void publish() {
    const std::int64_t now = monotonic_ns();
    for (std::uint64_t due = pacer_.take(now); due > 0; --due) {
      frame_.clear();
      net::append_text_frame(frame_, maker_.make("bench:0", ++seq_, now));
      for (std::size_t i = 0; i < clients_.size();) {
        const ssize_t sent = send(clients_[i], frame_.data(), frame_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent == static_cast<ssize_t>(frame_.size())) {
          ++deliveries_;
          ++i;
        } else if (sent < 0 && errno == EAGAIN) {
          ++dropped_;  // nothing is queued here
          ++i;
        } else {
          drop(clients_[i]);
        }
      }
    }
  }

  void drop(int descriptor) {
    requests_.erase(descriptor);
    std::erase(clients_, descriptor);
    close(descriptor);
  }

  Pacer pacer_;
  MessageMaker maker_;
  int epoll_ = -1, listener_ = -1;
  std::unordered_map<int, std::string> requests_;  // of those that are not upgraded yet
  std::vector<int> clients_;
  std::string frame_;
  std::uint64_t seq_ = 0, deliveries_ = 0, dropped_ = 0;
};

int run(int argc, char** argv) {
  std::uint16_t port = 8124;
  double rate = 0;
  std::size_t payload = 120;
  int core = -1;
  CLI::App app{"A bare loop of send() to every WebSocket that connects"};
  app.add_option("--port", port, "on 127.0.0.1")->capture_default_str();
  app.add_option("--rate", rate, "messages a second to each client");
  app.add_option("--payload", payload, "bytes of JSON a message")->capture_default_str();
  app.add_option("--core", core, "bind to this core");
  CLI11_PARSE(app, argc, argv);
  pin_to_core(core);
  raise_descriptor_limit();
  for (const int signal : {SIGTERM, SIGINT}) std::signal(signal, [](int) { stop_asked = 1; });
  BareServer server(rate, payload);
  if (!server.listen(port)) {
    std::cerr << "bare_server: cannot listen on port " << port << '\n';
    return 1;
  }
  std::printf("{\"ready\":true,\"pid\":%d,\"port\":%d}\n", getpid(), port);
  std::fflush(stdout);
  server.run();
  server.print_figures();
  return 0;
}

}  // namespace
}  // namespace tickspan::bench

int main(int argc, char** argv) {
  return tickspan::bench::run(argc, argv);
}
