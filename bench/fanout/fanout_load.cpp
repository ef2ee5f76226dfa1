// The load program: WebSocket clients that count, time and check what a server sends them; prints one JSON object.

#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <string>
#include <utility>

#include "load.hpp"

namespace tickspan::bench {
namespace {

void declare(CLI::App& app, LoadOptions& o) {
  app.add_option("--clients", o.clients, "that receive")->capture_default_str();
  app.add_option("--sources", o.sources, "loopback addresses to come from, 127.0.0.2 and on")
      ->check(CLI::Range(1, 60'000));
  app.add_option("--path", o.path, "default: /ws, or /api/v1/stream with --subscribe");
  app.add_option("--subscribe", o.subscribe, "channels each client asks for, picked by chance; 0: sends no request");
  app.add_option("--channels", o.channels, "that there are: bench:0, bench:1, ...");
  app.add_option("--seed", o.seed, "of what is picked by chance");
  app.add_option("--open-rate", o.open_rate, "connections a second")->capture_default_str();
  app.add_option("--in-flight", o.in_flight, "connections under way at once")->capture_default_str();
  app.add_option("--open-timeout", o.open_timeout, "seconds; then it goes on with those that are there");
  app.add_option("--warm-up", o.warm_up, "seconds between the last client's opening and the measuring");
  app.add_option("--seconds", o.seconds, "of measuring")->capture_default_str();
  app.add_option("--checked", o.checked, "clients whose every message is read in full")->capture_default_str();
  app.add_option("--slow", o.slow, "share of the clients that read nothing while measuring")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--trickle", o.trickle, "bytes a second that these do read");
  app.add_option("--idle", o.idle, "further connections, opened while measuring");
  app.add_option("--idle-rate", o.idle_rate, "of these a second")->capture_default_str();
  app.add_option("--idle-channel", o.idle_channel, "what these subscribe to");
  app.add_option("--expect", o.expect, "updates a second each client should get: gives `delivered`");
  app.add_option("--server-pid", o.server_pid, "whose CPU time and memory is read");
  app.add_flag("--deflate", o.deflate, "offer permessage-deflate");
}

bool split_address(const std::string& text, ClientSocket::Target& target) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  target.host = text.substr(0, colon);
  return CLI::detail::lexical_cast(text.substr(colon + 1), target.port);
}

int run(int argc, char** argv) {
  LoadOptions options;
  std::string server = "127.0.0.1:8123";
  int core = -1;
  bool tls = false;
  CLI::App app{"Many WebSocket clients, in one thread"};
  app.add_option("--server", server, "ADDRESS:PORT")->capture_default_str();
  app.add_flag("--tls", tls, "wss; the certificate is not looked at");
  app.add_option("--core", core, "bind to this core");
  declare(app, options);
  CLI11_PARSE(app, argc, argv);
  if (!split_address(server, options.target)) {
    std::cerr << "fanout_load: --server wants ADDRESS:PORT, not '" << server << "'\n";
    return 2;
  }
  if (tls) options.target.tls = make_tls_context();
  if (!pin_to_core(core)) {
    std::cerr << "fanout_load: --core: there is no core " << core << '\n';
    return 2;
  }
  const std::size_t descriptors = raise_descriptor_limit();
  if (options.clients + options.idle + 16 > descriptors) {
    std::cerr << "fanout_load: " << descriptors << " descriptors are not enough for so many clients\n";
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  Load load(options);
  if (!load.run()) {
    std::cerr << "fanout_load: no client got ready at " << server << '\n';
    return 1;
  }
  std::puts(report(options, load.result()).c_str());
  return 0;
}

}  // namespace
}  // namespace tickspan::bench

int main(int argc, char** argv) {
  return tickspan::bench::run(argc, argv);
}
