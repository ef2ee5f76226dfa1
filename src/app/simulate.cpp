#include <fmt/format.h>
#include <signal.h>

#include <cstdio>

#include "app/commands.hpp"
#include "app/signals.hpp"
#include "sim/simulator.hpp"

namespace tickspan::app {

int run_simulate(const CommandLine& command) {
  Signals signals;
  runtime::SystemClock clock;
  runtime::Metrics metrics;
  sim::SimulatorOptions options;
  options.address = command.simulate_listen.address;
  options.port = command.simulate_listen.port;
  options.seed = command.seed;
  options.speed = command.speed;
  options.assets = command.assets;
  options.trades_per_second = command.trades_per_second;
  options.tls = command.tls;
  if (!command.venues.empty()) options.venues = command.venues;
  sim::Simulator simulator(options, clock, metrics);
  if (auto started = simulator.start(); !started) return cannot(started.error());

  // A configuration for `tickspan serve --config`: what to write to use these venues instead of the real ones.
  std::string text = fmt::format("# The simulated market of seed {}. Stop it with Ctrl-C.\n", command.seed);
  if (command.tls) text += fmt::format("[feeds]\nca_file = \"{}\"\n", simulator.certificate_file());
  for (const sim::SimulatedHost& host : simulator.hosts()) {
    text += fmt::format("[[sources]]\nname = \"{}\"\n", host.venue);
    if (!host.ws_url.empty()) text += fmt::format("ws_url = \"{}\"\n", host.ws_url);
    text += fmt::format("rest_url = \"{}\"\n", host.rest_url);
  }
  text += fmt::format("# Listening on {}:{}\n", options.address, simulator.port());
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);

  for (int signal = 0; signal != SIGINT && signal != SIGTERM;) signal = signals.wait(std::chrono::seconds(3600));
  simulator.stop();
  return 0;
}

}  // namespace tickspan::app
