#include "readers.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <string_view>

namespace tickspan::bench {
namespace {

constexpr std::size_t kAddresses = 8;

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "%s: %s\n", what, std::strerror(errno));
  std::_Exit(1);
}

int open_websocket(std::uint16_t port, std::size_t i) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) die("socket");
  const int yes = 1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + static_cast<std::uint32_t>(i % kAddresses));
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) die("bind");
  sockaddr_in to = from;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(port);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) die("connect");
  constexpr std::string_view kAsk =
      "GET / HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  if (::send(fd, kAsk.data(), kAsk.size(), MSG_NOSIGNAL) < 0) die("send");
  std::string answer;
  while (answer.find("\r\n\r\n") == std::string::npos) {
    std::array<char, 1024> bytes;
    const ssize_t count = ::recv(fd, bytes.data(), bytes.size(), 0);
    if (count <= 0) die("recv");
    answer.append(bytes.data(), static_cast<std::size_t>(count));
  }
  if (!answer.starts_with("HTTP/1.1 101")) die("upgrade refused");
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

}  // namespace

Readers::Readers() {
  void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) die("mmap");
  shared_ = new (memory) Shared;
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) die("pipe");
  process_ = ::fork();
  if (process_ < 0) die("fork");
  if (process_ == 0) {
    ::close(ends[1]);
    Order order;
    if (::read(ends[0], &order, sizeof order) == sizeof order) run(order);
    std::_Exit(0);
  }
  ::close(ends[0]);
  orders_ = ends[1];
}

Readers::~Readers() {
  ::close(orders_);
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  ::munmap(shared_, sizeof(Shared));
}

void Readers::connect(std::uint16_t port, std::size_t count) {
  const Order order{port, count};
  if (::write(orders_, &order, sizeof order) != sizeof order) die("write");
}

void Readers::run(const Order& order) {
  cpu_set_t second;
  CPU_ZERO(&second);
  CPU_SET(1, &second);
  ::sched_setaffinity(0, sizeof second, &second);
  const int epoll = ::epoll_create1(0);
  for (std::size_t i = 0; i < order.count; ++i) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = open_websocket(order.port, i);
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event) != 0) die("epoll_ctl");
    ++shared_->connected;
  }
  std::array<epoll_event, 256> events;
  static std::array<char, 64 * 1024> bytes;
  for (;;) {
    const int ready = ::epoll_wait(epoll, events.data(), events.size(), -1);
    for (int i = 0; i < ready; ++i) {
      const ssize_t count = ::recv(events[static_cast<std::size_t>(i)].data.fd, bytes.data(), bytes.size(), 0);
      if (count > 0) shared_->bytes += static_cast<std::uint64_t>(count);
      if (count == 0) std::_Exit(0);  // the server has gone
    }
  }
}

}  // namespace tickspan::bench
