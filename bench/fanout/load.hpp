#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "client_socket.hpp"
#include "frame_reader.hpp"
#include "process.hpp"

namespace tickspan::bench {

struct LoadOptions {
  ClientSocket::Target target;
  std::string path;      ///< empty: `/ws`, or with subscriptions `/api/v1/stream`
  bool deflate = false;  ///< offer permessage-deflate
  std::uint32_t clients = 100, sources = 64;
  std::uint32_t subscribe = 0, channels = 1;  ///< this many of so many, by chance; 0: no subscribe message is sent
  std::uint64_t seed = 1;
  double open_rate = 5'000;       ///< connections a second, at most
  std::uint32_t in_flight = 512;  ///< connections not ready yet, at most
  double open_timeout = 60, warm_up = 1, seconds = 5;
  std::uint32_t checked = 64;  ///< clients whose every message is read
  double slow = 0;             ///< share of the clients that stop reading when the measuring begins
  std::size_t trickle = 0;     ///< bytes a second that such a one still reads
  std::uint32_t idle = 0;      ///< further connections, opened while measuring
  double idle_rate = 6'000;
  std::string idle_channel;  ///< what these subscribe to; empty: nothing
  double expect = 0;         ///< updates a second each reading client should get; 0: not known
  int server_pid = 0;
};

/// A second of the measuring.
struct Second {
  double at = 0;  ///< seconds since it began
  std::uint64_t updates = 0;
  double p50_ms = 0, p99_ms = 0;
  std::size_t sockets_kib = 0, resident_kib = 0;
};

struct LoadResult {
  std::uint32_t opened = 0, refused = 0, lost_connections = 0;
  double open_seconds = 0, seconds = 0;
  Tally tally;
  Histogram latency;
  std::vector<Second> per_second;
  double server_cpu_s = 0, load_cpu_s = 0;
  std::vector<ThreadCpu> server_threads;
  Memory before, opened_memory, after;
  std::uint64_t segments = 0;  ///< of the checked clients
  std::uint32_t readers = 0;
  std::uint32_t slow_total = 0, slow_closed_4008 = 0, slow_closed_other = 0, slow_reset = 0, slow_open = 0;
  std::uint32_t idle_ready = 0, idle_lost = 0;
  double idle_seconds = 0;
};

/// N WebSocket clients in one thread: opens them, waits until all are ready, measures for a while.
class Load {
 public:
  explicit Load(LoadOptions options);
  ~Load();
  /// False: not one client got ready.
  bool run();
  const LoadResult& result() const { return result_; }

 private:
  enum class State : std::uint8_t { none, connecting, upgrading, subscribing, ready, gone };
  struct Client {
    ClientSocket socket;
    FrameReader reader;
    std::string rest;  // the beginning of a frame, or of the handshake's answer
    State state = State::none;
    bool slow = false, idle = false, full = false;
    std::uint16_t close_code = 0;
  };
  // One crowd of clients that is being opened.
  struct Opening {
    std::uint32_t next = 0, end = 0, ready = 0, failed = 0;
    double rate = 0;
    std::int64_t began_ns = 0, done_ns = 0;
    bool done() const { return ready + failed >= done_at; }
    std::uint32_t done_at = 0;
  };

  void begin(Opening& opening, std::uint32_t from, std::uint32_t to, double rate);
  void open_some(Opening& opening);
  void open_one(std::uint32_t index);
  bool wait(int timeout_ms);
  void wait_until(std::int64_t until_ns);
  void measure();
  void close_second(std::int64_t now_ns);
  void read_slowly();
  void watch(std::uint32_t index, std::uint32_t events, bool add);
  void on_event(std::uint32_t index, std::uint32_t events);
  void send_handshake(std::uint32_t index);
  void on_readable(std::uint32_t index, std::size_t limit);
  bool take_handshake(std::uint32_t index, std::string_view& bytes);
  void take_frames(std::uint32_t index, std::string_view& bytes);
  void become_ready(std::uint32_t index);
  void lose(std::uint32_t index);
  void stop_reading();
  void settle_slow();
  Opening& opening_of(const Client& client) { return client.idle ? idle_opening_ : opening_; }
  std::string subscribe_message(std::uint32_t index) const;
  std::uint64_t segments() const;

  const LoadOptions options_;
  std::string handshake_;
  int epoll_ = -1;
  std::vector<Client> clients_;
  Opening opening_, idle_opening_;
  std::uint32_t in_flight_ = 0;
  Observation seen_;
  LoadResult result_;
  std::int64_t measuring_since_ = 0, second_began_ = 0;
  std::uint64_t second_updates_ = 0;
  bool measuring_ = false, settling_ = false;
  std::vector<char> buffer_;
  std::array<epoll_event, 1024> events_{};
};

/// The result as one JSON object.
std::string report(const LoadOptions& options, const LoadResult& result);

}  // namespace tickspan::bench
