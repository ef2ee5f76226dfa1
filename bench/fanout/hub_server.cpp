// The real hub, sessions and protocol behind a synthetic publisher, so that any load program can be pointed at them.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "net/http_server.hpp"
#include "process.hpp"
#include "publisher.hpp"
#include "stream/hub.hpp"

namespace tickspan::bench {
namespace {

struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8123;
  std::uint32_t channels = 1, quiet = 0;
  double rate = 0;
  std::size_t threads = 1, payload = 120, history_bytes = 16 * 1024 * 1024;
  bool firehose = false, deflate = false;
  net::SendMethod method = net::SendMethod::direct;
  std::vector<std::string> tls;
  int core = -1;
};

// A stream session whose first request is made for it.
class Firehose final : public net::WebSocketHandler {
 public:
  explicit Firehose(std::shared_ptr<net::WebSocketHandler> session) : session_(std::move(session)) {}
  void on_open(net::WebSocketPeer& peer) override {
    session_->on_open(peer);
    session_->on_message(R"({"id":1,"method":"subscribe","params":{"channels":["bench:0"]}})");
  }
  void on_message(std::string_view text) override { session_->on_message(text); }
  void on_pong(std::string_view payload) override { session_->on_pong(payload); }
  void on_drained() override { session_->on_drained(); }
  void on_close(std::uint16_t code) override { session_->on_close(code); }

 private:
  std::shared_ptr<net::WebSocketHandler> session_;
};

// One web thread, without the REST side of the program.
class Site final : public net::HttpServer::Handler {
 public:
  Site(const std::string& name, stream::Hub& hub, bool firehose)
      : loop_(name), shard_(hub.add_shard(loop_)), firehose_(firehose) {}
  ~Site() override { loop_.stop(); }

  void start() { loop_.start(); }
  core::Status listen(const net::HttpServerOptions& options, runtime::Metrics& metrics) {
    server_ = std::make_unique<net::HttpServer>(loop_, options, *this, metrics);
    return server_->start();
  }
  void stop_listening() {
    if (server_) server_->stop(4000, std::chrono::milliseconds(500));
  }

  void on_request(net::HttpRequest, net::HttpServer::Respond respond) override {
    net::HttpResponse response;
    response.status = 404;
    respond(std::move(response));
  }
  std::shared_ptr<net::WebSocketHandler> on_upgrade(const net::HttpRequest& request, net::HttpResponse&) override {
    if (request.path() == "/api/v1/stream") return shard_.make_stream_session(request);
    if (request.path() != "/ws" || !firehose_) return nullptr;
    return std::make_shared<Firehose>(shard_.make_stream_session(request));
  }

