#include <fmt/format.h>
#include <signal.h>

#include <cstdio>

#include "app/commands.hpp"
#include "app/signals.hpp"
#include "sim/simulator.hpp"

namespace tickspan::app {

namespace {

constexpr int kWrongUse = 2;

// `binance:mute=true`, or `tls:certificate=expired` for all of them
core::Status add_fault(sim::SimulatorOptions& options, std::string_view text) {
  const auto colon = text.find(':');
  const auto equals = text.find('=', colon == std::string_view::npos ? 0 : colon);
  if (colon == std::string_view::npos || equals == std::string_view::npos) {
    return core::fail(core::ErrorCode::invalid_argument,
                      fmt::format("--fault {}: allowed is VENUE:NAME=VALUE, as binance:mute=true", text));
  }
  constexpr std::string_view kCertificate = "tls:certificate=";
  if (text.starts_with(kCertificate)) {
    const auto fault = sim::parse_certificate_fault(text.substr(kCertificate.size()));
    if (fault) options.certificate = *fault;
    return fault ? core::Status{}
                 : core::fail(core::ErrorCode::invalid_argument,
                              fmt::format("--fault {}: allowed is {}", text, sim::kCertificateFaults));
  }
  return sim::set_fault(options.faults[std::string(text.substr(0, colon))], text.substr(colon + 1, equals - colon - 1),
                        text.substr(equals + 1));
}

}  // namespace

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
  options.dns = command.dns;
  if (!command.venues.empty()) options.venues = command.venues;
  for (const std::string& fault : command.faults) {
    if (auto added = add_fault(options, fault); !added) {
      cannot(added.error());
      return kWrongUse;
    }
  }
  sim::Simulator simulator(options, clock, metrics);
  if (auto started = simulator.start(); !started) return cannot(started.error());

  // A configuration for `tickspan serve --config`: what to write to use these venues instead of the real ones.
  std::string text = fmt::format("# The simulated market of seed {}. Stop it with Ctrl-C.\n", command.seed);
  if (command.tls || command.dns) text += "[feeds]\n";
  if (command.tls) text += fmt::format("ca_file = \"{}\"\n", simulator.certificate_file());
  if (command.dns) text += fmt::format("nameservers = [\"{}\"]\n", simulator.nameserver());
  for (const sim::SimulatedHost& host : simulator.hosts()) {
    text += fmt::format("[[sources]]\nname = \"{}\"\n", host.venue);
    if (!host.ws_url.empty()) text += fmt::format("ws_url = \"{}\"\n", host.ws_url);
    text += fmt::format("rest_url = \"{}\"\n", host.rest_url);
    if (!host.alternate_ws_url.empty()) {
      text += fmt::format("alternate_ws_url = \"{}\"\nalternate_rest_url = \"{}\"\n", host.alternate_ws_url,
                          host.alternate_rest_url);
    }
    if (host.venue == "coinapi") text += "key = \"simulated\"\n";  // it answers nobody without one
  }
  text += fmt::format("# Listening on {}:{}\n", options.address, simulator.port());
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);

  for (int signal = 0; signal != SIGINT && signal != SIGTERM;) signal = signals.wait(std::chrono::seconds(3600));
  simulator.stop();
  return 0;
}

}  // namespace tickspan::app
