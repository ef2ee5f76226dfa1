#include <fmt/format.h>
#include <signal.h>

#include <cstdio>

#include "app/commands.hpp"
#include "app/gate.hpp"
#include "app/server_options.hpp"
#include "app/signals.hpp"
#include "app/world.hpp"
#include "runtime/process_metrics.hpp"
#include "server/server.hpp"

namespace tickspan::app {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatienceForRealSources = 10s;
constexpr unsigned kStopDeadlineSeconds = 10;

void say(const std::string& line) {
  std::fputs((line + "\n").c_str(), stdout);
  std::fflush(stdout);
}

/// Serves one market to clients: the real one, or, while no real source answers and the user asked for it, a simulated
/// one.
class Service {
 public:
  Service(const Config& config, std::string directory)
      : config_(config),
        directory_(std::move(directory)),
        server_(server_options(config), clock_, metrics_),
        real_gate_(server_.frames()),
        simulated_gate_(server_.frames()) {}

  int run() {
    if (auto started = start(); !started) return cannot(started.error());
    say_where();
    const auto begin = std::chrono::steady_clock::now();
    for (;;) {
      const int signal = signals_.wait(100ms);
      if (signal == SIGINT || signal == SIGTERM) break;
      if (signal == SIGHUP) reload(server_);
      if (auto done = look_after(std::chrono::steady_clock::now() - begin); !done) return stop(), cannot(done.error());
    }
    say("Stopping");
    stop();
    return 0;
  }

 private:
  core::Status start() {
    WorldOptions options;
    options.database = directory_ + "/tickspan.db";
    real_ = std::make_unique<World>(options, config_, clock_);
    if (auto opened = real_->open(&real_gate_, &server_.interest()); !opened) return opened;
    if (auto started = server_.start(); !started) return started;
    say_when_fewer_connections(config_);
    say(fmt::format("Tickspan {} with its database in {}", TICKSPAN_VERSION, real_->store_location()));
    real_->start();
    serve_real();
    return {};
  }

  void serve_real() {
    simulated_gate_.shut();
    server_.set_backend(real_->backend());
    real_gate_.open();
  }

  core::Status look_after(std::chrono::steady_clock::duration elapsed) {
    if (!answered_ && real_->heard_from_any()) {
      answered_ = true;
      say(simulated_ ? "A real source answers: going over to real prices" : "Real prices are coming in");
      if (simulated_) {
        serve_real();
        end_simulation();
      }
      say_where();
    }
    if (answered_ || decided_ || elapsed < kPatienceForRealSources) return {};
    decided_ = true;
    switch (config_.offline) {
      case Offline::wait:
        say("No source answers yet; still trying");
        say_where();
        return {};
      case Offline::fail:
        return core::fail(core::ErrorCode::unavailable,
                          "no source answered within 10 s (--offline fail); see --offline wait or simulate");
      case Offline::simulate:
        break;
    }
    return begin_simulation();
  }

  core::Status begin_simulation() {
    say("No real source answers: serving a SIMULATED market, until one does");
    sim::SimulatorOptions options;
    simulator_ = std::make_unique<sim::Simulator>(options, clock_, metrics_);
    if (auto started = simulator_->start(); !started) return started;
    WorldOptions world;
    world.origin = core::Origin::simulated;
    world.database = directory_ + "/simulated.db";
    world.hosts = simulator_->hosts();
    world.notice = "These prices are simulated: no real source answers from this machine. They are not market data.";
    simulated_ = std::make_unique<World>(world, config_, clock_);
    if (auto opened = simulated_->open(&simulated_gate_, &server_.interest()); !opened) return opened;
    simulated_->start();
    real_gate_.shut();
    server_.set_backend(simulated_->backend());
    simulated_gate_.open();
    say_where();
    return {};
  }

  void end_simulation() {
    simulated_->stop();
    simulator_->stop();
    // Requests under way may still hold the old backend; it keeps what it needs.
    simulated_.reset();
    simulator_.reset();
  }

  void stop() {
    arm_stop_deadline(kStopDeadlineSeconds);
    server_.stop(3s);
    if (simulated_) end_simulation();
    real_->stop();
    alarm_off();
  }
  static void alarm_off() { arm_stop_deadline(0); }

  void say_where() const { say("Open " + open_address(config_, server_.port())); }

  Signals signals_;  // first: every thread inherits its mask
  const Config& config_;
  const std::string directory_;
  runtime::SystemClock clock_;
  runtime::Metrics metrics_;
  const runtime::ProcessMetrics process_metrics_{metrics_};
  server::Server server_;
  Gate real_gate_, simulated_gate_;
  std::unique_ptr<sim::Simulator> simulator_;
  std::unique_ptr<World> real_, simulated_;
  bool answered_ = false;
  bool decided_ = false;
};

}  // namespace

int run_serve(const CommandLine& command) {
  const auto directory = data_directory(command.config);
  if (!directory) return cannot(directory.error());
  return Service(command.config, *directory).run();
}

}  // namespace tickspan::app