 private:
  runtime::EventLoop loop_;
  stream::Shard& shard_;
  const bool firehose_;
  std::unique_ptr<net::HttpServer> server_;
};

// The hub's own counters, as they stand in its metrics.
std::string stream_metrics(const runtime::Metrics& metrics) {
  std::istringstream text(metrics.serialize());
  std::string json;
  for (std::string line; std::getline(text, line);) {
    const auto space = line.rfind(' ');
    if (!line.starts_with("tickspan_stream_") || space == std::string::npos) continue;
    std::string name = line.substr(16, space - 16);
    std::replace(name.begin(), name.end(), '"', '\'');
    json += fmt::format("{}\"{}\":{}", json.empty() ? "" : ",", name, line.substr(space + 1));
  }
  return "{" + json + "}";
}

std::string thread_figures() {
  std::string json;
  for (const ThreadCpu& thread : thread_cpu(getpid()))
    json += fmt::format("{}\"{}\":{:.2f}", json.empty() ? "" : ",", thread.name, thread.seconds);
  return "{" + json + "}";
}

int serve(const Options& options) {
  runtime::SystemClock clock;
  runtime::Metrics metrics;
  stream::StreamOptions limits;
  limits.bench_channels = options.channels + options.quiet;
  limits.history_bytes = options.history_bytes;
  limits.send_method = options.method;
  stream::Hub hub(limits, clock, metrics);
  Publisher publisher(hub, options.channels, options.rate, options.payload);
  std::vector<std::unique_ptr<Site>> sites;
  for (std::size_t i = 0; i < options.threads; ++i)
    sites.push_back(std::make_unique<Site>("web-" + std::to_string(i), hub, options.firehose));
  hub.reset([&publisher] { return publisher.snapshot(); });

  net::HttpServerOptions http;
  http.address = options.address;
  http.port = options.port;
  http.reuse_port = options.threads > 1;
  http.max_connections = 19'900;
  http.deflate = options.deflate;
  if (options.tls.size() == 2) {
    http.tls_certificate_file = options.tls[0];
    http.tls_key_file = options.tls[1];
  }
  for (auto& site : sites) {
    site->start();
    if (const auto listening = site->listen(http, metrics); !listening) {
      std::cerr << "hub_server: " << listening.error().context << '\n';
      for (auto& other : sites) other->stop_listening();
      hub.stop();
      return 1;
    }
  }
  publisher.start();
  fmt::print("{{\"ready\":true,\"pid\":{},\"port\":{}}}\n", getpid(), options.port);
  std::fflush(stdout);

  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  int received = 0;
  sigwait(&signals, &received);

  const std::string threads = thread_figures();
  const double cpu = static_cast<double>(cpu_ns(getpid())) * 1e-9;
  publisher.stop();
  for (auto& site : sites) site->stop_listening();
  hub.stop();
  fmt::print("{{\"published\":{},\"turns\":{},\"cpu_s\":{:.3f},\"threads\":{},\"stream\":{}}}\n", publisher.published(),
             publisher.turns(), cpu, threads, stream_metrics(metrics));
  return 0;
}

// HOST:PORT
bool split_address(const std::string& text, Options& options) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  options.address = text.substr(0, colon);
  return CLI::detail::lexical_cast(text.substr(colon + 1), options.port);
}

int run(int argc, char** argv) {
  Options options;
  std::string listen = "127.0.0.1:8123", io = "direct";
  CLI::App app{"The stream hub behind a synthetic publisher"};
  app.add_option("--listen", listen, "HOST:PORT")->capture_default_str();
  app.add_option("--channels", options.channels, "bench:0, bench:1, ...")->check(CLI::Range(1, 100'000));
  app.add_option("--quiet", options.quiet, "this many further channels, on which nothing is ever sent");
  app.add_option("--rate", options.rate, "updates a second on each channel")->check(CLI::NonNegativeNumber);
  app.add_option("--threads", options.threads, "web threads")->check(CLI::Range(1, 64));
  app.add_option("--payload", options.payload, "bytes of JSON a message")->capture_default_str();
  app.add_option("--history-bytes", options.history_bytes, "kept for resuming")->capture_default_str();
  app.add_flag("--firehose", options.firehose, "send bench:0 to every client of /ws, without a subscribe message");
  app.add_option("--io", io, "how a turn's writes reach the sockets")->check(CLI::IsMember({"direct", "io_uring"}));
  app.add_flag("--deflate", options.deflate, "agree to permessage-deflate");
  app.add_option("--tls", options.tls, "CERT KEY, both PEM files")->expected(2);
  app.add_option("--core", options.core, "bind all threads to this core");
  CLI11_PARSE(app, argc, argv);
  if (!split_address(listen, options)) {
    std::cerr << "hub_server: --listen wants HOST:PORT, not '" << listen << "'\n";
    return 2;
  }
  if (io == "io_uring") options.method = net::SendMethod::io_uring;
  if (!pin_to_core(options.core)) {
    std::cerr << "hub_server: --core: there is no core " << options.core << '\n';
    return 2;
  }
  raise_descriptor_limit();
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return serve(options);
}

}  // namespace
}  // namespace tickspan::bench

int main(int argc, char** argv) {
  return tickspan::bench::run(argc, argv);
}
