// What writing one frame to many sockets costs the writing thread: a bare loop of send(), the product's connections
// written to one by one, and the same through io_uring. All three write to the same accepted sockets, 100,000
// deliveries a second, in interleaved rounds; a process of its own reads. Prints the medians of CPU time per delivery,
// their spread, and the median of each round's ratio to the bare loop.

#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net/send_batch.hpp"
#include "net/ws_codec.hpp"
#include "readers.hpp"

namespace {

using namespace tickspan;
using namespace std::chrono_literals;

constexpr int kRounds = 7;
constexpr double kDeliveriesPerSecond = 100'000;
constexpr std::size_t kDeliveriesPerRound = 40'000;

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "send_bench: %s\n", what.c_str());
  std::exit(1);
}

double cpu_us() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) * 1e-3;
}

// The writer on the first core, the readers on the second: where they share one, it is the scheduler that is measured.
void use_core(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  sched_setaffinity(0, sizeof set, &set);  // a machine with one core is left as it is
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

bool closing = false;  // on the loop's thread

struct Socket final : net::WebSocketHandler {
  void on_open(net::WebSocketPeer& p) override { peer = &p; }
  void on_message(std::string_view) override {}
  void on_close(std::uint16_t) override {
    if (!closing) die("a connection was lost");
  }
  net::WebSocketPeer* peer = nullptr;
};

struct Sockets final : net::HttpServer::Handler {
  void on_request(net::HttpRequest, net::HttpServer::Respond respond) override { respond({}); }
  std::shared_ptr<net::WebSocketHandler> on_upgrade(const net::HttpRequest&, net::HttpResponse&) override {
    return all.emplace_back(std::make_shared<Socket>());
  }
  std::vector<std::shared_ptr<Socket>> all;
};

class Bench {
 public:
  explicit Bench(std::size_t count) : count_(count) {
    loop_.start();
    loop_.run_and_wait([] { use_core(0); });
    net::HttpServerOptions options;
    options.address = "127.0.0.1";
    server_ = std::make_unique<net::HttpServer>(loop_, options, sockets_, metrics_);
    if (const auto started = server_->start(); !started) die(started.error().context);
    readers_.connect(server_->port(), count);
    wait_until([&] { return readers_.connected() == count; });
    add("bare send()", nullptr);
    add("direct", std::move(*net::make_send_batch(net::SendMethod::direct)));
    if (auto uring = net::make_send_batch(net::SendMethod::io_uring)) {
      add("io_uring", std::move(*uring));
    } else {
      std::printf("io_uring: %s\n", uring.error().context.c_str());
    }
  }
  ~Bench() {
    loop_.run_and_wait([&] { closing = true; });
    server_.reset();
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  void compare(std::size_t frame_bytes) {
    const std::string frame = net::encode_text_frame(std::string(frame_bytes - (frame_bytes > 127 ? 4 : 2), 'x'));
    for (Method& method : methods_) method.us.clear();
    for (int round = 0; round < kRounds; ++round) {
      // Another order each round: whoever comes after a quiet moment pays for it.
      for (std::size_t i = 0; i < methods_.size(); ++i) {
        Method& method = methods_[(i + static_cast<std::size_t>(round)) % methods_.size()];
        method.us.push_back(measure(method, frame));
      }
    }
    for (const Method& method : methods_) {
      std::vector<double> ratios;
      for (std::size_t i = 0; i < method.us.size(); ++i) ratios.push_back(method.us[i] / methods_[0].us[i]);
      const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
      const auto [low, high] = std::minmax_element(method.us.begin(), method.us.end());
      std::printf("%6zu sockets %5zu bytes  %-12s %5.2f us a delivery (%.2f to %.2f)  ratio %.2f (%.2f to %.2f)\n",
                  count_, frame.size(), method.name, median(method.us), *low, *high, median(ratios), *least, *most);
    }
  }

 private:
  struct Method {
    const char* name;
    std::unique_ptr<net::SendBatch> batch;  ///< none: the bare loop
    std::vector<double> us;
  };
  void add(const char* name, std::unique_ptr<net::SendBatch> batch) {
    methods_.push_back({name, std::move(batch), {}});
  }

  template <typename Condition>
  void wait_until(const Condition& condition) {
    const auto patience = std::chrono::steady_clock::now() + 60s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > patience) die("the readers do not keep up");
      std::this_thread::sleep_for(1ms);
    }
  }

  double measure(Method& method, const std::string& frame) {
    const std::size_t turns = std::max<std::size_t>(2, kDeliveriesPerRound / count_);
    const auto pause = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(static_cast<double>(count_) / kDeliveriesPerSecond));
    double spent = 0;
    loop_.run_and_wait([&] {
      auto next = std::chrono::steady_clock::now();
      for (std::size_t turn = 0; turn < turns; ++turn) {
        std::this_thread::sleep_until(next += pause);
        const double before = cpu_us();
        write(method, frame);
        spent += cpu_us() - before;
      }
    });
    expected_ += turns * count_ * frame.size();
    wait_until([&] { return readers_.bytes() == expected_; });
    return spent / static_cast<double>(turns * count_);
  }

  void write(const Method& method, const std::string& frame) {
    if (method.batch) {
      for (const auto& socket : sockets_.all) method.batch->add(*socket->peer, frame);
      method.batch->submit();
      return;
    }
    if (descriptors_.empty()) {
      for (const auto& socket : sockets_.all) descriptors_.push_back(socket->peer->idle_descriptor());
    }
    for (const int descriptor : descriptors_) {
      if (::send(descriptor, frame.data(), frame.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(frame.size())) {
        die("a socket is full");
      }
    }
  }

  std::size_t count_;
  bench::Readers readers_;
  runtime::Metrics metrics_;
  runtime::EventLoop loop_{"send"};
  Sockets sockets_;
  std::unique_ptr<net::HttpServer> server_;
  std::vector<Method> methods_;
  std::vector<int> descriptors_;
  std::uint64_t expected_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::size_t> counts;
  for (int i = 1; i < argc; ++i) counts.push_back(std::strtoul(argv[i], nullptr, 10));
  if (counts.empty()) counts = {100, 1000, 10'000};
  for (const std::size_t count : counts) {
    Bench bench(count);
    bench.compare(130);
    bench.compare(1300);
  }
}
