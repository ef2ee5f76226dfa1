#include "load.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <string_view>
#include <utility>

#include "message.hpp"

namespace tickspan::bench {
namespace {

constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";  // of the key in RFC 6455's own example
constexpr std::size_t kBuffer = 1024 * 1024;
constexpr int kSmallBuffer = 4096;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kSlowStep = 100'000'000;

std::string handshake_text(const LoadOptions& options) {
  std::string path = options.path;
  if (path.empty()) path = options.subscribe > 0 ? "/api/v1/stream" : "/ws";
  return fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}:{}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{}\r\n",
      path, options.target.host, options.target.port,
      options.deflate ? "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; "
                        "server_no_context_takeover\r\n"
                      : "");
}

}  // namespace

Load::Load(LoadOptions options)
    : options_(std::move(options)),
      handshake_(handshake_text(options_)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      buffer_(kBuffer) {
  clients_.resize(options_.clients + options_.idle);
  const std::uint32_t step = std::max(1U, options_.clients / std::max(1U, options_.checked));
  std::mt19937_64 random(options_.seed);
  std::vector<std::uint32_t> order(options_.clients);
  for (std::uint32_t i = 0; i < options_.clients; ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), random);
  const auto slow = static_cast<std::uint32_t>(options_.slow * options_.clients + 0.5);
  for (std::uint32_t i = 0; i < slow && i < options_.clients; ++i) {
    clients_[order[i]].slow = true;
    clients_[order[i]].reader.look(FrameReader::Depth::order);
  }
  result_.slow_total = slow;
  result_.readers = options_.clients - slow;
  for (std::uint32_t i = 0; i < options_.clients; i += step) {
    Client& client = clients_[i];
    if (client.slow) continue;
    client.full = true;
    client.reader.look(FrameReader::Depth::full);
  }
  for (std::uint32_t i = options_.clients; i < clients_.size(); ++i) clients_[i].idle = true;
}

Load::~Load() {
  clients_.clear();
  ::close(epoll_);
}

bool Load::run() {
  result_.before = memory_of(options_.server_pid);
  begin(opening_, 0, options_.clients, options_.open_rate);
  const std::int64_t deadline = monotonic_ns() + static_cast<std::int64_t>(options_.open_timeout * kSecond);
  while (!opening_.done() && monotonic_ns() < deadline) {
    open_some(opening_);
    wait(1);
  }
  if (opening_.done_ns == 0) opening_.done_ns = monotonic_ns();
  result_.opened = opening_.ready;
  result_.refused = options_.clients - opening_.ready;
  result_.open_seconds = static_cast<double>(opening_.done_ns - opening_.began_ns) * 1e-9;
  if (opening_.ready == 0) return false;
  wait_until(monotonic_ns() + static_cast<std::int64_t>(options_.warm_up * kSecond));
  result_.opened_memory = memory_of(options_.server_pid);
  measure();
  result_.after = memory_of(options_.server_pid);
  if (result_.slow_total > 0) settle_slow();
  return true;
}

// ---- opening ----

void Load::begin(Opening& opening, std::uint32_t from, std::uint32_t to, double rate) {
  opening.next = from;
  opening.end = to;
  opening.done_at = to - from;
  opening.rate = rate;
  opening.began_ns = monotonic_ns();
}

void Load::open_some(Opening& opening) {
  if (opening.next >= opening.end) return;
  const double passed = static_cast<double>(monotonic_ns() - opening.began_ns) * 1e-9;
  const std::uint32_t first = opening.end - opening.done_at;
  auto may = static_cast<std::int64_t>(passed * opening.rate) + 1 - (opening.next - first);
  for (; may > 0 && opening.next < opening.end && in_flight_ < options_.in_flight; --may) open_one(opening.next++);
}

void Load::open_one(std::uint32_t index) {
  Client& client = clients_[index];
  if (!client.socket.connect(options_.target, index % options_.sources, client.slow ? kSmallBuffer : 0)) {
    client.state = State::gone;
    ++opening_of(client).failed;
    return;
  }
  ++in_flight_;
  client.state = State::connecting;
  watch(index, EPOLLOUT, true);
}

void Load::send_handshake(std::uint32_t index) {
  Client& client = clients_[index];
  switch (client.socket.write(handshake_).status) {
    case ClientSocket::Status::ok:
      client.state = State::upgrading;
      return watch(index, EPOLLIN, false);
    case ClientSocket::Status::wait:  // TLS: its own handshake comes first
      return watch(index, EPOLLIN, false);
    case ClientSocket::Status::closed:
      return lose(index);
  }
}

