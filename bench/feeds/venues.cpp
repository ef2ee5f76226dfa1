#include "venues.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "net/ws_codec.hpp"
#include "runtime/event_loop.hpp"

namespace tickspan::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kSlice = std::chrono::microseconds(500);
constexpr std::size_t kPiece = 256 << 10;  // bytes in one write at most

int listen_on_loopback(int& port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener, 8) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::perror("feed_bench: listen");
    std::exit(1);
  }
  port = ntohs(address.sin_port);
  return listener;
}

std::string header_of(const std::string& request, const std::string& name) {
  std::string lower = request;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto at = lower.find("\r\n" + name + ":");
  if (at == std::string::npos) return {};
  const auto begin = request.find_first_not_of(' ', at + name.size() + 3);
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

}  // namespace

VenueBank::VenueBank(const std::vector<VenueFrames>& venues) {
  for (const VenueFrames& venue : venues) {
    auto line = std::make_unique<Line>();
    line->frames = &venue;
    line->listener = listen_on_loopback(line->port);
    lines_.push_back(std::move(line));
  }
  thread_ = std::thread([this] { run(); });
}

VenueBank::~VenueBank() {
  stop_ = true;
  thread_.join();
  for (const auto& line : lines_) {
    if (line->socket >= 0) close(line->socket);
    close(line->listener);
  }
}

void VenueBank::accept_on(Line& line) {
  const int socket = accept4(line.listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (socket < 0) return;
  if (line.open) {  // the list of pairs is not what is measured
    close(socket);
    return;
  }
  if (line.socket >= 0) close(line.socket);
  line.socket = socket;
  line.request.clear();
}

void VenueBank::read_from(Line& line) {
  char buffer[4096];
  const ssize_t n = recv(line.socket, buffer, sizeof buffer, 0);
  if (n == 0 || (n < 0 && errno != EAGAIN)) {
    close(line.socket);
    line.socket = -1;
    if (std::exchange(line.open, false)) --connected_;
    return;
  }
  if (n < 0 || line.open) return;  // subscriptions
  line.request.append(buffer, static_cast<std::size_t>(n));
  if (line.request.find("\r\n\r\n") == std::string::npos) return;
  const std::string key = header_of(line.request, "sec-websocket-key");
  const std::string answer = key.empty()
                                 ? "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                                 : "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                   "Sec-WebSocket-Accept: " +
                                       net::accept_key(key) + "\r\n\r\n";
  if (send(line.socket, answer.data(), answer.size(), MSG_NOSIGNAL) < 0 || key.empty()) {
    close(line.socket);
    line.socket = -1;
    return;
  }
  line.open = true;
  ++connected_;
}

// False: nothing owed, or the socket is full.
bool VenueBank::send_some(Line& line) {
  if (!line.open || line.owed == 0) return false;
  const VenueFrames& frames = *line.frames;
  // As many whole frames as are owed, to the end of the recording at most.
  std::size_t last = std::min<std::uint64_t>(frames.size(), line.next + line.owed) - 1;
  while (last > line.next && frames.marks[last] - line.offset > kPiece) last = line.next + (last - line.next) / 2;
  const ssize_t n = send(line.socket, frames.wire.data() + line.offset, frames.marks[last] - line.offset, MSG_NOSIGNAL);
  if (n <= 0) return false;
  line.offset += static_cast<std::size_t>(n);
  std::uint64_t done = 0;
  while (line.next < frames.size() && frames.marks[line.next] <= line.offset) ++line.next, ++done;
  line.owed -= done;
  sent_ += done;
  if (line.next == frames.size()) line.next = line.offset = 0;
  return line.offset == 0 || line.offset == frames.marks[last];
}

void VenueBank::run() {
  runtime::set_thread_name("venues");
  auto before = Clock::now();
  double rest = 0;
  while (!stop_) {
    std::vector<pollfd> polls;
    for (const auto& line : lines_) {
      polls.push_back({line->listener, POLLIN, 0});
      polls.push_back({line->socket, POLLIN, 0});
    }
    poll(polls.data(), polls.size(), 0);
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if ((polls[2 * i].revents & POLLIN) != 0) accept_on(*lines_[i]);
      if (polls[2 * i + 1].revents != 0 && polls[2 * i + 1].fd == lines_[i]->socket) read_from(*lines_[i]);
    }
    const auto now = Clock::now();
    const double rate = rate_.load();
    if (rate >= kUnpaced) {
      for (const auto& line : lines_) line->owed = 4096;
    } else {
      rest += rate / static_cast<double>(lines_.size()) * std::chrono::duration<double>(now - before).count();
      const auto each = static_cast<std::uint64_t>(rest);
      rest -= static_cast<double>(each);
      for (const auto& line : lines_) line->owed += each;
      due_ += each * lines_.size();
    }
    before = now;
    for (const auto& line : lines_) {
      while (send_some(*line)) {
      }
    }
    std::this_thread::sleep_for(kSlice);
  }
}

}  // namespace tickspan::bench
