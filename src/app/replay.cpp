#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>

#include "app/commands.hpp"
#include "app/replay_market.hpp"
#include "app/server_options.hpp"
#include "app/signals.hpp"
#include "app/sources.hpp"
#include "sim/replay.hpp"

namespace tickspan::app {
namespace {

std::vector<std::unique_ptr<feeds::VenueProtocol>> all_decoders() {
  std::vector<std::unique_ptr<feeds::VenueProtocol>> out;
  for (const ExchangeSource& source : exchange_sources()) out.push_back(source.make());
  return out;
}

bool is_stop(int signal) {
  return signal == SIGINT || signal == SIGTERM;
}

}  // namespace

int run_replay(const CommandLine& command) {
  Signals signals;
  runtime::SystemClock clock;
  std::optional<ReplayMarket> market;
  bool stopped = false;

  sim::ReplayHooks hooks;
  const auto stops = [&](int signal) {
    if (signal == SIGHUP && market) reload(market->server());
    return is_stop(signal);
  };
  hooks.wait = [&](core::Duration d) {
    stopped = stopped || stops(signals.wait(std::chrono::duration_cast<std::chrono::milliseconds>(d)));
    return !stopped;
  };
  if (command.replay_serve) {
    market.emplace(command.config);
    if (auto started = market->start(); !started) return cannot(started.error());
    std::fprintf(stderr, "Open %s\n", market->address().c_str());
    hooks.learn = [&](const core::Venue& venue, std::string_view symbol) { return market->learn(venue, symbol); };
    hooks.on_ticks = [&](std::span<const core::Tick> ticks) {
      market->take(ticks);
      stopped = stopped || stops(signals.wait(std::chrono::milliseconds(0)));
      return !stopped;
    };
  }

  sim::Replayer replayer(all_decoders(), std::move(hooks), {command.replay_speed}, clock);
  int code = 0;
  for (const std::string& file : command.files) {
    if (stopped) break;
    auto result = replayer.run(file);
    if (!result) {
      code = cannot(result.error());
      continue;
    }
    if (result->error) code = 1;
    std::printf("%s\n", sim::to_json(*result).c_str());
    std::fflush(stdout);
  }
  if (market) {
    market->finish();
    while (!stopped) stopped = stops(signals.wait(std::chrono::seconds(3600)));
    market->stop();
  }
  return code;
}

}  // namespace tickspan::app