bool Load::take_handshake(std::uint32_t index, std::string_view& bytes) {
  Client& client = clients_[index];
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return false;
  const std::string_view head = bytes.substr(0, end);
  if (!head.starts_with("HTTP/1.1 101") || head.find(kAccept) == std::string_view::npos) {
    lose(index);
    return false;
  }
  bytes.remove_prefix(end + 4);
  const bool subscribes = client.idle ? !options_.idle_channel.empty() : options_.subscribe > 0;
  if (!subscribes) {
    become_ready(index);
    return true;
  }
  client.state = State::subscribing;
  if (client.socket.write(client_frame(1, subscribe_message(index))).status != ClientSocket::Status::ok) {
    lose(index);
    return false;
  }
  return true;
}

std::string Load::subscribe_message(std::uint32_t index) const {
  std::string names;
  if (clients_[index].idle) {
    names = '"' + options_.idle_channel + '"';
  } else {
    std::mt19937_64 random(options_.seed * 1'000'003 + index);
    std::set<std::uint64_t> picked;
    while (picked.size() < std::min(options_.subscribe, options_.channels)) picked.insert(random() % options_.channels);
    for (const std::uint64_t channel : picked)
      names += fmt::format("{}\"bench:{}\"", names.empty() ? "" : ",", channel);
  }
  return R"({"id":1,"method":"subscribe","params":{"channels":[)" + names + "]}}";
}

void Load::become_ready(std::uint32_t index) {
  Client& client = clients_[index];
  client.state = State::ready;
  --in_flight_;
  Opening& opening = opening_of(client);
  ++opening.ready;
  if (opening.done()) opening.done_ns = monotonic_ns();
}

// ---- reading ----

void Load::watch(std::uint32_t index, std::uint32_t events, bool add) {
  epoll_event event{};
  event.events = events;
  event.data.u32 = index;
  epoll_ctl(epoll_, add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, clients_[index].socket.descriptor(), &event);
}

bool Load::wait(int timeout_ms) {
  const int count = epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), timeout_ms);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    on_event(event.data.u32, event.events);
  }
  return count > 0;
}

void Load::wait_until(std::int64_t until_ns) {
  for (;;) {
    const std::int64_t rest = until_ns - monotonic_ns();
    if (rest <= 0) return;
    wait(static_cast<int>(std::clamp<std::int64_t>(rest / 1'000'000, 0, 50)));
  }
}

void Load::on_event(std::uint32_t index, std::uint32_t events) {
  Client& client = clients_[index];
  if (client.state == State::gone) return;
  if (client.state == State::connecting) return send_handshake(index);
  if (client.slow && measuring_ && !settling_) {  // only its end is of interest
    if ((events & (EPOLLHUP | EPOLLERR)) != 0) lose(index);
    return;
  }
  on_readable(index, buffer_.size());
}

void Load::on_readable(std::uint32_t index, std::size_t limit) {
  Client& client = clients_[index];
  const std::size_t kept = client.rest.size();
  if (kept > 0) std::memcpy(buffer_.data(), client.rest.data(), kept);
  if (kept >= buffer_.size()) return lose(index);
  const auto outcome = client.socket.read({buffer_.data() + kept, std::min(limit, buffer_.size() - kept)});
  if (outcome.status == ClientSocket::Status::wait) return;
  if (outcome.status == ClientSocket::Status::closed) return lose(index);
  ++seen_.tally.reads;
  seen_.tally.bytes += outcome.bytes;
  std::string_view bytes(buffer_.data(), kept + outcome.bytes);
  if (client.state != State::upgrading || take_handshake(index, bytes)) take_frames(index, bytes);
  client.rest.assign(bytes);
}

void Load::take_frames(std::uint32_t index, std::string_view& bytes) {
  Client& client = clients_[index];
  const auto taken = client.reader.feed(bytes, monotonic_ns(), seen_);
  if (taken.answered && client.state == State::subscribing) become_ready(index);
  for (std::size_t i = 0; i < taken.pings; ++i) client.socket.write(client_frame(10, {}));
  if (taken.closed) client.close_code = taken.close_code;
  if (taken.broken) ++seen_.tally.broken;
  if (taken.closed || taken.broken) {
    lose(index);
    bytes = {};
  }
}

void Load::lose(std::uint32_t index) {
  Client& client = clients_[index];
  if (client.state == State::gone) return;
  if (client.state != State::ready) {
    --in_flight_;
    Opening& opening = opening_of(client);
    ++opening.failed;
    if (opening.done()) opening.done_ns = monotonic_ns();
  } else if (client.idle) {
    ++result_.idle_lost;
  } else if (client.slow) {
    ++(client.close_code == 4008 ? result_.slow_closed_4008
       : client.close_code > 0   ? result_.slow_closed_other
                                 : result_.slow_reset);
  } else {
    ++result_.lost_connections;
  }
  client.state = State::gone;
  client.socket.close();
  client.rest = {};
}

