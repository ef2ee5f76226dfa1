#include "load.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <deque>
#include <stdexcept>
#include <string_view>

namespace tickspan::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kBuffer = 256 << 10;

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (socket < 0 || ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("cannot connect to the server");
  return socket;
}

std::string request(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
}

/// What of an answer is still to come. Bodies are counted, not kept.
struct Answer {
  std::string head;
  bool in_body = false;
  int status = 0;
  std::size_t size = 0, left = 0;

  /// True when it is whole.
  bool take(std::string_view bytes) {
    if (!in_body) {
      head.append(bytes);
      const auto end = head.find("\r\n\r\n");
      if (end == std::string::npos) return false;
      std::string lower = head.substr(0, end);
      std::transform(lower.begin(), lower.end(), lower.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
      const auto field = lower.find("content-length: ");
      if (lower.size() < 12 || field == std::string::npos) throw std::runtime_error("not the answer that was expected");
      std::from_chars(lower.data() + 9, lower.data() + 12, status);
      std::from_chars(lower.data() + field + 16, lower.data() + lower.size(), size);
      in_body = true;
      left = size;
      bytes.remove_prefix(bytes.size() - (head.size() - end - 4));
    }
    left -= std::min(left, bytes.size());
    return left == 0;
  }
};

void send_all(int socket, const std::string& bytes) {
  if (::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
    throw std::runtime_error("the server does not read");
}

double ms_since(Clock::time_point then) {
  return std::chrono::duration<double, std::milli>(Clock::now() - then).count();
}

class OpenLoop {
 public:
  explicit OpenLoop(const OpenLoad& load) : load_(load), poll_(::epoll_create1(EPOLL_CLOEXEC)), buffer_(kBuffer) {
    for (std::size_t i = 0; i < load.connections; ++i) {
      Line line;
      line.socket = connect_to(load.port);
      lines_.push_back(std::move(line));
      epoll_event event{EPOLLIN, {.u64 = i}};
      ::epoll_ctl(poll_, EPOLL_CTL_ADD, lines_.back().socket, &event);
    }
  }
  ~OpenLoop() {
    for (const Line& line : lines_) ::close(line.socket);
    ::close(poll_);
  }
  OpenLoop(const OpenLoop&) = delete;
  OpenLoop& operator=(const OpenLoop&) = delete;

  Delays run() {
    const auto total = static_cast<std::size_t>(load_.per_second * load_.seconds);
    const auto begin = Clock::now();
    const auto due = [&](std::size_t n) {
      return begin +
             std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(n) * 1e9 / load_.per_second));
    };
    std::size_t next = 0;
    while (next < total || open_ > 0) {
      for (; next < total && due(next) <= Clock::now(); ++next) {
        out_.sent_late_ms = std::max(out_.sent_late_ms, ms_since(due(next)));
        Line& line = lines_[next % lines_.size()];
        line.waiting.push_back({due(next), next});
        ++open_;
        if (line.waiting.size() == 1) ask(line);
      }
      if (ms_since(begin) > load_.seconds * 1e3 + 30'000)
        throw std::runtime_error("the server does not keep up at all");
      wait(next < total ? due(next) : Clock::now() + std::chrono::milliseconds(100));
    }
    std::sort(out_.ms.begin(), out_.ms.end());
    return std::move(out_);
  }

 private:
  struct Asked {
    Clock::time_point due;
    std::size_t number;
  };
  struct Line {
    int socket = -1;
    std::deque<Asked> waiting;  // the first is under way
    Answer answer;
  };

  void ask(Line& line) {
    line.answer = {};
    send_all(line.socket, request(load_.targets[line.waiting.front().number % load_.targets.size()]));
  }

  void wait(Clock::time_point until) {
    epoll_event events[64];
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    const int ready = ::epoll_wait(poll_, events, 64, static_cast<int>(std::clamp<std::int64_t>(left - 1, 0, 100)));
    for (int i = 0; i < ready; ++i) receive(lines_[events[i].data.u64]);
  }

  void receive(Line& line) {
    const ssize_t size = ::recv(line.socket, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) throw std::runtime_error("the server closed a connection");
    if (!line.answer.take({buffer_.data(), static_cast<std::size_t>(size)})) return;
    out_.ms.push_back(ms_since(line.waiting.front().due));
    if (line.answer.status != 200) ++out_.failed;
    line.waiting.pop_front();
    --open_;
    if (!line.waiting.empty()) ask(line);
  }

  const OpenLoad load_;
  const int poll_;
  std::vector<Line> lines_;
  std::vector<char> buffer_;
  std::size_t open_ = 0;
  Delays out_;
};

}  // namespace

Asker::Asker(std::uint16_t port) : socket_(connect_to(port)), buffer_(kBuffer) {}

Asker::~Asker() {
  ::close(socket_);
}

double Asker::ask(const std::string& target, std::size_t& size) {
  const std::string text = request(target);
  Answer answer;
  const auto begin = Clock::now();
  send_all(socket_, text);
  while (true) {
    const ssize_t got = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) throw std::runtime_error("the server closed the connection");
    if (answer.take({buffer_.data(), static_cast<std::size_t>(got)})) break;
  }
  const double us = ms_since(begin) * 1e3;
  if (answer.status != 200) throw std::runtime_error("no 200 for " + target);
  size = answer.size;
  return us;
}

Delays open_loop(const OpenLoad& load) {
  return OpenLoop(load).run();
}

double quantile(const std::vector<double>& ascending, double part) {
  if (ascending.empty()) return 0;
  const auto last = static_cast<double>(ascending.size() - 1);
  return ascending[static_cast<std::size_t>(last * part + 0.5)];
}

}  // namespace tickspan::bench