// ---- measuring ----

void Load::measure() {
  std::uint64_t segments_before = segments();
  const double server_before = static_cast<double>(cpu_ns(options_.server_pid)) * 1e-9;
  const double load_before = static_cast<double>(cpu_ns(getpid())) * 1e-9;
  const auto threads_before = thread_cpu(options_.server_pid);
  measuring_since_ = second_began_ = monotonic_ns();
  seen_.tally = {};
  seen_.measuring = measuring_ = true;
  if (result_.slow_total > 0) stop_reading();
  if (options_.idle > 0)
    begin(idle_opening_, options_.clients, static_cast<std::uint32_t>(clients_.size()), options_.idle_rate);
  const std::int64_t end = measuring_since_ + static_cast<std::int64_t>(options_.seconds * kSecond);
  std::int64_t now = measuring_since_, slow_at = now;
  while (now < end) {
    open_some(idle_opening_);
    const std::int64_t rest = std::min(end, second_began_ + kSecond) - now;
    const bool opening = idle_opening_.next < idle_opening_.end;
    wait(static_cast<int>(std::clamp<std::int64_t>(rest / 1'000'000, 0, opening ? 1 : 50)));
    now = monotonic_ns();
    if (options_.trickle > 0 && now >= slow_at) {
      slow_at = now + kSlowStep;
      read_slowly();
    }
    if (now - second_began_ >= kSecond) close_second(now);
  }
  if (now - second_began_ >= kSecond / 2) close_second(now);
  result_.seconds = static_cast<double>(now - measuring_since_) * 1e-9;
  result_.server_cpu_s = static_cast<double>(cpu_ns(options_.server_pid)) * 1e-9 - server_before;
  result_.load_cpu_s = static_cast<double>(cpu_ns(getpid())) * 1e-9 - load_before;
  result_.server_threads = thread_cpu(options_.server_pid);
  for (ThreadCpu& thread : result_.server_threads) {
    for (const ThreadCpu& before : threads_before) thread.seconds -= before.id == thread.id ? before.seconds : 0;
  }
  result_.segments = segments() - segments_before;
  result_.tally = seen_.tally;
  result_.latency = seen_.window;
  result_.idle_ready = idle_opening_.ready;
  if (idle_opening_.done_ns == 0) idle_opening_.done_ns = now;
  result_.idle_seconds = static_cast<double>(idle_opening_.done_ns - idle_opening_.began_ns) * 1e-9;
  seen_.measuring = false;
}

void Load::close_second(std::int64_t now_ns) {
  const Memory memory = memory_of(options_.server_pid);
  result_.per_second.push_back({static_cast<double>(now_ns - measuring_since_) * 1e-9,
                                seen_.tally.updates - second_updates_, seen_.second.quantile_ms(0.5),
                                seen_.second.quantile_ms(0.99), memory.sockets_kib, memory.resident_kib});
  second_updates_ = seen_.tally.updates;
  seen_.second.clear();
  second_began_ = now_ns;
}

std::uint64_t Load::segments() const {
  std::uint64_t sum = 0;
  for (const Client& client : clients_) {
    if (client.full && client.state == State::ready) sum += client.socket.segments_in();
  }
  return sum;
}

// ---- slow readers ----

void Load::stop_reading() {
  for (std::uint32_t i = 0; i < options_.clients; ++i) {
    if (clients_[i].slow && clients_[i].state == State::ready) watch(i, 0, false);
  }
}

// What these get does not count as delivered.
void Load::read_slowly() {
  const std::uint64_t updates = seen_.tally.updates;
  for (std::uint32_t i = 0; i < options_.clients; ++i) {
    if (clients_[i].slow && clients_[i].state == State::ready) on_readable(i, options_.trickle / 10 + 1);
  }
  seen_.tally.updates = updates;
}

// Reads what still waits for the slow ones, to see how they were left: a close frame, a cut, or still served.
void Load::settle_slow() {
  settling_ = true;
  for (std::uint32_t i = 0; i < options_.clients; ++i) {
    if (clients_[i].slow && clients_[i].state == State::ready) watch(i, EPOLLIN, false);
  }
  wait_until(monotonic_ns() + 2 * kSecond);
  for (const Client& client : clients_) result_.slow_open += client.slow && client.state == State::ready ? 1 : 0;
  result_.tally.lost = seen_.tally.lost;
  result_.tally.repeated = seen_.tally.repeated;
}

}  // namespace tickspan::bench
